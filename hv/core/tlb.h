/* SPDX-License-Identifier: MIT */
/*
 * Which translations may still be cached where.
 *
 * One clock for the machine ticks with each flush. A CPU notes the tick of its last flush; a frame,
 * when its last use ended, the time. Entries that led to the frame were gone by then, so that only
 * a CPU that has not flushed since can know one. Most have, by switching page tables.
 */
#ifndef HV_TLB_H
#define HV_TLB_H

#include "hv/core/types.h"

struct domain;

struct domain;

extern uint64_t tlb_clock;

static inline uint64_t tlb_now(void)
{
    return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

/* Before and after a flush of all but the hypervisor's own translations of this CPU: what the first
 * gives is the second one's, and who sees that the flush was made may rely on its being over. */
uint64_t tlb_flush_begin(void);
void tlb_flush_end(uint64_t tick);

/* Returns when no CPU knows a translation from before the stamp to a frame that has had this owner
 * since; NULL: to any frame. Only CPUs that may know one are interrupted. Interrupts on. */
void tlb_flush_older(uint64_t stamp, const struct domain *owner);

/* Returns when no CPU knows a translation by this domain's page tables from before. d: the current
 * domain. */
void tlb_flush_domain(const struct domain *d);

#endif
