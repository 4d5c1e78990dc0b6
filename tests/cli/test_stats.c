/* SPDX-License-Identifier: MIT */
/* Medians, bootstrap intervals and ratios. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "bench/runner/stats.h"

#define SEED 42

static void test_median_of_odd_and_even(void **state)
{
    (void)state;
    const double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2};
    assert_true(stats_median(odd, 3, SEED).median == 5);
    assert_true(stats_median(even, 4, SEED).median == 2.5);
}

static void test_interval_of_two_values(void **state)
{
    (void)state;
    /* Resamples have median 0, 1/2 and 1 with probability 1/4, 1/2, 1/4: the tails are 0 and 1. */
    const double two[] = {1, 0};
    struct interval i = stats_median(two, 2, SEED);
    assert_true(i.median == 0.5 && i.lo == 0 && i.hi == 1);
}

static void test_interval_of_an_even_number(void **state)
{
    (void)state;
    /* Of a resample of six with k ones, k binomial (6, 1/6), the median is 0 for k < 3, 1/2 for 3
     * and 1 above: probabilities 0.938, 0.054, 0.009. */
    const double one_of_six[] = {0, 0, 1, 0, 0, 0};
    struct interval i = stats_median(one_of_six, 6, SEED);
    assert_true(i.median == 0 && i.lo == 0 && i.hi == 0.5);
}

static void test_missing_values_do_not_count(void **state)
{
    (void)state;
    const double some[] = {NAN, 3, NAN, 1, 2}, none[] = {NAN, NAN};
    struct interval i = stats_median(some, 5, SEED);
    assert_true(i.median == 2 && i.samples == 3);
    i = stats_median(none, 2, SEED);
    assert_true(isnan(i.median) && isnan(i.lo) && isnan(i.hi) && i.samples == 0);
}

static void test_seed_decides(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4, 8, 16, 32, 64, 128};
    struct interval a = stats_median(values, 8, 1), b = stats_median(values, 8, 1);
    assert_memory_equal(&a, &b, sizeof(a));
    bool differs = false;
    for (uint32_t seed = 2; seed < 40; seed++) {
        b = stats_ratio(values, 8, values, 8, seed);
        a = stats_ratio(values, 8, values, 8, seed + 1);
        differs = differs || a.lo != b.lo || a.hi != b.hi;
    }
    assert_true(differs);
}

/* Of many samples with a known median, about 95 % have it in their interval. */
static void test_interval_covers(void **state)
{
    (void)state;
    enum { TRIALS = 500, SAMPLES = 15 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, SEED);
    int covered = 0;
    for (int t = 0; t < TRIALS; t++) {
        double values[SAMPLES];
        for (int i = 0; i < SAMPLES; i++)
            values[i] = 100 + gsl_ran_gaussian(rng, 5);
        struct interval i = stats_median(values, SAMPLES, (uint32_t)t);
        assert_true(i.lo <= i.median && i.median <= i.hi);
        covered += i.lo <= 100 && 100 <= i.hi;
    }
    gsl_rng_free(rng);
    assert_in_range(covered, TRIALS * 90 / 100, TRIALS * 99 / 100);
}

static void test_ratio(void **state)
{
    (void)state;
    const double two[] = {2, 2, 2, 2, 2, 2, 2}, four[] = {4, 4, 4, 4, 4, 4};
    struct interval r = stats_ratio(four, 6, two, 7, SEED);
    assert_true(r.median == 2 && r.lo == 2 && r.hi == 2 && r.samples == 6);

    const double a[] = {10, 11, 12, 13, 14, 15, 16}, b[] = {5, 5.5, 6, 6.5, 7, 7.5, 8};
    r = stats_ratio(a, 7, b, 7, SEED);
    assert_true(r.median == 2 && r.lo < 2 && r.hi > 2 && r.lo > 1 && r.hi < 4);
}

static void test_no_ratio_over_zero(void **state)
{
    (void)state;
    const double zeros[] = {0, 1, 2}, ones[] = {1, 1, 1};
    assert_true(isnan(stats_ratio(ones, 3, zeros, 3, SEED).median));
    assert_true(stats_ratio(zeros, 3, ones, 3, SEED).median == 1);
    assert_true(isnan(stats_ratio(ones, 0, ones, 3, SEED).median));
}

/* A machine at half its speed in every second repetition changes no ratio within one. */
static void test_pairs_take_out_what_both_share(void **state)
{
    (void)state;
    const double a[] = {30, 15, 30, 15, 30, 15, 30, NAN}, b[] = {20, 10, 20, 10, 20, 10, 20, 9};
    struct interval r = stats_paired_ratio(a, b, 8, SEED);
    assert_true(r.median == 1.5 && r.lo == 1.5 && r.hi == 1.5 && r.samples == 7);

    const double zero[] = {20, 10, 0, 10, 20, 10, 20, 9};
    assert_true(isnan(stats_paired_ratio(a, zero, 8, SEED).median));
}

static void test_few_samples_give_no_verdict(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 4, 5, 6};
    assert_false(stats_enough(stats_median(values, 5, SEED)));
    assert_true(stats_enough(stats_median(values, 6, SEED)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_of_odd_and_even),
        cmocka_unit_test(test_interval_of_two_values),
        cmocka_unit_test(test_interval_of_an_even_number),
        cmocka_unit_test(test_missing_values_do_not_count),
        cmocka_unit_test(test_seed_decides),
        cmocka_unit_test(test_interval_covers),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_no_ratio_over_zero),
        cmocka_unit_test(test_pairs_take_out_what_both_share),
        cmocka_unit_test(test_few_samples_give_no_verdict),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
