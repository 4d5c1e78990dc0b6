/* SPDX-License-Identifier: MIT */
/*
 * The weighted average of the virtual clocks of all that are runnable on a CPU, exactly: what a
 * fluid machine that serves all at once would show (EEVDF's V, stride's global pass).
 *
 * Kept as sum of weight * (clock - base), with base moved along so that the sum stays small:
 * nothing is rounded but the answer, so it does not drift however many come and go. Each term is at
 * most what its owner is ahead of or behind the fluid machine by, in ns * SCHED_WEIGHT_DEFAULT:
 * below 2^53 for a single charge of SCHED_RUN_MAX, and in real use below 2^40.
 */
#ifndef SCHED_AVERAGE_H
#define SCHED_AVERAGE_H

#include "policy.h"

struct sched_average {
    uint64_t base;
    uint64_t sum; /* signed, two's complement */
    uint64_t weights;
};

/* The average, rounded down: at or above the smallest clock. Stays put while there is nobody. */
static inline uint64_t sched_average_at(struct sched_average *a)
{
    if (a->weights == 0)
        return a->base;
    int64_t sum = (int64_t)a->sum, weights = (int64_t)a->weights, whole = sum / weights;
    if (sum < whole * weights)
        whole--;
    a->base += (uint64_t)whole;
    a->sum -= (uint64_t)(whole * weights);
    return a->base;
}

/* A signed distance, cut to `most` either way. */
static inline uint64_t sched_average_cut(uint64_t distance, uint64_t most)
{
    if ((int64_t)distance > (int64_t)most)
        return most;
    return (int64_t)distance < -(int64_t)most ? 0 - most : distance;
}

/*
 * Where one that joins must stand to be at that (signed) distance from the average that it then is
 * a part of: it pulls the average after it. So leaving and joining cancels no debt.
 */
static inline uint64_t sched_average_place(struct sched_average *a, uint64_t distance,
                                           uint64_t weight)
{
    uint64_t at = sched_average_at(a) + distance;
    if (a->weights != 0)
        at += (uint64_t)((int64_t)distance * (int64_t)weight / (int64_t)a->weights);
    return at;
}

static inline void sched_average_join(struct sched_average *a, uint64_t clock, uint64_t weight)
{
    a->sum += weight * (clock - a->base);
    a->weights += weight;
    sched_average_at(a);
}

static inline void sched_average_leave(struct sched_average *a, uint64_t clock, uint64_t weight)
{
    sched_average_at(a); /* the last one leaves the average where it is */
    a->sum -= weight * (clock - a->base);
    a->weights -= weight;
}

/* One of them advanced. */
static inline void sched_average_advance(struct sched_average *a, uint64_t by, uint64_t weight)
{
    a->sum += weight * by;
    sched_average_at(a);
}

#endif
