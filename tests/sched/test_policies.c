/* SPDX-License-Identifier: MIT */
/*
 * What every policy keeps, on every policy of policies.def, or on those that are named as
 * arguments; what only some promise is chosen by their traits and their own share_error. The checks
 * of each step are in world.c, the random calls in storm.c.
 */
#include "tests/sched/storm.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EVENTS 100000U
#endif
#endif
#ifndef EVENTS
#define EVENTS 1000000U
#endif

static struct world world, again;

/* Everything at random, parameters included, on 1, 2 and 8 CPUs. */
static void storm(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    static const uint32_t cpus[] = {1, 2, 8};
    for (uint32_t i = 0; i < 3; i++) {
        world_init(&world, p->name, cpus[i], i == 1 ? 0 - SECOND : 0);
        struct storm s = {
            .rng = rng_seeded(100 + i), .vcpus = 10 + 10 * i, .params = true, .longest = 5 * MS};
        storm_run(&s, &world, EVENTS / 3);
        assert_true(world.switches > EVENTS / 30);
        uint64_t sum = 0;
        for (uint32_t a = 0; a < WORLD_VCPUS; a++)
            sum += world.actors[a].ran;
        assert_true(sum <= world.busy);
        if (cpus[i] > 1 && (p->traits & SCHED_MIGRATES) != 0)
            assert_true(world.steals > 0);
    }
}

/* Nobody waits without end: here, with any mix of weights up to 64:1 and default parameters. */
static void no_starvation(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    world_init(&world, p->name, 2, 0);
    struct storm s = {.rng = rng_seeded(5), .vcpus = 16, .params = false, .longest = 20 * MS};
    for (uint32_t i = 0; i < 16; i++) {
        struct actor *a = world_add(&world, i, SCHED_ANY_CPU);
        if ((p->traits & SCHED_WEIGHTED) != 0)
            world_must_set(&world, a, "weight", 64ULL << rng_below(&s.rng, 7));
    }
    /* A turn of the lightest of 16 among the heaviest takes 16 * 64 turns of 30 ms at the most. */
    world.wait_limit = 32 * SECOND;
    storm_run(&s, &world, EVENTS / 4);
}

static bool weighted(void)
{
    return (world.s.policy->traits & SCHED_WEIGHTED) != 0;
}

/* What policies share by, where there is no weight alike. */
static uint64_t weight_of(struct actor *a)
{
    return weighted() ? world_get(&world, a, "weight") : SCHED_WEIGHT_DEFAULT;
}

/* The scheduler's own parameters: anything legal. */
static void draw_parameters(struct rng *rng)
{
    const struct sched_policy *p = world.s.policy;
    for (uint32_t i = 0; i < p->n_params; i++)
        if (p->params[i].field.scope == SCHED_OF_ALL)
            world_set(&world, NULL, p->params[i].field.name, storm_value(rng, &p->params[i]));
}

/* Services of each two, scaled to the default weight, against what the policy promises. */
static void compare_services(uint32_t n)
{
    const struct sched_policy *p = world.s.policy;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++) {
            struct actor *a = &world.actors[i], *b = &world.actors[j];
            uint64_t wa = weight_of(a), wb = weight_of(b);
            int64_t d = (int64_t)(world_service(a) * SCHED_WEIGHT_DEFAULT / wa) -
                        (int64_t)(world_service(b) * SCHED_WEIGHT_DEFAULT / wb);
            uint64_t most = p->share_error(&a->v) + p->share_error(&b->v);
            if ((uint64_t)llabs(d) > most)
                fail_msg("%s: weights %llu and %llu differ by %lld ns, promised %llu", p->name,
                         (unsigned long long)wa, (unsigned long long)wb, (long long)d,
                         (unsigned long long)most);
        }
}

/*
 * After a storm of any calls, the others asleep: those that stay runnable share as promised, at
 * once and over every window. In half of the rounds the scheduler's own parameters are anything
 * legal and the storm changes weights to anything legal; not for one that settles accounts, whose
 * bound was observed with the defaults.
 */
static void shares(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    if (p->share_error == NULL)
        skip();
    struct storm s = {.rng = rng_seeded(17), .vcpus = 12, .longest = 20 * MS, .only = "weight"};
    for (uint32_t round = 0; round < 60; round++) {
        world_init(&world, p->name, 1, round % 2 == 0 ? 0 : 0 - SECOND);
        s.params = round % 4 >= 2 && (p->traits & SCHED_SETTLES) == 0;
        if (s.params)
            draw_parameters(&s.rng);
        storm_run(&s, &world, 300);
        uint32_t n = 2 + rng_below(&s.rng, 11);
        for (uint32_t i = 0; i < 12; i++) {
            struct actor *a = &world.actors[i];
            if (!a->exists)
                a = world_add(&world, i, SCHED_ANY_CPU);
            if (weighted())
                world_must_set(&world, a, "weight", 16ULL << rng_below(&s.rng, 8));
            if (i < n)
                world_wake(&world, a);
            else
                world_sleep(&world, a);
        }
        world_for(&world, 10 * SECOND);
        for (uint32_t window = 0; window < 40; window++) {
            world_mark(&world);
            world_for(&world, 1 + rng_next(&s.rng) % ((10 * MS) << rng_below(&s.rng, 8)));
            compare_services(n);
        }
    }
}

/* ---- Virtual time ---- */

#define WORDS 4096U /* of virtual time in the state of one world, at most */

struct clocks {
    uint64_t last[WORDS];
    uint32_t seen; /* in this round; always the same ones in the same order */
    bool started;
};

static void no_clock_goes_back(void *arg, const struct sched_cpu *cpu, const struct sched_vcpu *v,
                               const char *name, const char *unit, uint64_t value)
{
    struct clocks *c = (struct clocks *)arg;
    (void)cpu;
    (void)v;
    if (strcmp(unit, "virtual ns") != 0)
        return;
    assert_true(c->seen < WORDS);
    if (c->started && sched_before(value, c->last[c->seen]))
        fail_msg("%s: %s went back by %llu at %llu ns", world.s.policy->name, name,
                 (unsigned long long)(c->last[c->seen] - value), (unsigned long long)world.now);
    c->last[c->seen++] = value;
}

/* While the same vcpus stay runnable, at the same weights: whatever a policy calls virtual time, of
 * a CPU or of a vcpu, never goes back, whatever happened before. */
static void virtual_time_is_monotone(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    struct storm s = {.rng = rng_seeded(41), .vcpus = 12, .params = true, .longest = 20 * MS};
    for (uint32_t round = 0; round < 20; round++) {
        static struct clocks clocks;
        memset(&clocks, 0, sizeof clocks);
        world_init(&world, p->name, 1, 0 - SECOND);
        storm_run(&s, &world, 300);
        for (uint32_t step = 0; step < 1000; step++) {
            world_for(&world, rng_below(&s.rng, 5000) * US);
            sched_charge(&world.s, 0, world.now);
            clocks.seen = 0;
            sched_dump(&world.s, no_clock_goes_back, &clocks);
            for (uint32_t i = 0; i < WORLD_VCPUS; i++)
                if (world.actors[i].exists)
                    sched_dump_vcpu(&world.s, &world.actors[i].v, no_clock_goes_back, &clocks);
            clocks.started = true;
        }
    }
}

/* One that slept for long gets its share from then on, and nothing for the time it slept. */
static void sleepers_cannot_hoard(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    static const uint64_t naps[] = {MS, 100 * MS, 10 * SECOND, 1000 * SECOND};
    for (uint32_t i = 0; i < 4; i++) {
        world_init(&world, p->name, 1, 0);
        struct actor *hog = world_hog(&world, 0, 0), *sleeper = world_hog(&world, 1, 0);
        world_for(&world, 50 * MS);
        world_sleep(&world, sleeper);
        world_for(&world, naps[i]);
        world_mark(&world);
        world_wake(&world, sleeper);
        world_for(&world, SECOND);
        uint64_t most =
            SECOND / 2 + (p->share_error == NULL ? SECOND / 10 : 2 * p->share_error(&sleeper->v));
        assert_true(world_service(sleeper) <= most);
        assert_true(world_service(hog) + most >= SECOND);
    }
}

/* Each parameter has its range; what is outside is refused by name, and nothing changes. */
static void parameters(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    world_init(&world, p->name, 1, 0);
    struct actor *a = world_hog(&world, 0, 0);
    world_for(&world, 3 * MS);
    sched_charge(&world.s, 0, world.now);
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct sched_param *param = &p->params[i];
        bool own = param->field.scope == SCHED_OF_VCPU;
        struct actor *of = own ? a : NULL;
        assert_true(param->min <= param->initial && param->initial <= param->max);
        assert_true(world_get(&world, of, param->field.name) == param->initial);
        uint64_t bad[2] = {param->max + 1, param->min - 1};
        for (uint32_t k = 0; k < 2; k++) {
            struct world before = world;
            const char *refused =
                sched_param_set(&world.s, own ? &a->v : NULL, param->field.name, bad[k], world.now);
            assert_non_null(refused);
            assert_non_null(strstr(refused, param->field.name));
            assert_non_null(strstr(refused, ".."));
            assert_memory_equal(&before, &world, sizeof world);
        }
        assert_non_null(
            sched_param_set(&world.s, own ? NULL : &a->v, param->field.name, param->min, 0));
    }
    assert_non_null(sched_param_set(&world.s, NULL, "no such thing", 1, world.now));
}

/* ---- The same calls give the same decisions ---- */

struct recording {
    struct sched_call *calls;
    size_t n, room;
};

static void record(void *arg, const struct sched_call *call)
{
    struct recording *r = (struct recording *)arg;
    assert_true(r->n < r->room);
    r->calls[r->n++] = *call;
}

/* In other memory, in another order: what addresses are must not matter. */
static struct sched_vcpu *other_memory(void *arg, uint32_t id)
{
    struct world *w = (struct world *)arg;
    return &w->actors[WORLD_VCPUS - 1 - id].v;
}

static void replays(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    struct recording r = {.room = 4000000};
    r.calls = (struct sched_call *)malloc(r.room * sizeof *r.calls);
    assert_non_null(r.calls);
    world_init(&world, p->name, 3, 0);
    world.s.trace = record;
    world.s.trace_arg = &r;
    struct storm s = {.rng = rng_seeded(23), .vcpus = 20, .params = true, .longest = 20 * MS};
    storm_run(&s, &world, 50000);
    world_init(&again, p->name, 3, 0);
    for (size_t i = 0; i < r.n; i++)
        if (!sched_replay(&again.s, &r.calls[i], other_memory, &again))
            fail_msg("%s: call %zu (op %u) was answered differently", p->name, i, r.calls[i].op);
    assert_true(r.n > 100000);

    /* And a replay that is not the same is noticed. */
    size_t at = 0;
    while (r.calls[at].op != SCHED_OP_PICK)
        at++;
    r.calls[at].value++;
    world_init(&again, p->name, 3, 0);
    bool same = true;
    for (size_t i = 0; i <= at; i++)
        same &= sched_replay(&again.s, &r.calls[i], other_memory, &again);
    assert_false(same);
    free(r.calls);
}

/* ---- Several CPUs ---- */

/* Pinned ones stay; the rest spread over the CPUs that are left, and none is idle. */
static void affinity(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    world_init(&world, p->name, 4, 0);
    for (uint32_t i = 0; i < 3; i++)
        world_wake(&world, world_add(&world, i, 1)); /* CPU 0 */
    for (uint32_t i = 3; i < 6; i++)
        world_wake(&world, world_add(&world, i, SCHED_ANY_CPU));
    world_check(&world);
    world_mark(&world);
    uint64_t busy = world.busy;
    world_for(&world, 3 * SECOND);
    world_check(&world);
    if ((p->traits & SCHED_MIGRATES) == 0)
        return;
    assert_true(world.busy - busy == 12 * SECOND);
    for (uint32_t i = 3; i < 6; i++)
        assert_true(world_service(&world.actors[i]) == 3 * SECOND);
    /* Those of CPU 0 may go elsewhere now: each is stolen when a CPU has nothing to do. */
    for (uint32_t i = 0; i < 3; i++)
        world_affinity(&world, &world.actors[i], SCHED_ANY_CPU);
    for (uint32_t i = 3; i < 5; i++)
        world_sleep(&world, &world.actors[i]);
    world_check(&world);
    assert_true(world.steals >= 2);
    busy = world.busy;
    world_for(&world, SECOND);
    assert_true(world.busy - busy == 4 * SECOND);
}

/* A burst on one CPU levels out although nobody sleeps. */
static void levels_out(void **state)
{
    const struct sched_policy *p = (const struct sched_policy *)*state;
    if ((p->traits & SCHED_MIGRATES) == 0)
        return;
    world_init(&world, p->name, 4, 0);
    for (uint32_t i = 0; i < 16; i++)
        world_wake(&world, world_add(&world, i, 1));
    for (uint32_t i = 0; i < 16; i++)
        world_affinity(&world, &world.actors[i], SCHED_ANY_CPU);
    world_for(&world, 5 * SECOND);
    for (uint32_t i = 0; i < 4; i++)
        assert_in_range(world.cpus[i].load, 3, 5);
}

/* One of the arguments, or there are none. */
static bool wanted(const struct sched_policy *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], p->name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } all[] = {
        {"storm", storm},
        {"no_starvation", no_starvation},
        {"shares", shares},
        {"sleepers_cannot_hoard", sleepers_cannot_hoard},
        {"parameters", parameters},
        {"replays", replays},
        {"virtual_time_is_monotone", virtual_time_is_monotone},
        {"affinity", affinity},
        {"levels_out", levels_out},
    };
    enum { N = sizeof all / sizeof all[0], POLICIES_MAX = 32 };
    static struct CMUnitTest tests[POLICIES_MAX * N];
    static char names[POLICIES_MAX * N][64];
    size_t n = 0;
    const struct sched_policy *p;
    for (uint32_t i = 0; i < POLICIES_MAX && (p = sched_policy_at(i)) != NULL; i++)
        for (uint32_t t = 0; t < N && wanted(p, argc, argv); t++, n++) {
            snprintf(names[n], sizeof names[n], "%s: %s", p->name, all[t].name);
            tests[n] = (struct CMUnitTest){
                .name = names[n], .test_func = all[t].run, .initial_state = (void *)p};
        }
    return tap_run("scheduling policies", tests, n);
}
