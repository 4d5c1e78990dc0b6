/* SPDX-License-Identifier: MIT */
/* What only one policy promises: caps and boosts, reservations, requests, averages that stay put.
 */
#include "tests/sched/world.h"

static struct world w;

static bool close_to(uint64_t a, uint64_t b, uint64_t within)
{
    return (a > b ? a - b : b - a) <= within;
}

/* ---- credit ---- */

#define PERIOD (30 * MS) /* of accounting */

/* A cap holds on an idle CPU and on a busy one; what it leaves goes to the others by weight. */
static void credit_caps(void **state)
{
    (void)state;
    world_init(&w, "credit", 1, 0);
    struct actor *capped = world_hog(&w, 0, 256);
    world_must_set(&w, capped, "cap", 40);
    world_for(&w, SECOND);
    world_mark(&w);
    world_for(&w, 10 * SECOND);
    assert_true(close_to(world_service(capped), 4 * SECOND, 2 * PERIOD));

    world_must_set(&w, capped, "cap", 10);
    struct actor *heavy = world_hog(&w, 1, 512), *light = world_hog(&w, 2, 256);
    world_for(&w, SECOND);
    world_mark(&w);
    world_for(&w, 30 * SECOND);
    assert_true(close_to(world_service(capped), 3 * SECOND, 3 * PERIOD));
    assert_true(close_to(world_service(heavy), 18 * SECOND, 6 * PERIOD));
    assert_true(close_to(world_service(light), 9 * SECOND, 6 * PERIOD));

    world_must_set(&w, capped, "cap", 0);
    world_for(&w, SECOND);
    world_mark(&w);
    world_for(&w, 20 * SECOND);
    assert_true(close_to(world_service(capped), 5 * SECOND, 6 * PERIOD));
}

/* One that wakes with credit left runs as soon as the rate limit allows, before all hogs. */
static void credit_boost(void **state)
{
    (void)state;
    world_init(&w, "credit", 1, 0);
    for (uint32_t i = 1; i < 6; i++)
        world_hog(&w, i, 0);
    struct actor *waker = world_add(&w, 0, SCHED_ANY_CPU);
    world_for(&w, SECOND);
    for (uint32_t i = 0; i < 310; i++) {
        if (i == 10) /* it has no credit at first */
            world_mark(&w);
        world_wake(&w, waker);
        uint64_t had = waker->ran;
        while (waker->ran - had < 500 * US)
            world_for(&w, 100 * US);
        world_sleep(&w, waker);
        world_for(&w, (7 + i % 20) * MS);
    }
    assert_int_equal(waker->wakes, 300);
    assert_true(waker->latency_max <= MS);

    /* A boost lasts for a tick of running; then it is one of six, and waits for the others. */
    world_wake(&w, waker);
    world_for(&w, 200 * MS);
    assert_true(waker->v.status != SCHED_BLOCKED);
    assert_true(world_field(&w, 0, waker, "class") != 0);
}

/* A capped one stops when its credit is used up, not when somebody looks. */
static void credit_caps_in_time(void **state)
{
    (void)state;
    world_init(&w, "credit", 1, 0);
    struct actor *capped = world_hog(&w, 0, 0);
    world_must_set(&w, capped, "cap", 20);
    world_for(&w, SECOND);
    for (uint32_t i = 0; i < 100; i++) {
        world_mark(&w);
        world_for(&w, PERIOD);
        assert_true(world_service(capped) <= PERIOD / 5 + US);
    }
}

/* A boost lasts for a tick of running: after that the next one that wakes comes first. */
static void credit_boost_ends(void **state)
{
    (void)state;
    world_init(&w, "credit", 1, 0);
    world_hog(&w, 2, 0);
    struct actor *a = world_hog(&w, 0, 0), *b = world_hog(&w, 1, 0);
    world_sleep(&w, a);
    world_sleep(&w, b);
    world_for(&w, SECOND); /* they save credit for a period */
    world_wake(&w, a);
    world_for(&w, 2 * MS);
    assert_ptr_equal(w.runs[0], &a->v);
    world_wake(&w, b); /* both are boosted */
    assert_ptr_equal(w.runs[0], &a->v);
    world_sleep(&w, b);
    world_for(&w, 10 * MS);
    assert_ptr_equal(w.runs[0], &a->v);
    world_wake(&w, b);
    assert_ptr_equal(w.runs[0], &b->v);
}

/* One that uses little saves up a period's credit, and no more. */
static void credit_is_limited(void **state)
{
    (void)state;
    world_init(&w, "credit", 1, 0);
    struct actor *hog = world_hog(&w, 0, 0), *modest = world_hog(&w, 1, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        world_wake(&w, modest);
        world_for(&w, 2 * MS);
        world_sleep(&w, modest);
        world_for(&w, 8 * MS);
    }
    world_wake(&w, modest);
    world_mark(&w);
    world_for(&w, SECOND);
    assert_true(world_service(modest) <= world_service(hog) + 4 * PERIOD);
}

/* ---- sedf ---- */

struct reservation {
    uint64_t slice, period;
};

/* Within whole periods since it woke, one never has less than its slice in each. */
static void sedf_reservations(void **state)
{
    (void)state;
    /* 1/2 + 1/4 + 1/5 + 1/20 = 1, with periods that beat against each other */
    static const struct reservation of[] = {
        {5 * MS, 10 * MS}, {7 * MS, 28 * MS}, {9 * MS, 45 * MS}, {50 * US, MS}};
    world_init(&w, "sedf", 1, 0);
    struct actor *all[4];
    for (uint32_t i = 0; i < 4; i++) {
        all[i] = world_add(&w, i, SCHED_ANY_CPU);
        world_must_set(&w, all[i], "period", of[i].period);
        world_must_set(&w, all[i], "slice", of[i].slice);
        world_must_set(&w, all[i], "extra", 0);
    }
    world_hog(&w, 4, 0); /* takes what is left: nothing, but for its extra time */
    uint64_t begin = w.now, done[4] = {0};
    for (uint32_t i = 0; i < 4; i++)
        world_wake(&w, all[i]);
    for (uint64_t ms = 1; ms <= 20000; ms++) {
        world_until(&w, begin + ms * MS);
        for (uint32_t i = 0; i < 4; i++)
            if (ms * MS % of[i].period == 0) {
                assert_true(all[i]->ran - done[i] == of[i].slice);
                done[i] = all[i]->ran;
            }
    }
}

/* What is not reserved is shared by those that take extra time, and by them only. */
static void sedf_extra_time(void **state)
{
    (void)state;
    world_init(&w, "sedf", 1, 0);
    struct actor *reserved = world_add(&w, 0, SCHED_ANY_CPU);
    world_must_set(&w, reserved, "slice", 20 * MS);
    world_must_set(&w, reserved, "extra", 0);
    world_wake(&w, reserved);
    world_for(&w, SECOND);
    assert_true(reserved->ran == 200 * MS); /* although the CPU is idle */
    struct actor *a = world_hog(&w, 1, 0), *b = world_hog(&w, 2, 0);
    world_mark(&w);
    world_for(&w, 10 * SECOND);
    assert_true(close_to(world_service(reserved), 2 * SECOND, 20 * MS));
    assert_true(close_to(world_service(a), 4 * SECOND, 10 * MS));
    assert_true(close_to(world_service(b), 4 * SECOND, 10 * MS));
}

/* Sleeping and waking at the worst moments brings no more than the reserved rate. */
static void sedf_rate(void **state)
{
    (void)state;
    world_init(&w, "sedf", 1, 0);
    struct rng rng = rng_seeded(3);
    struct actor *sleeper = world_add(&w, 0, SCHED_ANY_CPU);
    world_must_set(&w, sleeper, "period", 10 * MS);
    world_must_set(&w, sleeper, "slice", 3 * MS);
    world_must_set(&w, sleeper, "extra", 0);
    struct actor *steady = world_add(&w, 1, SCHED_ANY_CPU);
    world_must_set(&w, steady, "period", 4 * MS);
    world_must_set(&w, steady, "slice", 2800 * US);
    world_must_set(&w, steady, "extra", 0);
    uint64_t begin = w.now;
    world_wake(&w, steady);
    for (uint64_t step = 1; step < 100000; step++) { /* of half a ms */
        if (rng_one_in(&rng, 3))
            world_wake(&w, sleeper);
        else if (rng_one_in(&rng, 3))
            world_sleep(&w, sleeper);
        world_until(&w, begin + step * 500 * US);
        uint64_t passed = w.now - begin;
        assert_true(sleeper->ran <= passed * 3 / 10 + 3 * MS);
        if (passed % (4 * MS) == 0)
            assert_true(steady->ran == passed / 10 * 7); /* no deadline is missed for it */
    }
    assert_true(sleeper->ran > SECOND);
}

static void sedf_refuses_too_much(void **state)
{
    (void)state;
    world_init(&w, "sedf", 1, 0);
    struct actor *a = world_hog(&w, 0, 0), *b = world_hog(&w, 1, 0);
    world_must_set(&w, a, "slice", 60 * MS);
    assert_non_null(world_set(&w, b, "slice", 40 * MS + 1));
    world_must_set(&w, b, "slice", 40 * MS);
    assert_non_null(world_set(&w, b, "period", 99 * MS));
    assert_non_null(world_set(&w, b, "period", 39 * MS));
    world_must_set(&w, b, "extra", 0);
    assert_non_null(world_set(&w, b, "slice", 0));
    world_remove(&w, a);
    world_must_set(&w, b, "slice", 100 * MS);
    world_must_set(&w, b, "slice", 10 * MS);
    world_must_set(&w, b, "extra", 1);
    world_must_set(&w, b, "slice", 0);
    assert_non_null(world_set(&w, b, "extra", 0));
}

static void sedf_reservations_move(void **state)
{
    (void)state;
    world_init(&w, "sedf", 2, 0);
    struct actor *a = world_add(&w, 0, 1), *b = world_add(&w, 1, 1);
    world_must_set(&w, a, "slice", 60 * MS);
    assert_non_null(world_set(&w, b, "slice", 60 * MS));
    world_wake(&w, a);
    world_affinity(&w, a, 2);
    world_must_set(&w, b, "slice", 60 * MS);
    struct actor *c = world_add(&w, 2, 2);
    assert_non_null(world_set(&w, c, "slice", 60 * MS));
}

/* ---- eevdf and stride ---- */

/* A shorter request is served sooner, and gets no more. */
static void eevdf_requests(void **state)
{
    (void)state;
    uint64_t latency[2], service[2];
    static const uint64_t requests[2] = {500 * US, 50 * MS};
    for (uint32_t i = 0; i < 2; i++) {
        world_init(&w, "eevdf", 1, 0);
        for (uint32_t k = 1; k < 6; k++)
            world_hog(&w, k, 0);
        struct actor *waker = world_add(&w, 0, SCHED_ANY_CPU);
        world_must_set(&w, waker, "request", requests[i]);
        for (uint32_t round = 0; round < 500; round++) {
            world_wake(&w, waker);
            world_for(&w, MS);
            while (waker->awaited)
                world_for(&w, 100 * US);
            world_sleep(&w, waker);
            world_for(&w, 9 * MS);
        }
        latency[i] = waker->latency_sum / waker->wakes;
        struct actor *hog = world_hog(&w, 0, 0);
        world_must_set(&w, hog, "request", requests[i]);
        world_mark(&w);
        world_for(&w, 60 * SECOND);
        service[i] = world_service(hog);
    }
    assert_true(latency[0] * 2 < latency[1]);
    assert_true(close_to(service[0], 10 * SECOND, 5 * MS));
    assert_true(close_to(service[1], 10 * SECOND, 100 * MS));
}

/* What the CPU believes to be the average is the average, after any number of them came and went.
 */
static void averages_do_not_drift(const char *policy, const char *average, const char *clock)
{
    world_init(&w, policy, 1, 0 - SECOND);
    struct rng rng = rng_seeded(9);
    for (uint32_t i = 0; i < 8; i++)
        world_hog(&w, i, 1 + rng_below(&rng, 1000));
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t id = rng_below(&rng, 8);
        struct actor *a = &w.actors[id];
        uint32_t what = rng_below(&rng, 20);
        if (what < 8)
            world_wake(&w, a);
        else if (what < 15)
            world_sleep(&w, a);
        else if (what < 18)
            world_must_set(&w, a, "weight", 1 + rng_below(&rng, 1000));
        else if (what < 19) {
            world_remove(&w, a);
            world_hog(&w, id, 1 + rng_below(&rng, 1000));
        }
        world_for(&w, (1 + rng_below(&rng, 8000)) * US);
        sched_charge(&w.s, 0, w.now);
        int64_t sum = 0, weights = 0;
        uint64_t at = world_field(&w, 0, NULL, average);
        for (uint32_t k = 0; k < 8; k++)
            if (w.actors[k].v.status != SCHED_BLOCKED) {
                int64_t weight = (int64_t)world_get(&w, &w.actors[k], "weight");
                sum += weight * (int64_t)(world_field(&w, 0, &w.actors[k], clock) - at);
                weights += weight;
            }
        world_require(&w, weights == 0 || (sum >= 0 && sum < weights));
    }
}

static void eevdf_average(void **state)
{
    (void)state;
    averages_do_not_drift("eevdf", "virtual_time", "clock");
}

static void stride_average(void **state)
{
    (void)state;
    averages_do_not_drift("stride", "global_pass", "pass");
}

/* Distance from the average, in ns of service. */
static int64_t ahead(struct actor *a, const char *average, const char *clock)
{
    int64_t distance = (int64_t)(world_field(&w, 0, a, clock) - world_field(&w, 0, NULL, average));
    return distance * (int64_t)world_get(&w, a, "weight") / 256;
}

/* What one is ahead or behind by survives sleeping, and a change of its weight. */
static void distances_are_kept(const char *policy, const char *average, const char *clock)
{
    world_init(&w, policy, 1, 0 - SECOND);
    struct rng rng = rng_seeded(31);
    struct actor *a = world_hog(&w, 0, 256);
    for (uint32_t i = 1; i < 5; i++)
        world_hog(&w, i, 128 * i);
    uint32_t ahead_of_all = 0, behind = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        world_for(&w, (1 + rng_below(&rng, 20000)) * US);
        sched_charge(&w.s, 0, w.now);
        int64_t before = ahead(a, average, clock);
        if (before < -4 * (int64_t)MS) /* more than eevdf lets one keep */
            continue;
        ahead_of_all += before > 0 ? 1 : 0;
        behind += before < 0 ? 1 : 0;
        if (rng_one_in(&rng, 2)) {
            sched_sleep(&w.s, &a->v, w.now);
            sched_wake(&w.s, &a->v, 0, w.now);
        } else {
            world_must_set(&w, a, "weight", 64 + rng_below(&rng, 1000));
        }
        world_yield(&w, 0); /* so that the world knows who runs */
        assert_true(close_to((uint64_t)(ahead(a, average, clock) + SECOND),
                             (uint64_t)(before + SECOND), 100));
    }
    assert_true(ahead_of_all > 100 && behind > 100);
}

/* Who has had its service is not eligible, however short its requests and early its deadlines. */
static void eevdf_eligibility(void **state)
{
    (void)state;
    world_init(&w, "eevdf", 1, 0);
    struct actor *hasty = world_hog(&w, 0, 0);
    world_must_set(&w, hasty, "request", 500 * US);
    for (uint32_t i = 1; i < 4; i++)
        world_must_set(&w, world_hog(&w, i, 0), "request", 100 * MS);
    for (uint32_t i = 0; i < 10000; i++) {
        world_for(&w, 300 * US);
        sched_charge(&w.s, 0, w.now);
        assert_true(ahead(hasty, "virtual_time", "clock") <= (int64_t)(500 * US));
    }
}

/* One that had to wait for another's long request does not keep all of that while it sleeps. */
static void eevdf_lag_is_limited(void **state)
{
    (void)state;
    world_init(&w, "eevdf", 1, 0);
    world_must_set(&w, NULL, "quantum", 500 * MS);
    struct actor *slow = world_hog(&w, 0, 0), *quick = world_hog(&w, 1, 0);
    world_must_set(&w, slow, "request", 500 * MS);
    world_must_set(&w, quick, "request", MS);
    world_sleep(&w, quick);
    world_for(&w, 100 * MS);
    world_wake(&w, quick);
    for (uint32_t i = 0; i < 100 && w.runs[0] != &slow->v; i++)
        world_for(&w, MS);
    world_for(&w, 300 * MS);
    sched_charge(&w.s, 0, w.now);
    assert_true(ahead(quick, "virtual_time", "clock") < -100 * (int64_t)MS);
    sched_sleep(&w.s, &quick->v, w.now);
    sched_wake(&w.s, &quick->v, 0, w.now);
    assert_true(ahead(quick, "virtual_time", "clock") >= -(int64_t)MS - 10);
}

static void eevdf_lag(void **state)
{
    (void)state;
    distances_are_kept("eevdf", "virtual_time", "clock");
}

/* Nor does stride let one save up that others used longer quanta. */
static void stride_remain_is_limited(void **state)
{
    (void)state;
    world_init(&w, "stride", 1, 0);
    world_must_set(&w, NULL, "quantum", 500 * MS);
    struct actor *quick = world_hog(&w, 0, 0);
    world_hog(&w, 1, 0);
    for (uint32_t i = 0; i < 100; i++) {
        world_for(&w, 50 * MS);
        sched_charge(&w.s, 0, w.now);
        if (ahead(quick, "global_pass", "pass") < -100 * (int64_t)MS)
            break;
    }
    assert_true(ahead(quick, "global_pass", "pass") < -100 * (int64_t)MS);
    world_must_set(&w, NULL, "quantum", MS);
    sched_sleep(&w.s, &quick->v, w.now);
    sched_wake(&w.s, &quick->v, 0, w.now);
    assert_true(ahead(quick, "global_pass", "pass") >= -(int64_t)MS - 10);
}

static void stride_remain(void **state)
{
    (void)state;
    distances_are_kept("stride", "global_pass", "pass");
}

/* Sleeping for no time at all gains nothing. */
static void debts_are_kept(void **state)
{
    (void)state;
    static const char *const policies[] = {"stride", "eevdf", "bvt", "credit"};
    for (uint32_t i = 0; i < 4; i++) {
        world_init(&w, policies[i], 1, 0);
        struct actor *hog = world_hog(&w, 0, 0), *cheat = world_hog(&w, 1, 0);
        world_for(&w, SECOND);
        world_mark(&w);
        while (w.now < 61 * SECOND) {
            world_for(&w, 100 * US);
            if (w.runs[0] != &cheat->v || world_service(cheat) % (3 * MS) > 100 * US)
                continue;
            world_sleep(&w, cheat);
            world_wake(&w, cheat);
        }
        assert_true(world_service(cheat) <= world_service(hog) + 100 * MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credit_caps),         cmocka_unit_test(credit_boost),
        cmocka_unit_test(sedf_reservations),   cmocka_unit_test(sedf_extra_time),
        cmocka_unit_test(sedf_rate),           cmocka_unit_test(sedf_refuses_too_much),
        cmocka_unit_test(eevdf_requests),      cmocka_unit_test(eevdf_average),
        cmocka_unit_test(stride_average),      cmocka_unit_test(eevdf_lag),
        cmocka_unit_test(eevdf_eligibility),   cmocka_unit_test(eevdf_lag_is_limited),
        cmocka_unit_test(credit_caps_in_time), cmocka_unit_test(credit_boost_ends),
        cmocka_unit_test(credit_is_limited),   cmocka_unit_test(sedf_reservations_move),
        cmocka_unit_test(stride_remain),       cmocka_unit_test(stride_remain_is_limited),
        cmocka_unit_test(debts_are_kept),
    };
    return tap_run("particular to a policy", tests, sizeof tests / sizeof tests[0]);
}
