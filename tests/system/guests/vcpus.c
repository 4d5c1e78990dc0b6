/* SPDX-License-Identifier: MIT */
/* vcpu_op: states, run states, and a second vcpu where the domain has one. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

TEST(vcpu_states)
{
    CHECK_EQUAL(vcpu_is_up(0), 1);
    CHECK_EQUAL(vcpu_is_up(VCPU_MAX), -XEN_ENOENT);
    CHECK_EQUAL(vcpu_is_up(~0U), -XEN_ENOENT);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_up, 0, NULL), 0); /* it is already */
    CHECK_EQUAL(hypercall_vcpu_op(77, 0, NULL), -XEN_ENOSYS);
}

TEST(vcpu_initialise_refuses)
{
    static struct vcpu_guest_context context;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_initialise, 0, &context), -XEN_EEXIST);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_initialise, VCPU_MAX, &context), -XEN_ENOENT);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_initialise, 0, POINTER_BAD), -XEN_EFAULT);
}

static struct vcpu_runstate_info runstate(void)
{
    struct vcpu_runstate_info info = {.state = -1};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info;
}

#define SLEEP_MAX NS_PER_SECOND

/* The sum of the four is the time since the vcpu came to be, which goes as system time does. */
TEST(vcpu_runstate)
{
    struct vcpu_runstate_info before = runstate();
    CHECK_EQUAL(before.state, RUNSTATE_running);
    CHECK(before.state_entry_time <= time_system().n);
    struct vcpu_runstate_info after;
    /* A machine that is held up may let the time pass before the vcpu can block for it. */
    for (uint64_t ns = 5 * NS_PER_MS; ns < SLEEP_MAX; ns *= 2) {
        time_sleep_until(NS(time_system().n + ns));
        after = runstate();
        if (after.time[RUNSTATE_blocked] > before.time[RUNSTATE_blocked])
            break;
    }
    CHECK_EQUAL(after.state, RUNSTATE_running);
    CHECK(after.time[RUNSTATE_running] > before.time[RUNSTATE_running]);
    CHECK(after.time[RUNSTATE_blocked] > before.time[RUNSTATE_blocked]);
    CHECK(after.time[RUNSTATE_runnable] >= before.time[RUNSTATE_runnable]);
    CHECK_EQUAL(after.time[RUNSTATE_offline], before.time[RUNSTATE_offline]);
    uint64_t sum = 0;
    for (unsigned i = 0; i < LENGTH(after.time); i++)
        sum += after.time[i] - before.time[i];
    CHECK(sum >= 5 * NS_PER_MS);
    CHECK(sum <= time_system().n);
}

TEST(vcpu_runstate_area)
{
    static volatile struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area set = {.addr.v = (struct vcpu_runstate_info *)&area};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &set), 0);
    time_sleep_until(NS(time_system().n + NS_PER_MS));
    CHECK_EQUAL(area.state, RUNSTATE_running);
    CHECK(area.state_entry_time > 0 && area.state_entry_time <= time_system().n);
    CHECK(area.time[RUNSTATE_blocked] > 0);
    set.addr.v = NULL;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &set), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, POINTER_BAD),
                -XEN_EFAULT);
}

/* Only a vcpu that is pinned to a processor has a physical number. */
TEST(vcpu_physical_id)
{
    struct vcpu_get_physid id = {.phys_id = ~0UL};
    long result = hypercall_vcpu_op(VCPUOP_get_physid, 0, &id);
    CHECK(result == 0 || result == -XEN_EINVAL);
    CHECK_EQUAL(id.phys_id == ~0UL, result != 0);
}

TEST(vcpu_register_info_refuses)
{
    uint64_t *page = page_alloc();
    struct vcpu_register_vcpu_info info = {.mfn = page_mfn(page).n};
    info.offset = PAGE_SIZE - sizeof(struct vcpu_info) + 8; /* crosses the page's end */
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_ENXIO);
    info.offset = PAGE_SIZE;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_ENXIO);
    info.offset = 0;
    info.mfn = frame_of_hypervisor().n;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_EINVAL);
    info.mfn = FRAME_BEYOND.n;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, POINTER_BAD), -XEN_EFAULT);
    page_free(page);
}

static volatile unsigned runs;
static volatile unsigned id_there;
static volatile uint64_t time_there;

static void run_there(void)
{
    struct caught caught;
    id_there = vcpu_self()->id;
    time_there = time_system().n;
    if (CATCH(&caught, asm volatile("ud2")))
        __atomic_fetch_add(&runs, 1, __ATOMIC_SEQ_CST);
}

/* Gives the processor away meanwhile, for both may share one. */
static void wait_until_down(unsigned id)
{
    while (vcpu_is_up(id) != 0)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

TEST(vcpu_second_runs_and_runs_again)
{
    if (vcpu_count() < 2)
        SKIP("the domain has one vcpu");
    runs = 0;
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_EQUAL(vcpu_up(1, run_there), 0);
        wait_until_down(1);
        CHECK_EQUAL(runs, i);
        CHECK_EQUAL(id_there, 1);
        CHECK(time_there > 0);
        if (vcpu_self()->info->time.flags & XEN_PVCLOCK_TSC_STABLE_BIT) /* else clocks may differ */
            CHECK(time_there <= time_system().n);
    }
}

static volatile bool port_faulted;

static void read_port_there(void)
{
    struct caught caught;
    port_faulted = CATCH(&caught, asm volatile("inb $0x80, %%al" ::: "eax"));
}

/* Its I/O level is in the flags that it is initialised with: kernels set it so on all but the
 * first. */
TEST(vcpu_second_may_use_ports)
{
    if (vcpu_count() < 2)
        SKIP("the domain has one vcpu");
    port_faulted = true;
    CHECK_EQUAL(vcpu_up(1, read_port_there), 0);
    wait_until_down(1);
    CHECK(!port_faulted);
}

static evtchn_port_t ipi;
static volatile unsigned ipis;

static void take_ipi(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    ipis++;
    id_there = vcpu_self()->id;
}

static void wait_for_ipi(void)
{
    event_unmask(ipi);
    while (ipis == 0) {
        hypercall_sched_op(SCHEDOP_block, NULL);
        vcpu_mask();
    }
}

/* An event for a vcpu that sleeps wakes that one, and is handled there. */
TEST(vcpu_second_is_woken_by_an_event)
{
    if (vcpu_count() < 2)
        SKIP("the domain has one vcpu");
    long port = event_bind_ipi(1);
    REQUIRE(port > 0);
    ipi = (evtchn_port_t)port;
    ipis = 0;
    event_handle(ipi, take_ipi, NULL);
    CHECK_EQUAL(vcpu_up(1, wait_for_ipi), 0);
    CHECK_EQUAL(vcpu_is_up(1), 1);
    CHECK_EQUAL(event_send(ipi), 0);
    wait_until_down(1);
    CHECK_EQUAL(ipis, 1);
    CHECK_EQUAL(id_there, 1);
    event_drop(ipi);
}

static uint64_t *second_page;
static volatile uint64_t seen_there;
static volatile bool stop_there;

static void read_there(void)
{
    while (!stop_there)
        seen_there = *(volatile uint64_t *)spare_address();
}

/* The other vcpu looks at a mapping all the time; after a flush on all it sees the new one. */
TEST(vcpu_second_is_flushed)
{
    if (vcpu_count() < 2)
        SKIP("the domain has one vcpu");
    uint64_t va = spare_address();
    uint64_t *pages[2] = {page_alloc(), page_alloc()};
    second_page = pages[1];
    pages[0][0] = 50;
    pages[1][0] = 51;
    stop_there = false;
    seen_there = 0;
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(pages[0]), PTE_READ_ONLY)), 0);
    CHECK_EQUAL(vcpu_up(1, read_there), 0);
    for (unsigned i = 0; i < 20; i++) {
        while (seen_there != 50 + i % 2)
            hypercall_sched_op(SCHEDOP_yield, NULL);
        uint64_t pte = pte_make(page_mfn(pages[(i + 1) % 2]), PTE_READ_ONLY);
        CHECK_EQUAL(hypercall_update_va_mapping(va, pte, UVMF_INVLPG | UVMF_ALL), 0);
    }
    stop_there = true;
    wait_until_down(1);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(pages[0]);
    page_free(pages[1]);
}

static uint64_t *fought_over;

/*
 * Maps the frame writable whenever it may be, writes what would be entries that are not present,
 * takes the mapping away without a flush, and writes on for as long as that goes well: only a flush
 * by the hypervisor can end it.
 */
static void write_while_possible(void)
{
    const uint64_t va = spare_address() + PAGE_SIZE;
    uint64_t writable = pte_make(page_mfn(fought_over), PTE_READ_WRITE);
    volatile uint64_t *alias = (uint64_t *)va;
    struct caught caught;
    uint64_t value = 0;
    while (!stop_there) {
        if (hypercall_update_va_mapping(va, writable, UVMF_INVLPG) != 0)
            continue;
        alias[value % TABLE_ENTRIES] = value << PAGE_SHIFT;
        hypercall_update_va_mapping(va, 0, UVMF_NONE);
        for (unsigned i = 0; i < 1000; i++) {
            value++;
            if (CATCH(&caught, alias[value % TABLE_ENTRIES] = value << PAGE_SHIFT))
                break;
        }
    }
    hypercall_update_va_mapping(va, 0, UVMF_INVLPG);
}

/*
 * A frame is a page table on one vcpu and wanted writable on the other: while it is pinned nobody
 * writes to it, through stale translations neither.
 */
TEST(vcpu_second_fights_over_a_frame)
{
    if (vcpu_count() < 2)
        SKIP("the domain has one vcpu");
    uint64_t *before = page_alloc();
    unsigned pinned = 0;
    unsigned changed = 0;
    table_reach(table_root, spare_address() + PAGE_SIZE, 1);
    fought_over = page_alloc();
    table_protect(fought_over, PTE_READ_ONLY);
    stop_there = false;
    CHECK_EQUAL(vcpu_up(1, write_while_possible), 0);
    for (unsigned i = 0; i < 20000 && pinned < 200; i++) {
        if (table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(fought_over)) == 0) {
            pinned++;
            memcpy(before, fought_over, PAGE_SIZE);
            for (unsigned j = 0; j < 10; j++)
                changed += memcmp(before, fought_over, PAGE_SIZE) != 0;
            CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(fought_over)), 0);
        }
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    stop_there = true;
    wait_until_down(1);
    CHECK_EQUAL(changed, 0);
    CHECK(pinned > 0);
    table_free(fought_over);
    page_free(before);
}
