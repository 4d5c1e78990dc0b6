/* SPDX-License-Identifier: MIT */
/*
 * BVT by example.
 *
 * The situations are those of Duda and Cheriton, SOSP 1999: a compiler and a simulator that share
 * by weight, a player that joins them warped and unwarped, and one that runs away. The
 * paper shows them as figures, whose numbers are not repeated here: the schedules below were
 * derived by hand from the algorithm as the paper defines it, a letter for each ms (mcu = 1 ms):
 *
 *   A  the compiler, weight 2     advances 1/2 a ms, and may lead by C/2 = 1
 *   B  the simulator, weight 1    advances 1 a ms, and may lead by C = 2
 *   C  the player, weight 1       likewise; W = 50 where warped
 */
#include "tests/sched/storm.h"

#include <stdlib.h>
#include <string.h>

enum { COMPILER, SIMULATOR, PLAYER };

struct stage {
    struct world w;
    struct actor *compiler, *simulator, *player;
    char letters[256];
};

/* start: of the virtual clocks. allowance: C, in ms. */
static void set_stage(struct stage *st, uint64_t start, uint64_t allowance)
{
    memset(st, 0, sizeof *st);
    struct world *w = &st->w;
    world_init(w, "bvt", 1, start);
    world_must_set(w, NULL, "mcu", MS);
    world_must_set(w, NULL, "allowance", allowance * MS);
    st->compiler = world_hog(w, COMPILER, 512);
    st->simulator = world_hog(w, SIMULATOR, 256);
    st->player = world_add(w, PLAYER, SCHED_ANY_CPU);
    w->schedule = st->letters;
    w->tick = MS;
}

/* Where clocks begin: at zero, and so that they wrap during the example. */
static const uint64_t starts[] = {0, 0 - 4 * MS};

static void for_each_start(void (*play)(struct stage *, uint64_t start))
{
    static struct stage st;
    for (uint32_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        play(&st, starts[i]);
}

static void play_weights(struct stage *st, uint64_t start)
{
    set_stage(st, start, 2);
    world_for(&st->w, 23 * MS);
    assert_string_equal(st->letters, "AA"
                                     "BBB"
                                     "AAAAAA"
                                     "BBB"
                                     "AAAAAA"
                                     "BBB");
}

static void weights(void **state)
{
    (void)state;
    for_each_start(play_weights);
}

/* Without an allowance they alternate whenever their virtual times are equal; the simulator, which
 * arrives with an equal claim, goes first. */
static void play_no_allowance(struct stage *st, uint64_t start)
{
    set_stage(st, start, 0);
    world_for(&st->w, 12 * MS);
    assert_string_equal(st->letters, "B"
                                     "AA"
                                     "B"
                                     "AA"
                                     "B"
                                     "AA"
                                     "B"
                                     "AA");
}

static void no_allowance(void **state)
{
    (void)state;
    for_each_start(play_no_allowance);
}

/* A frame each 10 ms, 3 ms of work each, from 5 ms on. */
static void play_frames(struct stage *st)
{
    struct world *w = &st->w;
    uint64_t begin = w->now, work = 0;
    for (uint64_t ms = 0; ms < 35; ms++) {
        if (ms % 10 == 5) {
            work += 3 * MS;
            world_wake(w, st->player);
        }
        world_until(w, begin + (ms + 1) * MS);
        if (st->player->ran == work && st->player->v.status != SCHED_BLOCKED)
            world_sleep(w, st->player);
    }
}

/* The player waits its turn, and its third frame is late. */
static void play_unwarped(struct stage *st, uint64_t start)
{
    set_stage(st, start, 2);
    play_frames(st);
    assert_string_equal(st->letters, "AA"
                                     "BBB"
                                     "AA"
                                     "CCC"
                                     "AAAA"
                                     "BBB"
                                     "AA"
                                     "CCC"
                                     "AAAA"
                                     "BBB"
                                     "CC"
                                     "AAAA");
}

static void unwarped(void **state)
{
    (void)state;
    for_each_start(play_unwarped);
}

/* The player runs when it wakes; the others share what is left as before. */
static void play_warped(struct stage *st, uint64_t start)
{
    set_stage(st, start, 2);
    world_must_set(&st->w, st->player, "warp", 50 * MS);
    world_must_set(&st->w, st->player, "warpback", 1);
    play_frames(st);
    assert_string_equal(st->letters, "AA"
                                     "BBB"
                                     "CCC"
                                     "AAAAAA"
                                     "B"
                                     "CCC"
                                     "AA"
                                     "BBB"
                                     "AA"
                                     "CCC"
                                     "AAAA"
                                     "BBB");
}

static void warped(void **state)
{
    (void)state;
    for_each_start(play_warped);
}

/* The player loops from 5 ms on. L = 5, U = 20: warped for 5 ms, then on its merits until 30 ms. */
static void play_runaway(struct stage *st, uint64_t start)
{
    struct world *w = &st->w;
    set_stage(st, start, 2);
    world_must_set(w, st->player, "warp", 50 * MS);
    world_must_set(w, st->player, "warp_limit", 5 * MS);
    world_must_set(w, st->player, "unwarp", 20 * MS);
    world_must_set(w, st->player, "warpback", 1);
    world_for(w, 5 * MS);
    world_wake(w, st->player);
    world_for(w, 36 * MS);
    assert_string_equal(st->letters, "AA"
                                     "BBB"
                                     "CCCCC"
                                     "AAAAAA"
                                     "BBB"
                                     "AAAAAA"
                                     "CC"
                                     "BBB"
                                     "CCCCC"
                                     "AAAAAA");
}

static void runaway(void **state)
{
    (void)state;
    for_each_start(play_runaway);
}

/* One that slept is put at SVT; one that blocked while ahead stays ahead. */
static void waking(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 2);
    struct world *w = &st.w;
    w->schedule = NULL;
    world_wake(w, st.player);
    world_sleep(w, st.player);
    world_for(w, 100 * SECOND);
    sched_charge(&w->s, 0, w->now);
    uint64_t a = world_field(w, 0, st.compiler, "avt"), b = world_field(w, 0, st.simulator, "avt");
    world_wake(w, st.player);
    assert_true(world_field(w, 0, st.player, "avt") == (a < b ? a : b));

    uint64_t ahead;
    do {
        world_for(w, MS);
        sched_charge(&w->s, 0, w->now);
        ahead = world_field(w, 0, st.player, "avt");
    } while (ahead <= world_field(w, 0, st.simulator, "avt"));
    world_sleep(w, st.player);
    world_wake(w, st.player);
    assert_true(world_field(w, 0, st.player, "avt") == ahead);
}

/* One that wakes with the smaller E preempts at once, although the allowance is not used up. */
static void waking_ignores_the_allowance(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 10);
    struct world *w = &st.w;
    w->schedule = NULL;
    world_sleep(w, st.compiler);
    world_wake(w, st.compiler); /* the simulator runs, the compiler waits with the same A */
    assert_ptr_equal(w->runs[0], &st.simulator->v);
    world_for(w, 4 * MS);
    world_wake(w, st.player);
    assert_ptr_not_equal(w->runs[0], &st.simulator->v);
}

/* One that yields without end has its turn when the others have run for a unit of charging or
 * slept, and not at each decision: what it did not use while it yielded is no claim. */
static void yielding_earns_nothing(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 10);
    struct world *w = &st.w;
    w->schedule = NULL;
    struct actor *yielder = st.player;
    world_wake(w, yielder);
    for (uint32_t i = 0; i < 1000; i++) {
        world_for(w, 100 * US);
        if (w->runs[0] != &yielder->v)
            continue;
        world_yield(w, 0);
        assert_ptr_not_equal(w->runs[0], &yielder->v);
        uint64_t a = world_field(w, 0, st.compiler, "avt"),
                 b = world_field(w, 0, st.simulator, "avt");
        assert_true(world_field(w, 0, yielder, "avt") >= (a < b ? a : b));
    }
    uint64_t before = w->switches;
    for (uint32_t i = 0; i < 100; i++) { /* at once, and so often that nobody is charged */
        world_sleep(w, st.simulator);
        world_wake(w, st.simulator);
        if (w->runs[0] == &yielder->v)
            world_yield(w, 0);
    }
    assert_true(w->switches - before <= 2);
}

/* With U = 0, L is for each waking: it is used up, and whole again when it next wakes. */
static void warp_is_renewed_by_waking(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 2);
    struct world *w = &st.w;
    w->schedule = NULL;
    world_must_set(w, st.player, "warp", 50 * MS);
    world_must_set(w, st.player, "warp_limit", 5 * MS);
    world_must_set(w, st.player, "warpback", 1);
    for (uint32_t i = 0; i < 20; i++) {
        world_wake(w, st.player);
        assert_ptr_equal(w->runs[0], &st.player->v);
        uint64_t had = st.player->ran;
        world_for(w, 5 * MS);
        assert_true(st.player->ran - had == 5 * MS);
        world_for(w, MS);
        assert_int_equal(world_field(w, 0, st.player, "barred"), 1);
        world_for(w, 50 * MS);
        world_sleep(w, st.player);
        world_for(w, 100 * MS);
    }
}

/* SVT follows the one that is left when the others block, even if it never runs again. */
static void svt_follows_the_last(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 10);
    struct world *w = &st.w;
    world_for(w, 4 * MS);
    assert_ptr_equal(w->runs[0], &st.compiler->v); /* at 2 ms; the simulator at 0 */
    sched_sleep(&w->s, &st.simulator->v, w->now);
    sched_sleep(&w->s, &st.compiler->v, w->now);
    assert_true(world_field(w, 0, NULL, "svt") == 2 * MS);
}

/* Over a sleep in which the clock goes round, one does not wake up to be barred for years. */
static void sleeping_longer_than_the_clock(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 2);
    struct world *w = &st.w;
    w->schedule = NULL;
    world_wake(w, st.player);
    world_for(w, 100 * MS);
    world_sleep(w, st.player);
    world_sleep(w, st.compiler);
    world_must_set(w, st.simulator, "weight", SCHED_WEIGHT_MIN);
    /* A little more than half way round: the sleeper's clock seems to be ahead. */
    for (uint64_t left = (1ULL << 55) + SCHED_RUN_MAX; left > 0; left -= SCHED_RUN_MAX) {
        world_for(w, SCHED_RUN_MAX);
        sched_charge(&w->s, 0, w->now);
    }
    uint64_t alone = world_field(w, 0, st.simulator, "avt");
    world_wake(w, st.player);
    world_wake(w, st.compiler);
    assert_true(world_field(w, 0, st.player, "avt") == alone);
    world_must_set(w, st.simulator, "weight", 256);
    world_mark(w);
    world_for(w, SECOND);
    assert_true(world_service(st.player) > 240 * MS);
    assert_true(world_service(st.compiler) > 490 * MS);
}

static uint64_t lead_of(struct world *w, struct actor *a)
{
    sched_charge(&w->s, 0, w->now);
    return world_field(w, 0, a, "avt") - world_field(w, 0, NULL, "svt");
}

/* What one is ahead by is worth the same time at another weight, asleep or awake; what it borrowed
 * is not worth more than it was. */
static void changing_weights(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 100);
    struct world *w = &st.w;
    w->schedule = NULL;
    while (lead_of(w, st.simulator) < 60 * MS)
        world_for(w, MS);
    for (uint32_t asleep = 0; asleep < 2; asleep++) {
        uint64_t ahead = lead_of(w, st.simulator);
        world_must_set(w, st.simulator, "weight", 1024);
        assert_true(lead_of(w, st.simulator) == ahead / 4);
        world_must_set(w, st.simulator, "weight", 256);
        assert_true(lead_of(w, st.simulator) == ahead / 4 * 4);
        world_sleep(w, st.simulator);
    }

    world_must_set(w, st.player, "weight", 4096);
    world_must_set(w, st.player, "warp", 500 * MS);
    world_must_set(w, st.player, "warpback", 1);
    world_wake(w, st.player);
    world_for(w, 20 * SECOND);
    uint64_t ahead = lead_of(w, st.player);
    assert_true(ahead > 400 * MS && ahead < 600 * MS);
    world_must_set(w, st.player, "weight", 512);
    assert_true(lead_of(w, st.player) == ahead); /* 101 ms / 2 of running are less */

    /* Of the one that waits and is behind all others, nothing changes. */
    set_stage(&st, 0, 100);
    w->schedule = NULL;
    world_for(w, 50 * MS);
    struct actor *behind = w->runs[0] == &st.compiler->v ? st.simulator : st.compiler;
    assert_true(behind->ran == 0 && lead_of(w, behind) == 0);
    world_must_set(w, behind, "weight", 1000);
    assert_true(world_field(w, 0, behind, "avt") == 0 && lead_of(w, behind) == 0);
}

/* Being looked at often costs nothing: what is not a whole mcu is carried. */
static void interruptions_are_free(void **state)
{
    (void)state;
    static struct stage st;
    set_stage(&st, 0, 2);
    struct world *w = &st.w;
    w->schedule = NULL;
    world_must_set(w, st.compiler, "weight", 256);
    world_mark(w);
    for (uint32_t i = 0; i < 100000; i++) {
        world_for(w, 17 * US);
        if (w->runs[0] == &st.compiler->v)
            sched_charge(&w->s, 0, w->now);
    }
    int64_t difference = (int64_t)(world_service(st.compiler) - world_service(st.simulator));
    assert_true(difference < (int64_t)(6 * MS) && difference > -(int64_t)(6 * MS));
}

/*
 * Warp moves service in time and gives none: with one warped and one not, everything else alike,
 * the long-term shares are those of the weights, and the wakeups of the warped one are served
 * sooner.
 */
static void warp_gives_latency_not_share(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, "bvt", 1, 0);
    struct actor *hogs[4], *pair[2];
    for (uint32_t i = 0; i < 4; i++)
        hogs[i] = world_hog(&w, i, 256);
    for (uint32_t i = 0; i < 2; i++)
        pair[i] = world_hog(&w, 4 + i, 256);
    world_must_set(&w, pair[0], "warp", 100 * MS);
    world_must_set(&w, pair[0], "warpback", 1);
    world_mark(&w);
    world_for(&w, 60 * SECOND);
    /* C + 2 mcu each, and W once. */
    uint64_t bound = 2 * (5 * MS + 200 * US) + 100 * MS;
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t a = world_service(hogs[i]), b = world_service(pair[0]);
        assert_true((a > b ? a - b : b - a) <= bound);
    }

    /* Now the pair sleeps and wakes, for 2 ms at a time, offset by 5 ms. */
    for (uint32_t i = 0; i < 2; i++)
        world_sleep(&w, pair[i]);
    world_for(&w, 5 * SECOND);
    world_mark(&w);
    for (uint32_t round = 0; round < 500; round++) {
        struct actor *a = pair[round % 2];
        world_wake(&w, a);
        uint64_t had = a->ran;
        while (a->ran - had < 2 * MS)
            world_for(&w, 100 * US);
        world_sleep(&w, a);
        world_for(&w, 5 * MS);
    }
    assert_true(pair[0]->wakes == 250 && pair[1]->wakes == 250);
    assert_true(pair[0]->latency_max == 0);
    assert_true(pair[1]->latency_max > 0);
    assert_true(world_service(pair[0]) == world_service(pair[1]));
}

/* The promise with warp in it, and what it may borrow: over any window, with any weights, W, L and
 * U, all changing from time to time. */
static void shares_with_warp(void **state)
{
    (void)state;
    enum { N = 8 };
    static struct world w;
    world_init(&w, "bvt", 1, 0 - SECOND);
    struct rng rng = rng_seeded(3);
    for (uint32_t i = 0; i < N; i++)
        world_hog(&w, i, 64ULL << rng_below(&rng, 5));
    for (uint32_t round = 0; round < 300; round++) {
        struct actor *changed = &w.actors[rng_below(&rng, N)];
        world_must_set(&w, changed, "warp", rng_below(&rng, 100) * MS);
        world_must_set(&w, changed, "warp_limit", rng_below(&rng, 10) * MS);
        world_must_set(&w, changed, "unwarp", rng_below(&rng, 30) * MS);
        world_must_set(&w, changed, "warpback", rng_below(&rng, 2));
        world_for(&w, 10 * SECOND); /* what was borrowed under the old W is paid back */
        world_mark(&w);
        world_for(&w, 1 + rng_next(&rng) % (MS << rng_below(&rng, 12)));
        for (uint32_t i = 0; i < N; i++)
            for (uint32_t j = 0; j < i; j++) {
                struct actor *a = &w.actors[i], *b = &w.actors[j];
                int64_t d = (int64_t)(world_service(a) * 256 / world_get(&w, a, "weight")) -
                            (int64_t)(world_service(b) * 256 / world_get(&w, b, "weight"));
                uint64_t most = w.s.policy->share_error(&a->v) + w.s.policy->share_error(&b->v);
                world_require(&w, (uint64_t)llabs(d) <= most);
            }
    }
}

/* ---- L and U, seen from outside, under a storm ---- */

struct warping {
    uint64_t used;  /* ns run warped since it last was not for U (or woke, with U = 0) */
    uint64_t last;  /* when it last did */
    uint64_t limit; /* the largest L since then */
    uint64_t renewals, exhausted;
    bool barred;
};

static struct warping warping[WORLD_VCPUS];

static void renew(struct warping *x, uint64_t limit)
{
    x->renewals += x->used != 0 ? 1 : 0;
    x->used = 0;
    x->limit = limit;
}

static void see_running(struct world *w, struct actor *a, uint64_t from, uint64_t to)
{
    struct warping *x = &warping[a->v.id];
    uint64_t limit = world_get(w, a, "warp_limit"), unwarp = world_get(w, a, "unwarp");
    if (world_get(w, a, "warpback") == 0 || x->barred)
        return;
    if (unwarp != 0 && from - x->last >= unwarp)
        renew(x, limit);
    limit = limit == 0 ? UINT64_MAX : limit;
    x->limit = limit > x->limit ? limit : x->limit;
    x->used += to - from;
    x->last = to;
    world_require(w, x->used <= x->limit);
}

/* Who is barred, and whether it ceased to be for a reason. */
static void see_barred(struct world *w, uint32_t cpu)
{
    (void)cpu;
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        struct actor *a = &w->actors[i];
        if (!a->exists)
            continue;
        struct warping *x = &warping[i];
        uint64_t limit = world_get(w, a, "warp_limit"), unwarp = world_get(w, a, "unwarp");
        bool barred = world_field(w, 0, a, "barred") != 0;
        bool blocked = a->v.status == SCHED_BLOCKED;
        if (x->barred && !barred)
            world_require(w, limit == 0 || x->used == 0 || w->now - x->last >= unwarp);
        x->exhausted += !x->barred && barred ? 1 : 0;
        x->barred = barred;
        if (unwarp != 0 ? w->now - x->last >= unwarp : blocked)
            renew(x, limit);
    }
}

static void limits_are_obeyed(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, "bvt", 1, 0);
    memset(warping, 0, sizeof warping);
    for (uint32_t i = 0; i < 12; i++) {
        struct actor *a = world_add(&w, i, SCHED_ANY_CPU);
        world_must_set(&w, a, "warp", (i + 1) * 10 * MS);
        world_must_set(&w, a, "warp_limit", (1 + i % 4) * 700 * US);
        world_must_set(&w, a, "unwarp", (i % 3) * 20 * MS);
        world_must_set(&w, a, "warpback", 1);
    }
    w.ran = see_running;
    w.picked = see_barred;
    struct rng rng = rng_seeded(7);
    for (uint32_t i = 0; i < 100000; i++) {
        struct actor *a = &w.actors[rng_below(&rng, 12)];
        if (rng_one_in(&rng, 2))
            world_wake(&w, a);
        else if (rng_one_in(&rng, 3))
            world_sleep(&w, a);
        else if (rng_one_in(&rng, 20))
            world_must_set(&w, a, "unwarp", rng_below(&rng, 3) * 15 * MS);
        else if (rng_one_in(&rng, 20))
            world_must_set(&w, a, "warp_limit", rng_below(&rng, 4) * 900 * US);
        else if (rng_one_in(&rng, 20))
            world_must_set(&w, a, "warpback", rng_below(&rng, 2));
        see_barred(&w, 0);
        world_for(&w, rng_below(&rng, 3000) * US);
    }
    uint64_t renewals = 0, exhausted = 0;
    for (uint32_t i = 0; i < 12; i++) {
        renewals += warping[i].renewals;
        exhausted += warping[i].exhausted;
    }
    assert_true(renewals > 1000 && exhausted > 1000); /* both were seen at all */
}

/* ---- Virtual time, under a storm on one CPU ---- */

static uint64_t last_svt, last_avt[WORLD_VCPUS], last_weight[WORLD_VCPUS];
static uint32_t last_born[WORLD_VCPUS];

static void see_time(struct world *w, uint32_t cpu)
{
    uint64_t svt = world_field(w, cpu, NULL, "svt");
    world_require(w, !sched_before(svt, last_svt));
    last_svt = svt;
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        struct actor *a = &w->actors[i];
        if (!a->exists)
            continue;
        uint64_t avt = world_field(w, cpu, a, "avt"), weight = world_get(w, a, "weight");
        bool same = a->born == last_born[i] && weight == last_weight[i];
        world_require(w, !same || !sched_before(avt, last_avt[i]));
        last_avt[i] = avt;
        last_weight[i] = weight;
        last_born[i] = a->born;
        if (a->v.status != SCHED_BLOCKED)
            world_require(w, !sched_before(avt, svt));
    }
}

static void virtual_time_is_monotone(void **state)
{
    (void)state;
    static struct world w;
    uint64_t start = 0 - SECOND; /* wraps early */
    world_init(&w, "bvt", 1, start);
    last_svt = start;
    w.picked = see_time;
    struct storm storm = {.rng = rng_seeded(11), .vcpus = 16, .params = true, .longest = 5 * MS};
    storm_run(&storm, &w, 100000);
}

/* A light vcpu was left running for 18 minutes: its clock is so far ahead that the product with the
 * heaviest weight passes 2^64. The heavy one's slice is long all the same. */
static void slice_beside_a_light_one(void **state)
{
    (void)state;
    const uint64_t wraps = UINT64_MAX / (SCHED_WEIGHT_MAX * SCHED_WEIGHT_DEFAULT);
    const uint64_t long_run = wraps + wraps / 1000;
    static struct world w;
    world_init(&w, "bvt", 1, 0);
    struct actor *light = world_hog(&w, 0, 1), *heavy = world_hog(&w, 1, SCHED_WEIGHT_MAX);
    uint64_t now = w.now;
    struct sched_decision d = sched_pick(&w.s, 0, now);
    while (d.vcpu != &light->v) {
        now += d.slice;
        d = sched_pick(&w.s, 0, now);
    }
    d = sched_pick(&w.s, 0, now + long_run);
    assert_ptr_equal(d.vcpu, &heavy->v);
    assert_true(d.slice > 1000000 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights),
        cmocka_unit_test(no_allowance),
        cmocka_unit_test(unwarped),
        cmocka_unit_test(warped),
        cmocka_unit_test(runaway),
        cmocka_unit_test(waking),
        cmocka_unit_test(waking_ignores_the_allowance),
        cmocka_unit_test(yielding_earns_nothing),
        cmocka_unit_test(warp_is_renewed_by_waking),
        cmocka_unit_test(svt_follows_the_last),
        cmocka_unit_test(sleeping_longer_than_the_clock),
        cmocka_unit_test(changing_weights),
        cmocka_unit_test(interruptions_are_free),
        cmocka_unit_test(warp_gives_latency_not_share),
        cmocka_unit_test(shares_with_warp),
        cmocka_unit_test(limits_are_obeyed),
        cmocka_unit_test(slice_beside_a_light_one),
        cmocka_unit_test(virtual_time_is_monotone),
    };
    return tap_run("bvt", tests, sizeof tests / sizeof tests[0]);
}
