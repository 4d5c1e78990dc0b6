/* SPDX-License-Identifier: MIT */
/* Domains that begin at the same time, when all of them have been made. */
#ifndef BENCH_DOMAINS_TOGETHER_H
#define BENCH_DOMAINS_TOGETHER_H

#include "guest/power.h"
#include "guest/time.h"

/* at: ns of the hypervisor's time */
static inline void wait_for_all(uint64_t at)
{
    uint64_t now = time_system().n;
    if (now >= at)
        power_panic("expected to be there before at=%lu ms, found %lu ns", at / NS_PER_MS, now);
    time_sleep_until(NS(at));
}

#endif
