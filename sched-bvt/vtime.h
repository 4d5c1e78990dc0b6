/* SPDX-License-Identifier: MIT */
/*
 * Weighted virtual time, exactly.
 *
 * The unit is a virtual ns: what a vcpu of weight SCHED_WEIGHT_DEFAULT uses up in one ns of
 * running. One of weight w uses up run * SCHED_WEIGHT_DEFAULT / w. The remainder of each division
 * is carried, so nothing is lost or gained over any length of time, whatever the pieces that it is
 * charged in.
 *
 * The clock is free-running modulo 2^64. At the smallest weight and without a pause it takes 2.3
 * years round, so wrapping is a normal event: clocks compare by signed difference (sched_before).
 * What is compared must lie within 2^63: the runnable do (each policy says why), and a sleeper is
 * caught up before its clock is looked at when it slept longer than SCHED_SLEEP_MAX.
 */
#ifndef SCHED_VTIME_H
#define SCHED_VTIME_H

#include <stdint.h>

#define SCHED_WEIGHT_MIN 1U
#define SCHED_WEIGHT_MAX 65535U /* as Xen's credit schedulers have it */
#define SCHED_WEIGHT_DEFAULT 256U

/* ns. A charge is never longer; so run * SCHED_WEIGHT_DEFAULT and a difference of one's own clocks
 * times one's weight stay in 64 bits. 2^44 ns are 4.9 hours: one that ran longer was not picked as
 * it should have been, or the clock jumped. */
#define SCHED_RUN_MAX (1ULL << 44)

/* ns. In this time no virtual clock advances by more than 2^61. */
#define SCHED_SLEEP_MAX (1ULL << 53)

struct sched_vclock {
    uint64_t at;   /* virtual ns, modulo 2^64 */
    uint64_t owed; /* carried: 0..weight-1, in virtual ns / weight */
};

static inline void sched_vclock_run(struct sched_vclock *clock, uint64_t run, uint64_t weight)
{
    uint64_t whole = run * SCHED_WEIGHT_DEFAULT + clock->owed;
    clock->at += whole / weight;
    clock->owed = whole % weight;
}

/* The weight changed: what is carried is less than one virtual ns and keeps its proportion. */
static inline void sched_vclock_reweigh(struct sched_vclock *clock, uint64_t from, uint64_t to)
{
    clock->owed = clock->owed * to / from;
}

/* A signed distance of virtual time (at most 2^47 either way) that is to stay the same in ns. */
static inline uint64_t sched_reweighed(uint64_t distance, uint64_t from, uint64_t to)
{
    return (uint64_t)((int64_t)distance * (int64_t)from / (int64_t)to);
}

/* Virtual ns for `run` ns at this weight, rounded down. */
static inline uint64_t sched_virtual(uint64_t run, uint64_t weight)
{
    return run * SCHED_WEIGHT_DEFAULT / weight;
}

/* Virtual ns: nine minutes of running at the least weight, long enough until the next pick. */
#define SCHED_AHEAD_MAX (UINT64_MAX / SCHED_WEIGHT_MAX / 2)

/* ns of running until `ahead` virtual ns have passed, rounded up. Another vcpu's clock may be ahead
 * by more than its weight times SCHED_RUN_MAX. */
static inline uint64_t sched_real(uint64_t ahead, uint64_t weight)
{
    if (ahead > SCHED_AHEAD_MAX)
        ahead = SCHED_AHEAD_MAX;
    return (ahead * weight + SCHED_WEIGHT_DEFAULT - 1) / SCHED_WEIGHT_DEFAULT;
}

#endif
