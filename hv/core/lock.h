/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks: fair, and four bytes.
 *
 * Which may be held together, and which are for interrupt handlers too, is in lock_ranks.def: each
 * has its rank from where it is declared (LOCK) or made (lock_init).
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include "hv/core/types.h"
#include "hv/core/arch.h"
#include "hv/core/lock_check.h"

struct lock {
    uint16_t next;   /* the ticket that the next one draws */
    uint16_t serves; /* the ticket of who holds it */
    LOCK_PLACE
};

/* As an initialiser. */
#define LOCK(rank)                                   \
    {                                                \
        LOCK_AT(rank, 0).next = 0 * (unsigned)(rank) \
    }

/* Of one in memory that is zero: that alone makes it free, and this gives it its place. Of locks of
 * one rank that are held at once, lower keys first. */
#define lock_init(l, rank, key) lock_check_place(l, rank, (uint64_t)(key))

static inline void lock(struct lock *l)
{
    lock_check_take(l);
    uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
    while (unlikely(__atomic_load_n(&l->serves, __ATOMIC_ACQUIRE) != ticket))
        arch_relax();
}

static inline void unlock(struct lock *l)
{
    lock_check_give(l);
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
