/* SPDX-License-Identifier: MIT */
/*
 * What costs others something may happen so often: `burst` times at once, and then again once for
 * each interval that has passed. For what a guest can cause; any context, any CPU, no lock.
 *
 * Kept is the time at which the next one would be due, had all come an interval apart: one may
 * come before that by burst - 1 intervals, and moves it by one.
 */
#ifndef HV_RATE_LIMIT_H
#define HV_RATE_LIMIT_H

#include "hv/core/types.h"

struct rate_limit {
    ns_t interval, early; /* constant: how long before its time one may come */
    ns_t due;             /* atomic */
    uint64_t refused;     /* since the last one that was allowed; atomic */
};

#define RATE_LIMIT(burst, every)                            \
    {                                                       \
        .interval = (every), .early = ((burst)-1) * (every) \
    }

/* true: it may happen now; *refused is how many could not since the one before. false: it may not;
 * *refused counts this one as well. */
bool rate_limit_allows(struct rate_limit *r, ns_t now, uint64_t *refused);

#endif
