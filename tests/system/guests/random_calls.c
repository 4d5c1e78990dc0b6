/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of random arguments, from a seed: nothing that a guest asks for may harm its
 * hypervisor, and whatever is refused leaves the guest as it was.
 *
 *   seed=1            of the generator; the same seed on the same hypervisor makes the same calls
 *   calls=100000      of each vcpu
 *   vcpus=1           that make calls at the same time, in the same sandbox
 *   trace=n           prints the last calls, from the n-th on, to see what a failure came after
 *
 * Arguments are drawn from what is of interest: frames, tables and mappings of a sandbox, frames of
 * others, addresses of every kind, small numbers and large ones. What would end the guest or take
 * its own ground from under it, and rightly so, is not asked for: another stack, another base,
 * other handlers, its own image's pages, shutdown. What would block it has a deadline that is past.
 */
#include "guest/grant.h"
#include "guest/lib/format.h"
#include "guest/time.h"
#include "tests/system/guests/random.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/support.h"

#include <xen/pmu.h>

#define SANDBOX 0x0000200000000000UL /* of one L1: 512 pages */
#define PAGES 64U                    /* that the sandbox's calls may do anything to */
#define TABLES 8U                    /* of them are mapped read-only at first */
#define REPORT_EVERY 250000U

/* Each vcpu's own. */
struct player {
    char *scratch; /* one page for structures: arguments point into it */
    uint64_t good; /* calls that were not refused */
    struct {
        unsigned made, good;
    } counts[64]; /* by hypercall */
};

static struct player players[VCPU_MAX];

static struct player *me(void)
{
    return &players[vcpu_self()->id];
}

char *random_scratch(void)
{
    return me()->scratch;
}

static char *pages;       /* PAGES of them, in the linear map */
static uint64_t *entries; /* of the sandbox's L1 */
static uint64_t *upper;   /* the L2 above it: entry 0 is that L1, the others are free */
static mfn_t foreign;

static uint64_t last_frame; /* of the machine */

void (*random_choose_more)(struct call *call);
unsigned random_domains[RANDOM_DOMAINS_MAX], random_domains_count;

/*
 * A frame of this guest that is not of the sandbox: its image, its tables, the pages that tests
 * have. Mapped, it could be what a hypercall writes its result to.
 */
static bool is_own_ground(uint64_t frame)
{
    if (frame > last_frame)
        return false;
    pfn_t pfn = mfn_pfn(MFN(frame));
    return pfn.n != FRAME_NONE && pfn.n - page_pfn(pages).n >= PAGES;
}

static uint64_t outside(uint64_t frame)
{
    return is_own_ground(frame) ? FRAME_BEYOND.n : frame;
}

uint64_t random_frame(void)
{
    if (random_domains_count && one_in(8))
        return outside(below(last_frame + 1));
    switch (below(12)) {
    case 0:
        return foreign.n;
    case 1:
        return foreign.n + below(512);
    case 2:
        return FRAME_BEYOND.n;
    case 3:
        return FRAME_OF_SCREEN.n;
    case 4:
        return below(2) ? table_root_mfn().n : page_mfn(entries).n;
    case 5:
        return outside(draw() >> below(64));
    case 6:
        return FRAME_NONE;
    default:
        return frame_list[page_pfn(pages).n + below(PAGES)];
    }
}

static uint64_t any_flags(void)
{
    uint64_t flags = one_in(3) ? PTE_READ_ONLY : PTE_READ_WRITE;
    if (one_in(4))
        flags ^= 1UL << below(12);
    if (one_in(16))
        flags ^= 1UL << (52 + below(12));
    return flags;
}

uint64_t random_entry(void)
{
    if (one_in(5))
        return 0;
    if (one_in(20))
        return pte_make(MFN(outside(draw() >> 24)), draw() & ~PTE_FRAME);
    return pte_make(MFN(random_frame()), any_flags());
}

/* An address for hypercalls to read or write: never of the image, the stacks or the tables. */
uint64_t random_pointer(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return HYPERVISOR_VIRT_START + below(1UL << 40);
    case 2:
        return draw() | 0x0000800000000000; /* mostly in the hole */
    case 3:
        return SANDBOX + below(TABLE_ENTRIES * PAGE_SIZE);
    case 4:
        return (uintptr_t)random_scratch() + PAGE_SIZE - below(64); /* ends within */
    default:
        return (uintptr_t)random_scratch() + below(PAGE_SIZE / 2);
    }
}

uint64_t random_va(void)
{
    switch (below(10)) {
    case 0:
        return HYPERVISOR_VIRT_START + below(1UL << 43);
    case 1:
        return draw() | 0x0000800000000000;
    case 2:
        return (uintptr_t)pages + below(PAGES) * PAGE_SIZE;
    default:
        return SANDBOX + below(TABLE_ENTRIES) * PAGE_SIZE + (one_in(8) ? below(PAGE_SIZE) : 0);
    }
}

/* Names of some that are none, and those that are there. */
unsigned random_domain(void)
{
    if (random_domains_count && one_in(2))
        return random_domains[below(random_domains_count)];
    static const unsigned domains[] = {DOMID_SELF,    0,          1,           DOMID_IO,
                                       DOMID_XEN,     DOMID_COW,  DOMID_IDLE,  DOMID_INVALID,
                                       DOMAIN_NOBODY, 0x7ff00000, 0x12347ff0U, ~0U};
    return one_in(3) ? domains[below(LENGTH(domains))] : DOMID_SELF;
}

uint64_t random_number(void)
{
    return one_in(2) ? below(20) : draw() >> below(64);
}

/* The entry that an update may go to: the sandbox's, a page of it, or nowhere of the guest's. */
uint64_t random_entry_address(void)
{
    uint64_t command = one_in(8) ? below(8) : below(3);
    switch (below(10)) {
    case 0:
        return machine_address(&upper[1 + below(TABLE_ENTRIES - 1)]) | command;
    case 1:
        return (random_frame() << PAGE_SHIFT | below(TABLE_ENTRIES) * 8) | command;
    default:
        return machine_address(&entries[below(TABLE_ENTRIES)]) | command;
    }
}

/* The kernel's own tables are in random_frame(): an update must miss them. */
static bool is_precious(uint64_t frame)
{
    return frame == table_root_mfn().n || frame == page_mfn(upper).n;
}

static void choose_mmu_update(struct call *call)
{
    struct mmu_update *updates = (struct mmu_update *)random_scratch();
    unsigned count = (unsigned)below(8);
    for (unsigned i = 0; i < count; i++) {
        updates[i].ptr = random_entry_address();
        updates[i].val = random_entry();
        uint64_t frame = updates[i].ptr >> PAGE_SHIFT;
        if (frame == table_root_mfn().n)
            updates[i].ptr = machine_address(&entries[0]);
        if (frame == page_mfn(upper).n && (updates[i].ptr & (PAGE_SIZE - 8)) == 0)
            updates[i].ptr += 8; /* not the entry of the sandbox itself */
    }
    uint64_t list = one_in(16) ? random_pointer() : (uintptr_t)random_scratch();
    bool own = list == (uintptr_t)random_scratch();
    call->args[0] = list;
    call->args[1] = own ? count : below(3);
    call->args[2] = one_in(2) ? 0 : random_pointer();
    call->args[3] = random_domain();
}

static void choose_mmuext_op(struct call *call)
{
    struct mmuext_op *op = (struct mmuext_op *)random_scratch();
    op->cmd = (unsigned)(one_in(16) ? random_number() : below(22));
    op->arg1.mfn = random_frame();
    op->arg2.src_mfn = random_frame();
    switch (op->cmd) {
    case MMUEXT_NEW_BASEPTR: /* a base without this kernel in it would be the end of it */
        if (!is_precious(op->arg1.mfn))
            op->arg1.mfn = one_in(2) ? foreign.n : FRAME_BEYOND.n;
        break;
    case MMUEXT_NEW_USER_BASEPTR: /* with an assist, a user's root loses what the kernel reads */
        if (op->arg1.mfn == table_root_mfn().n)
            op->arg1.mfn = FRAME_BEYOND.n;
        break;
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_ALL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_TLB_FLUSH_MULTI:
        op->arg1.linear_addr = random_va();
        op->arg2.vcpumask.p = (void *)random_pointer();
        break;
    case MMUEXT_SET_LDT:
        op->arg1.linear_addr = random_va();
        op->arg2.nr_ents = (unsigned)random_number();
        break;
    default:
        break;
    }
    call->args[0] = (uintptr_t)random_scratch();
    call->args[1] = one_in(32) ? 0 : 1;
    call->args[2] = one_in(2) ? 0 : random_pointer();
    call->args[3] = random_domain();
}

static void choose_va_mapping(struct call *call)
{
    call->args[0] = random_va();
    call->args[1] = random_entry();
    call->args[2] = one_in(4) ? random_pointer() : below(8);
    call->args[3] = random_domain();
}

/* Extents lie in the scratch page and are of the sandbox or nobody's. */
static void choose_memory_op(struct call *call)
{
    static const unsigned commands[] = {
        XENMEM_increase_reservation, XENMEM_decrease_reservation,    XENMEM_populate_physmap,
        XENMEM_maximum_ram_page,     XENMEM_current_reservation,     XENMEM_maximum_reservation,
        XENMEM_machphys_mfn_list,    XENMEM_machphys_mapping,        XENMEM_memory_map,
        XENMEM_maximum_gpfn,         XENMEM_machine_memory_map,      XENMEM_exchange,
        XENMEM_get_pod_target,       XENMEM_machphys_compat_mfn_list};
    struct xen_memory_reservation *one = (struct xen_memory_reservation *)random_scratch();
    struct xen_memory_exchange *both = (struct xen_memory_exchange *)random_scratch();
    uint64_t *extents = (uint64_t *)(random_scratch() + PAGE_SIZE / 2);
    unsigned cmd = one_in(16) ? 20 + (unsigned)below(44) : commands[below(LENGTH(commands))];
    memset(random_scratch(), 0, PAGE_SIZE / 2);
    for (unsigned i = 0; i < 8; i++)
        extents[i] =
            cmd == XENMEM_populate_physmap ? page_pfn(pages).n + below(PAGES) : random_frame();
    *one =
        (struct xen_memory_reservation){.extent_start = {extents},
                                        .nr_extents = one_in(8) ? random_number() : below(4),
                                        .extent_order = one_in(4) ? (unsigned)random_number() : 0,
                                        .domid = (domid_t)random_domain()};
    if (one->nr_extents > 8)
        one->extent_order = 63; /* what lies behind is not ours to give */
    if (cmd == XENMEM_exchange) {
        both->out = both->in;
        both->out.extent_start.p = extents + 4;
        for (unsigned i = 4; i < 8; i++)
            extents[i] = page_pfn(pages).n + below(PAGES);
        both->nr_exchanged = one_in(8) ? random_number() : 0;
    }
    if (cmd == XENMEM_machphys_mfn_list || cmd == XENMEM_memory_map ||
        cmd == XENMEM_machine_memory_map) {
        uint32_t *list = (uint32_t *)random_scratch(); /* a count, then at 8 a pointer */
        list[0] = (uint32_t)below(16);
        ((uint64_t *)random_scratch())[1] = random_pointer();
    }
    call->args[0] = cmd | (one_in(16) ? random_number() << 6 : 0);
    call->args[1] = one_in(16) ? random_pointer() : (uintptr_t)random_scratch();
    /* An argument elsewhere holds whatever was written there: only what cannot take pages. */
    if (call->args[1] != (uintptr_t)random_scratch())
        call->args[0] = XENMEM_current_reservation;
}

/* Of its own it asks only what is refused, ports or none: another ABI would be another one than the
 * library's. */
static void choose_event_abi(struct call *call)
{
    static const char *const names[] = {"fifo", "", "flatter than it", "2l", "2l-32", "flat"};
    struct ringside_event_abi *abi = (struct ringside_event_abi *)random_scratch();
    bool self = one_in(2);
    const char *name = names[below(self ? 3 : LENGTH(names))];
    abi->domain = self ? DOMID_SELF : (domid_t)(1 + below(DOMID_FIRST_RESERVED + 10U));
    for (unsigned i = 0; i < sizeof(abi->name); i++) {
        abi->name[i] = *name;
        name += *name != '\0';
    }
    call->args[0] = EVTCHNOP_RINGSIDE_set_abi;
    call->args[1] = one_in(16) ? (uintptr_t)POINTER_BAD : (uintptr_t)abi;
}

static void choose_event_op(struct call *call)
{
    if (one_in(16)) {
        choose_event_abi(call);
        return;
    }
    uint32_t *words = (uint32_t *)random_scratch();
    for (unsigned i = 0; i < 6; i++)
        words[i] = (uint32_t)(one_in(4) ? draw() : below(40));
    if (one_in(2))
        *(uint16_t *)random_scratch() = DOMID_SELF;
    unsigned cmd = (unsigned)below(16);
    if (cmd == EVTCHNOP_init_control ||
        cmd == EVTCHNOP_reset) /* changes the ABI under the library */
        cmd = EVTCHNOP_status;
    call->args[0] = cmd;
    call->args[1] = one_in(16) ? random_pointer() : (uintptr_t)random_scratch();
}

static void choose_vcpu_op(struct call *call)
{
    static const unsigned commands[] = {VCPUOP_up,
                                        VCPUOP_is_up,
                                        VCPUOP_get_runstate_info,
                                        VCPUOP_set_periodic_timer,
                                        VCPUOP_stop_periodic_timer,
                                        VCPUOP_set_singleshot_timer,
                                        VCPUOP_stop_singleshot_timer,
                                        VCPUOP_get_physid};
    uint64_t *words = (uint64_t *)random_scratch();
    words[0] = random_number();
    words[1] = random_number();
    call->args[0] = one_in(16) ? 14 + below(50) : commands[below(LENGTH(commands))];
    call->args[1] = one_in(4) ? random_number() : 0;
    call->args[2] = random_pointer();
}

/* Yield; a poll whose deadline is past; what is refused. */
static void choose_sched_op(struct call *call)
{
    struct sched_poll *poll = (struct sched_poll *)random_scratch();
    *poll = (struct sched_poll){.ports = {(void *)random_pointer()},
                                .nr_ports = (unsigned)random_number(),
                                .timeout = 1 + below(1000)};
    call->args[0] = one_in(3) ? SCHEDOP_yield : one_in(4) ? 8 + below(99) : SCHEDOP_poll;
    call->args[1] = (uintptr_t)random_scratch();
}

/* Mostly of the version that there is. */
static void choose_pmu_op(struct call *call)
{
    struct xen_pmu_params *params = (struct xen_pmu_params *)random_scratch();
    *params = (struct xen_pmu_params){
        .version.maj = one_in(8) ? (uint32_t)random_number() : XENPMU_VER_MAJ,
        .val = one_in(2) ? random_frame() : below(8),
        .vcpu = one_in(4) ? (uint32_t)random_number() : 0,
    };
    call->args[0] = below(XENPMU_flush + 2);
    call->args[1] = one_in(16) ? random_pointer() : (uintptr_t)random_scratch();
}

static void choose_descriptor(struct call *call)
{
    call->args[0] = random_frame() << PAGE_SHIFT | below(TABLE_ENTRIES) * 8 | (one_in(8) ? 4 : 0);
    call->args[1] = one_in(2) ? 0x0040f3000000000f : draw();
}

static void choose_gdt(struct call *call)
{
    uint64_t *frames = (uint64_t *)random_scratch();
    for (unsigned i = 0; i < FIRST_RESERVED_GDT_PAGE; i++)
        frames[i] = random_frame();
    call->args[0] = one_in(8) ? random_pointer() : (uintptr_t)random_scratch();
    call->args[1] = one_in(8) ? random_number() : below(2 * TABLE_ENTRIES);
}

#define GRANTS 32U  /* entries that are played with, after those that are reserved */
#define HANDLES 64U /* about as many mappings as there may be at once */

static grant_ref_t any_reference(void)
{
    return one_in(16) ? (grant_ref_t)random_number()
                      : GNTTAB_NR_RESERVED_ENTRIES + (grant_ref_t)below(GRANTS);
}

/* An entry is written to as one should, or as one should not. */
static void change_grant(void)
{
    grant_ref_t ref = GNTTAB_NR_RESERVED_ENTRIES + (grant_ref_t)below(GRANTS);
    bool readonly = one_in(3);
    switch (below(6)) {
    case 0:
        grant_table[ref].flags = (uint16_t)draw();
        break;
    case 1:
        grant_accept(ref, (domid_t)(one_in(4) ? random_domain() : DOMAIN_SELF),
                     PFN(page_pfn(pages).n + below(PAGES)));
        break;
    case 2:
        grant_end_access(ref);
        break;
    default:
        grant_access(ref, (domid_t)(one_in(4) ? random_domain() : DOMAIN_SELF), MFN(random_frame()),
                     readonly);
        break;
    }
}

static uint64_t any_mapping_address(uint32_t flags)
{
    return flags & GNTMAP_contains_pte ? random_entry_address() & ~7UL : random_va();
}

static struct gnttab_copy_ptr any_place(void)
{
    struct gnttab_copy_ptr place = {.domid = (domid_t)random_domain(),
                                    .offset = (uint16_t)(one_in(4) ? draw() : below(PAGE_SIZE))};
    if (one_in(2))
        place.u.ref = any_reference();
    else
        place.u.gmfn = random_frame();
    return place;
}

static void choose_grant(unsigned cmd, void *at)
{
    uint32_t flags = one_in(8) ? (uint32_t)draw() : GNTMAP_host_map | (uint32_t)below(8);
    grant_handle_t handle = one_in(16) ? (grant_handle_t)draw() : (grant_handle_t)below(HANDLES);
    domid_t domain = (domid_t)(one_in(8) ? random_domain() : DOMAIN_SELF);
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        if (one_in(4))
            flags |= GNTMAP_contains_pte;
        *(struct gnttab_map_grant_ref *)at =
            (struct gnttab_map_grant_ref){.host_addr = any_mapping_address(flags),
                                          .flags = flags,
                                          .ref = any_reference(),
                                          .dom = domain};
        break;
    case GNTTABOP_unmap_grant_ref:
        *(struct gnttab_unmap_grant_ref *)at = (struct gnttab_unmap_grant_ref){
            .host_addr = one_in(4) ? 0 : any_mapping_address((uint32_t)draw()),
            .dev_bus_addr = one_in(2) ? 0 : random_frame() << PAGE_SHIFT,
            .handle = handle};
        break;
    case GNTTABOP_unmap_and_replace:
        *(struct gnttab_unmap_and_replace *)at = (struct gnttab_unmap_and_replace){
            .host_addr = random_va(), .new_addr = random_va(), .handle = handle};
        break;
    case GNTTABOP_transfer:
        *(struct gnttab_transfer *)at = (struct gnttab_transfer){
            .mfn = random_frame(), .domid = domain, .ref = any_reference()};
        break;
    case GNTTABOP_copy:
        *(struct gnttab_copy *)at =
            (struct gnttab_copy){.source = any_place(),
                                 .dest = any_place(),
                                 .len = (uint16_t)(one_in(8) ? draw() : below(PAGE_SIZE)),
                                 .flags = (uint16_t)(one_in(16) ? draw() : below(4))};
        break;
    case GNTTABOP_swap_grant_ref:
        *(struct gnttab_swap_grant_ref *)at =
            (struct gnttab_swap_grant_ref){.ref_a = any_reference(), .ref_b = any_reference()};
        break;
    case GNTTABOP_cache_flush:
        *(struct gnttab_cache_flush *)at =
            (struct gnttab_cache_flush){.a.dev_bus_addr = random_frame() << PAGE_SHIFT,
                                        .offset = (uint16_t)below(PAGE_SIZE),
                                        .length = (uint16_t)below(PAGE_SIZE),
                                        .op = (uint32_t)below(8)};
        break;
    case GNTTABOP_setup_table:
        *(struct gnttab_setup_table *)at = (struct gnttab_setup_table){
            .dom = domain,
            .nr_frames = (uint32_t)(one_in(8) ? draw() : below(GRANT_FRAMES)),
            .frame_list = {(void *)random_pointer()}};
        break;
    default: /* what it is does not matter much */
        for (unsigned i = 0; i < 4; i++)
            ((uint64_t *)at)[i] = random_number();
        *(domid_t *)at = domain;
        break;
    }
}

static size_t grant_size(unsigned cmd)
{
    static const size_t sizes[] = {
        [GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
        [GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
        [GNTTABOP_transfer] = sizeof(struct gnttab_transfer),
        [GNTTABOP_copy] = sizeof(struct gnttab_copy),
        [GNTTABOP_unmap_and_replace] = sizeof(struct gnttab_unmap_and_replace),
        [GNTTABOP_swap_grant_ref] = sizeof(struct gnttab_swap_grant_ref),
        [GNTTABOP_cache_flush] = sizeof(struct gnttab_cache_flush)};
    return cmd < LENGTH(sizes) ? sizes[cmd] : 0;
}

/* Version 2 is not asked for: with it the library would not find its way in its own table. */
static void choose_grant_op(struct call *call)
{
    unsigned cmd = (unsigned)(one_in(16) ? below(20) : below(GNTTABOP_cache_flush + 1));
    if (cmd == GNTTABOP_set_version)
        cmd = GNTTABOP_get_version;
    size_t size = grant_size(cmd);
    unsigned n = size ? (unsigned)below(5) : 1;
    change_grant();
    for (unsigned i = 0; i < n; i++)
        choose_grant(cmd, random_scratch() + i * size);
    call->args[0] = cmd | (one_in(32) ? random_number() << 12 : 0);
    call->args[1] = (uintptr_t)random_scratch();
    call->args[2] = n;
    /* What lies elsewhere was not looked at: it must not be much. */
    if (one_in(16)) {
        call->args[1] = random_pointer();
        call->args[2] = below(2);
        call->args[0] = one_in(2) ? GNTTABOP_query_size : GNTTABOP_get_version;
    }
}

static void choose_plain(struct call *call)
{
    for (unsigned i = 0; i < LENGTH(call->args); i++)
        call->args[i] = one_in(2) ? random_pointer() : random_number();
}

static void choose_version(struct call *call)
{
    call->args[0] = random_number();
    call->args[1] = random_pointer();
}

static void choose_segment_base(struct call *call)
{
    call->args[0] = one_in(2) ? SEGBASE_FS : SEGBASE_GS_USER;
    call->args[1] = one_in(2) ? random_va() : draw();
}

static void choose_debugreg(struct call *call)
{
    call->args[0] = one_in(4) ? random_number() : below(4); /* addresses, which nothing enables */
    call->args[1] = random_va();
    if (call->args[0] == 7)
        call->args[1] = 0;
}

static void choose_assist(struct call *call)
{
    call->args[0] = below(3);
    call->args[1] = one_in(2) ? random_number() : VMASST_TYPE_writable_pagetables;
}

static void choose_timer(struct call *call)
{
    call->args[0] = one_in(2) ? 0 : random_number();
}

/* Reading only: what is written to the console is for people. */
static void choose_console(struct call *call)
{
    call->args[0] = one_in(2) ? CONSOLEIO_read : 2 + random_number();
    call->args[1] = random_number();
    call->args[2] = random_pointer();
}

static const struct {
    unsigned number;
    unsigned weight;
    void (*choose)(struct call *call);
} kinds[] = {
    {__HYPERVISOR_mmu_update, 20, choose_mmu_update},
    {__HYPERVISOR_mmuext_op, 20, choose_mmuext_op},
    {__HYPERVISOR_update_va_mapping, 20, choose_va_mapping},
    {__HYPERVISOR_update_va_mapping_otherdomain, 5, choose_va_mapping},
    {__HYPERVISOR_memory_op, 10, choose_memory_op},
    {__HYPERVISOR_grant_table_op, 20, choose_grant_op},
    {__HYPERVISOR_event_channel_op, 10, choose_event_op},
    {__HYPERVISOR_vcpu_op, 5, choose_vcpu_op},
    {__HYPERVISOR_sched_op, 3, choose_sched_op},
    {__HYPERVISOR_xenpmu_op, 2, choose_pmu_op},
    {__HYPERVISOR_update_descriptor, 5, choose_descriptor},
    {__HYPERVISOR_set_gdt, 5, choose_gdt},
    {__HYPERVISOR_xen_version, 2, choose_version},
    {__HYPERVISOR_set_segment_base, 2, choose_segment_base},
    {__HYPERVISOR_set_debugreg, 2, choose_debugreg},
    {__HYPERVISOR_get_debugreg, 1, choose_plain},
    {__HYPERVISOR_vm_assist, 2, choose_assist},
    {__HYPERVISOR_set_timer_op, 2, choose_timer},
    {__HYPERVISOR_fpu_taskswitch, 1, choose_plain},
    {__HYPERVISOR_console_io, 1, choose_console},
    {11, 1, choose_plain}, /* no such hypercall */
    {63, 1, choose_plain},
};

static struct call choose_one(void)
{
    static unsigned total;
    if (!total) {
        for (unsigned i = 0; i < LENGTH(kinds); i++)
            total += kinds[i].weight;
    }
    uint64_t at = below(total);
    unsigned i = 0;
    while (at >= kinds[i].weight)
        at -= kinds[i++].weight;
    struct call call = {.number = kinds[i].number};
    kinds[i].choose(&call);
    if (random_choose_more)
        random_choose_more(&call);
    return call;
}

/* The same call in a batch of one, now and then: it must make no difference. */
static long make(const struct call *call)
{
    if (!one_in(16))
        return hypercall_indirect(call->number, call->args);
    struct multicall_entry entry = {.op = call->number};
    memcpy(entry.args, call->args, sizeof(call->args));
    long error = hypercall_multicall(&entry, 1);
    return error ? error : (long)entry.result;
}

/*
 * What exchanges and the balloon did to the sandbox is put right from time to time, so that there
 * is something to work on: a page without a frame of its own gets one, where there is one.
 */
static void repair(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t *frame = &frame_list[page_pfn(pages).n + i];
        uint64_t pfn = page_pfn(pages).n + i;
        if (machine_to_phys_mapping[*frame] == pfn)
            continue;
        uint64_t extent = pfn;
        struct xen_memory_reservation more = {
            .extent_start = {&extent}, .nr_extents = 1, .domid = DOMID_SELF};
        if (hypercall_memory_op(XENMEM_populate_physmap, &more) == 1)
            *frame = extent;
    }
}

static void prepare(void)
{
    pages = page_alloc_run(PAGES);
    entries = table_reach(table_root, SANDBOX, 1);
    upper = table_entry(table_root, SANDBOX & ~((1UL << 30) - 1), 2);
    foreign = frame_of_hypervisor();
    grant_init();
    last_frame = (uint64_t)hypercall_memory_op(XENMEM_maximum_ram_page, NULL) - 1;
    for (unsigned i = 0; i < TABLES; i++)
        table_protect(pages + i * PAGE_SIZE, PTE_READ_ONLY);
}

static uint64_t calls;
static uint64_t trace;

static void play(void)
{
    struct player *player = me();
    for (uint64_t i = 0; i < calls; i++) {
        struct call call = choose_one();
        if (i >= trace)
            tap_note("%lu: hypercall %u(%lx, %lx, %lx, %lx, %lx)", i, call.number, call.args[0],
                     call.args[1], call.args[2], call.args[3], call.args[4]);
        long result = make(&call);
        player->good += result >= 0;
        player->counts[call.number].made++;
        player->counts[call.number].good += result >= 0;
        if (i >= trace)
            tap_note("%lu: %ld", i, result);
        if (i % 64 == 0)
            repair();
        if (i % REPORT_EVERY == REPORT_EVERY - 1)
            tap_note("vcpu %u: %lu calls", vcpu_self()->id, i + 1);
    }
}

static void report(const struct player *player)
{
    for (unsigned i = 0; i < LENGTH(player->counts); i++) {
        if (player->counts[i].made)
            tap_note("vcpu %lu: hypercall %u: %u calls, %u of them not refused", player - players,
                     i, player->counts[i].made, player->counts[i].good);
    }
    CHECK(player->good > calls / 10); /* else it has tried nothing */
    CHECK(player->good < calls);
}

TEST(random_hypercalls)
{
    uint64_t seed = start_option_number("seed", 1);
    uint64_t vcpus = start_option_number("vcpus", 1);
    calls = start_option_number("calls", 100000);
    trace = start_option_number("trace", UINT64_MAX);
    tap_note("seed=%lu calls=%lu vcpus=%lu", seed, calls, vcpus);
    if (vcpus < 1 || vcpus > vcpu_count())
        SKIP("the domain has not so many vcpus");
    prepare();
    for (unsigned id = 0; id < vcpus; id++) {
        random_states[id] = seed + id * UINT32_MAX;
        players[id].scratch = page_alloc();
    }
    for (unsigned id = 1; id < vcpus; id++)
        REQUIRE(vcpu_up(id, play) == 0);
    play();
    for (unsigned id = 1; id < vcpus; id++) {
        while (vcpu_is_up(id) == 1)
            hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    for (unsigned id = 0; id < vcpus; id++)
        report(&players[id]);
}
