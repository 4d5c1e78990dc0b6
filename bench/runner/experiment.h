/* SPDX-License-Identifier: MIT */
/*
 * An experiment description: what to measure, and how to show it. Files are in libconfig's syntax;
 * bench/experiments/ holds ours, ringside(1) says what may stand in one.
 */
#ifndef RUNNER_EXPERIMENT_H
#define RUNNER_EXPERIMENT_H

#include "bench/runner/exhibits.h"

enum effort { EFFORT_STANDARD, EFFORT_QUICK, EFFORT_FULL };

const char *effort_name(enum effort effort); /* "standard", "quick", "full" */

/* The product of its axes; an axis without values has its default. */
struct sweep {
    const struct suite *suite;
    struct strings subjects; /* names, or classes of subjects */
    struct axis_values axes[AXES_MAX];
};

struct experiment {
    char *name; /* of the file, without folder and .exp */
    char *path;
    char *title;
    const struct suite *suite;
    char *figure;                 /* plots/<figure>.gp, or NULL */
    struct selector figure_where; /* one value of an axis at most */
    size_t figure_each; /* an axis: a figure for each of its values; AXIS_NONE: there is one */
    uint64_t repetitions;
    uint64_t duration_ms; /* of an observation */
    struct sweep *sweeps;
    size_t sweep_count;
    struct table_spec *tables;
    size_t table_count;
    struct target_spec *targets;
    size_t target_count;
};

#define REPETITIONS_MAX 10000

/* Reads a description and applies its `quick` or `full` groups. NULL with fault: `file:line: ...`.
 */
struct experiment *experiment_read(const char *path, enum effort effort, struct fault *fault);
void experiment_free(struct experiment *experiment);

enum setting { SETTING_DONE, SETTING_WRONG, SETTING_UNKNOWN };

/* Replaces a setting in every sweep: an axis, platform, subjects, repetitions or duration_ms; value
 * as text, several between commas. With a fault: WRONG, the value is none of this key; UNKNOWN, the
 * suite has no such axis or subject, which another one may have. */
enum setting experiment_set(struct experiment *experiment, const char *key, const char *value,
                            struct fault *fault);

#endif
