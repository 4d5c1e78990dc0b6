/* SPDX-License-Identifier: MIT */
/*
 * Random calls on a world: vcpus come and go, wake, sleep, yield, are pinned and unpinned, and have
 * their parameters set to anything that is legal and some things that are not, at any moment.
 */
#ifndef TESTS_SCHED_STORM_H
#define TESTS_SCHED_STORM_H

#include "tests/sched/world.h"

struct storm {
    struct rng rng;
    uint32_t vcpus;   /* at most, <= WORLD_VCPUS */
    bool params;      /* set parameters too */
    const char *only; /* this one alone; NULL: any */
    uint64_t longest; /* ns between two events, at most; usually far less */
};

/* A legal value of that parameter; its limits, its default and small values often. */
uint64_t storm_value(struct rng *rng, const struct sched_param *p);

void storm_run(struct storm *storm, struct world *w, uint32_t events);

#endif
