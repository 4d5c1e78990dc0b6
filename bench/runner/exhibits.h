/* SPDX-License-Identifier: MIT */
/* What an experiment's description wants shown of its results: tables, and ratios to be reached. */
#ifndef RUNNER_EXHIBITS_H
#define RUNNER_EXHIBITS_H

#include "bench/runner/selector.h"

struct table_spec {
    char *title;
    struct strings metrics; /* METRICS_COUNTERS stands for all counters */
    enum axis across;       /* a column for each of its values (one metric only); AXES: none */
    struct selector where;
};

/* A ratio that should be reached: the best of the points that numerator selects, over the best of
 * those of denominator. With `pair` axes, one ratio for each combination of their values that both
 * have, of which the worst counts. */
struct target_spec {
    char *name;
    char *metric;
    struct selector where, numerator, denominator; /* where: of both */
    enum axis pair[AXES];
    size_t pairs;
    bool at_least; /* else: at most */
    double bound;
};

/* Readers of an element of `tables` and of `targets`; into is zeroed. */
bool table_read(const config_setting_t *s, void *into, struct fault *fault);
bool target_read(const config_setting_t *s, void *into, struct fault *fault);

void table_spec_free(struct table_spec *table);
void target_spec_free(struct target_spec *target);

#endif
