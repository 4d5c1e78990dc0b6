/* SPDX-License-Identifier: MIT */
#include "bench/runner/stats.h"

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/text.h"

/* A sorted sample, and room to count how often a resample drew each of its members. */
struct sample {
    double *values;
    size_t *drawn;
    size_t count;
};

static struct sample sample_make(const double *values, size_t count)
{
    struct sample s = {.values = memory(count, sizeof(double)),
                       .drawn = memory(count, sizeof(size_t))};
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            s.values[s.count++] = values[i];
    gsl_sort(s.values, 1, s.count);
    return s;
}

static void sample_free(struct sample *s)
{
    free(s->values);
    free(s->drawn);
}

static double sample_median(const struct sample *s)
{
    return gsl_stats_median_from_sorted_data(s->values, 1, s->count);
}

/* The median of a resample with replacement. Members are sorted, so counting them sorts it. */
static double resample_median(struct sample *s, gsl_rng *rng)
{
    memset(s->drawn, 0, s->count * sizeof(*s->drawn));
    for (size_t i = 0; i < s->count; i++)
        s->drawn[gsl_rng_uniform_int(rng, s->count)]++;

    size_t lower = (s->count - 1) / 2, upper = s->count / 2; /* ranks of the middle */
    size_t passed = 0, i = 0;
    while (passed + s->drawn[i] <= lower)
        passed += s->drawn[i++];
    double low = s->values[i];
    while (passed + s->drawn[i] <= upper)
        passed += s->drawn[i++];
    return (low + s->values[i]) / 2;
}

/* Fills lo and hi from the resampled estimates. */
static void set_bounds(struct interval *interval, double *estimates, size_t count)
{
    const double tail = (1 - STATS_CONFIDENCE) / 2;
    gsl_sort(estimates, 1, count);
    interval->lo = gsl_stats_quantile_from_sorted_data(estimates, 1, count, tail);
    interval->hi = gsl_stats_quantile_from_sorted_data(estimates, 1, count, 1 - tail);
}

static gsl_rng *rng_make(uint32_t seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    return rng;
}

struct interval stats_median(const double *values, size_t count, uint32_t seed)
{
    struct sample s = sample_make(values, count);
    struct interval interval = {.median = NAN, .lo = NAN, .hi = NAN, .samples = s.count};
    if (s.count > 0) {
        double estimates[STATS_RESAMPLES];
        gsl_rng *rng = rng_make(seed);
        for (size_t i = 0; i < STATS_RESAMPLES; i++)
            estimates[i] = resample_median(&s, rng);
        gsl_rng_free(rng);
        interval.median = sample_median(&s);
        set_bounds(&interval, estimates, STATS_RESAMPLES);
    }
    sample_free(&s);
    return interval;
}

struct interval stats_ratio(const double *numerator, size_t numerators, const double *denominator,
                            size_t denominators, uint32_t seed)
{
    struct sample num = sample_make(numerator, numerators);
    struct sample den = sample_make(denominator, denominators);
    struct interval interval = {.median = NAN, .lo = NAN, .hi = NAN};
    interval.samples = num.count < den.count ? num.count : den.count;
    /* A denominator that can be zero has no ratio. */
    if (interval.samples > 0 && den.values[0] > 0) {
        double estimates[STATS_RESAMPLES];
        gsl_rng *rng = rng_make(seed);
        for (size_t i = 0; i < STATS_RESAMPLES; i++) {
            double top = resample_median(&num, rng);
            estimates[i] = top / resample_median(&den, rng);
        }
        gsl_rng_free(rng);
        interval.median = sample_median(&num) / sample_median(&den);
        set_bounds(&interval, estimates, STATS_RESAMPLES);
    }
    sample_free(&num);
    sample_free(&den);
    return interval;
}

struct interval stats_paired_ratio(const double *numerator, const double *denominator, size_t count,
                                   uint32_t seed)
{
    double *ratios = memory(count, sizeof(*ratios));
    bool zero = false;
    for (size_t i = 0; i < count; i++) {
        zero |= !isnan(numerator[i]) && denominator[i] <= 0;
        ratios[i] = numerator[i] / denominator[i];
    }
    struct interval interval = stats_median(ratios, zero ? 0 : count, seed);
    free(ratios);
    return interval;
}

bool stats_enough(struct interval interval)
{
    return interval.samples >= STATS_SAMPLES_MIN;
}
