/* SPDX-License-Identifier: MIT */
/*
 * Locks of event channels, for the files that embed evtchn/; which of them each call of the module
 * needs is said in evtchn.h. D is domain.event_lock, of two the lower address first; P is a port's
 * word, for many senders or one that closes.
 */
#ifndef HV_EVENT_LOCKS_H
#define HV_EVENT_LOCKS_H

#include "evtchn/evtchn.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/lock.h"

#define PORT_CLOSING 0x80000000U

/* The lock is a word: how many send by the port, and whether it is being closed. */
out_of_line void port_share_later(struct evtchn *e);

static inline void port_share(struct evtchn *e)
{
    lock_check_take_word(&e->lock, LOCK_PORT);
    if (unlikely(__atomic_fetch_add(&e->lock, 1, __ATOMIC_ACQUIRE) & PORT_CLOSING))
        port_share_later(e);
}

static inline void port_unshare(struct evtchn *e)
{
    lock_check_give(&e->lock);
    __atomic_fetch_sub(&e->lock, 1, __ATOMIC_RELEASE);
}

static inline void port_exclude(struct evtchn *e)
{
    lock_check_take_word(&e->lock, LOCK_PORT);
    uint32_t none = 0;
    while (!__atomic_compare_exchange_n(&e->lock, &none, PORT_CLOSING, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
        none = 0;
        arch_relax();
    }
}

static inline void port_include(struct evtchn *e)
{
    lock_check_give(&e->lock);
    __atomic_fetch_and(&e->lock, ~PORT_CLOSING, __ATOMIC_RELEASE);
}

static inline void lock_domains(struct domain *a, struct domain *b)
{
    lock(&(a < b ? a : b)->event_lock);
    if (a != b)
        lock(&(a < b ? b : a)->event_lock);
}

static inline void unlock_domains(struct domain *a, struct domain *b)
{
    unlock(&a->event_lock);
    if (a != b)
        unlock(&b->event_lock);
}

#endif
