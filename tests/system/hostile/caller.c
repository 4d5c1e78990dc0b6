/* SPDX-License-Identifier: MIT */
/*
 * Random hypercalls (tests/system/guests/random_calls.c) of a domain that is not alone: those, and
 * all that an unprivileged domain may try on others.
 *
 *   others=a,b   domains that there are beside it
 *   gates=n      is the other end of channels gate0, gate1, ...
 *   wild=1       also what it may well not survive: other handlers, stacks, tables, vcpus
 */
#include "guest/channel.h"
#include "guest/grant.h"
#include "guest/heap.h"
#include "guest/lib/format.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/random.h"
#include "tests/system/guests/support.h"

#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#define OWN_SHARE 3U     /* of the calls are of a kind that is here, one in so many */
#define WILD_SHARE 1000U /* likewise, of what may be the end */
#define REFS 40U
#define HANDLES 40U
#define GATES_MAX 16U

static bool wild;

static void fill(void *to, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
        uint32_t word = (uint32_t)(one_in(2) ? below(20) : random_number());
        memcpy((char *)to + i, &word, sizeof(word));
    }
}

static void at_scratch(struct call *call, unsigned n)
{
    call->args[n] = one_in(16) ? random_pointer() : (uintptr_t)random_scratch();
}

/* ---- grants */

/* What the hypervisor finds in its table, at any moment. */
static void scribble_entry(void)
{
    struct grant_entry_v1 *entry = &grant_table[GNTTAB_NR_RESERVED_ENTRIES + below(REFS)];
    entry->flags = (uint16_t)(one_in(4)   ? draw()
                              : one_in(3) ? GTF_accept_transfer
                                          : GTF_permit_access);
    entry->domid = (domid_t)random_domain();
    entry->frame = (uint32_t)random_frame();
}

static uint32_t any_ref(void)
{
    return (uint32_t)(one_in(8) ? random_number() : below(GNTTAB_NR_RESERVED_ENTRIES + REFS));
}

static uint64_t any_place(void)
{
    return one_in(2) ? random_va() : random_entry_address();
}

static void place(struct gnttab_copy_ptr *p, bool by_reference)
{
    if (by_reference)
        p->u.ref = any_ref();
    else
        p->u.gmfn = random_frame();
    p->domid = (domid_t)random_domain();
    p->offset = (uint16_t)below(5000);
}

static void choose_grant_op(struct call *call)
{
    char *to = random_scratch();
    uint64_t count = one_in(8) ? random_number() : below(4);
    unsigned command = (unsigned)below(GNTTABOP_cache_flush + 2);
    size_t room = 16;
    fill(to, room * sizeof(struct gnttab_copy));
    if (one_in(2))
        scribble_entry();
    for (size_t i = 0; i < room; i++) {
        struct gnttab_map_grant_ref *map = (struct gnttab_map_grant_ref *)to + i;
        struct gnttab_unmap_grant_ref *unmap = (struct gnttab_unmap_grant_ref *)to + i;
        struct gnttab_unmap_and_replace *replace = (struct gnttab_unmap_and_replace *)to + i;
        struct gnttab_transfer *transfer = (struct gnttab_transfer *)to + i;
        struct gnttab_copy *copy = (struct gnttab_copy *)to + i;
        struct gnttab_setup_table *setup = (struct gnttab_setup_table *)to + i;
        switch (command) {
        case GNTTABOP_map_grant_ref:
            map->host_addr = any_place();
            map->flags = (uint32_t)(one_in(8) ? draw() : below(64));
            map->ref = any_ref();
            map->dom = (domid_t)random_domain();
            break;
        case GNTTABOP_unmap_grant_ref:
            unmap->host_addr = one_in(8) ? 0 : any_place();
            unmap->dev_bus_addr = one_in(2) ? 0 : random_frame() << PAGE_SHIFT;
            unmap->handle = (grant_handle_t)below(HANDLES);
            break;
        case GNTTABOP_unmap_and_replace:
            replace->host_addr = random_va();
            replace->new_addr = one_in(4) ? 0 : random_va();
            replace->handle = (grant_handle_t)below(HANDLES);
            break;
        case GNTTABOP_transfer:
            transfer->mfn = random_frame();
            transfer->domid = (domid_t)random_domain();
            transfer->ref = any_ref();
            break;
        case GNTTABOP_copy:
            copy->flags = (uint16_t)below(4);
            copy->len = (uint16_t)below(5000);
            place(&copy->source, copy->flags & GNTCOPY_source_gref);
            place(&copy->dest, copy->flags & GNTCOPY_dest_gref);
            break;
        case GNTTABOP_setup_table:
            setup->dom = (domid_t)random_domain();
            setup->nr_frames = (uint32_t)below(GRANT_FRAMES + 1);
            setup->frame_list.p = (void *)random_pointer();
            count = 1;
            break;
        default: /* short structures that begin with a domain */
            ((domid_t *)to)[0] = (domid_t)random_domain();
            count = one_in(4) ? count : 1;
            break;
        }
    }
    call->number = __HYPERVISOR_grant_table_op;
    call->args[0] = command | (one_in(32) ? draw() << 12 : 0);
    at_scratch(call, 1);
    /* What lies behind the scratch page is not for the hypervisor to write to. */
    call->args[2] = count > room ? ~0ULL << 31 | count : count;
}

/* ---- control */

static void choose_domctl(struct call *call)
{
    struct xen_domctl *op = (struct xen_domctl *)random_scratch();
    fill(op, sizeof(*op));
    op->cmd = (uint32_t)below(90);
    op->interface_version = one_in(16) ? (uint32_t)draw() : XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)random_domain();
    call->number = __HYPERVISOR_domctl;
    at_scratch(call, 0);
}

static void choose_sysctl(struct call *call)
{
    struct xen_sysctl *op = (struct xen_sysctl *)random_scratch();
    fill(op, sizeof(*op));
    op->cmd = (uint32_t)below(40);
    op->interface_version = one_in(16) ? (uint32_t)draw() : XEN_SYSCTL_INTERFACE_VERSION;
    call->number = __HYPERVISOR_sysctl;
    at_scratch(call, 0);
}

static void choose_platform_op(struct call *call)
{
    struct xen_platform_op *op = (struct xen_platform_op *)random_scratch();
    fill(op, sizeof(*op));
    op->cmd = (uint32_t)below(70);
    op->interface_version = one_in(16) ? (uint32_t)draw() : XENPF_INTERFACE_VERSION;
    call->number = __HYPERVISOR_platform_op;
    at_scratch(call, 0);
}

static void choose_physdev_op(struct call *call)
{
    fill(random_scratch(), 64);
    call->number = __HYPERVISOR_physdev_op;
    call->args[0] = below(40);
    at_scratch(call, 1);
}

/* What only Ringside has; on Xen there is no such hypercall. */
static void choose_extension(struct call *call)
{
    fill(random_scratch(), 64);
    call->number = 55;
    call->args[0] = below(8);
    at_scratch(call, 1);
}

/* ---- others, by what they are known by */

static void choose_foreign_update(struct call *call)
{
    struct mmu_update *update = (struct mmu_update *)random_scratch();
    update->ptr =
        one_in(4) ? random_entry_address() : random_frame() << PAGE_SHIFT | below(512) * 8;
    update->val = random_entry();
    if (update->ptr >> PAGE_SHIFT == table_root_mfn().n)
        update->ptr = draw();
    call->number = __HYPERVISOR_mmu_update;
    call->args[0] = (uintptr_t)update;
    call->args[1] = 1;
    call->args[2] = 0;
    call->args[3] = random_domain() | (uint64_t)(random_domain() + 1) << 16;
    /* Tables of its own are for random_calls.c, which knows which ones. */
    if ((call->args[3] >> 16 & 0xffff) == 0)
        call->args[3] |= 1U << 16;
}

static void choose_memory_of(struct call *call)
{
    static const unsigned commands[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                        XENMEM_populate_physmap,     XENMEM_current_reservation,
                                        XENMEM_maximum_reservation,  XENMEM_maximum_gpfn};
    struct xen_memory_reservation *r = (struct xen_memory_reservation *)random_scratch();
    uint64_t *extents = (uint64_t *)(random_scratch() + PAGE_SIZE / 2);
    for (unsigned i = 0; i < 4; i++)
        extents[i] = random_frame();
    *r = (struct xen_memory_reservation){.extent_start = {extents},
                                         .nr_extents = below(4),
                                         .domid = (domid_t)(random_domain() & 0x7fff)};
    call->number = __HYPERVISOR_memory_op;
    call->args[0] = commands[below(LENGTH(commands))];
    call->args[1] = (uintptr_t)r;
    /* The questions' argument is a domain alone. */
    if (call->args[0] == XENMEM_current_reservation || call->args[0] == XENMEM_maximum_gpfn)
        *(domid_t *)r = (domid_t)random_domain();
}

static void choose_ports_of(struct call *call)
{
    static const unsigned commands[] = {EVTCHNOP_bind_interdomain, EVTCHNOP_alloc_unbound,
                                        EVTCHNOP_status, EVTCHNOP_bind_pirq, EVTCHNOP_bind_virq};
    uint32_t *words = (uint32_t *)random_scratch();
    for (unsigned i = 0; i < 4; i++)
        words[i] = (uint32_t)below(one_in(4) ? 4096 : 32);
    ((domid_t *)words)[0] = (domid_t)random_domain();
    ((domid_t *)words)[1] = (domid_t)random_domain();
    call->number = __HYPERVISOR_event_channel_op;
    call->args[0] = commands[below(LENGTH(commands))];
    if (call->args[0] == EVTCHNOP_bind_interdomain)
        words[1] = (uint32_t)below(64);
    if (call->args[0] == EVTCHNOP_bind_virq)
        words[0] = (uint32_t)below(24);
    call->args[1] = (uintptr_t)words;
}

/* Its console's port is open: it has the ABI that it has. */
static void choose_event_abi(struct call *call)
{
    static const char *const names[] = {"flat", "2l", "2l-32", "fifo", "", "flatter than it"};
    struct ringside_event_abi *abi = (struct ringside_event_abi *)random_scratch();
    const char *name = names[below(LENGTH(names))];
    abi->domain = (domid_t)random_domain();
    for (unsigned i = 0; i < sizeof(abi->name); i++) {
        abi->name[i] = *name;
        name += *name != '\0';
    }
    call->number = __HYPERVISOR_event_channel_op;
    call->args[0] = EVTCHNOP_RINGSIDE_set_abi;
    call->args[1] = one_in(16) ? (uintptr_t)POINTER_BAD : (uintptr_t)abi;
}

/* ---- what may be the end */

static void choose_wild(struct call *call)
{
    static const unsigned numbers[] = {
        __HYPERVISOR_set_trap_table, __HYPERVISOR_set_callbacks, __HYPERVISOR_stack_switch,
        __HYPERVISOR_callback_op,    __HYPERVISOR_set_timer_op,  __HYPERVISOR_nmi_op,
        __HYPERVISOR_sched_op,       __HYPERVISOR_vcpu_op,       __HYPERVISOR_event_channel_op,
        __HYPERVISOR_mmuext_op,      __HYPERVISOR_set_gdt,       __HYPERVISOR_memory_op};
    char *to = random_scratch();
    for (size_t i = 0; i < PAGE_SIZE / 2; i += sizeof(uint64_t)) {
        uint64_t word = one_in(2) ? random_pointer() : one_in(2) ? random_frame() : below(20);
        memcpy(to + i, &word, sizeof(word));
    }
    for (unsigned i = 0; i < LENGTH(call->args); i++)
        call->args[i] = one_in(2) ? random_pointer() : one_in(2) ? below(40) : random_number();
    call->number = numbers[below(LENGTH(numbers))];
    call->args[one_in(2)] = (uintptr_t)to;
}

static const struct {
    unsigned weight;
    void (*choose)(struct call *call);
} own_kinds[] = {
    {10, choose_grant_op},      {3, choose_domctl},     {2, choose_sysctl},
    {2, choose_platform_op},    {3, choose_physdev_op}, {1, choose_extension},
    {6, choose_foreign_update}, {4, choose_memory_of},  {6, choose_ports_of},
    {1, choose_event_abi},
};

/* Without its console nobody would learn what it found. */
static void spare_console(struct call *call)
{
    uint32_t *port = (uint32_t *)random_scratch();
    if (call->number == __HYPERVISOR_event_channel_op && call->args[0] != EVTCHNOP_status &&
        *port == start_info->console.domU.evtchn)
        *port = UINT32_MAX;
}

static void choose_more(struct call *call)
{
    if (wild && one_in(WILD_SHARE)) {
        choose_wild(call);
    } else if (one_in(OWN_SHARE)) {
        unsigned total = 0;
        for (unsigned i = 0; i < LENGTH(own_kinds); i++)
            total += own_kinds[i].weight;
        uint64_t at = below(total);
        unsigned i = 0;
        while (at >= own_kinds[i].weight)
            at -= own_kinds[i++].weight;
        *call = (struct call){0};
        own_kinds[i].choose(call);
    }
    if (!wild)
        spare_console(call);
}

/* Numbers, each behind a comma or the option's beginning. */
static void read_others(void)
{
    size_t length;
    const char *at = start_option("others", &length);
    const char *end = at + length;
    random_domains[random_domains_count++] = 0;
    while (at && at < end && random_domains_count < RANDOM_DOMAINS_MAX) {
        const char *first = at;
        uint64_t id = 0;
        while (at < end && *at != ',')
            at++;
        if (string_number(first, (size_t)(at - first), &id))
            random_domains[random_domains_count++] = (unsigned)id;
        at++;
    }
}

static void open_gates(void)
{
    static struct channel gates[GATES_MAX];
    static char names[GATES_MAX][8];
    uint64_t count = start_option_number("gates", 0);
    for (unsigned i = 0; i < count && i < GATES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "gate%u", i);
        channel_open(&gates[i], names[i]);
    }
}

void guest_main(void)
{
    wild = start_option_number("wild", 0);
    grant_init();
    read_others();
    open_gates();
    random_choose_more = choose_more;
    tap_run();
}
