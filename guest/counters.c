/* SPDX-License-Identifier: MIT */
#include "guest/counters.h"
#include "guest/lib/string.h"

#include <counters_access.h> /* by include path: see there */

#include <xen/pmu.h>

#define MSR_INTEL_COUNTER 0xc1
#define MSR_INTEL_SELECT 0x186
#define MSR_INTEL_FIXED 0x309
#define MSR_INTEL_FIXED_CONTROL 0x38d
#define MSR_INTEL_GLOBAL_CONTROL 0x38f
#define MSR_AMD_SELECT 0xc0010000
#define MSR_AMD_COUNTER 0xc0010004
#define MSR_AMD_EXTENDED_SELECT 0xc0010200 /* and its counter behind it, and so on */
#define AMD_COUNTERS 4
#define AMD_EXTENDED_COUNTERS 6
#define AMD_WIDTH 48

/* Beside what is counted: in kernel and user mode, both of which the domain is; and now. */
#define SELECTOR_MODES (3UL << 16)
#define SELECTOR_ENABLE (1UL << 22)

/* Fixed counters: their number for RDPMC, their bit in the global control, and their bits in the
 * control of their own. */
#define FIXED_RDPMC (1U << 30)
#define FIXED_BIT 32
#define FIXED_BITS 4
#define FIXED_MODES 3UL

/* A counter is trusted for as long as it takes to come round at more events a ns than any processor
 * has of one kind. */
#define EVENTS_A_NS_AT_MOST 32

struct machine {
    enum counters_vendor vendor;
    bool global; /* one register starts and stops all */
    unsigned n, width, n_fixed, fixed_width;
    uint32_t counter, select, step; /* MSRs, and how far it is to the next */
};

/* What fixed counters count, in their order. */
static const uint16_t fixed_events[] = {0x00c0, 0x003c, 0x0300};
#define FIXED (sizeof(fixed_events) / sizeof(*fixed_events))

/* ---- the processor */

static enum counters_vendor vendor_here(void)
{
    struct cpuid leaf = cpuid_forced(0, 0);
    const uint32_t words[] = {leaf.b, leaf.d, leaf.c};
    return memcmp(words, "AuthenticAMD", sizeof(words)) == 0 ||
                   memcmp(words, "HygonGenuine", sizeof(words)) == 0
               ? COUNTERS_AMD
               : COUNTERS_INTEL;
}

static struct machine intel(void)
{
    struct cpuid leaf = cpuid_forced(0xa, 0);
    unsigned n_fixed = leaf.d & 0x1f;
    bool global = (leaf.a & 0xff) >= 2;
    return (struct machine){
        .vendor = COUNTERS_INTEL,
        .global = global,
        .n = leaf.a >> 8 & 0xff,
        .width = leaf.a >> 16 & 0xff,
        .n_fixed = !global           ? 0
                   : n_fixed < FIXED ? n_fixed
                                     : FIXED,
        .fixed_width = leaf.d >> 5 & 0xff,
        .counter = MSR_INTEL_COUNTER,
        .select = MSR_INTEL_SELECT,
        .step = 1,
    };
}

/* CPUID may keep the last two from kernels that do not look for them (docs/hypervisor.md). */
static struct machine amd(void)
{
    bool six = access_write_msr(MSR_AMD_EXTENDED_SELECT + 2 * (AMD_EXTENDED_COUNTERS - 1), 0);
    return (struct machine){
        .vendor = COUNTERS_AMD,
        .n = six ? AMD_EXTENDED_COUNTERS : AMD_COUNTERS,
        .width = AMD_WIDTH,
        .counter = six ? MSR_AMD_EXTENDED_SELECT + 1 : MSR_AMD_COUNTER,
        .select = six ? MSR_AMD_EXTENDED_SELECT : MSR_AMD_SELECT,
        .step = six ? 2 : 1,
    };
}

/* ---- programming */

/* The page that a vcpu with counters shares is not looked at: nobody asks for interrupts. */
static enum counter_state obtain(void)
{
    void *page = page_alloc();
    struct xen_pmu_params params = {
        .version = {XENPMU_VER_MAJ, XENPMU_VER_MIN},
        .val = page_mfn(page).n,
        .vcpu = vcpu_self()->id,
    };
    long error = hypercall_xenpmu_op(XENPMU_init, &params);
    if (error == 0)
        return COUNTER_COUNTS;
    page_free(page);
    if (error != -XEN_EOPNOTSUPP && error != -XEN_ENOENT)
        power_panic("XENPMU_init: error %ld", error);
    return error == -XEN_ENOENT ? COUNTER_OFF : COUNTER_ABSENT;
}

/* Of those that have a counter each. */
struct taken {
    unsigned n;
    uint64_t fixed_control;
    uint64_t global; /* as the global control has them */
};

static bool take_fixed(struct counter *c, const struct machine *m, struct taken *taken)
{
    unsigned i = 0;
    while (i < m->n_fixed && fixed_events[i] != c->selector)
        i++;
    if (i >= m->n_fixed)
        return false;
    c->number = FIXED_RDPMC | i;
    c->msr = MSR_INTEL_FIXED + i;
    c->width = m->fixed_width;
    taken->fixed_control |= FIXED_MODES << (i * FIXED_BITS);
    taken->global |= 1UL << (FIXED_BIT + i);
    return true;
}

static enum counter_state take_programmed(struct counter *c, const struct machine *m,
                                          struct taken *taken)
{
    unsigned i = taken->n;
    if (i >= m->n)
        return COUNTER_FEW;
    if (!access_write_msr(m->select + i * m->step, c->selector | SELECTOR_MODES | SELECTOR_ENABLE))
        return COUNTER_REFUSED;
    c->number = i;
    c->msr = m->counter + i * m->step;
    c->width = m->width;
    taken->n++;
    taken->global |= 1UL << i;
    return COUNTER_COUNTS;
}

static void program(struct counters *counters, const struct machine *m)
{
    struct taken taken = {0};
    for (unsigned i = 0; i < counters->count; i++) {
        struct counter *c = &counters->at[i];
        c->state = take_fixed(c, m, &taken) ? COUNTER_COUNTS : take_programmed(c, m, &taken);
    }
    if (taken.fixed_control != 0 && !access_write_msr(MSR_INTEL_FIXED_CONTROL, taken.fixed_control))
        power_panic("fixed counters: %lx is no control of them", taken.fixed_control);
    if (m->global && !access_write_msr(MSR_INTEL_GLOBAL_CONTROL, taken.global))
        power_panic("counters: %lx is no set of them", taken.global);
}

static void set_all(struct counters *counters, enum counter_state state)
{
    for (unsigned i = 0; i < counters->count; i++)
        counters->at[i].state = state;
}

void counters_open(struct counters *counters)
{
    enum counter_state state = obtain();
    if (state == COUNTER_COUNTS && vendor_here() != counters->vendor)
        state = COUNTER_OTHER_VENDOR;
    set_all(counters, state);
    if (state != COUNTER_COUNTS)
        return;
    struct machine m = counters->vendor == COUNTERS_INTEL ? intel() : amd();
    program(counters, &m);
    access_allow_rdpmc();
    counters->by_msr = !access_may_rdpmc(0);
}

/* ---- reading */

void counters_look(const struct counters *counters, uint64_t values[COUNTERS_MAX])
{
    for (unsigned i = 0; i < counters->count; i++) {
        const struct counter *c = &counters->at[i];
        values[i] = c->state != COUNTER_COUNTS ? 0
                    : counters->by_msr         ? access_read_msr(c->msr)
                                               : access_rdpmc(c->number);
    }
}

bool counters_between(struct counters *counters, unsigned i, const uint64_t *before,
                      const uint64_t *after, uint64_t ns, uint64_t *events)
{
    struct counter *c = &counters->at[i];
    if (c->state != COUNTER_COUNTS)
        return false;
    uint64_t mask = c->width >= 64 ? ~0UL : (1UL << c->width) - 1;
    if (ns > mask / EVENTS_A_NS_AT_MOST) {
        c->state = COUNTER_TOO_LONG;
        return false;
    }
    *events = (after[i] - before[i]) & mask;
    return true;
}
