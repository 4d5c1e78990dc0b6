/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks: fair, and four bytes.
 *
 * Interrupt handlers take no lock that is not taken with interrupts off: lock_irq() everywhere for
 * those, lock() for the others, which is what each lock's declaration says.
 *
 * The one order, outermost first; a lock is never taken while one on a line below it is held:
 *
 *   trace_lock            setting and reading of traces
 *   creation_lock         a domain is being made
 *   domain.control_lock   what the control domain does to a domain, one thing at a time
 *   domain.mm_lock        page tables, reservations, descriptor tables of a domain; of two domains,
 *                         the lower domid first
 *   domain.event_lock     the port table of a domain; of two, the lower address first
 *   handlers_lock         who gets the machine's VIRQs
 *   pmu_lock              who has performance counters
 *   cpu run queues        sched_lock of a CPU, with interrupts off; of two, the lower number first
 *   cpu timers            timer_lock of a CPU, with interrupts off
 *   heap_lock             the buddy allocator's free lists
 *   table_lock            of a part of the domains' numbers
 *   pmu_vcpu.lock         a vcpu's performance counters, with interrupts off
 *   console_lock          the serial line, with interrupts off
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include "hv/core/types.h"
#include "hv/core/arch.h"

struct lock {
    uint16_t next;   /* the ticket that the next one draws */
    uint16_t serves; /* the ticket of who holds it */
};

static inline void lock(struct lock *l)
{
    uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
    while (unlikely(__atomic_load_n(&l->serves, __ATOMIC_ACQUIRE) != ticket))
        arch_relax();
}

static inline void unlock(struct lock *l)
{
    /* Only the holder writes it. */
    __atomic_store_n(&l->serves, (uint16_t)(l->serves + 1), __ATOMIC_RELEASE);
}

/* With interrupts off meanwhile; returns what unlock_irq needs. */
static inline bool lock_irq(struct lock *l)
{
    bool were_on = arch_irq_save();
    lock(l);
    return were_on;
}

static inline void unlock_irq(struct lock *l, bool were_on)
{
    unlock(l);
    arch_irq_restore(were_on);
}

#endif
