/* SPDX-License-Identifier: MIT */
#include "bench/native/ticks.h"

#include <time.h>

#define CALIBRATE_NS 30000000ULL /* a clock read of 50 ns at each end: 3 parts in a million */

static uint64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

double ticks_calibrate(void)
{
    uint64_t ns = monotonic_ns(), ticks = ticks_now();
    uint64_t now;
    do
        now = monotonic_ns();
    while (now - ns < CALIBRATE_NS);
    return (double)(ticks_now() - ticks) * 1e9 / (double)(now - ns);
}
