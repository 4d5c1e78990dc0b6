/* SPDX-License-Identifier: MIT */
/* The mixes of wakers, one file each (workload_<mix>.c); engine.h says what each supplies. */
#ifndef BENCH_SIM_WORKLOADS_H
#define BENCH_SIM_WORKLOADS_H

#include "bench/sim/engine.h"

extern const struct workload workload_periodic, workload_poisson, workload_bursty,
    workload_fork_bomb, workload_loop, workload_recorded;

/* NULL: there are no wakers. */
const struct workload *workload_of_mix(enum sim_mix mix);

#define SIM_SECOND 1000000000ULL

/* ns between two of point.load a second. */
static inline uint64_t workload_gap(const struct sim *sim)
{
    return SIM_SECOND / sim->point->load;
}

#endif
