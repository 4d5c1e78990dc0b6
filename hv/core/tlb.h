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

extern uint64_t tlb_clock;

static inline uint64_t tlb_now(void)
{
    return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

/* Call before a flush of all but the hypervisor's own translations of this CPU. */
void tlb_note_flush(void);

/* Returns when no CPU knows a translation from before the stamp. */
void tlb_flush_older(uint64_t stamp);

/* Returns when no CPU knows a translation by this domain's page tables from before. d: the current
 * domain. */
void tlb_flush_domain(const struct domain *d);

#endif
