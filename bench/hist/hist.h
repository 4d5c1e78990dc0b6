/* SPDX-License-Identifier: MIT */
/*
 * A log-linear histogram with 3 significant decimal digits, freestanding: guests and host record
 * latencies with this same code. No allocation, no floating point, no libc.
 *
 * Shape: values below 2048 have a bucket each; above, every power of two is split into 1024 equal
 * buckets, so a bucket is at most 1/1024 of its value wide. The idea is that of HdrHistogram
 * (G. Tene, hdrhistogram.org), whose .hgrm text form the runner exports.
 *
 * A struct hist has one writer; readers wait until it has stopped. Counts are 64-bit.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_LINEAR_BITS 11U /* 2^11 > 2 * 10^3: three digits at the coarsest place of a power */
#define HIST_LINEAR (1U << HIST_LINEAR_BITS)
#define HIST_HALF (HIST_LINEAR / 2)
#define HIST_VALUE_BITS 40U /* largest value told apart: 2^40 - 1 ns, 18 minutes */
#define HIST_VALUE_MAX ((1ULL << HIST_VALUE_BITS) - 1)
#define HIST_BUCKETS (HIST_LINEAR + (HIST_VALUE_BITS - HIST_LINEAR_BITS) * HIST_HALF)

struct hist {
    uint64_t count;   /* values recorded */
    uint64_t sum;     /* of the values as given */
    uint64_t min;     /* UINT64_MAX while empty */
    uint64_t max;     /* 0 while empty */
    uint64_t clipped; /* values above HIST_VALUE_MAX, counted in the last bucket */
    uint64_t buckets[HIST_BUCKETS];
};

static inline void hist_reset(struct hist *h)
{
    h->count = h->sum = h->max = h->clipped = 0;
    h->min = UINT64_MAX;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        h->buckets[i] = 0;
}

/* Which bucket a value up to HIST_VALUE_MAX falls into. */
static inline uint32_t hist_index(uint64_t value)
{
    if (value < HIST_LINEAR)
        return (uint32_t)value;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - (HIST_LINEAR_BITS - 1);
    return shift * HIST_HALF + (uint32_t)(value >> shift);
}

/* The smallest and the largest value of a bucket. */
static inline uint64_t hist_lowest(uint32_t index)
{
    if (index < HIST_LINEAR)
        return index;
    uint32_t shift = index / HIST_HALF - 1;
    return (uint64_t)(index - shift * HIST_HALF) << shift;
}

static inline uint64_t hist_highest(uint32_t index)
{
    return index + 1 < HIST_BUCKETS ? hist_lowest(index + 1) - 1 : HIST_VALUE_MAX;
}

static inline void hist_record(struct hist *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    if (value < h->min)
        h->min = value;
    if (value > h->max)
        h->max = value;
    if (value > HIST_VALUE_MAX) {
        h->clipped++;
        value = HIST_VALUE_MAX;
    }
    h->buckets[hist_index(value)]++;
}

static inline void hist_add(struct hist *to, const struct hist *from)
{
    to->count += from->count;
    to->sum += from->sum;
    to->clipped += from->clipped;
    if (from->min < to->min)
        to->min = from->min;
    if (from->max > to->max)
        to->max = from->max;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
}

/*
 * The smallest recorded value (to the bucket's upper edge, and never above max) such that at least
 * num/den of all values are no larger; num/den in 0..1, e.g. 999/1000. 0 for an empty histogram.
 */
static inline uint64_t hist_quantile(const struct hist *h, uint64_t num, uint64_t den)
{
    /* rank = ceil(count * num / den), in two parts so that the product cannot overflow */
    uint64_t whole = h->count / den * num;
    uint64_t part = (h->count % den * num + den - 1) / den;
    uint64_t rank = whole + part;
    if (h->count == 0)
        return 0;
    if (rank == 0)
        rank = 1;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank) {
            uint64_t value = hist_highest(i);
            return value < h->max ? value : h->max;
        }
    }
    return h->max;
}

#endif
