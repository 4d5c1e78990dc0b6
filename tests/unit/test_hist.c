/* SPDX-License-Identifier: MIT */
/* bench/hist: bucket boundaries, error bound, quantiles against a sorted reference, sums. */
#include <stdlib.h>
#include <string.h>

#include "bench/hist/hist.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#define SAMPLES 20000U

static struct hist *hist_new(void)
{
    struct hist *h = (struct hist *)malloc(sizeof(*h));
    assert_non_null(h);
    memset(h, 0xa5, sizeof(*h)); /* reset must not count on zeroes */
    hist_reset(h);
    return h;
}

/* Buckets tile 0..HIST_VALUE_MAX without gap or overlap, and both edges map back to the bucket. */
static void test_buckets_tile(void **state)
{
    (void)state;
    uint64_t next = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        uint64_t low = hist_lowest(i), high = hist_highest(i);
        assert_true(low == next);
        assert_true(high >= low);
        assert_int_equal(hist_index(low), i);
        assert_int_equal(hist_index(high), i);
        next = high + 1;
    }
    assert_true(next == HIST_VALUE_MAX + 1);
}

static void test_linear_part_is_exact(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < HIST_LINEAR; v++) {
        assert_true(hist_lowest(v) == v);
        assert_true(hist_highest(v) == v);
    }
    assert_true(hist_highest(HIST_LINEAR) > hist_lowest(HIST_LINEAR)); /* the first that is not */
}

/* What a value is reported as is at most 1/1024 of it too large, and never too small. */
static void test_error_bound(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (uint32_t i = 0; i < 1000000; i++) {
        uint64_t value = rng_next(&rng) & HIST_VALUE_MAX;
        value >>= rng_below(&rng, HIST_VALUE_BITS);
        uint64_t shown = hist_highest(hist_index(value));
        assert_true(shown >= value);
        assert_true((shown - value) * 1024 <= value);
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The definition, on sorted values: the smallest with at least num/den of all not above it. */
static uint64_t sorted_quantile(const uint64_t *sorted, uint64_t n, uint64_t num, uint64_t den)
{
    uint64_t i = 0;
    while (i + 1 < n && (i + 1) * den < n * num)
        i++;
    return sorted[i];
}

static void check_quantiles(uint64_t *values, uint32_t n)
{
    static const struct {
        uint64_t num, den;
    } at[] = {{0, 1}, {1, 4}, {1, 2}, {9, 10}, {99, 100}, {999, 1000}, {99999, 100000}, {1, 1}};
    struct hist *h = hist_new();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        hist_record(h, values[i]);
        sum += values[i];
    }
    qsort(values, n, sizeof(*values), by_value);
    for (size_t q = 0; q < sizeof(at) / sizeof(at[0]); q++) {
        uint64_t want = sorted_quantile(values, n, at[q].num, at[q].den);
        uint64_t edge = hist_highest(hist_index(want));
        uint64_t found = hist_quantile(h, at[q].num, at[q].den);
        assert_true(found == (edge < values[n - 1] ? edge : values[n - 1]));
    }
    assert_true(h->count == n);
    assert_true(h->sum == sum);
    assert_true(h->min == values[0]);
    assert_true(h->max == values[n - 1]);
    free(h);
}

static void test_quantiles(void **state)
{
    (void)state;
    static uint64_t values[SAMPLES];
    static const uint32_t counts[] = {1, 2, 3, 10, 999, 1000, 1001, SAMPLES};
    struct rng rng = rng_seeded(2);
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (uint32_t bits = 1; bits <= HIST_VALUE_BITS; bits += 3) {
            for (uint32_t i = 0; i < counts[c]; i++)
                values[i] = rng_next(&rng) & ((1ULL << bits) - 1);
            check_quantiles(values, counts[c]);
        }
    }
}

/* Counts whose product with the numerator does not fit 64 bits. */
static void test_quantile_of_huge_counts(void **state)
{
    (void)state;
    struct hist *h = hist_new();
    hist_record(h, 1);
    hist_record(h, 2);
    h->count = 1ULL << 60;
    h->buckets[1] = h->count / 2;
    h->buckets[2] = h->count - h->buckets[1];
    assert_true(hist_quantile(h, 499999, 1000000) == 1);
    assert_true(hist_quantile(h, 1, 2) == 1);
    assert_true(hist_quantile(h, 500001, 1000000) == 2);
    free(h);
}

static void test_empty(void **state)
{
    (void)state;
    struct hist *h = hist_new();
    assert_true(hist_quantile(h, 1, 2) == 0);
    assert_true(h->count == 0 && h->sum == 0 && h->max == 0 && h->clipped == 0);
    assert_true(h->min == UINT64_MAX);
    free(h);
}

static void test_clip(void **state)
{
    (void)state;
    struct hist *h = hist_new();
    hist_record(h, HIST_VALUE_MAX);
    assert_true(h->clipped == 0);
    hist_record(h, HIST_VALUE_MAX + 1);
    hist_record(h, UINT64_MAX / 2);
    assert_true(h->clipped == 2);
    assert_true(h->count == 3);
    assert_true(h->max == UINT64_MAX / 2);
    assert_true(h->buckets[HIST_BUCKETS - 1] == 3);
    assert_true(hist_quantile(h, 1, 1) == HIST_VALUE_MAX);
    free(h);
}

/* Adding two histograms is the same as recording everything into one. */
static void test_add(void **state)
{
    (void)state;
    struct hist *a = hist_new(), *b = hist_new(), *both = hist_new();
    struct rng rng = rng_seeded(3);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t value = rng_next(&rng) >> (20 + rng_below(&rng, 40)); /* some of them clipped */
        hist_record(i % 3 == 0 ? a : b, value);
        hist_record(both, value);
    }
    assert_true(both->clipped != 0);
    hist_add(a, b);
    assert_memory_equal(a, both, sizeof(*a));

    struct hist *empty = hist_new();
    hist_add(a, empty);
    assert_memory_equal(a, both, sizeof(*a));
    hist_add(empty, a);
    assert_memory_equal(empty, both, sizeof(*a));
    free(a);
    free(b);
    free(both);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets_tile),
        cmocka_unit_test(test_linear_part_is_exact),
        cmocka_unit_test(test_error_bound),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_quantile_of_huge_counts),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_add),
    };
    return tap_run("hist", tests, sizeof(tests) / sizeof(tests[0]));
}
