/* SPDX-License-Identifier: MIT */
/* What looking at the clock costs, which is in all that is measured by it. */
#ifndef BENCH_DOMAINS_CLOCK_H
#define BENCH_DOMAINS_CLOCK_H

#include "guest/time.h"

#define CLOCK_LOOKS 256U

/* An empty measurement: ns between two looks at the clock with nothing between them. The least,
 * because what interrupts can only add. */
static inline uint64_t clock_cost(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < CLOCK_LOOKS; i++) {
        uint64_t first = time_system().n;
        uint64_t between = time_system().n - first;
        least = between < least ? between : least;
    }
    return least;
}

#endif
