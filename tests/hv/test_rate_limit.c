/* SPDX-License-Identifier: MIT */
/* How often something is allowed, by clocks of any kind. */
#include <pthread.h>

#include "hv/core/rate_limit.h"
#include "tests/unit/tap.h"

#define EVERY 100U
#define BURST 3U

static struct rate_limit limit;
static uint64_t refused;

static int start(void **state)
{
    (void)state;
    limit = (struct rate_limit)RATE_LIMIT(BURST, EVERY);
    refused = UINT64_MAX;
    return 0;
}

static unsigned allowed(unsigned tries, ns_t now)
{
    unsigned n = 0;
    while (tries-- > 0)
        n += rate_limit_allows(&limit, now, &refused);
    return n;
}

static void test_burst_and_then_one_an_interval(void **state)
{
    (void)state;
    assert_int_equal(allowed(1000, 0), BURST);
    for (ns_t now = 1; now < 1000; now++)
        assert_int_equal(allowed(10, now), now % EVERY == 0);
}

/* However long nothing happened, there is no more than a burst. */
static void test_silence_earns_a_burst(void **state)
{
    (void)state;
    static const ns_t after[] = {3 * EVERY, 10 * EVERY, 1000 * NS_PER_S, UINT64_MAX / 2};
    ns_t now = 0;
    assert_int_equal(allowed(1000, now), BURST);
    for (unsigned i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        now += after[i];
        assert_int_equal(allowed(1000, now), BURST);
    }
}

/* Clocks of two processors differ by a little. */
static void test_clock_goes_back(void **state)
{
    (void)state;
    assert_int_equal(allowed(1000, 5000), BURST);
    assert_int_equal(allowed(1000, 4990), 0);
    assert_int_equal(allowed(1000, 5000 + EVERY), 1);
}

static void test_refused_are_counted(void **state)
{
    (void)state;
    assert_int_equal(allowed(1, 0), 1);
    assert_int_equal(refused, 0);
    assert_int_equal(allowed(BURST - 1, 0), BURST - 1);
    for (unsigned i = 1; i <= 7; i++) {
        assert_int_equal(allowed(1, 0), 0);
        assert_int_equal(refused, i);
    }
    assert_int_equal(allowed(1, EVERY), 1);
    assert_int_equal(refused, 7);
    assert_int_equal(allowed(1, 2 * EVERY), 1);
    assert_int_equal(refused, 0); /* told once */
}

#define THREADS 4U
#define TRIES 20000U

struct tally {
    unsigned allowed;
    uint64_t refused;
};

static void *hurry(void *arg)
{
    struct tally *t = arg;
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t before;
        if (rate_limit_allows(&limit, i, &before)) {
            t->allowed++;
            t->refused += before;
        }
    }
    return NULL;
}

/* All together get what one alone would, and each that was refused is told of once. */
static void test_threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct tally tallies[THREADS] = {{0}};
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hurry, &tallies[i]), 0);
    unsigned sum = 0;
    uint64_t told = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += tallies[i].allowed;
        told += tallies[i].refused;
    }
    assert_true(sum >= BURST && sum <= BURST + (TRIES - 1) / EVERY);
    assert_int_equal(sum + told + limit.refused, THREADS * TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_burst_and_then_one_an_interval, start),
        cmocka_unit_test_setup(test_silence_earns_a_burst, start),
        cmocka_unit_test_setup(test_clock_goes_back, start),
        cmocka_unit_test_setup(test_refused_are_counted, start),
        cmocka_unit_test_setup(test_threads_share_it, start),
    };
    return tap_run("rate_limit", tests, sizeof(tests) / sizeof(tests[0]));
}
