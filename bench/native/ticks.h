/* SPDX-License-Identifier: MIT */
/* The TSC, the clock of measurements on this machine. */
#ifndef BENCH_NATIVE_TICKS_H
#define BENCH_NATIVE_TICKS_H

#include <stdint.h>
#include <x86intrin.h>

/* Not before the loads ahead of it: what a latency sample waits for has arrived when it is taken.
 */
static inline uint64_t ticks_now(void)
{
    unsigned cpu;
    return __rdtscp(&cpu);
}

/* Ticks a second, measured for some 30 ms. */
double ticks_calibrate(void);

#endif
