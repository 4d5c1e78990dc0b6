/* SPDX-License-Identifier: MIT */
/*
 * Hardware counters of a workload, over its measured interval:
 *
 *   counters=VENDOR,NAME:SELECTOR,...     what to count (guest/counters.h); without it: nothing
 *
 * It says
 *
 *   counters_processor     CPUID leaf 1, EAX: whose events they are
 *   counters_cost          ns that an empty reading of all of them takes
 *   counter-NAME           how many there were, or
 *   no-counter-NAME        why that is not known, as enum counter_state
 */
#ifndef BENCH_DOMAINS_COUNTED_H
#define BENCH_DOMAINS_COUNTED_H

/* Once, before the rest. */
void counted_open(void);

/* The measured interval. */
void counted_begin(void);
void counted_end(void);

/* Between result_begin() and result_end(). */
void counted_tell(void);

#endif
