/* SPDX-License-Identifier: MIT */
/* From the sweeps of an experiment to its points: the product of the axes, less what cannot be run.
 */
#ifndef RUNNER_SWEEP_H
#define RUNNER_SWEEP_H

#include "bench/runner/experiment.h"

struct plan_point {
    struct point point;
    char *axes[AXES_MAX]; /* as text */
};

/* Why points were left out, and how many for each subject that it concerns. */
struct left_out {
    char *reason;
    struct strings subjects; /* each once */
    size_t points;
};

struct plan {
    const struct experiment *experiment;
    struct plan_point *points;
    size_t point_count;
    struct left_out *left_out; /* refused by the suite */
    size_t left_out_count;
    struct left_out *missing; /* what could be installed */
    size_t missing_count;
};

/* The plan refers to the experiment, which must outlive it. Points that two sweeps share, or that
 * differ only in axes that mean nothing to them, are one. */
void plan_make(struct plan *plan, const struct experiment *experiment);
void plan_free(struct plan *plan);

#endif
