/* SPDX-License-Identifier: MIT */
/* What suites with latencies say of one: the same numbers, by the same names, in this order. */
#ifndef RUNNER_SUITES_QUANTILES_H
#define RUNNER_SUITES_QUANTILES_H

#include "bench/hist/hist.h"

enum quantile {
    QUANTILE_P50,
    QUANTILE_P90,
    QUANTILE_P99,
    QUANTILE_P999,
    QUANTILE_MAX,
    QUANTILE_MEAN,
    QUANTILES
};

/* Nothing is written for a histogram without values. */
static inline void quantiles_fill(const struct hist *h, double values[QUANTILES])
{
    if (h->count == 0)
        return;
    values[QUANTILE_P50] = (double)hist_quantile(h, 50, 100);
    values[QUANTILE_P90] = (double)hist_quantile(h, 90, 100);
    values[QUANTILE_P99] = (double)hist_quantile(h, 99, 100);
    values[QUANTILE_P999] = (double)hist_quantile(h, 999, 1000);
    values[QUANTILE_MAX] = (double)h->max;
    values[QUANTILE_MEAN] = (double)h->sum / (double)h->count;
}

#endif
