/* SPDX-License-Identifier: MIT */
/*
 * The ring contract as tests, for the layout that this file is compiled with: traffic under each
 * policy. Both ends do what rings/notify.h says, a step at a time in random
 * order, on a pretended clock. Looking, telling and arming are steps of their own, so that the
 * other end gets in between. An end that sleeps takes no step until it is told or its deadline has
 * come; telling is sticky.
 */
#include "rings/notify.h"
#include "rings/layout.h"
#include "tests/unit/rig.h"

enum doing { LOOKING, TO_ACT, TO_ARM, ASLEEP };

struct follower {
    struct notify_tx tx;
    struct notify_rx rx;
    enum doing doing;
    enum notify_action action; /* what TO_ACT does */
    uint64_t deadline;         /* that ASLEEP ends at */
    bool armed;                /* ASLEEP with the layout armed */
    bool told;
    uint32_t publishes, tells, sleeps;

    /* The model of what the policy and the layout owe. Positions count entries from the start. */
    uint64_t idle_since; /* first look that found nothing, NOTIFY_NEVER if the last one did find */
    uint32_t held;       /* published since the last action */
    uint64_t held_since;
    uint32_t asked; /* published at the last ask */
    uint32_t event; /* the peer wants to be told of this many; 0: it never said */
    bool owed;      /* the peer's arm said that they were not there, and it was not told since */
    bool withdrawn; /* the peer took its flag down */
};

struct traffic {
    struct rig rig;
    struct rng rng;
    enum notify_policy policy;
    struct follower front, back;
    uint64_t now; /* ns */
    uint32_t target;
    uint32_t batch; /* entries in a step, at most */
    bool was_full, was_empty;
};

#define TRAFFIC_STEP_NS 40U /* a step takes less */
#define TRAFFIC_PHASE 32U   /* steps that one end is favoured for, or neither */
#define TRAFFIC_FAVOUR 16U  /* the other end has one step in as many */
#define TRAFFIC_COALESCE 5U

static const struct notify_params traffic_params = {
    .threshold = 1, .coalesce_n = TRAFFIC_COALESCE, .coalesce_ns = 1000, .spin_ns = 100};

/* What runs, for when a check fails anywhere below; teardown shows it. "" between runs. */
static char traffic_run[160];

static int show_traffic_run(void **state)
{
    (void)state;
    if (traffic_run[0] != '\0')
        print_message("# in this run: %s\n", traffic_run);
    traffic_run[0] = '\0';
    return 0;
}

static struct follower *peer_of(struct traffic *t, const struct follower *self)
{
    return self == &t->front ? &t->back : &t->front;
}

static uint32_t published_by(const struct traffic *t, const struct follower *self)
{
    return self == &t->front ? t->rig.sent : t->rig.answered;
}

static uint32_t released_by(const struct traffic *t, const struct follower *self)
{
    return self == &t->front ? t->rig.done : t->rig.taken;
}

static void follower_decided(struct traffic *t, struct follower *self, enum notify_action action)
{
    if (action == NOTIFY_NONE) {
        if (t->policy == NOTIFY_coalesce)
            assert_true(notify_deadline(t->policy, &self->tx) ==
                        self->held_since + traffic_params.coalesce_ns);
        return;
    }
    if (t->policy == NOTIFY_coalesce)
        assert_true(self->held >= traffic_params.coalesce_n ||
                    t->now - self->held_since >= traffic_params.coalesce_ns);
    self->held = 0;
    self->action = action;
    self->doing = TO_ACT;
}

static void follower_published(struct traffic *t, struct follower *self, uint32_t n)
{
    self->publishes++;
    if (self->held == 0)
        self->held_since = t->now;
    self->held += n;
    follower_decided(t, self, notify_published(t->policy, &self->tx, n, t->now));
}

/* Is news due that was held back? Then that is the step. */
static bool follower_due(struct traffic *t, struct follower *self)
{
    uint64_t due = notify_deadline(t->policy, &self->tx);
    if (due == NOTIFY_NEVER || due > t->now)
        return false;
    follower_decided(t, self, notify_flush(t->policy, &self->tx));
    return true;
}

/*
 * An index asks when it is passed, and a flag until it is taken down. An index that was left
 * standing may be passed again: virtio-packed's counts two laps, the others' go on to 2^16 or more.
 */
static void check_asked(struct traffic *t, struct follower *self, bool wanted)
{
    uint32_t published = published_by(t, self);
    bool passed = self->asked < self->event && self->event <= published;
    uint32_t laps = 2 * t->rig.capacity, ahead = 1024 * laps - self->event;
    bool comes_by = (published + ahead) / laps != (self->asked + ahead) / laps;
    bool index = threshold && self->event != 0;
    if (passed && (index || self->owed))
        assert_true(wanted);
    if (index && !comes_by)
        assert_false(wanted);
    if (self->withdrawn)
        assert_false(wanted);
    if (wanted)
        self->owed = false;
    self->asked = published;
}

static void follower_act(struct traffic *t, struct follower *self)
{
    struct rig *rig = &t->rig;
    bool front = self == &t->front, wanted;
    if (self->action == NOTIFY_ASK) {
        wanted = front ? R(req_ask)(rig->f) : R(rsp_ask)(rig->b) != 0;
        check_asked(t, self, wanted);
    } else if (front) {
        R(req_flush)(rig->f);
        wanted = true;
    } else {
        R(rsp_flush)(rig->b);
        wanted = R(rsp_reached)(rig->b) == 1;
        assert_true(wanted);
    }
    if (wanted) {
        self->tells++;
        peer_of(t, self)->told = true;
    }
    self->doing = LOOKING;
}

static void follower_sleep(struct traffic *t, struct follower *self, bool armed)
{
    self->doing = ASLEEP;
    self->armed = armed;
    self->deadline = notify_deadline(t->policy, &self->tx);
    self->sleeps++;
}

static void follower_disarm(struct traffic *t, struct follower *self)
{
    if (self == &t->front)
        R(rsp_disarm)(t->rig.f);
    else
        R(req_disarm)(t->rig.b);
    peer_of(t, self)->withdrawn = !threshold;
    peer_of(t, self)->owed = false;
}

static void follower_arm(struct traffic *t, struct follower *self)
{
    struct follower *peer = peer_of(t, self);
    bool front = self == &t->front;
    uint32_t after = notify_after(&self->rx, front ? outstanding(&t->rig) : 0);
    if (t->policy == NOTIFY_adaptive)
        assert_true(t->now - self->idle_since >= traffic_params.spin_ns);
    bool there = front ? R(rsp_arm)(t->rig.f, after) : R(req_arm)(t->rig.b, after);
    peer->event = released_by(t, self) + after;
    peer->owed = !there;
    peer->withdrawn = false;
    if (!there) {
        follower_sleep(t, self, true);
        return;
    }
    follower_disarm(t, self);
    self->doing = LOOKING;
}

static void follower_wake(struct traffic *t, struct follower *self)
{
    self->told = false;
    if (self->armed)
        follower_disarm(t, self);
    self->doing = LOOKING;
}

static void follower_busy(struct traffic *t, struct follower *self)
{
    notify_busy(t->policy, &self->rx);
    self->idle_since = NOTIFY_NEVER;
}

/* It has looked and found nothing. may_sleep: something will come that it can be told of. */
static void follower_idle(struct traffic *t, struct follower *self, bool may_sleep)
{
    if (self->idle_since == NOTIFY_NEVER)
        self->idle_since = t->now;
    if (self == &t->front)
        R(req_flush)(t->rig.f);
    else
        R(rsp_flush)(t->rig.b);
    enum notify_wait wait = notify_idle(t->policy, &self->rx, t->now);
    if (wait == NOTIFY_SPIN || !may_sleep)
        return;
    if (wait == NOTIFY_ARM)
        self->doing = TO_ARM;
    else
        follower_sleep(t, self, false);
}

static void front_look(struct traffic *t)
{
    struct rig *rig = &t->rig;
    uint32_t want = ring_min(rng_batch(&t->rng, t->batch), t->target - rig->sent), sent = 0;
    if (release_frees) /* else the ring itself knows */
        want = room(rig, want);
    if (rng_one_in(&t->rng, 4))
        want = 0;
    if (want != 0)
        sent = front_send(rig, want);
    t->was_full |= outstanding(rig) == rig->capacity;
    if (sent != 0)
        follower_published(t, &t->front, sent);
    else if (front_collect(rig, rng_batch(&t->rng, t->batch)) != 0)
        follower_busy(t, &t->front);
    else if (want == 0 || outstanding(rig) == rig->capacity) /* else it looks for room again */
        follower_idle(t, &t->front, outstanding(rig) != 0);
}

static void back_look(struct traffic *t)
{
    struct rig *rig = &t->rig;
    if (rig->unreleased != 0 || (rig->pooled != 0 && rng_one_in(&t->rng, 2))) {
        uint32_t answered = back_answer(rig, rng_batch(&t->rng, t->batch), &t->rng);
        back_release(rig);
        follower_published(t, &t->back, answered);
    } else if (back_take_held(rig, rng_batch(&t->rng, t->batch)) != 0) {
        if (!release_frees || rng_one_in(&t->rng, 2))
            back_release(rig);
        follower_busy(t, &t->back);
    } else {
        t->was_empty |= rig->taken == rig->sent;
        if (rig->pooled == 0)
            follower_idle(t, &t->back, true);
    }
}

static void follower_step(struct traffic *t, struct follower *self)
{
    switch (self->doing) {
    case TO_ACT:
        follower_act(t, self);
        return;
    case TO_ARM:
        follower_arm(t, self);
        return;
    case ASLEEP:
        follower_wake(t, self);
        return;
    case LOOKING:
        if (follower_due(t, self))
            return;
        if (self == &t->front)
            front_look(t);
        else
            back_look(t);
    }
}

/* Otherwise the front end sends whenever it can, and the ring would never run empty. */
static void traffic_next_lot(struct traffic *t, uint32_t total)
{
    if (t->rig.done == t->target)
        t->target = ring_min(t->target + 1 + rng_below(&t->rng, 3 * t->rig.capacity), total);
}

static bool is_up(const struct traffic *t, const struct follower *self)
{
    return self->doing != ASLEEP || self->told || self->deadline <= t->now;
}

/* Until all of `total` requests are sent and answered. */
static void traffic_steps(struct traffic *t, uint32_t total)
{
    uint32_t favoured = 0;
    uint32_t patience = 1000 * (total + 100);
    for (uint32_t step = 0; t->rig.done != total; step++) {
        if (step == patience)
            fail_msg("stuck: %u sent, %u taken, %u answered, %u done", t->rig.sent, t->rig.taken,
                     t->rig.answered, t->rig.done);
        if (step % TRAFFIC_PHASE == 0) {
            favoured = rng_below(&t->rng, 3);
            t->batch = rng_one_in(&t->rng, 2) ? 4 : t->rig.capacity + 3;
        }
        traffic_next_lot(t, total);
        t->now += rng_below(&t->rng, TRAFFIC_STEP_NS);
        bool front = is_up(t, &t->front), back = is_up(t, &t->back);
        if (!front && !back) {
            t->now = t->front.deadline < t->back.deadline ? t->front.deadline : t->back.deadline;
            if (t->now == NOTIFY_NEVER)
                fail_msg("both asleep: %u of %u sent, %u taken, %u answered, %u done", t->rig.sent,
                         total, t->rig.taken, t->rig.answered, t->rig.done);
            continue;
        }
        if (front && back) {
            uint32_t odds = favoured == 0 ? 2 : TRAFFIC_FAVOUR;
            front = rng_one_in(&t->rng, odds) == (favoured == 2);
        }
        follower_step(t, front ? &t->front : &t->back);
    }
}

static void check_promise(enum notify_policy policy, const struct follower *f)
{
    assert_true(f->publishes > 0);
    if (policy == NOTIFY_poll) {
        assert_int_equal(f->tells, 0);
        assert_int_equal(f->sleeps, 0);
        return;
    }
    assert_true(f->sleeps > 0);
    if (policy == NOTIFY_always) /* the last may be under way */
        assert_int_equal(f->tells, f->publishes - (f->doing == TO_ACT));
    else
        assert_true(f->tells <= f->publishes);
}

static void follower_init(struct follower *f, uint32_t sleep_for)
{
    struct notify_params params = traffic_params;
    params.threshold = sleep_for;
    *f = (struct follower){.idle_since = NOTIFY_NEVER};
    notify_tx_init(&f->tx, &params);
    notify_rx_init(&f->rx, &params);
}

static void check_traffic(enum notify_policy policy, const struct ring_geometry *g, uint32_t total,
                          uint32_t sleep_for, uint64_t seed)
{
    struct traffic t = {.policy = policy, .rng = rng_seeded(seed)};
    snprintf(traffic_run, sizeof(traffic_run),
             "%s, %u entries, sizes %u/%u, start %#x, %u requests, threshold %u, seed %ju",
             notify_name(policy), g->entries, g->req_size, g->rsp_size, g->start, total, sleep_for,
             (uintmax_t)seed);
    rig_open(&t.rig, g);
    follower_init(&t.front, sleep_for);
    follower_init(&t.back, sleep_for);
    traffic_steps(&t, total);
    check_promise(policy, &t.front);
    check_promise(policy, &t.back);
    assert_true(t.was_full);
    assert_true(t.was_empty);
    rig_settle(&t.rig, &t.rng);
    rig_close(&t.rig);
    traffic_run[0] = '\0';
}

/* Indices that begin at 0, and that pass 2^16 and 2^32 in the middle of a run. */
static void check_traffic_everywhere(enum notify_policy policy)
{
    static const uint32_t entries[] = {2, 4, 64}, middles[] = {0, 0x10000, 0};
    static const uint32_t sizes[][2] = {{8, 8}, {16, 24}, {256, 12}};
    uint64_t seed = 0;
    for (uint32_t e = 0; e < 3; e++) {
        for (uint32_t s = 0; s < 3; s++) {
            for (uint32_t m = 0; m < 3; m++) {
                uint32_t total = 200 + 6 * entries[e];
                struct ring_geometry g = {.entries = entries[e],
                                          .req_size = sizes[s][0],
                                          .rsp_size = sizes[s][1],
                                          .fronts = 1,
                                          .start = m == 0 ? 0 : middles[m] - total / 2};
                check_traffic(policy, &g, total, (s + m) % 2 == 0 ? 1 : 4, seed++);
            }
        }
    }
}

#define RING_POLICY(id, name, summary)          \
    static void test_traffic_##id(void **state) \
    {                                           \
        (void)state;                            \
        check_traffic_everywhere(NOTIFY_##id);  \
    }
#include "rings/policies.def"
#undef RING_POLICY

static const struct CMUnitTest tests[NOTIFY_POLICIES] = {
#define RING_POLICY(id, name, summary) \
    [NOTIFY_##id] = {name " traffic", test_traffic_##id, NULL, show_traffic_run, NULL},
#include "rings/policies.def"
#undef RING_POLICY
};

extern const struct conformance_part R(conformance_traffic);
const struct conformance_part R(conformance_traffic) = {tests, NOTIFY_POLICIES};
