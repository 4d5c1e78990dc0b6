/* SPDX-License-Identifier: MIT */
/*
 * evtchn/atomic/evtchn_atomic.h for the explorer: the same names, each access a step that explore.h
 * interleaves with those of the other threads. Found first on the include path of variant `model`.
 *
 * On TSO an acquire is a load and a release is a store. Each operation that reads and writes is one
 * locked instruction, as it is on x86.
 */
#ifndef EVTCHN_ATOMIC_H
#define EVTCHN_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "explore.h"

#define EVTCHN_VALUE_(p) __typeof__(__atomic_load_n((p), __ATOMIC_RELAXED))
#define EVTCHN_WORD_(p, v) ((uint64_t)(EVTCHN_VALUE_(p))(v))

#define evtchn_load(p) ((EVTCHN_VALUE_(p))explore_load((p), sizeof(*(p))))
#define evtchn_load_acquire(p) evtchn_load(p)
#define evtchn_store(p, v) explore_store((p), sizeof(*(p)), EVTCHN_WORD_(p, v), EXPLORE_PLAIN)
#define evtchn_store_release(p, v) \
    explore_store((p), sizeof(*(p)), EVTCHN_WORD_(p, v), EXPLORE_RELEASE)
#define evtchn_set_bit(p, bit) (explore_locked((p), sizeof(*(p)), EXPLORE_SET_BIT, (bit)) != 0)
#define evtchn_clear_bit(p, bit) (explore_locked((p), sizeof(*(p)), EXPLORE_CLEAR_BIT, (bit)) != 0)
#define evtchn_exchange(p, v) \
    ((EVTCHN_VALUE_(p))explore_locked((p), sizeof(*(p)), EXPLORE_EXCHANGE, EVTCHN_WORD_(p, v)))
#define evtchn_cas(p, old, new)                                                   \
    ({                                                                            \
        uint64_t evtchn_found_ = *(old);                                          \
        bool evtchn_swapped_ =                                                    \
            explore_cas((p), sizeof(*(p)), &evtchn_found_, EVTCHN_WORD_(p, new)); \
        if (!evtchn_swapped_)                                                     \
            *(old) = (EVTCHN_VALUE_(p))evtchn_found_;                             \
        evtchn_swapped_;                                                          \
    })
#define evtchn_fence() explore_fence(EXPLORE_FENCE_OTHER)
#define evtchn_lock(p) explore_lock(p)
#define evtchn_unlock(p) explore_unlock(p)

static inline void evtchn_pause(void)
{
}

#endif
