/* SPDX-License-Identifier: MIT */
/* Flushes of this processor's; what they are for is in core/tlb.h. */
#ifndef X86_TLB_FLUSH_H
#define X86_TLB_FLUSH_H

#include "hv/core/types.h"

struct domain;

/* All of guests' translations on this CPU. */
void tlb_flush_local(void);

/* The same, because another CPU has asked for it. */
void tlb_flush_requested(void);

/* How often that was. */
uint64_t tlb_flush_requests(uint32_t cpu);

/* This CPU goes to a domain's tables: before it is on them. */
void tlb_note_space(const struct domain *d);

/* On these CPUs; returns when done. Interrupts on. */
void tlb_flush_cpus(uint64_t set);

/* The CPUs that these vcpus of a domain run on, or ran on last: as a set of numbers, or as the
 * bitmap in guest memory (false: it cannot be read). */
uint64_t cpus_of_vcpus(const struct domain *d, uint64_t vcpus);
bool cpus_of_bitmap(const struct domain *d, vaddr_t bitmap, uint64_t *set);

/* This CPU goes to the hypervisor's own tables, which hold no guest's translation. */
void tlb_leave_guests(void);

#endif
