/* SPDX-License-Identifier: MIT */
/*
 * The counters of one vcpu: its registers, kept here while it does not run and in the processor
 * while it does.
 *
 *             +-- pmu_load --->
 *   stopped                      loaded      enters and leaves with its vcpu
 *             <-- pmu_unload -+
 *      |  ^
 *      |  |  an overflow interrupts: the guest gets a sample, and its registers in the page that it
 *      v  |  shares (PMU_CACHED); XENPMU_flush gives them back, checked
 *     cached
 *
 * While it is loaded, counters and overflows are the processor's; all else here is always right. A
 * guest reads what it wrote; what the processor has may be less (pmu_machine.h).
 */
#ifndef X86_PMU_COUNTERS_H
#define X86_PMU_COUNTERS_H

#include "hv/arch/x86_64/pmu_machine.h"
#include "hv/core/types.h"

#include <xen/xen.h>
#include <xen/pmu.h>

struct pmu_registers {
    uint64_t counter[PMU_COUNTERS_MAX]; /* of so many bits as there are */
    uint64_t select[PMU_COUNTERS_MAX];
    uint64_t fixed[PMU_FIXED_MAX];
    uint64_t fixed_control;
    uint64_t global_control;
    uint64_t status; /* counters that have overflowed since the guest said it knows */
};

struct pmu_counters {
    const struct pmu_machine *machine;
    struct pmu_registers r;
    bool loaded;  /* the processor has them */
    bool counted; /* since they were loaded: their values there are not those here */
    bool cached;  /* the guest has them; never both */
    bool masked;  /* it wants no interrupts */
};

/* As a processor starts: all zero, interrupts masked. */
void pmu_reset(struct pmu_counters *p, const struct pmu_machine *m);

/* Does anything count? */
bool pmu_runs(const struct pmu_counters *p);

/* Into this CPU, which then counts; and out of it, which is stopped first. The latter returns those
 * that have overflowed meanwhile. */
void pmu_load(struct pmu_counters *p);
uint64_t pmu_unload(struct pmu_counters *p);

/* Counters whose overflow is to interrupt. */
uint64_t pmu_interrupting(const struct pmu_counters *p);

/* By this CPU if they are loaded. false: not a register, or not a value, that a guest may have. */
bool pmu_read(const struct pmu_counters *p, uint32_t msr, uint64_t *value);
bool pmu_write(struct pmu_counters *p, uint64_t features, uint32_t msr, uint64_t value);

/* What RDPMC reads, by its number of a counter (ECX). false: there is none. */
bool pmu_read_counter(const struct pmu_counters *p, uint32_t number, uint64_t *value);

/*
 * The page that is shared with the guest: where the registers are in it, the registers themselves,
 * and back. The last is false, and changes nothing, if the guest made something of them that it may
 * not have. The page is read once.
 */
void pmu_page_describe(const struct pmu_machine *m, struct xen_pmu_data *page);
void pmu_page_put(const struct pmu_counters *p, struct xen_pmu_data *page);
bool pmu_page_take(struct pmu_counters *p, uint64_t features, const struct xen_pmu_data *page);

#endif
