/* SPDX-License-Identifier: MIT */
/*
 * Performance counters (xen/pmu.h). A processor that has none, as all of QEMU's, refuses each call
 * by -XEN_EOPNOTSUPP, and so does Xen; where there are some, they are used, by the processor's own
 * registers.
 */
#include "guest/counters.h"
#include "guest/cpuid.h"
#include "tests/system/guests/support.h"

#include <xen/pmu.h>

#define LVT_MASKED 0x10000U

/* The vendor's first counter and its selector; on both, this event is instructions. */
#define INTEL_COUNTER 0xc1
#define INTEL_SELECT 0x186
#define INTEL_GLOBAL_CONTROL 0x38f
#define AMD_COUNTER 0xc0010004
#define AMD_SELECT 0xc0010000
#define EVENT_INSTRUCTIONS 0xc0UL
#define SELECT_RINGS (3UL << 16) /* kernel and user: the guest is both */
#define SELECT_INTERRUPT (1UL << 20)
#define SELECT_ENABLE (1UL << 22)
#define SELECT_ANY_THREAD (1UL << 21)

static long with(unsigned op, uint64_t value)
{
    struct xen_pmu_params params = {
        .version = {XENPMU_VER_MAJ, XENPMU_VER_MIN},
        .val = value,
        .vcpu = vcpu_self()->id,
    };
    return hypercall_xenpmu_op(op, &params);
}

static bool there(void)
{
    return with(XENPMU_mode_get, 0) != -XEN_EOPNOTSUPP;
}

#define ABSENT "there are no performance counters: xenpmu_op says -EOPNOTSUPP"

static bool read_msr(uint32_t msr, uint64_t *value)
{
    struct caught caught;
    volatile uint32_t low = 0;
    volatile uint32_t high = 0;
    bool trapped = CATCH(&caught, {
        uint32_t a;
        uint32_t d;
        asm volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msr));
        low = a;
        high = d;
    });
    *value = (uint64_t)high << 32 | low;
    return !trapped;
}

static bool write_msr(uint32_t msr, uint64_t value)
{
    struct caught caught;
    return !CATCH(&caught, asm volatile("wrmsr"
                                        :
                                        : "c"(msr), "a"((uint32_t)value), "d"(value >> 32)));
}

static bool rdpmc(uint32_t counter, uint64_t *value)
{
    struct caught caught;
    volatile uint32_t low = 0;
    volatile uint32_t high = 0;
    bool trapped = CATCH(&caught, {
        uint32_t a;
        uint32_t d;
        asm volatile("rdpmc" : "=a"(a), "=d"(d) : "c"(counter));
        low = a;
        high = d;
    });
    *value = (uint64_t)high << 32 | low;
    return !trapped;
}

TEST(pmu_absent_is_refused)
{
    if (there())
        SKIP("there are performance counters");
    for (unsigned op = XENPMU_mode_get; op <= XENPMU_flush + 1; op++) {
        CHECK_EQUAL(with(op, 0), -XEN_EOPNOTSUPP);
        CHECK_EQUAL(hypercall_xenpmu_op(op, POINTER_BAD), -XEN_EOPNOTSUPP);
    }
    struct cpuid leaf = cpuid_forced(0xa, 0);
    CHECK_EQUAL(leaf.a | leaf.b | leaf.c | leaf.d, 0);
    uint64_t value;
    CHECK(!rdpmc(0, &value));
}

/* Its event can be bound, and never comes. */
TEST(pmu_event_can_be_bound)
{
    long port = event_bind_virq(VIRQ_XENPMU, 0);
    REQUIRE(port > 0);
    CHECK_EQUAL(event_bind_virq(VIRQ_XENPMU, 0), -XEN_EEXIST);
    event_drop((evtchn_port_t)port);
}

/* Xen has zeros in the registers of a vcpu without counters. A counter that is not there is not
 * zero: here it is no register. */
TEST(pmu_absent_registers)
{
    static const uint32_t msrs[] = {INTEL_COUNTER, INTEL_SELECT, INTEL_GLOBAL_CONTROL, AMD_COUNTER,
                                    AMD_SELECT};
    if (!start_on_ringside())
        SKIP("Xen has zeros in them");
    for (unsigned i = 0; i < LENGTH(msrs); i++) {
        uint64_t value;
        CHECK(!read_msr(msrs[i], &value));
        CHECK(!write_msr(msrs[i], 0));
    }
}

/* Whatever a kernel writes there, CR4.PCE stays off where nothing could be read. */
TEST(pmu_absent_pce)
{
    struct caught caught;
    const uint64_t pce = 1UL << 8;
    uint64_t cr4;
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    CHECK(!CATCH(&caught, asm volatile("mov %0, %%cr4" : : "r"(cr4 | pce))));
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    CHECK(!(cr4 & pce));
}

/* ---- where there are some */

static struct xen_pmu_data *page;
static uint32_t counter, selector;

static bool is_intel(void)
{
    return cpuid_forced(0xa, 0).a != 0;
}

static bool begin(void)
{
    page = page_alloc();
    memset(page, 0, PAGE_SIZE);
    counter = is_intel() ? INTEL_COUNTER : AMD_COUNTER;
    selector = is_intel() ? INTEL_SELECT : AMD_SELECT;
    return CHECK_EQUAL(with(XENPMU_init, page_mfn(page).n), 0);
}

static void end(void)
{
    CHECK_EQUAL(with(XENPMU_finish, 0), 0);
    page_free(page);
}

static void count_instructions(uint64_t more)
{
    CHECK(write_msr(selector, EVENT_INSTRUCTIONS | SELECT_RINGS | SELECT_ENABLE | more));
    if (is_intel() && (cpuid_forced(0xa, 0).a & 0xff) >= 2)
        CHECK(write_msr(INTEL_GLOBAL_CONTROL, 1));
}

/* Two instructions a turn. */
static void spin(uint64_t turns)
{
    asm volatile("1: dec %0\n\tjnz 1b" : "+r"(turns));
}

TEST(pmu_modes_and_errors)
{
    if (!there())
        SKIP(ABSENT);
    CHECK_EQUAL(with(XENPMU_mode_set, XENPMU_MODE_SELF), 0);
    CHECK_EQUAL(with(XENPMU_mode_set, XENPMU_MODE_SELF | XENPMU_MODE_HV), -XEN_EINVAL);
    CHECK_EQUAL(with(XENPMU_flush + 1, 0), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_xenpmu_op(XENPMU_mode_get, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_xenpmu_op(XENPMU_init, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(with(XENPMU_init, frame_of_hypervisor().n), -XEN_EINVAL);
    CHECK_EQUAL(with(XENPMU_init, table_root_mfn().n), -XEN_EINVAL);
    CHECK_EQUAL(with(XENPMU_init, FRAME_BEYOND.n), -XEN_EINVAL);
    CHECK_EQUAL(with(XENPMU_flush, 0), -XEN_EINVAL);
    CHECK_EQUAL(with(XENPMU_lvtpc_set, 0), -XEN_EINVAL);
}

/* Of the guest alone: hypercalls count what the guest makes of them, and not what is done there. */
TEST(pmu_counts_instructions_of_the_guest)
{
    uint64_t before;
    uint64_t between;
    uint64_t after;
    const uint64_t turns = 100000;
    const uint64_t calls = 1000;
    const uint64_t each_at_most = 40; /* in the hypercall page and around it */
    if (!there())
        SKIP(ABSENT);
    REQUIRE(begin());
    CHECK(write_msr(counter, 0));
    count_instructions(0);
    CHECK(rdpmc(0, &before));
    spin(turns);
    CHECK(rdpmc(0, &between));
    for (uint64_t i = 0; i < calls; i++)
        hypercall_xen_version(XENVER_version, NULL);
    CHECK(rdpmc(0, &after));
    CHECK(between - before >= 2 * turns && between - before < 2 * turns + 1000);
    CHECK(after - between >= calls && after - between < calls * each_at_most);
    CHECK(write_msr(selector, 0));
    end();
}

TEST(pmu_selectors_are_checked)
{
    uint64_t value = 1;
    if (!there())
        SKIP(ABSENT);
    REQUIRE(begin());
    CHECK(!write_msr(selector, EVENT_INSTRUCTIONS | SELECT_ANY_THREAD | SELECT_ENABLE));
    CHECK(!write_msr(selector, 1UL << 63));
    CHECK(read_msr(selector, &value));
    CHECK_EQUAL(value, 0);
    end();
    CHECK(!read_msr(selector, &value) || !start_on_ringside());
}

static volatile unsigned samples;

static void sampled(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    samples++;
}

TEST(pmu_overflow_is_an_event)
{
    if (!there())
        SKIP(ABSENT);
    REQUIRE(begin());
    long port = event_bind_virq(VIRQ_XENPMU, vcpu_self()->id);
    CHECK(port > 0);
    samples = 0;
    event_handle((evtchn_port_t)port, sampled, NULL);
    event_unmask((evtchn_port_t)port);
    CHECK(write_msr(counter, -10000UL));
    count_instructions(SELECT_INTERRUPT);
    page->pmu.l.lapic_lvtpc = 0;
    CHECK_EQUAL(with(XENPMU_lvtpc_set, 0), 0);
    for (unsigned i = 0; i < 1000 && samples == 0; i++)
        spin(10000);
    CHECK_EQUAL(samples, 1);
    CHECK(page->pmu.pmu_flags & PMU_CACHED);
    CHECK(!(page->pmu.pmu_flags & PMU_SAMPLE_USER));
    CHECK_EQUAL(page->domain_id, DOMID_SELF);
    CHECK_EQUAL(page->vcpu_id, vcpu_self()->id);
    CHECK(page->pmu.r.regs.ip != 0);
    page->pmu.l.lapic_lvtpc = LVT_MASKED;
    CHECK_EQUAL(with(XENPMU_flush, 0), 0);
    CHECK(!(page->pmu.pmu_flags & PMU_CACHED));
    CHECK(write_msr(selector, 0));
    event_drop((evtchn_port_t)port);
    end();
}

/* By the library, as workloads do: what it cannot count says why. */
TEST(pmu_counters_by_the_library)
{
    static struct counters counters;
    uint64_t before[COUNTERS_MAX];
    uint64_t after[COUNTERS_MAX];
    uint64_t events;
    const char *list = is_intel() ? "intel,instructions:0xc0" : "amd,instructions:0xc0";
    const uint64_t turns = 100000;
    REQUIRE(counters_read_list(&counters, list, strlen(list)) == NULL);
    size_t free_before = page_free_count();
    counters_open(&counters);
    counters_look(&counters, before);
    spin(turns);
    counters_look(&counters, after);
    bool counted = counters_between(&counters, 0, before, after, 1, &events);
    CHECK_EQUAL(counted, there());
    if (!counted) {
        CHECK_EQUAL(counters.at[0].state, COUNTER_ABSENT);
        CHECK_EQUAL(page_free_count(), free_before);
        return;
    }
    CHECK(events >= 2 * turns && events < 2 * turns + 1000);
    CHECK_EQUAL(with(XENPMU_finish, 0), 0);
}
