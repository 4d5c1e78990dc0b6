/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/pmu_machine.h"

#include "hv/core/format.h"
#include "hv/core/string.h"

#include <pmu_access.h> /* by include path: see there */

#include <xen/xen.h>
#include <xen/pmu.h>

#define MSR_INTEL_COUNTER 0xc1
#define MSR_INTEL_COUNTER_FULL 0x4c1 /* the same, written in full width */
#define MSR_INTEL_SELECT 0x186
#define MSR_INTEL_CAPABILITIES 0x345
#define MSR_AMD_SELECT 0xc0010000
#define MSR_AMD_COUNTER 0xc0010004
#define MSR_AMD_EXTENDED_SELECT 0xc0010200
#define MSR_AMD_EXTENDED_COUNTER 0xc0010201

#define CPUID1_C_PDCM (1U << 15)
#define CAPABILITIES_FULL_WIDTH (1UL << 13)
#define CPUID_E1_C_PERFCTR_CORE (1U << 23)

#define INTEL_WRITE_WIDTH 32 /* of the old names: extended by the sign */
#define AMD_COUNTERS 4
#define AMD_EXTENDED_COUNTERS 6
#define AMD_WIDTH 48

#define SELECT_ALLOWED                                                                         \
    (0xffffUL /* event, unit */ | PMU_SELECT_USER | PMU_SELECT_KERNEL | 1UL << 18 /* edge */ | \
     PMU_SELECT_INTERRUPT | PMU_SELECT_ENABLE | 1UL << 23 /* invert */ |                       \
     0xffUL << 24 /* at least */)
#define SELECT_ALLOWED_AMD (0xfUL << 32 /* event, continued */)
#define SELECT_EVENT 0xffffUL
#define CLEAR_OTHERS (3UL << 62) /* not of counters, but of buffers that there are not */
#define FIXED_ALLOWED (PMU_FIXED_KERNEL | PMU_FIXED_USER | PMU_FIXED_INTERRUPT)

static bool vendor_is(const struct cpuid *c, const char *name)
{
    char text[12];
    memcpy(text, &c->b, 4);
    memcpy(text + 4, &c->d, 4);
    memcpy(text + 8, &c->c, 4);
    return memcmp(text, name, sizeof(text)) == 0;
}

static bool detect_intel(struct pmu_machine *m, uint32_t highest, char *why)
{
    struct cpuid c = {0};
    if (highest >= 0xa)
        c = cpuid(0xa, 0);
    unsigned version = c.a & 0xff;
    unsigned n = c.a >> 8 & 0xff;
    unsigned width = c.a >> 16 & 0xff;
    if (version == 0) {
        format_string(why, PMU_WHY_MAX, "CPUID leaf 0xa says version 0");
        return false;
    }
    if (n == 0 || width < INTEL_WRITE_WIDTH || width > 64) {
        format_string(why, PMU_WHY_MAX, "CPUID leaf 0xa says %u counters of %u bits", n, width);
        return false;
    }
    uint64_t capabilities = 0;
    if (cpuid(1, 0).c & CPUID1_C_PDCM)
        try_read_msr(MSR_INTEL_CAPABILITIES, &capabilities);
    bool full_width = (capabilities & CAPABILITIES_FULL_WIDTH) != 0;
    unsigned fixed_width = c.d >> 5 & 0xff;
    bool fixed = version >= 2 && fixed_width >= INTEL_WRITE_WIDTH && fixed_width <= 64;
    *m = (struct pmu_machine){
        .kind = PMU_INTEL,
        .global = version >= 2,
        .n = min(n, (unsigned)PMU_COUNTERS_MAX),
        .n_fixed = fixed ? min(c.d & 0x1f, (unsigned)PMU_FIXED_MAX) : 0,
        .width = full_width ? width : INTEL_WRITE_WIDTH,
        .fixed_width = fixed_width,
        .counter = MSR_INTEL_COUNTER,
        .counter_write = full_width ? MSR_INTEL_COUNTER_FULL : MSR_INTEL_COUNTER,
        .select = MSR_INTEL_SELECT,
        .step = 1,
        .events = c.b,
        .n_events = c.a >> 24,
    };
    return true;
}

static void detect_amd(struct pmu_machine *m)
{
    uint32_t family = cpuid(1, 0).a;
    family = (family >> 8 & 0xf) + (family >> 20 & 0xff);
    bool extended = cpuid(0x80000000, 0).a >= 0x80000001 &&
                    (cpuid(0x80000001, 0).c & CPUID_E1_C_PERFCTR_CORE) != 0;
    *m = (struct pmu_machine){
        .kind = PMU_AMD,
        .family_15h = family == 0x15,
        .n = extended ? AMD_EXTENDED_COUNTERS : AMD_COUNTERS,
        .width = AMD_WIDTH,
        .counter = extended ? MSR_AMD_EXTENDED_COUNTER : MSR_AMD_COUNTER,
        .counter_write = extended ? MSR_AMD_EXTENDED_COUNTER : MSR_AMD_COUNTER,
        .select = extended ? MSR_AMD_EXTENDED_SELECT : MSR_AMD_SELECT,
        .step = extended ? 2 : 1,
    };
}

/* No CPUID bit says that AMD's are there, and an emulated processor may say so of Intel's and have
 * registers that keep nothing. */
static bool probe(const struct pmu_machine *m, char *why)
{
    static const uint64_t patterns[] = {0x12345678, 0x6789abcd};
    if (!try_write_msr(m->select, 0)) {
        format_string(why, PMU_WHY_MAX, "MSR 0x%x cannot be written", m->select);
        return false;
    }
    for (unsigned i = 0; i < array_size(patterns); i++) {
        uint64_t found = 0;
        if (!try_write_msr(m->counter_write, patterns[i]) || !try_read_msr(m->counter, &found)) {
            format_string(why, PMU_WHY_MAX, "MSR 0x%x cannot be accessed", m->counter);
            return false;
        }
        if ((found & pmu_mask(INTEL_WRITE_WIDTH)) != patterns[i]) {
            format_string(why, PMU_WHY_MAX, "MSR 0x%x: 0x%lx was written, 0x%lx is read",
                          m->counter, patterns[i], found);
            return false;
        }
    }
    return try_write_msr(m->counter_write, 0);
}

bool pmu_detect(struct pmu_machine *m, char why[PMU_WHY_MAX])
{
    struct cpuid first = cpuid(0, 0);
    bool amd = vendor_is(&first, "AuthenticAMD") || vendor_is(&first, "HygonGenuine");
    *m = (struct pmu_machine){.kind = PMU_NONE};
    if (amd)
        detect_amd(m);
    else if (!detect_intel(m, first.a, why))
        return false;
    if (!probe(m, why)) {
        m->kind = PMU_NONE;
        return false;
    }
    pmu_stop_all(m);
    return true;
}

bool pmu_limit(struct pmu_machine *m, const struct pmu_machine *other)
{
    if (m->kind != other->kind)
        m->kind = PMU_NONE;
    /* AMD's first four go by their old names everywhere; Intel's have one width of writing each. */
    if (other->step < m->step) {
        m->counter = other->counter;
        m->select = other->select;
        m->step = other->step;
    }
    if (other->counter_write == other->counter)
        m->counter_write = m->counter;
    m->global = m->global && other->global;
    m->n = min(m->n, other->n);
    m->n_fixed = m->global ? min(m->n_fixed, other->n_fixed) : 0;
    m->width = min(m->width, other->width);
    m->fixed_width = min(m->fixed_width, other->fixed_width);
    m->events |= other->events;
    m->n_events = min(m->n_events, other->n_events);
    return m->kind != PMU_NONE;
}

void pmu_stop_all(const struct pmu_machine *m)
{
    if (m->kind == PMU_NONE)
        return;
    if (m->global)
        write_msr(PMU_MSR_GLOBAL_CONTROL, 0);
    for (unsigned i = 0; i < m->n; i++)
        write_msr(m->select + i * m->step, 0);
    if (m->n_fixed != 0)
        write_msr(PMU_MSR_FIXED_CONTROL, 0);
    if (m->global)
        write_msr(PMU_MSR_GLOBAL_CLEAR, pmu_all_counters(m));
}

/* One of n MSRs, `step` apart. */
static bool is_one_of(uint32_t msr, uint32_t first, uint32_t step, unsigned n, unsigned *index)
{
    *index = (msr - first) / step;
    return msr >= first && *index < n && (msr - first) % step == 0;
}

enum pmu_register pmu_register_named(const struct pmu_machine *m, uint32_t msr, unsigned *index)
{
    if (m->kind == PMU_NONE)
        return PMU_NO_REGISTER;
    if (is_one_of(msr, m->counter, m->step, m->n, index))
        return PMU_COUNTER;
    if (is_one_of(msr, m->select, m->step, m->n, index))
        return PMU_SELECT;
    if (m->kind == PMU_AMD) {
        /* The first four have their old names too. */
        if (is_one_of(msr, MSR_AMD_COUNTER, 1, AMD_COUNTERS, index))
            return PMU_COUNTER;
        if (is_one_of(msr, MSR_AMD_SELECT, 1, AMD_COUNTERS, index))
            return PMU_SELECT;
    }
    if (!m->global)
        return PMU_NO_REGISTER;
    if (is_one_of(msr, PMU_MSR_FIXED, 1, m->n_fixed, index))
        return PMU_FIXED;
    *index = 0;
    switch (msr) {
    case PMU_MSR_FIXED_CONTROL:
        return m->n_fixed == 0 ? PMU_NO_REGISTER : PMU_FIXED_CONTROL;
    case PMU_MSR_GLOBAL_STATUS:
        return PMU_GLOBAL_STATUS;
    case PMU_MSR_GLOBAL_CONTROL:
        return PMU_GLOBAL_CONTROL;
    case PMU_MSR_GLOBAL_CLEAR:
        return PMU_GLOBAL_CLEAR;
    default:
        return PMU_NO_REGISTER;
    }
}

/* The architectural events, unit << 8 | event: those that say how many instructions a cycle there
 * are first. Intel SDM volume 3B, table 19-1. */
static bool event_allowed(uint64_t features, uint64_t event)
{
    static const uint16_t events[] = {0x003c, 0x013c, 0x00c0, 0x4f2e, 0x412e, 0x00c4, 0x00c5};
    unsigned n = features & XENPMU_FEATURE_IPC_ONLY    ? 3
                 : features & XENPMU_FEATURE_ARCH_ONLY ? array_size(events)
                                                       : 0;
    for (unsigned i = 0; i < n; i++) {
        if (events[i] == event)
            return true;
    }
    return n == 0;
}

bool pmu_select_ok(const struct pmu_machine *m, uint64_t features, uint64_t value)
{
    if (m->kind == PMU_AMD)
        return (value & ~(SELECT_ALLOWED | SELECT_ALLOWED_AMD)) == 0;
    if ((value & ~SELECT_ALLOWED) != 0)
        return false;
    return !(value & PMU_SELECT_ENABLE) || event_allowed(features, value & SELECT_EVENT);
}

bool pmu_fixed_control_ok(const struct pmu_machine *m, uint64_t value)
{
    for (unsigned i = 0; i < m->n_fixed; i++)
        value &= ~(FIXED_ALLOWED << (i * PMU_FIXED_BITS));
    return value == 0;
}

bool pmu_global_ok(const struct pmu_machine *m, uint64_t value)
{
    return (value & ~pmu_all_counters(m)) == 0;
}

bool pmu_clear_ok(const struct pmu_machine *m, uint64_t value)
{
    return pmu_global_ok(m, value & ~CLEAR_OTHERS);
}

uint64_t pmu_select_for_machine(uint64_t value)
{
    bool wanted = (value & (PMU_SELECT_USER | PMU_SELECT_KERNEL)) != 0;
    return (value & ~(PMU_SELECT_USER | PMU_SELECT_KERNEL)) | (wanted ? PMU_SELECT_USER : 0);
}

uint64_t pmu_fixed_control_for_machine(uint64_t value)
{
    uint64_t result = 0;
    for (unsigned i = 0; i < PMU_FIXED_MAX; i++) {
        uint64_t one = value >> (i * PMU_FIXED_BITS);
        if (one & (PMU_FIXED_USER | PMU_FIXED_KERNEL))
            result |= (PMU_FIXED_USER | (one & PMU_FIXED_INTERRUPT)) << (i * PMU_FIXED_BITS);
    }
    return result;
}
