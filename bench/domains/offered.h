/* SPDX-License-Identifier: MIT */
/*
 * An offered load for a ring between two domains: its front end sends each request when it is due,
 * however the one before it fares, and a request that comes late waits from when it was due on. Its
 * back end works on each.
 *
 *   load=N         front end: requests a second, a Poisson process; 0: as fast as they are answered
 *   seed=N         of when they come
 *   service-ns=N   back end: work on each
 */
#ifndef BENCH_DOMAINS_OFFERED_H
#define BENCH_DOMAINS_OFFERED_H

struct ring_run;

/* By the command line, once the ring's own options are known. */
void offered_options(struct ring_run *run);

#endif
