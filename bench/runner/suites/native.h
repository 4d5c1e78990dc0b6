/* SPDX-License-Identifier: MIT */
/* What the suite `native` calls its axes and metrics, for whoever looks at its results. */
#ifndef RUNNER_SUITES_NATIVE_H
#define RUNNER_SUITES_NATIVE_H

#include "bench/runner/axes.h"

enum {
    NATIVE_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) NATIVE_AXIS_##id,
#include "bench/runner/suites/native_axes.def"
#undef AXIS
};

enum native_metric {
#define METRIC(id, name, unit, better, summary) NATIVE_METRIC_##id,
#include "bench/runner/suites/native_metrics.def"
#undef METRIC
    NATIVE_METRICS /* the counters of a run follow */
};

#endif
