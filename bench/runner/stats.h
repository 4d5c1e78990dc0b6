/* SPDX-License-Identifier: MIT */
/*
 * Medians and how sure they are: percentile bootstrap intervals (B. Efron, R. Tibshirani, "An
 * Introduction to the Bootstrap", 1993, chapter 13), deterministic by seed.
 */
#ifndef RUNNER_STATS_H
#define RUNNER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_RESAMPLES 2000
#define STATS_CONFIDENCE 0.95

/* With fewer samples not even their whole range holds the median with 95 % confidence: its coverage
 * is 1 - 2^(1-n), which is 93.75 % for 5. Below this no verdict is given. */
#define STATS_SAMPLES_MIN 6

struct interval {
    double median, lo, hi; /* NaN for no samples */
    size_t samples;        /* that went into it, NaN left out; of a ratio: the smaller number */
};

struct interval stats_median(const double *values, size_t count, uint32_t seed);

/* Ratio of the medians of two independent samples. */
struct interval stats_ratio(const double *numerator, size_t numerators, const double *denominator,
                            size_t denominators, uint32_t seed);

/* Median of the ratios of values that belong together, place by place; a place where either is NaN
 * does not count. NaN, too, if a denominator is 0. */
struct interval stats_paired_ratio(const double *numerator, const double *denominator, size_t count,
                                   uint32_t seed);

bool stats_enough(struct interval interval);

#endif
