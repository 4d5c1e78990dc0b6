/* SPDX-License-Identifier: MIT */
/* Points that cover every policy, every mix, one CPU and many; and observing them in tests. */
#ifndef TESTS_SIM_POINTS_H
#define TESTS_SIM_POINTS_H

#include "bench/sim/sim.h"

#define US 1000ULL
#define MS 1000000ULL
#define SECOND 1000000000ULL

/* A simulation that does not end is a failure of the program, not of the machine that runs it. */
#define POINTS_WATCHDOG_S 200

/* The i-th; false past the end. Files that it needs are made in the current folder's place: see
 * points_workload. */
bool points_at(size_t i, struct sim_point *point);

/* "policy mix cpus ..." of a point. */
const char *points_name(const struct sim_point *point);

/* In all but host_ns. */
bool points_same(const struct sim_observation *a, const struct sim_observation *b);

/* Path of a file of bursts, written at the first call and removed at exit. */
const char *points_workload(void);

/* A temporary file with that text; removed at exit. */
const char *points_file(const char *text);

#endif
