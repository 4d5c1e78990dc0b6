/* SPDX-License-Identifier: MIT */
/* What an experiment's description wants shown of its results: tables, and ratios to be reached. */
#ifndef RUNNER_EXHIBITS_H
#define RUNNER_EXHIBITS_H

#include "bench/runner/selector.h"

struct table_spec {
    const struct suite *suite;
    char *title;
    struct strings metrics; /* METRICS_COUNTERS stands for all counters */
    size_t across;   /* a column for each of an axis's values (one metric only); AXIS_NONE: none */
    size_t contrast; /* what the sentence on it compares; see finding.h */
    struct selector where;
};

/* A bound on a ratio, or on the values themselves. A ratio: the best of the points that numerator
 * selects, over the best of those of denominator. With `pair` axes, one ratio for each combination
 * of their values that both have, of which the worst counts. Values, of suites whose results do not
 * depend on the machine alone: those of all points that `where` selects, of which the worst counts.
 */
struct target_spec {
    const struct suite *suite;
    char *name;
    char *metric;
    bool of_values;                                /* numerator and denominator are not given */
    struct selector where, numerator, denominator; /* where: of both */
    size_t pair[AXES_MAX];
    size_t pairs;
    bool at_least; /* else: at most */
    double bound;
};

/* An axis by its name. */
bool read_axis(const config_setting_t *s, const struct suite *suite, size_t *axis,
               struct fault *fault);

/* Elements to begin with, of experiments of a suite. */
struct table_spec table_spec_of(const struct suite *suite);
struct target_spec target_spec_of(const struct suite *suite);

/* Readers of an element of `tables` and of `targets`, begun so. */
bool table_read(const config_setting_t *s, void *into, struct fault *fault);
bool target_read(const config_setting_t *s, void *into, struct fault *fault);

void table_spec_free(struct table_spec *table);
void target_spec_free(struct target_spec *target);

#endif
