/* SPDX-License-Identifier: MIT */
/*
 * Stands in for evtchn/atomic/evtchn_atomic.h, which says what each of these means: the same
 * accesses, but each one first goes through fuzz_evtchn_access(), where a hostile guest, or another
 * processor, may act.
 */
#ifndef EVTCHN_ATOMIC_H
#define EVTCHN_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the program that links this: before each access; and before each taking and after each giving
 * back of a lock. One thread: a lock that is not free never will be. */
void fuzz_evtchn_access(const volatile void *at, size_t size);
void fuzz_evtchn_lock(const uint32_t *lock, bool take);

#define FUZZ_EVTCHN(p, operation)                    \
    __extension__({                                  \
        __typeof__(p) fuzz_p = (p);                  \
        fuzz_evtchn_access(fuzz_p, sizeof(*fuzz_p)); \
        operation;                                   \
    })
#define FUZZ_BIT(bit) ((__typeof__(*fuzz_p))((__typeof__(*fuzz_p))1 << (bit)))

#define evtchn_load(p) FUZZ_EVTCHN(p, __atomic_load_n(fuzz_p, __ATOMIC_RELAXED))
#define evtchn_load_acquire(p) FUZZ_EVTCHN(p, __atomic_load_n(fuzz_p, __ATOMIC_ACQUIRE))
#define evtchn_store(p, v) FUZZ_EVTCHN(p, __atomic_store_n(fuzz_p, (v), __ATOMIC_RELAXED))
#define evtchn_store_release(p, v) FUZZ_EVTCHN(p, __atomic_store_n(fuzz_p, (v), __ATOMIC_RELEASE))
#define evtchn_exchange(p, v) FUZZ_EVTCHN(p, __atomic_exchange_n(fuzz_p, (v), __ATOMIC_SEQ_CST))
#define evtchn_cas(p, old, new)                                                               \
    FUZZ_EVTCHN(p, __atomic_compare_exchange_n(fuzz_p, (old), (new), false, __ATOMIC_SEQ_CST, \
                                               __ATOMIC_RELAXED))
#define evtchn_set_bit(p, bit) \
    FUZZ_EVTCHN(p,             \
                (__atomic_fetch_or(fuzz_p, FUZZ_BIT(bit), __ATOMIC_SEQ_CST) & FUZZ_BIT(bit)) != 0)
#define evtchn_clear_bit(p, bit)                                                                \
    FUZZ_EVTCHN(                                                                                \
        p, (__atomic_fetch_and(fuzz_p, (__typeof__(*fuzz_p))~FUZZ_BIT(bit), __ATOMIC_SEQ_CST) & \
            FUZZ_BIT(bit)) != 0)
#define evtchn_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline void evtchn_pause(void)
{
}

static inline void evtchn_lock(uint32_t *lock)
{
    fuzz_evtchn_lock(lock, true);
    *lock = 1;
}

static inline void evtchn_unlock(uint32_t *lock)
{
    *lock = 0;
    fuzz_evtchn_lock(lock, false);
}

#endif
