/* SPDX-License-Identifier: MIT */
/*
 * Scheduling parameters as a point has them: weights of hogs, warp of wakers, BVT's allowance, and
 * lists of "name=value".
 *
 * Each function: false, with a sentence in text, if a parameter was refused.
 */
#ifndef BENCH_SIM_PARAMS_H
#define BENCH_SIM_PARAMS_H

#include "bench/sim/engine.h"

/* Those of the whole scheduler. */
bool params_of_scheduler(struct sim *sim, char *text, size_t size);

/* d's, by its sort; it is in the scheduler and BLOCKED. */
bool params_of_domain(struct sim *sim, struct domain *d, char *text, size_t size);

/* Tries all of a point on a scheduler of its own. The point's policy and numbers are right. */
bool params_accepted(const struct sim_point *point, char *text, size_t size);

uint64_t params_weight(enum sim_weights weights, uint32_t hog);

#endif
