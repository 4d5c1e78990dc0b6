/* SPDX-License-Identifier: MIT */
/* What is computed from one observation, and how each number is named and read. */
#ifndef RUNNER_METRICS_H
#define RUNNER_METRICS_H

#include "bench/native/native.h"
#include "bench/runner/text.h"

enum metric {
#define METRIC(id, name, unit, better, summary) METRIC_##id,
#include "bench/runner/metrics.def"
#undef METRIC
    METRICS /* the counters of a run follow */
};

#define METRICS_MAX (METRICS + NATIVE_EVENTS_MAX)

/* The i-th of the fixed metrics. */
const char *metric_name(enum metric metric);
const char *metric_summary(enum metric metric);

/* By name, counters included; "" for a name that is not known. */
const char *metric_unit(const char *name);
bool metric_higher_is_better(const char *name);

/* May a description name it? Fixed ones, and whatever ends as counters do. */
bool metric_name_ok(const char *name);

/* In place of metric names: all counters of the run. */
#define METRICS_COUNTERS "counters"

/* The column of a counter: lower case, what is not a letter, digit or _ becomes _. Caller frees. */
char *metric_of_event(const char *event);

/* All columns of a run whose counters are these. */
struct strings metrics_of_run(const struct native *native);

/* Values in the order of metrics_of_run; NaN for what is not available. latency: NULL if none. */
void metrics_compute(const struct native *native, const struct native_observation *seen,
                     const struct hist *latency, double values[METRICS_MAX]);

#endif
