/* SPDX-License-Identifier: MIT */
/*
 * In which order everything is observed, and which part of it a shard takes.
 *
 * Repetition by repetition, all points of all experiments are observed in a random order drawn
 * anew, so that drift of the machine falls on all points alike. The order follows from the seed
 * alone. Experiments of seeded suites (suite.h) come after them, one by one, repetition by
 * repetition in the order of the points, each with a sequence of its own. A shard takes the
 * observations whose (point + repetition) mod n is its own: every shard has its share of every
 * point and of every repetition, and keeps the order of the whole.
 */
#ifndef RUNNER_SCHEDULE_H
#define RUNNER_SCHEDULE_H

#include "bench/runner/sweep.h"

#define SEED_MAX UINT32_MAX /* what the generator takes: gsl_rng_mt19937 */

struct shard {
    uint64_t index, of; /* index in 1..of; 1 of 1 is everything */
};

struct turn {
    uint64_t seq; /* place in the order of the whole, from 1; of its experiment, if seeded */
    uint64_t rep; /* repetition, from 1 */
    size_t plan;  /* index of the plan */
    size_t point; /* index in it */
};

struct schedule {
    struct turn *turns;
    size_t count;
    uint64_t host_ns; /* what all its observations take, about */
};

void schedule_make(struct schedule *schedule, const struct plan *plans, size_t plan_count,
                   uint32_t seed, struct shard shard);
/* About how long an observation takes. */
uint64_t turn_host_ns(const struct plan *plans, const struct turn *turn);

/* What a seeded suite is given for a repetition: the same for all points and experiments. */
uint64_t turn_seed(uint32_t seed, const struct turn *turn);

void schedule_free(struct schedule *schedule);

#endif
