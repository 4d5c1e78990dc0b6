/* SPDX-License-Identifier: MIT */
/*
 * A domain that makes as much trouble of one kind as it can, without end: `by=` says which. With
 * `gates=n` it is the other end of channels gate0, gate1, ...
 */
#include "guest/balloon.h"
#include "guest/channel.h"
#include "guest/event.h"
#include "guest/grant.h"
#include "guest/heap.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/table.h"
#include "guest/trap.h"
#include "guest/vcpu.h"

#define ADDRESSES 0x0000100000000000UL /* where nothing else is */
#define L2_RANGE (1UL << 30)

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
static void hog(void)
{
    for (;;)
        asm volatile(".rept 400; nop; .endr");
}

/* ---- events */

#define GATES_MAX 16U

static struct channel gates[GATES_MAX];
static unsigned gates_count;

static void open_gates(void)
{
    static char names[GATES_MAX][8];
    gates_count = (unsigned)start_option_number("gates", 0);
    for (unsigned i = 0; i < gates_count; i++) {
        snprintf(names[i], sizeof(names[i]), "gate%u", i);
        channel_open(&gates[i], names[i]);
    }
}

static void events(void)
{
    for (unsigned i = 0;; i++)
        channel_send(&gates[i % gates_count]);
}

/* To itself: each one is an upcall. */
static void own_events(void)
{
    long port = event_bind_ipi(0);
    if (port < 0)
        power_panic("ipi: error %ld", port);
    event_unmask((evtchn_port_t)port);
    for (;;)
        event_send((evtchn_port_t)port);
}

/* ---- page tables */

#define TREE_TABLES 32U /* L1 tables of the tree */

/* All of a tree of tables, with each page of the domain mapped many times, is checked and given
 * back, again and again. */
static void tables(void)
{
    uint64_t *root = table_user_root();
    for (unsigned i = 0; i < TREE_TABLES; i++) {
        uint64_t *table = table_reach(root, ADDRESSES + i * (1UL << 21), 1);
        for (unsigned k = 0; k < TABLE_ENTRIES; k++)
            table_set(&table[k], pte_make(MFN(frame_list[(i * 7 + k) % page_count]),
                                          PTE_READ_ONLY | PTE_USER));
    }
    for (;;) {
        long error = table_extended(MMUEXT_UNPIN_TABLE, page_mfn(root));
        if (!error)
            error = table_extended(MMUEXT_PIN_L4_TABLE, page_mfn(root));
        if (error)
            power_panic("pin, unpin: error %ld", error);
    }
}

static void flushes(void)
{
    for (;;) {
        table_extended(MMUEXT_TLB_FLUSH_ALL, MFN(0));
        table_extended(MMUEXT_TLB_FLUSH_LOCAL, MFN(0));
    }
}

/* ---- time */

static void timers(void)
{
    time_on_timer(NULL, NULL);
    for (;;)
        hypercall_set_timer_op(time_system().n + 500);
}

/* Sleeps as short as can be: a wake-up each. */
static void naps(void)
{
    time_on_timer(NULL, NULL);
    for (;;) {
        vcpu_mask();
        hypercall_set_timer_op(time_system().n + 2000);
        hypercall_sched_op(SCHEDOP_block, NULL);
    }
}

/* Of vcpus that are not even up, and sleeps itself. */
static void periodic(void)
{
    unsigned n = vcpu_count();
    struct vcpu_set_periodic_timer timer = {.period_ns = NS_PER_MS};
    for (unsigned i = 0; i < n; i++)
        hypercall_vcpu_op(VCPUOP_set_periodic_timer, i, &timer);
    vcpu_mask();
    for (;;)
        asm volatile(".rept 400; nop; .endr");
}

static void yields(void)
{
    for (;;)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* ---- memory */

#define BALLOON_PAGES 256U

static void balloon(void)
{
    void *pages = page_alloc_run(BALLOON_PAGES);
    for (;;) {
        size_t n = balloon_give(pages, BALLOON_PAGES);
        if (balloon_take(pages, n) != n)
            power_panic("memory that was given back is not there");
    }
}

/* Nobody told it its number; a port of its own does. */
static domid_t own_id(void)
{
    long port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    struct evtchn_status status = {.dom = DOMID_SELF, .port = (evtchn_port_t)port};
    if (port < 0 || hypercall_event_channel_op(EVTCHNOP_status, &status) != 0 ||
        status.status != EVTCHNSTAT_unbound)
        power_panic("a port of one's own: %ld", port);
    return status.u.unbound.dom;
}

/* Its own page, by a grant to itself. */
static void grants(void)
{
    uint64_t va = ADDRESSES;
    domid_t self = own_id();
    grant_init();
    grant_ref_t ref = grant_alloc();
    grant_access(ref, self, page_mfn(page_alloc()), false);
    table_reach(table_root, va, 1);
    for (;;) {
        grant_handle_t handle;
        int status = grant_map(self, ref, va, 0, &handle);
        if (status == GNTST_okay)
            status = grant_unmap(handle, va);
        if (status != GNTST_okay)
            power_panic("map, unmap: status %d", status);
    }
}

/* ---- calls */

#define BATCH 65536U

static void multicalls(void)
{
    size_t pages = BATCH * sizeof(struct multicall_entry) / PAGE_SIZE;
    struct multicall_entry *entries = page_alloc_run(pages);
    for (unsigned i = 0; i < BATCH; i++)
        entries[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    for (;;) {
        if (hypercall_multicall(entries, BATCH) != 0)
            power_panic("multicall refused");
    }
}

static void exceptions(void)
{
    for (;;) {
        struct caught caught;
        if (!CATCH(&caught, asm volatile("ud2")) ||
            !CATCH(&caught, *(volatile uint64_t *)(ADDRESSES + 8)))
            power_panic("no exception");
    }
}

static void debug(void)
{
    for (uint64_t i = 0;; i++) {
        hypercall_set_debugreg((int)(i % 4), 0x600000000000 + i);
        hypercall_set_debugreg(7, i % 2 ? 0xff : 0);
    }
}

/* Tables of descriptors: each change of frames checks them all. */
static void descriptors(void)
{
    uint64_t *page = page_alloc();
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        page[i] = 0x00cff3000000ffff; /* a data segment */
    table_protect(page, PTE_READ_ONLY);
    struct mmuext_op set = {.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (uintptr_t)page};
    for (unsigned i = 0;; i++) {
        set.arg2.nr_ents = i % 2 ? TABLE_ENTRIES : 0;
        hypercall_mmuext_op(&set, 1, NULL, DOMID_SELF);
        hypercall_update_descriptor(machine_address(&page[i % TABLE_ENTRIES]), 0x00cff3000000ffff);
        if (i % 2) { /* which makes the processor look */
            asm volatile("mov %0, %%es" : : "r"(7));
            asm volatile("mov %0, %%es" : : "r"(0));
        }
    }
}

/* ---- vcpus */

static void come_and_go(void)
{
    for (;;)
        hypercall_vcpu_op(VCPUOP_down, vcpu_self()->id, NULL);
}

/* All but the first go down all the time, and the first takes them up again. */
static void vcpus_up_and_down(void)
{
    unsigned n = vcpu_count();
    for (unsigned i = 1; i < n; i++)
        vcpu_up(i, come_and_go);
    for (unsigned i = 0;; i++)
        hypercall_vcpu_op(VCPUOP_up, 1 + i % (n - 1), NULL);
}

/* ---- the console */

static void console(void)
{
    for (;;)
        printf("0123456789012345678901234567890123456789012345678901234567890\n");
}

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
    {"hog", hog},
    {"events", events},
    {"own-events", own_events},
    {"tables", tables},
    {"flushes", flushes},
    {"timers", timers},
    {"naps", naps},
    {"periodic", periodic},
    {"yields", yields},
    {"balloon", balloon},
    {"grants", grants},
    {"multicalls", multicalls},
    {"exceptions", exceptions},
    {"debug", debug},
    {"descriptors", descriptors},
    {"vcpus", vcpus_up_and_down},
    {"console", console},
};

void guest_main(void)
{
    size_t length;
    const char *by = start_option("by", &length);
    open_gates();
    for (unsigned i = 0; by && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strlen(kinds[i].name) == length && !strncmp(kinds[i].name, by, length))
            kinds[i].run();
    }
    power_panic("by=: expected a kind of trouble, found `%.*s'", by ? (int)length : 0, by);
}
