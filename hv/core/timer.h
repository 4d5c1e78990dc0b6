/* SPDX-License-Identifier: MIT */
/*
 * Something to be done at a time, on a CPU. In a tree each CPU (the scheduler's own queue), because
 * thousands may be set.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include "hv/core/types.h"
#include "sched-bvt/queue.h"

struct timer {
    struct sched_node node;
    void (*expired)(struct timer *t); /* on its CPU, without locks, interrupts on */
    uint32_t cpu;
    bool killed; /* cannot be set any more */
};

void timer_init(struct timer *t, void (*expired)(struct timer *t));

/* On this CPU, at `when` or as soon as that is past. Replaces what was set. */
void timer_set(struct timer *t, ns_t when);
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);

/* When this returns it is not set, its function does not run, and neither will happen again, so
 * that its memory may go. Not from that function; no lock that the function takes. */
void timer_kill(struct timer *t);

/*
 * The end of the slice of whom this CPU runs, NS_NEVER for none: a timer of its own because it is
 * set with each switch and seldom comes. This CPU alone asks, outside of handlers.
 */
void timer_set_slice(ns_t end);

/* Runs what is due on this CPU and sets the CPU's own alarm for what comes next. true: the slice is
 * over, and none is set any more. */
bool timers_run(void);

#endif
