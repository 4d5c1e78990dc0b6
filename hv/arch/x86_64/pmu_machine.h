/* SPDX-License-Identifier: MIT */
/*
 * Which performance counters the processor has, and what a guest may ask of them.
 *
 * Two families: Intel's architectural performance monitoring (Intel SDM volume 3B, chapter 19, and
 * CPUID leaf 0xa), and AMD's core counters (AMD APM volume 2, section 13.2), of which every 64-bit
 * processor has four and those with PerfCtrExtCore six. Where CPUs differ, guests have what all
 * have.
 */
#ifndef X86_PMU_MACHINE_H
#define X86_PMU_MACHINE_H

#include "hv/core/types.h"

#define PMU_COUNTERS_MAX 8 /* as many as Intel's selectors have numbers in a row */
#define PMU_FIXED_MAX 3    /* instructions, cycles, reference cycles: version 2's */

enum pmu_kind { PMU_NONE, PMU_INTEL, PMU_AMD };

struct pmu_machine {
    enum pmu_kind kind;
    bool global;          /* one register starts and stops all: Intel, from version 2 on */
    bool family_15h;      /* AMD's, whose guests look for six counters by themselves */
    unsigned n, n_fixed;  /* counters */
    unsigned width;       /* bits of a counter that can be saved and restored */
    unsigned fixed_width; /* the same of fixed ones */
    /* MSRs of the first counter, as it is read and as it is written, and selector; and how far it
     * is to the next. */
    uint32_t counter, counter_write, select, step;
    uint32_t events, n_events; /* CPUID leaf 0xa: EBX, and bits of it that mean something */
};

/* A register that a guest can name. */
enum pmu_register {
    PMU_NO_REGISTER,
    PMU_COUNTER,
    PMU_SELECT,
    PMU_FIXED,
    PMU_FIXED_CONTROL,
    PMU_GLOBAL_STATUS,
    PMU_GLOBAL_CONTROL,
    PMU_GLOBAL_CLEAR,
};

/* Bits of a selector; AMD's and Intel's are the same. */
#define PMU_SELECT_USER (1UL << 16)
#define PMU_SELECT_KERNEL (1UL << 17)
#define PMU_SELECT_INTERRUPT (1UL << 20)
#define PMU_SELECT_ENABLE (1UL << 22)

/* Four bits each counter of the control of fixed ones. */
#define PMU_FIXED_BITS 4
#define PMU_FIXED_KERNEL 1UL
#define PMU_FIXED_USER 2UL
#define PMU_FIXED_INTERRUPT 8UL

#define PMU_MSR_FIXED 0x309
#define PMU_MSR_FIXED_CONTROL 0x38d
#define PMU_MSR_GLOBAL_STATUS 0x38e
#define PMU_MSR_GLOBAL_CONTROL 0x38f
#define PMU_MSR_GLOBAL_CLEAR 0x390

#define PMU_WHY_MAX 96

/* Finds out. false: it has none, or none that can be used; `why` says so. Counters are stopped. */
bool pmu_detect(struct pmu_machine *m, char why[PMU_WHY_MAX]);

/* No more than another CPU has as well. false: nothing is left. */
bool pmu_limit(struct pmu_machine *m, const struct pmu_machine *other);

/* Nothing counts, and no overflow waits. */
void pmu_stop_all(const struct pmu_machine *m);

/* What a guest means by an MSR, and which of the counters. */
enum pmu_register pmu_register_named(const struct pmu_machine *m, uint32_t msr, unsigned *index);

/*
 * Whether a guest may have this in a selector. Not: reserved bits; what counts for other domains
 * too (Intel's AnyThread; AMD's host-only and guest-only, which have no meaning here); pins of the
 * package. features: XENPMU_FEATURE_*, for Intel's processors alone, as the ABI has it.
 */
bool pmu_select_ok(const struct pmu_machine *m, uint64_t features, uint64_t value);

/* The same of the control of fixed counters, of the set of those that run, and of that of those
 * whose overflow is known. */
bool pmu_fixed_control_ok(const struct pmu_machine *m, uint64_t value);
bool pmu_global_ok(const struct pmu_machine *m, uint64_t value);
bool pmu_clear_ok(const struct pmu_machine *m, uint64_t value);

/*
 * What the processor gets for it. The guest's kernel and its user programs are both in ring 3, and
 * what is below is the hypervisor: who asks for either half gets ring 3, and nobody the rest.
 */
uint64_t pmu_select_for_machine(uint64_t value);
uint64_t pmu_fixed_control_for_machine(uint64_t value);

static inline uint64_t pmu_mask(unsigned width)
{
    return width >= 64 ? ~0UL : (1UL << width) - 1;
}

/* Counters as a set, as the global registers have them: fixed ones from bit 32 on. */
#define PMU_FIXED_SHIFT 32

static inline uint64_t pmu_all_counters(const struct pmu_machine *m)
{
    return pmu_mask(m->n) | pmu_mask(m->n_fixed) << PMU_FIXED_SHIFT;
}

#endif
