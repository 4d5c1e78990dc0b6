/* SPDX-License-Identifier: MIT */
/* What is computed from one observation: how each number of a suite is named and read. */
#ifndef RUNNER_METRICS_H
#define RUNNER_METRICS_H

#include "bench/runner/text.h"

struct suite;

enum metric_better { METRIC_HIGHER, METRIC_LOWER };

struct metric {
    const char *name, *unit;
    enum metric_better better;
    const char *summary;
};

#define METRICS_MAX 64 /* of an observation, hardware counters included */

/* By name, counters included; "" for a name that is not known. */
const char *metric_unit(const struct suite *suite, const char *name);
bool metric_higher_is_better(const struct suite *suite, const char *name);

/* The name without its unit, as a heading has it: "p50", "cpu/request". The caller frees. */
char *metric_label(const char *name);

/* May a description name it? The suite's own and, where it has counters, whatever ends as they do.
 */
bool metric_name_ok(const struct suite *suite, const char *name);

/* In place of metric names: all counters of the run. */
#define METRICS_COUNTERS "counters"

/* The column of a counter: lower case, what is not a letter, digit or _ becomes _. Caller frees. */
char *metric_of_event(const char *event);

#endif
