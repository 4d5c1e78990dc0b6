/* SPDX-License-Identifier: MIT */
/*
 * The ring contract as tests, for the layout that this file is compiled with: asking and arming, in
 * either direction. Positions count entries since the ring was made.
 */
#include "rings/layout.h"
#include "tests/unit/rig.h"

enum direction { REQUESTS, RESPONSES };

struct news {
    struct rig *rig;
    enum direction direction;
    uint32_t published;
    uint32_t asked;    /* published at the last ask */
    uint32_t released; /* by the consumer */
};

static void news_publish(struct news *w, uint32_t n)
{
    struct rig *rig = w->rig;
    assert_int_equal(front_send_all(rig, n), n);
    if (w->direction == RESPONSES) {
        R(req_flush)(rig->f);
        assert_int_equal(back_take_all(rig), n);
        assert_int_equal(back_answer_all(rig, NULL), n);
    }
    w->published += n;
}

static void news_flush(struct news *w)
{
    if (w->direction == REQUESTS)
        R(req_flush)(w->rig->f);
    else
        R(rsp_flush)(w->rig->b);
}

static bool news_ask(struct news *w)
{
    w->asked = w->published;
    if (w->direction == REQUESTS)
        return R(req_ask)(w->rig->f);
    uint64_t fronts = R(rsp_ask)(w->rig->b);
    assert_true(fronts <= 1);
    return fronts != 0;
}

static bool news_arm(struct news *w, uint32_t after)
{
    return w->direction == REQUESTS ? R(req_arm)(w->rig->b, after) : R(rsp_arm)(w->rig->f, after);
}

static void news_disarm(struct news *w)
{
    if (w->direction == REQUESTS)
        R(req_disarm)(w->rig->b);
    else
        R(rsp_disarm)(w->rig->f);
}

/* Consumes and, in the direction of requests, brings the responses home: the ring is empty. */
static void news_consume(struct news *w)
{
    news_flush(w);
    rig_settle(w->rig, NULL);
    w->released = w->published;
}

static struct news news_open(struct rig *rig, enum direction direction)
{
    struct ring_geometry g = plain;
    g.entries = 64;
    g.start = 0xffffffe0U;
    rig_open(rig, &g);
    return (struct news){.rig = rig, .direction = direction};
}

/* arm says at once whether that many are there; where it can't count, whether any is. */
static void check_final_check(enum direction direction)
{
    struct rig rig;
    struct news w = news_open(&rig, direction);
    for (uint32_t there = 0; there <= 6; there++) {
        for (uint32_t after = 1; after <= 6; after++) {
            if (there != 0)
                news_publish(&w, there);
            news_flush(&w);
            bool already = news_arm(&w, after);
            if (there >= after)
                assert_true(already);
            else if (threshold || there == 0)
                assert_false(already);
            news_disarm(&w);
            news_consume(&w);
        }
    }
    rig_close(&rig);
}

static void test_arm_sees_what_is_there(void **state)
{
    (void)state;
    check_final_check(REQUESTS);
    check_final_check(RESPONSES);
}

/* RING_THRESHOLD or not: publications one by one, and when the first true comes. */
static void check_threshold(enum direction direction)
{
    struct rig rig;
    struct news w = news_open(&rig, direction);
    for (uint32_t after = 1; after <= rig.capacity; after += after < 5 ? 1 : 7) {
        assert_false(news_arm(&w, after));
        for (uint32_t n = 1; n <= rig.capacity; n++) {
            news_publish(&w, 1);
            bool wanted = news_ask(&w);
            if (threshold)
                assert_int_equal(wanted, n == after);
            else if (n == 1)
                assert_true(wanted);
            assert_false(news_ask(&w)); /* nothing new since */
        }
        news_disarm(&w);
        news_consume(&w);
    }
    rig_close(&rig);
}

static void test_threshold(void **state)
{
    (void)state;
    check_threshold(REQUESTS);
    check_threshold(RESPONSES);
}

/*
 * Random publications in random batches, asked about at random times. An index layout answers true
 * exactly when the event was passed since the last ask; a flag layout at least until it said so.
 */
static void check_no_false_negative(enum direction direction, uint64_t seed)
{
    struct rig rig;
    struct rng rng = rng_seeded(seed);
    struct news w = news_open(&rig, direction);
    for (int round = 0; round < 600; round++) {
        uint32_t early = rng_below(&rng, 4);
        bool early_visible = rng_one_in(&rng, 2);
        if (early != 0)
            news_publish(&w, early);
        if (early_visible)
            news_flush(&w);
        if (early != 0 && rng_one_in(&rng, 3))
            news_ask(&w); /* of a sleeper of an earlier round: any answer */

        uint32_t after = rng_batch(&rng, 8);
        uint32_t event = w.released + after;
        bool told = news_arm(&w, after);
        if (told)
            assert_true(early >= (threshold ? after : 1));
        while (w.published - w.released < rig.capacity - 8 && rng_below(&rng, 8) != 0) {
            news_publish(&w, 1 + rng_below(&rng, 4));
            if (rng_one_in(&rng, 2))
                continue;
            bool passed = w.asked < event && event <= w.published;
            bool fresh = w.asked != w.published;
            bool wanted = news_ask(&w);
            if (threshold)
                assert_int_equal(wanted, passed);
            else if (fresh && !told)
                assert_true(wanted);
            told |= wanted;
        }

        news_disarm(&w);
        if (!threshold) { /* a flag that was taken down asks for nothing */
            news_publish(&w, 1);
            assert_false(news_ask(&w));
        }
        news_consume(&w);
    }
    rig_close(&rig);
}

static void test_no_false_negative(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        check_no_false_negative(REQUESTS, seed);
        check_no_false_negative(RESPONSES, seed);
    }
}

/* reached names the front ends that something was published to, without asking. */
static void test_reached(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (uint32_t n = 1; n <= rig.capacity; n++) {
        assert_int_equal(front_send_all(&rig, n), n);
        R(req_flush)(rig.f);
        back_take_all(&rig);
        assert_int_equal(back_answer_all(&rig, NULL), n);
        assert_true(R(rsp_reached)(rig.b) == 1);
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
    CONFORMANCE_TEST(arm_sees_what_is_there),
    CONFORMANCE_TEST(threshold),
    CONFORMANCE_TEST(no_false_negative),
    CONFORMANCE_TEST(reached),
};

extern const struct conformance_part R(conformance_tell);
const struct conformance_part R(conformance_tell) = {tests, sizeof(tests) / sizeof(tests[0])};
