/* SPDX-License-Identifier: MIT */
/* What the scheduler guarantees whatever the policy: clocks, refusals, exact virtual time, moving.
 */
#include "sched-bvt/policy.h"
#include "tests/sched/world.h"
#include "tests/unit/rng.h"

#include <string.h>

static struct world w;

/* A long run in pieces of any size is the same as in one. */
static void virtual_time_is_exact(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1, 3, 255, 256, 257, 60001, 65535};
    struct rng rng = rng_seeded(2);
    for (uint32_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        struct sched_vclock clock = {0};
        uint64_t run = 0;
        for (uint32_t k = 0; k < 100000; k++) {
            uint64_t piece = rng_below(&rng, 100000);
            sched_vclock_run(&clock, piece, weights[i]);
            run += piece;
            assert_true(clock.at == run * 256 / weights[i]);
            assert_true(clock.owed == run * 256 % weights[i]);
        }
    }
}

static void time_that_goes_back_or_jumps(void **state)
{
    (void)state;
    for (uint32_t i = 0; sched_policy_at(i) != NULL; i++) {
        world_init(&w, sched_policy_at(i)->name, 1, 0);
        struct actor *a = world_hog(&w, 0, 0);
        sched_charge(&w.s, 0, w.now + MS);
        sched_charge(&w.s, 0, w.now);
        assert_true(a->v.ran == MS);
        sched_charge(&w.s, 0, w.now + 2 * MS); /* caught up */
        assert_true(a->v.ran == 2 * MS);
        sched_charge(&w.s, 0, w.now + (1ULL << 50));
        assert_true(a->v.ran == 2 * MS + SCHED_RUN_MAX);
    }
}

static void only_the_blocked_are_removed(void **state)
{
    (void)state;
    for (uint32_t i = 0; sched_policy_at(i) != NULL; i++) {
        world_init(&w, sched_policy_at(i)->name, 1, 0);
        struct actor *runs = world_hog(&w, 0, 0), *waits = world_hog(&w, 1, 0);
        assert_true(runs->v.status == SCHED_RUNNING && waits->v.status == SCHED_QUEUED);
        struct world before = w;
        assert_false(sched_remove(&w.s, &runs->v, w.now));
        assert_false(sched_remove(&w.s, &waits->v, w.now));
        assert_memory_equal(&before, &w, sizeof w);
        world_sleep(&w, waits);
        assert_true(sched_remove(&w.s, &waits->v, w.now));
        assert_int_equal(w.cpus[0].homed, 1);
    }
}

/* Twice the same thing is as good as once. */
static void waking_the_awake(void **state)
{
    (void)state;
    for (uint32_t i = 0; sched_policy_at(i) != NULL; i++) {
        world_init(&w, sched_policy_at(i)->name, 2, 0);
        struct actor *a = world_hog(&w, 0, 0), *b = world_add(&w, 1, SCHED_ANY_CPU);
        struct world before = w;
        assert_false(sched_wake(&w.s, &a->v, 1, w.now));
        sched_sleep(&w.s, &b->v, w.now);
        assert_memory_equal(&before, &w, sizeof w);
    }
}

/*
 * CPUs whose virtual clocks are far apart: one that moves from either to the other shares there
 * from the start, as if it had always been there.
 */
static void moving_is_neutral(void **state)
{
    (void)state;
    for (uint32_t i = 0; sched_policy_at(i) != NULL; i++)
        for (uint32_t forth = 0; forth < 2; forth++) {
            world_init(&w, sched_policy_at(i)->name, 2, 0);
            uint64_t from = forth ? 1 : 2, to = forth ? 2 : 1;
            struct actor *old = world_add(&w, 0, 1);
            world_wake(&w, old);
            world_for(&w, 1000 * SECOND); /* CPU 0 is far ahead of CPU 1 */
            struct actor *mover = world_add(&w, 1, from), *hog = world_add(&w, 2, to);
            world_wake(&w, mover);
            world_wake(&w, hog);
            world_for(&w, SECOND);
            if (!forth)
                world_sleep(&w, old);
            world_affinity(&w, mover, to);
            world_mark(&w);
            world_for(&w, 2 * SECOND);
            uint64_t a = world_service(mover), b = world_service(hog);
            if (a + 100 * MS < b || b + 100 * MS < a)
                fail_msg("%s: %llu and %llu ns", w.s.policy->name, (unsigned long long)a,
                         (unsigned long long)b);
        }
}

/* One world yields always, the other only where it may matter: the same ones run in both. */
static void yielding_to_nobody(void **state)
{
    (void)state;
    static struct world always, seldom;
    for (uint32_t i = 0; sched_policy_at(i) != NULL; i++) {
        struct rng rng = rng_seeded(i + 1);
        uint32_t spared = 0;
        world_init(&always, sched_policy_at(i)->name, 2, 0);
        world_init(&seldom, sched_policy_at(i)->name, 2, 0);
        for (uint32_t id = 0; id < 3; id++) {
            world_add(&always, id, SCHED_ANY_CPU);
            world_add(&seldom, id, SCHED_ANY_CPU);
        }
        for (uint32_t step = 0; step < 20000; step++) {
            uint32_t which = rng_below(&rng, 3), cpu = rng_below(&rng, 2);
            uint64_t time = always.now + rng_below(&rng, 3 * MS);
            world_until(&always, time);
            world_until(&seldom, time);
            switch (rng_below(&rng, 4)) {
            case 0:
                world_wake(&always, &always.actors[which]);
                world_wake(&seldom, &seldom.actors[which]);
                break;
            case 1:
                world_sleep(&always, &always.actors[which]);
                world_sleep(&seldom, &seldom.actors[which]);
                break;
            default:
                world_yield(&always, cpu);
                if (sched_may_yield(&seldom.s))
                    world_yield(&seldom, cpu);
                else
                    spared++;
            }
            for (cpu = 0; cpu < 2; cpu++)
                if ((always.runs[cpu] == NULL ? 99 : always.runs[cpu]->id) !=
                    (seldom.runs[cpu] == NULL ? 99 : seldom.runs[cpu]->id))
                    fail_msg("%s: another one runs on CPU %u after %u steps", always.s.policy->name,
                             cpu, step);
        }
        if ((always.s.policy->traits & SCHED_DEFERS) != 0 && spared < 1000)
            fail_msg("%s: spared %u yields only", always.s.policy->name, spared);
    }
}

/* A policy is found by its name, and each has one of its own. */
static void names(void **state)
{
    (void)state;
    const struct sched_policy *p;
    for (uint32_t i = 0; (p = sched_policy_at(i)) != NULL; i++)
        assert_ptr_equal(sched_policy_named(p->name), p);
    assert_null(sched_policy_named("bv"));
    assert_null(sched_policy_named("bvtx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(virtual_time_is_exact),
        cmocka_unit_test(time_that_goes_back_or_jumps),
        cmocka_unit_test(only_the_blocked_are_removed),
        cmocka_unit_test(waking_the_awake),
        cmocka_unit_test(moving_is_neutral),
        cmocka_unit_test(yielding_to_nobody),
        cmocka_unit_test(names),
    };
    return tap_run("scheduler mechanism", tests, sizeof tests / sizeof tests[0]);
}
