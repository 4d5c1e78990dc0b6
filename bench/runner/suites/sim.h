/* SPDX-License-Identifier: MIT */
/* Inside the suite `sim`: its axes, and counting the instructions of a point. */
#ifndef RUNNER_SUITES_SIM_H
#define RUNNER_SUITES_SIM_H

#include "bench/runner/suite.h"
#include "bench/sim/sim.h"

#define SIM_WARMUP_MS_MAX (SIM_TIME_MAX / 1000000U)

enum {
    SIM_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) SIM_AXIS_##id,
#include "bench/runner/suites/sim_axes.def"
#undef AXIS
};

/* What is measured: what happens in simulated time, or what simulating it costs here. */
enum sim_measure { SIM_SIMULATED, SIM_INSTRUCTIONS, SIM_HOST_TIME, SIM_MEASURES };

/* NULL if instructions can be counted here, else why not, naming the remedy. */
const char *sim_count_missing(void);

/*
 * How many instructions a decision takes, simulator and policy together: callgrind counts two runs
 * of the program sim_observe, one with twice the simulated time, and the difference is divided by
 * that of their decisions. What starting and ending take is in neither. One point and seed, and one
 * build of sim_observe, give the same count every time.
 */
bool sim_count(const struct sim_point *point, double *per_decision, uint64_t *decisions,
               struct fault *fault);

/* The fields of a point as arguments of sim_observe: SIM_POINT_ARGUMENTS of them, in its order.
 * The caller frees each. */
enum { SIM_POINT_ARGUMENTS = 20 };
void sim_point_arguments(const struct sim_point *point, char *arguments[SIM_POINT_ARGUMENTS]);

/* The reverse. */
void sim_point_from(char *const arguments[SIM_POINT_ARGUMENTS], struct sim_point *point);

#endif
