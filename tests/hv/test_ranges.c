/* SPDX-License-Identifier: MIT */
/* Sets of ranges, against a bitmap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/core/ranges.h"
#include "tests/unit/rng.h"

#define NUMBERS 1024U

static bool in_order(const struct ranges *s)
{
    for (uint64_t i = 0; i < s->n; i++) {
        if (s->at[i].first > s->at[i].last)
            return false;
        /* Apart: those that touch are one. */
        if (i != 0 && s->at[i].first <= s->at[i - 1].last + 1)
            return false;
    }
    return true;
}

static void test_edges(void **state)
{
    (void)state;
    struct ranges s = {0};
    assert_false(ranges_hold(NULL, 0, 0));
    assert_false(ranges_hold(&s, 0, 0));
    assert_true(ranges_remove(&s, 0, UINT64_MAX));
    assert_true(ranges_add(&s, 0, 0));
    assert_true(ranges_add(&s, UINT64_MAX, UINT64_MAX));
    assert_int_equal(s.n, 2);
    assert_true(ranges_hold(&s, UINT64_MAX, UINT64_MAX));
    assert_false(ranges_hold(&s, 0, 1));
    assert_true(ranges_add(&s, 1, UINT64_MAX - 1));
    assert_int_equal(s.n, 1);
    assert_true(ranges_hold(&s, 0, UINT64_MAX));
    assert_true(ranges_remove(&s, 10, 20));
    assert_true(ranges_hold(&s, 0, 9) && ranges_hold(&s, 21, UINT64_MAX));
    assert_false(ranges_hold(&s, 9, 10) || ranges_hold(&s, 20, 21));
    assert_true(ranges_remove(&s, 0, UINT64_MAX));
    assert_int_equal(s.n, 0);
}

static void test_random(void **state)
{
    (void)state;
    static bool held[NUMBERS];
    struct ranges s = {0};
    struct rng rng = rng_seeded(7);
    for (int i = 0; i < 20000; i++) {
        uint64_t first = rng_below(&rng, NUMBERS);
        uint64_t last = first + rng_below(&rng, 20);
        last = last < NUMBERS ? last : NUMBERS - 1;
        bool add = rng_one_in(&rng, 2);
        assert_true(add ? ranges_add(&s, first, last) : ranges_remove(&s, first, last));
        for (uint64_t n = first; n <= last; n++)
            held[n] = add;
        assert_true(in_order(&s));
        uint64_t from = rng_below(&rng, NUMBERS);
        uint64_t to = from + rng_below(&rng, NUMBERS - (uint32_t)from);
        bool all = true;
        for (uint64_t n = from; n <= to; n++)
            all = all && held[n];
        assert_int_equal(ranges_hold(&s, from, to), all);
    }
}

/* More pieces than there is room for are refused, and nothing is changed. */
static void test_full(void **state)
{
    (void)state;
    static struct ranges s;
    static struct ranges before;
    for (uint64_t i = 0; i < RANGES_MAX; i++)
        assert_true(ranges_add(&s, 10 * i, 10 * i + 5));
    before = s;
    assert_false(ranges_add(&s, 10 * RANGES_MAX, 10 * RANGES_MAX));
    assert_false(ranges_remove(&s, 2, 3));
    assert_memory_equal(&s, &before, sizeof(s));
    assert_true(ranges_add(&s, 6, 9));
    assert_int_equal(s.n, RANGES_MAX - 1);
    assert_true(ranges_remove(&s, 2, 3));
    assert_int_equal(s.n, RANGES_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_full),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hv ranges", tests, NULL, NULL);
}
