/* SPDX-License-Identifier: MIT */
/* The simulator's parts alone: the agenda, random numbers, and what each hog is due. */
#include "bench/sim/engine.h"
#include "bench/sim/random.h"
#include "tests/sim/points.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The agenda ---- */

#define SLOTS 300U

static uint64_t least(const uint64_t *moments)
{
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < SLOTS; i++) {
        uint64_t key = moments[i] << AGENDA_SLOT_BITS | i;
        if (moments[i] < AGENDA_NEVER && key < best)
            best = key;
    }
    return best;
}

/* Against a list: slots are set, moved either way and cleared; few moments, so that many tie. */
static void test_agenda(void **state)
{
    (void)state;
    struct agenda *a = (struct agenda *)calloc(1, sizeof *a);
    assert_non_null(a);
    uint64_t moments[SLOTS];
    memset(moments, 0xff, sizeof moments);
    struct rng rng = rng_seeded(11);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t slot = rng_below(&rng, SLOTS);
        moments[slot] = rng_one_in(&rng, 3) ? AGENDA_NEVER : rng_below(&rng, 1000);
        agenda_set(a, slot, moments[slot]);
        assert_int_equal(agenda_first(a), least(moments));
    }
    free(a);
}

static void test_agenda_limits(void **state)
{
    (void)state;
    struct agenda *a = (struct agenda *)calloc(1, sizeof *a);
    assert_non_null(a);
    assert_int_equal(agenda_first(a), UINT64_MAX);
    agenda_set(a, AGENDA_SLOTS - 1, AGENDA_NEVER - 1);
    assert_int_equal(agenda_moment(agenda_first(a)), AGENDA_NEVER - 1);
    assert_int_equal(agenda_slot(agenda_first(a)), AGENDA_SLOTS - 1);
    agenda_set(a, AGENDA_SLOTS - 1, AGENDA_NEVER);
    assert_int_equal(agenda_first(a), UINT64_MAX);
    agenda_clear(a, 5);
    assert_int_equal(a->count, 0);
    assert_true(SIM_SLOT_DOMAINS + SIM_DOMAINS_MAX <= AGENDA_SLOTS);
    assert_true(2 * SIM_TIME_MAX < AGENDA_NEVER);
    free(a);
}

/* ---- Random numbers ---- */

/* What 10^6 variates of a mean of 10^6 are like: mean and standard deviation 1, and e^-x of them
 * beyond x. Each is allowed 5 standard errors. */
static void test_exponential(void **state)
{
    (void)state;
    struct random r = random_stream(7, 1, 0);
    double sum = 0, squares = 0;
    uint32_t n = 1000000, beyond[4] = {0};
    for (uint32_t i = 0; i < n; i++) {
        double x = (double)random_exponential(&r, 1000000) / 1e6;
        sum += x;
        squares += x * x;
        for (uint32_t k = 0; k < 4; k++)
            beyond[k] += x > k + 0.5 ? 1 : 0;
    }
    double mean = sum / n, variance = squares / n - mean * mean;
    assert_true(mean > 0.995 && mean < 1.005);
    assert_true(variance > 0.986 && variance < 1.014);
    const double expected[4] = {0.60653, 0.22313, 0.082085, 0.030197};
    for (uint32_t k = 0; k < 4; k++) {
        double part = (double)beyond[k] / n;
        assert_true(part > expected[k] - 0.0025 && part < expected[k] + 0.0025);
    }
}

static void test_exponential_rounding(void **state)
{
    (void)state;
    struct random r = random_stream(7, 2, 0);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        uint64_t ns = random_exponential(&r, 1);
        assert_true(ns >= 1);
        sum += ns;
    }
    /* max(1, round(X)), X of mean 1: 1 + P(X > 3/2) + P(X > 5/2) + ... = 1 + e^-1.5 / (1 - 1/e) */
    assert_true(sum > 1348000 && sum < 1358000);
}

/* The stream is what it is for ever: published results name a seed. The first value of splitmix64
 * seeded with 0 is the one that its authors' and other implementations give. */
static void test_streams(void **state)
{
    (void)state;
    struct random zero = {0};
    assert_int_equal(random_next(&zero), 0xe220a8397b1dcdafULL);
    struct random a = random_stream(1, 0, 0), b = random_stream(1, 0, 1);
    struct random c = random_stream(1, 1, 0), d = random_stream(2, 0, 0);
    uint64_t first[] = {random_next(&a), random_next(&b), random_next(&c), random_next(&d)};
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_int_not_equal(first[i], first[k]);
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(random_below(&a, 3) < 3);
}

/* ---- Shares and windows ---- */

#define ONE ((double)(1ULL << FAIRNESS_ONE_BITS))

static void expect_shares(const uint64_t *weights, const double *shares, uint32_t n, uint32_t cpus)
{
    struct domain *hogs = (struct domain *)calloc(n, sizeof *hogs);
    struct fairness f;
    assert_non_null(hogs);
    assert_true(fairness_open(&f, hogs, n, weights, cpus));
    for (uint32_t i = 0; i < n; i++)
        assert_true(fabs((double)hogs[i].fair.share / ONE - shares[i]) < 1e-9);
    fairness_close(&f);
    free(hogs);
}

/* In proportion; nobody more than one CPU, and what that leaves goes to the others. */
static void test_shares(void **state)
{
    (void)state;
    expect_shares((uint64_t[]){1, 2, 1}, (double[]){0.25, 0.5, 0.25}, 3, 1);
    expect_shares((uint64_t[]){10, 1, 1}, (double[]){10.0 / 12, 1.0 / 12, 1.0 / 12}, 3, 1);
    expect_shares((uint64_t[]){1, 10, 1}, (double[]){0.25, 0.5, 0.25}, 3, 2);
    expect_shares((uint64_t[]){100, 50, 3, 1, 2},
                  (double[]){1.0 / 3, 1.0 / 3, 1.0 / 6, 1.0 / 18, 1.0 / 9}, 5, 3);
    expect_shares((uint64_t[]){1, 65535}, (double[]){0.5, 0.5}, 2, 64);
}

/* Hogs of weights 1, 2, 1 run for 10 ms each in turn: by 10 ms the parts that went to the wrong one
 * are 3/4, 1/2 and 3/4, by 30 ms 1/6. As the engine does it: only who started is looked at. */
static void test_windows(void **state)
{
    (void)state;
    struct domain hogs[3];
    struct fairness f;
    struct sim_observation o = {0};
    memset(hogs, 0, sizeof hogs);
    hogs[0].ran = 77; /* before windows begin */
    assert_true(fairness_open(&f, hogs, 3, (uint64_t[]){1, 2, 1}, 1));
    fairness_begin(&f, 5 * MS, f.logged);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t start = fairness_start(&f, &hogs[i]);
        hogs[i].ran += 10 * MS;
        assert_int_equal(fairness_next(&f), (5 + 10 * (i + 1)) * MS);
        fairness_tick(&f, (5 + 10 * (i + 1)) * MS, i < 2 ? start + 1 : start, 10 * MS * (i + 1));
    }
    fairness_report(&f, &o);
    assert_true(o.has_fairness);
    assert_int_equal(o.windows[0].count, 3);
    assert_true(fabs(o.windows[0].mean - 2.0 / 3) < 1e-6);
    assert_true(fabs(o.windows[0].worst - 0.75) < 1e-6);
    assert_int_equal(o.windows[1].count, 1);
    assert_true(fabs(o.windows[1].mean - 1.0 / 6) < 1e-6);
    assert_int_equal(o.windows[2].count, 0);
    /* x = 40, 20, 40: (100)^2 / (3 * 3600) */
    assert_true(fabs(o.jain - 10000.0 / 10800) < 1e-9);
    fairness_close(&f);
}

/* The log and the list of all hogs say the same, whichever is shorter. */
static void test_windows_by_log_and_list(void **state)
{
    (void)state;
    enum { HOGS = 130, TICKS = 3000 };
    struct domain *hogs = (struct domain *)calloc(HOGS, sizeof *hogs);
    struct domain *same = (struct domain *)calloc(HOGS, sizeof *same);
    uint64_t weights[HOGS], total = 0, now = 0;
    struct fairness logged, listed;
    struct sim_observation a = {0}, b = {0};
    struct rng rng = rng_seeded(3);
    assert_true(hogs != NULL && same != NULL);
    for (uint32_t i = 0; i < HOGS; i++)
        weights[i] = 1 + i % 9;
    assert_true(fairness_open(&logged, hogs, HOGS, weights, 1));
    assert_true(fairness_open(&listed, same, HOGS, weights, 1));
    fairness_begin(&logged, 0, 0);
    fairness_begin(&listed, 0, 0);
    for (uint32_t i = 0; i < TICKS; i++) {
        uint64_t start = logged.logged;
        for (uint32_t left = 10; left > 0;) {
            uint32_t hog = rng_below(&rng, HOGS), ms = 1 + rng_below(&rng, left);
            start = fairness_start(&logged, &hogs[hog]);
            hogs[hog].ran += ms * MS;
            left -= ms;
        }
        for (uint32_t k = 0; k < HOGS; k++)
            same[k].ran = hogs[k].ran;
        listed.logged += 2 * HOGS; /* more starts than hogs: all are looked at */
        total += 10 * MS;
        now += 10 * MS;
        fairness_tick(&logged, now, start, total);
        fairness_tick(&listed, now, listed.logged, total);
    }
    fairness_report(&logged, &a);
    fairness_report(&listed, &b);
    assert_memory_equal(a.windows, b.windows, sizeof a.windows);
    assert_int_equal(a.windows[SIM_WINDOWS - 1].count, 3);
    fairness_close(&logged);
    fairness_close(&listed);
    free(hogs);
    free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agenda),      cmocka_unit_test(test_agenda_limits),
        cmocka_unit_test(test_exponential), cmocka_unit_test(test_exponential_rounding),
        cmocka_unit_test(test_streams),     cmocka_unit_test(test_shares),
        cmocka_unit_test(test_windows),     cmocka_unit_test(test_windows_by_log_and_list),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: parts", tests, sizeof tests / sizeof tests[0]);
}
