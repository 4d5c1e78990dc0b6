/* SPDX-License-Identifier: MIT */
#include "hv/core/rate_limit.h"

bool rate_limit_allows(struct rate_limit *r, ns_t now, uint64_t *refused)
{
    ns_t due = __atomic_load_n(&r->due, __ATOMIC_RELAXED);
    do {
        if (due > now + r->early) {
            *refused = __atomic_add_fetch(&r->refused, 1, __ATOMIC_RELAXED);
            return false;
        }
    } while (!__atomic_compare_exchange_n(&r->due, &due, max(due, now) + r->interval, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    *refused = __atomic_exchange_n(&r->refused, 0, __ATOMIC_RELAXED);
    return true;
}
