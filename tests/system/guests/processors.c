/* SPDX-License-Identifier: MIT */
/* Which processors vcpus run on, and what those have to do with each other. */
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/tiny.h"

#define PATIENCE (2000 * NS_PER_MS)

/* Counts in the data page, for ever. */
TINY_PROGRAM(spins, "1: incq 8(%rbx); jmp 1b");

static unsigned processors(void)
{
    struct xen_sysctl_physinfo info = {0};
    CHECK_EQUAL(control_machine(&info), 0);
    return info.nr_cpus;
}

/* ---- affinity */

/* hard, soft: in and out; only what flags name. */
static long affinity(uint32_t cmd, domid_t id, uint32_t vcpu, uint32_t flags, uint64_t *hard,
                     uint64_t *soft)
{
    struct xen_domctl op = {
        .cmd = cmd, .domain = id, .u.vcpuaffinity = {.vcpu = vcpu, .flags = flags}};
    op.u.vcpuaffinity.cpumap_hard.nr_bits = hard == NULL ? 0 : 64;
    op.u.vcpuaffinity.cpumap_soft.nr_bits = soft == NULL ? 0 : 64;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)hard);
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, (uint8_t *)soft);
    return control_domain(&op);
}

static struct xen_domctl_getvcpuinfo info_of(domid_t id)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo, .domain = id};
    CHECK_EQUAL(control_domain(&op), 0);
    return op.u.getvcpuinfo;
}

static bool comes_to(domid_t id, uint32_t cpu)
{
    uint64_t end = time_system().n + PATIENCE;
    while (time_system().n < end) {
        struct xen_domctl_getvcpuinfo info = info_of(id);
        if (info.cpu == cpu && info.cpu_time != 0)
            return true;
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    return false;
}

static bool goes_on(const volatile uint64_t *counter)
{
    uint64_t before = *counter;
    uint64_t end = time_system().n + PATIENCE;
    while (*counter == before && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return *counter != before;
}

/* While it runs, from each to the next, and it goes on there. */
TEST(processors_take_vcpus_over)
{
    struct tiny t;
    unsigned n = processors();
    REQUIRE(tiny_load(&t, spins_start, spins_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    if (data != NULL && tiny_start(&t)) {
        for (unsigned i = 0; i < 3 * n; i++) {
            CHECK_EQUAL(control_affinity(t.id, 0, 1UL << i % n), 0);
            CHECK(comes_to(t.id, i % n));
            CHECK(goes_on(&data[1]));
        }
    }
    tiny_unmap((void *)data);
    tiny_destroy(&t);
}

TEST(processors_affinity_is_kept)
{
    struct tiny t;
    unsigned n = processors();
    uint64_t all = (1UL << n) - 1;
    uint64_t hard = ~0UL;
    uint64_t soft = ~0UL;
    const uint32_t both = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    REQUIRE(tiny_load(&t, spins_start, spins_end));
    /* What is possible of it comes back from setting; what was asked for, from getting. */
    CHECK_EQUAL(affinity(XEN_DOMCTL_setvcpuaffinity, t.id, 0, both, &hard, &soft), 0);
    CHECK_EQUAL(hard, all);
    CHECK_EQUAL(soft, all);
    hard = 1UL << (n - 1);
    soft = all;
    CHECK_EQUAL(affinity(XEN_DOMCTL_setvcpuaffinity, t.id, 0, both, &hard, &soft), 0);
    CHECK_EQUAL(hard, 1UL << (n - 1));
    CHECK_EQUAL(soft, 1UL << (n - 1));
    hard = soft = 0;
    CHECK_EQUAL(affinity(XEN_DOMCTL_getvcpuaffinity, t.id, 0, both, &hard, &soft), 0);
    CHECK_EQUAL(hard, 1UL << (n - 1));
    CHECK_EQUAL(soft, all);
    tiny_destroy(&t);
}

TEST(processors_affinity_refuses)
{
    struct tiny t;
    const uint32_t set = XEN_DOMCTL_setvcpuaffinity;
    const uint32_t hard_only = XEN_VCPUAFFINITY_HARD;
    uint64_t cpus = 1;
    uint64_t none = 0;
    uint64_t beyond = 1UL << 63;
    REQUIRE(tiny_load(&t, spins_start, spins_end));
    CHECK_EQUAL(affinity(set, t.id, 0, hard_only, &cpus, NULL), 0);
    CHECK_EQUAL(affinity(set, t.id, 0, 0, &cpus, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 0, hard_only, NULL, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 0, XEN_VCPUAFFINITY_SOFT, &cpus, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 0, hard_only, &none, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 0, hard_only, &beyond, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 1, hard_only, &cpus, NULL), -XEN_EINVAL);
    CHECK_EQUAL(affinity(set, t.id, 0, hard_only, POINTER_BAD, NULL), -XEN_EFAULT);
    CHECK_EQUAL(affinity(set, DOMAIN_NOBODY, 0, hard_only, &cpus, NULL), -XEN_ESRCH);
    cpus = 0;
    CHECK_EQUAL(affinity(XEN_DOMCTL_getvcpuaffinity, t.id, 0, hard_only, &cpus, NULL), 0);
    CHECK_EQUAL(cpus, 1);
    tiny_destroy(&t);
}

/* ---- flushes of translations */

static uint64_t flushes_of(uint32_t cpu)
{
    struct ringside_cpu_counts counts = {.cpu = cpu};
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_cpu_counts, &counts, 0, 0, 0), 0);
    return counts.flushes;
}

#define CHANGES 50U

/* A frame becomes a table after it was writable, again and again: what would still write to it must
 * be flushed wherever it may be. */
static void change_types(void)
{
    uint64_t *page = page_alloc();
    for (unsigned i = 0; i < CHANGES; i++) {
        table_protect(page, PTE_READ_ONLY);
        CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(page)), 0);
        CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(page)), 0);
        table_protect(page, PTE_READ_WRITE);
        page[0] = 0;
    }
    page_free(page);
}

static volatile bool stop;
static volatile bool started;

static void spin(void)
{
    started = true;
    while (!stop)
        asm volatile("pause");
}

/* Once it is idle, a processor has nothing of anybody's. */
static bool is_left_alone_in_time(uint32_t cpu)
{
    uint64_t end = time_system().n + PATIENCE;
    uint64_t before;
    do {
        before = flushes_of(cpu);
        change_types();
    } while (flushes_of(cpu) != before && time_system().n < end);
    return flushes_of(cpu) == before;
}

#define ALL_CPUS (~0UL)

static bool flushes_can_be_told(void)
{
    return start_on_ringside() && processors() >= 2 && vcpu_count() >= 2;
}

/* Another domain's processor cannot know our frames, and is left alone. */
TEST(processors_flush_not_for_strangers)
{
    struct tiny t;
    if (!flushes_can_be_told())
        SKIP("needs Ringside, two processors and two vcpus");
    CHECK_EQUAL(control_affinity(0, 0, 1), 0);
    CHECK_EQUAL(control_affinity(0, 1, 1), 0);
    REQUIRE(tiny_load(&t, spins_start, spins_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    CHECK_EQUAL(control_affinity(t.id, 0, 2), 0);
    if (data != NULL && tiny_start(&t) && CHECK(comes_to(t.id, 1) && goes_on(&data[1]))) {
        uint64_t before = flushes_of(1);
        change_types();
        CHECK_EQUAL(flushes_of(1), before);
        CHECK(goes_on(&data[1]));
    }
    tiny_unmap((void *)data);
    tiny_destroy(&t);
    CHECK_EQUAL(control_affinity(0, 0, ALL_CPUS), 0);
    CHECK_EQUAL(control_affinity(0, 1, ALL_CPUS), 0);
}

/* A processor that runs another vcpu of ours may know them. */
TEST(processors_flush_for_siblings)
{
    if (!flushes_can_be_told())
        SKIP("needs Ringside, two processors and two vcpus");
    CHECK_EQUAL(control_affinity(0, 0, 1), 0);
    CHECK_EQUAL(control_affinity(0, 1, 2), 0);
    stop = started = false;
    REQUIRE(vcpu_up(1, spin) == 0);
    while (!started)
        asm volatile("pause");
    uint64_t before = flushes_of(1);
    change_types();
    CHECK(flushes_of(1) >= before + CHANGES);
    stop = true;
    while (vcpu_is_up(1) != 0)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    CHECK(is_left_alone_in_time(1));
    CHECK_EQUAL(control_affinity(0, 0, ALL_CPUS), 0);
    CHECK_EQUAL(control_affinity(0, 1, ALL_CPUS), 0);
}

TEST(processors_are_counted)
{
    struct ringside_cpu_counts counts = {.cpu = processors()};
    if (!start_on_ringside())
        SKIP("this is not Ringside");
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_cpu_counts, &counts, 0, 0, 0), -XEN_ENOENT);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_cpu_counts, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
}
