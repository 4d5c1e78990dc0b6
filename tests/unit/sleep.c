/* SPDX-License-Identifier: MIT */
/*
 * Two threads exchange requests and really sleep: the loops that notify.h describes, for the layout
 * that this file is compiled with, once a policy.
 *
 * Nothing here makes up for a lost wake-up: a side sleeps without a time limit unless the policy
 * itself holds news back. At checkpoints a side goes on only after the kernel says that the
 * other one is blocked, so that every run has sleeps in both directions, whatever the timing.
 */
#include <sched.h>
#include <stdlib.h>

#include "rings/layout.h"
#include "tests/unit/payload.h"
#include "tests/unit/sleep.h"

#define ENTRIES 64U
#define REQ_SIZE 24U
#define RSP_SIZE 16U
#define BATCH_MAX 40U /* more than half the ring, more than all of one with half the capacity */
#define CHECKPOINTS 8U

static const bool release_frees = (R(TRAITS) & RING_RELEASE_FREES) != 0;

static const struct notify_params params = {
    .threshold = 4, .coalesce_n = 16, .coalesce_ns = 50000, .spin_ns = 20000};

struct pending {
    uint32_t id, tag;
};

/* The ends are written by their threads; all else stays as it was made. */
struct ring {
    struct R(front) front __attribute__((aligned(RING_APART)));
    struct R(back) back __attribute__((aligned(RING_APART)));
    struct ring_geometry g __attribute__((aligned(RING_APART)));
    uint32_t capacity;
    void *shared, *front_priv, *back_priv;
    uint8_t *answered;    /* by id; the front end's */
    struct pending *pool; /* taken and unanswered, room for the capacity; the back end's */
};

static void ring_free(struct sleep_run *run)
{
    struct ring *ring = (struct ring *)run->ring;
    if (ring == NULL)
        return;
    free(ring->shared);
    free(ring->front_priv);
    free(ring->back_priv);
    free(ring->answered);
    free(ring->pool);
    free(ring);
    run->ring = NULL;
}

/* Indices start so that they pass 2^32 in the middle of the run. */
static bool ring_new(struct sleep_run *run)
{
    struct ring *ring = (struct ring *)aligned_alloc(RING_APART, sizeof(*ring));
    struct ring_footprint fp;
    run->ring = ring;
    if (ring == NULL)
        return false;
    *ring = (struct ring){.g = {.entries = ENTRIES,
                                .req_size = REQ_SIZE,
                                .rsp_size = RSP_SIZE,
                                .fronts = 1,
                                .start = 0U - (uint32_t)(run->requests / 2)}};
    if (R(footprint)(&ring->g, &fp) != RING_OK)
        return false;
    ring->capacity = R(capacity)(&ring->g);
    if (posix_memalign(&ring->shared, RING_ALIGN, fp.shared) != 0)
        return false;
    ring->front_priv = malloc(fp.front + 1);
    ring->back_priv = malloc(fp.back + 1);
    ring->answered = (uint8_t *)calloc(run->requests, 1);
    ring->pool = (struct pending *)calloc(ring->capacity, sizeof(*ring->pool));
    if (!ring->front_priv || !ring->back_priv || !ring->answered || !ring->pool)
        return false;
    return R(front_init)(&ring->front, &ring->g, ring->shared, ring->front_priv) == RING_OK &&
           R(back_attach)(&ring->back, &ring->g, ring->shared, ring->back_priv) == RING_OK;
}

static inline uint64_t clock_for(enum notify_policy policy)
{
    return notify_uses_clock(policy) ? sleep_now() : 0;
}

static void give_up(struct sleep_run *run, struct sleep_side *side, const char *error)
{
    side->error = error;
    run->stop = true;
}

/* The watchdog sees a number that stands still, and this. */
#define DOING(side, what) atomic_store_explicit(&(side)->doing, (what), memory_order_relaxed)

static inline void show(struct sleep_side *side, uint64_t sent, uint64_t taken, uint64_t held)
{
    atomic_store_explicit(&side->sent, sent, memory_order_relaxed);
    atomic_store_explicit(&side->taken, taken, memory_order_relaxed);
    atomic_store_explicit(&side->held, held, memory_order_relaxed);
    atomic_store_explicit(&side->progress, sent + taken, memory_order_relaxed);
}

static void wait_until_blocked(struct sleep_run *run, struct sleep_side *self,
                               struct sleep_side *peer)
{
    DOING(self, "waiting for the other side to sleep");
    while (!run->stop && !sleep_is_blocked(peer))
        sched_yield();
    DOING(self, "running");
}

/* The front end: sends ids 0.. and takes each one's answer. */

static inline void front_act(struct sleep_run *run, struct R(front) * f, enum notify_action action)
{
    bool wanted = action == NOTIFY_TELL;
    if (action == NOTIFY_TELL) {
        R(req_flush)(f); /* who is told must find something */
    } else if (action == NOTIFY_ASK) {
        run->front.asks++;
        wanted = R(req_ask)(f);
        run->front.wants += wanted;
    }
    if (wanted)
        sleep_tell(&run->front, &run->back);
}

static inline __attribute__((always_inline)) void
front_idle(struct sleep_run *run, struct R(front) * f, enum notify_policy policy,
           struct notify_tx *tx, struct notify_rx *rx, uint32_t expected)
{
    R(req_flush)(f);
    enum notify_wait wait = notify_idle(policy, rx, clock_for(policy));
    if (wait == NOTIFY_SPIN || expected == 0) { /* no answer comes to who awaits none */
        sched_yield();
        return;
    }
    if (wait == NOTIFY_ARM) {
        uint32_t after = notify_after(rx, expected);
        run->front.armed_after = after;
        if (R(rsp_arm)(f, after)) {
            R(rsp_disarm)(f);
            return;
        }
    }
    sleep_until(&run->front, notify_deadline(policy, tx));
    if (wait == NOTIFY_ARM)
        R(rsp_disarm)(f);
}

static inline __attribute__((always_inline)) void front_loop(struct sleep_run *run,
                                                             enum notify_policy policy)
{
    struct ring *ring = (struct ring *)run->ring;
    struct R(front) *f = &ring->front;
    struct sleep_side *self = &run->front;
    struct rng rng = rng_seeded(policy);
    struct notify_tx tx;
    struct notify_rx rx;
    notify_tx_init(&tx, &params);
    notify_rx_init(&rx, &params);
    uint32_t sent = 0, taken = 0, requests = (uint32_t)run->requests;
    uint32_t checkpoint = requests / CHECKPOINTS, limit = checkpoint;

    while (taken != requests && !run->stop) {
        bool idle = true;
        uint64_t due = notify_deadline(policy, &tx);
        if (due != NOTIFY_NEVER && due <= clock_for(policy))
            front_act(run, f, notify_flush(policy, &tx));

        uint32_t want = ring_min(rng_batch(&rng, BATCH_MAX), limit - sent);
        if (release_frees) /* else the ring itself knows */
            want = ring_min(want, ring->capacity - (sent - taken));
        if (want != 0 && !rng_one_in(&rng, 8)) {
            int32_t granted = R(req_reserve)(f, want);
            if (granted < 0 || (uint32_t)granted > want)
                return give_up(run, self, "req_reserve went wrong");
            bool constant = rng_one_in(&rng, 2);
            for (uint32_t i = 0; i < (uint32_t)granted; i++) {
                uint8_t bytes[REQ_SIZE];
                payload_fill(bytes, REQ_SIZE, PAYLOAD_REQUEST, sent + i);
                if (constant)
                    R(req_write)(f, i, bytes, REQ_SIZE);
                else
                    R(req_write)(f, i, bytes, ring->g.req_size);
            }
            if (granted > 0) {
                idle = false;
                sent += (uint32_t)granted;
                R(req_publish)(f, (uint32_t)granted);
                front_act(run, f,
                          notify_published(policy, &tx, (uint32_t)granted, clock_for(policy)));
            }
        }

        int32_t found = R(rsp_peek)(f, rng_batch(&rng, BATCH_MAX));
        if (found < 0 || (uint32_t)found > sent - taken)
            return give_up(run, self, "rsp_peek went wrong");
        for (uint32_t i = 0; i < (uint32_t)found; i++) {
            uint8_t bytes[RSP_SIZE];
            if (i % 2 == 0)
                R(rsp_read)(f, i, bytes, RSP_SIZE);
            else
                R(rsp_read)(f, i, bytes, ring->g.rsp_size);
            uint32_t id = payload_id(bytes);
            if (!payload_ok(bytes, RSP_SIZE, PAYLOAD_RESPONSE))
                return give_up(run, self, "a response was damaged");
            if (id >= sent)
                return give_up(run, self, "a response to a request that was not sent");
            if (ring->answered[id]++ != 0)
                return give_up(run, self, "a request was answered twice");
        }
        if (found > 0) {
            idle = false;
            taken += (uint32_t)found;
            R(rsp_release)(f, (uint32_t)found);
            notify_busy(policy, &rx);
        }
        show(self, sent, taken, sent - taken);

        if (sent == limit && taken == sent) {
            if (policy != NOTIFY_poll && sent != requests) {
                front_act(run, f, notify_flush(policy, &tx));
                wait_until_blocked(run, self, &run->back);
            }
            limit = requests - sent < 2 * checkpoint ? requests : sent + checkpoint;
        } else if (idle) {
            front_idle(run, f, policy, &tx, &rx, sent - taken);
        }
    }
}

/* The back end: takes requests into a pool and answers any of it. */

static inline void back_act(struct sleep_run *run, struct R(back) * b, enum notify_action action)
{
    uint64_t wanted = 0;
    if (action == NOTIFY_TELL) {
        R(rsp_flush)(b);
        wanted = R(rsp_reached)(b);
    } else if (action == NOTIFY_ASK) {
        run->back.asks++;
        wanted = R(rsp_ask)(b);
        run->back.wants += wanted != 0;
    }
    if (wanted != 0)
        sleep_tell(&run->back, &run->front);
}

static inline __attribute__((always_inline)) void
back_idle(struct sleep_run *run, struct R(back) * b, enum notify_policy policy,
          struct notify_tx *tx, struct notify_rx *rx)
{
    R(rsp_flush)(b);
    enum notify_wait wait = notify_idle(policy, rx, clock_for(policy));
    if (wait == NOTIFY_SPIN) {
        sched_yield();
        return;
    }
    if (wait == NOTIFY_ARM) {
        uint32_t after = notify_after(rx, 0);
        run->back.armed_after = after;
        if (R(req_arm)(b, after)) {
            R(req_disarm)(b);
            return;
        }
    }
    sleep_until(&run->back, notify_deadline(policy, tx));
    if (wait == NOTIFY_ARM)
        R(req_disarm)(b);
}

/* Answers up to n of the pool, anywhere in it; how many, or RING_EBROKEN. */
static inline int32_t back_answer(struct ring *ring, struct rng *rng, uint32_t *pooled, uint32_t n)
{
    struct R(back) *b = &ring->back;
    int32_t granted = R(rsp_reserve)(b, n);
    if (granted < 0 || (uint32_t)granted > n)
        return RING_EBROKEN;
    bool constant = rng_one_in(rng, 2);
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        uint8_t bytes[RSP_SIZE];
        uint32_t pick = rng_below(rng, *pooled);
        struct pending p = ring->pool[pick];
        ring->pool[pick] = ring->pool[--*pooled];
        payload_fill(bytes, RSP_SIZE, PAYLOAD_RESPONSE, p.id);
        if (constant)
            R(rsp_write)(b, i, p.tag, bytes, RSP_SIZE);
        else
            R(rsp_write)(b, i, p.tag, bytes, ring->g.rsp_size);
    }
    if (granted > 0)
        R(rsp_publish)(b, (uint32_t)granted);
    return granted;
}

static inline __attribute__((always_inline)) void back_loop(struct sleep_run *run,
                                                            enum notify_policy policy)
{
    struct ring *ring = (struct ring *)run->ring;
    struct R(back) *b = &ring->back;
    struct sleep_side *self = &run->back;
    struct rng rng = rng_seeded(100 + (uint64_t)policy);
    struct notify_tx tx;
    struct notify_rx rx;
    notify_tx_init(&tx, &params);
    notify_rx_init(&rx, &params);
    uint32_t taken = 0, sent = 0, pooled = 0;
    uint32_t checkpoint = (uint32_t)run->requests / CHECKPOINTS, limit = checkpoint / 2;

    while (!run->stop) { /* the front end knows when it is over */
        bool idle = true;
        uint64_t due = notify_deadline(policy, &tx);
        if (due != NOTIFY_NEVER && due <= clock_for(policy))
            back_act(run, b, notify_flush(policy, &tx));

        uint32_t want = ring_min(rng_batch(&rng, BATCH_MAX), ring->capacity - pooled);
        uint32_t unreleased = 0;
        if (want != 0) {
            int32_t found = R(req_peek)(b, want);
            if (found < 0 || (uint32_t)found > want)
                return give_up(run, self, "req_peek went wrong");
            for (uint32_t i = 0; i < (uint32_t)found; i++) {
                uint8_t bytes[REQ_SIZE];
                uint32_t tag;
                if (i % 2 == 0)
                    tag = R(req_read)(b, i, bytes, REQ_SIZE);
                else
                    tag = R(req_read)(b, i, bytes, ring->g.req_size);
                uint32_t id = payload_id(bytes);
                if (!payload_ok(bytes, REQ_SIZE, PAYLOAD_REQUEST))
                    return give_up(run, self, "a request was damaged");
                if (id != taken)
                    return give_up(run, self, "requests are out of order");
                ring->pool[pooled++] = (struct pending){.id = id, .tag = tag};
                taken++;
            }
            if (found > 0) {
                idle = false;
                notify_busy(policy, &rx);
                unreleased = (uint32_t)found;
                if (!release_frees || rng_one_in(&rng, 2)) {
                    R(req_release)(b, unreleased);
                    unreleased = 0;
                }
            }
        }
        show(self, sent, taken, pooled);

        if (sent >= limit && pooled != 0) {
            limit += checkpoint;
            if (policy != NOTIFY_poll) {
                R(rsp_flush)(b);
                back_act(run, b, notify_flush(policy, &tx));
                wait_until_blocked(run, self, &run->front);
            }
        }

        uint32_t answers = idle ? pooled : rng_below(&rng, pooled + 1);
        if (answers != 0) {
            int32_t granted = back_answer(ring, &rng, &pooled, answers);
            if (granted < 0)
                return give_up(run, self, "rsp_reserve went wrong");
            sent += (uint32_t)granted;
            if (granted > 0) {
                idle = false;
                back_act(run, b,
                         notify_published(policy, &tx, (uint32_t)granted, clock_for(policy)));
            }
        }
        if (unreleased != 0)
            R(req_release)(b, unreleased);
        show(self, sent, taken, pooled);

        if (idle && pooled != 0)
            sched_yield(); /* the front end is about to make room */
        else if (idle)
            back_idle(run, b, policy, &tx, &rx);
    }
}

/*
 * One-way: no response that would order the two sides a second time. What is left is that releasing
 * a slot comes before its next use, which the thread sanitizer can then see missing.
 */

static void *front_one_way(void *arg)
{
    struct sleep_run *run = (struct sleep_run *)arg;
    struct ring *ring = (struct ring *)run->ring;
    struct rng rng = rng_seeded(1);
    uint32_t sent = 0, requests = (uint32_t)run->requests;
    while (sent != requests && !run->stop) {
        uint32_t want = ring_min(rng_batch(&rng, BATCH_MAX), requests - sent);
        int32_t granted = R(req_reserve)(&ring->front, want);
        if (granted < 0 || (uint32_t)granted > want) {
            give_up(run, &run->front, "req_reserve went wrong");
            return NULL;
        }
        for (uint32_t i = 0; i < (uint32_t)granted; i++) {
            uint8_t bytes[REQ_SIZE];
            payload_fill(bytes, REQ_SIZE, PAYLOAD_REQUEST, sent + i);
            R(req_write)(&ring->front, i, bytes, REQ_SIZE);
        }
        if (granted > 0)
            R(req_publish)(&ring->front, (uint32_t)granted);
        sent += (uint32_t)granted;
        show(&run->front, sent, 0, 0);
        if (granted == 0)
            sched_yield();
    }
    R(req_flush)(&ring->front);
    return NULL;
}

static void *back_one_way(void *arg)
{
    struct sleep_run *run = (struct sleep_run *)arg;
    struct ring *ring = (struct ring *)run->ring;
    struct rng rng = rng_seeded(2);
    uint32_t taken = 0, requests = (uint32_t)run->requests;
    while (taken != requests && !run->stop) {
        uint32_t want = rng_batch(&rng, BATCH_MAX);
        int32_t found = R(req_peek)(&ring->back, want);
        if (found < 0 || (uint32_t)found > want) {
            give_up(run, &run->back, "req_peek went wrong");
            return NULL;
        }
        for (uint32_t i = 0; i < (uint32_t)found; i++) {
            uint8_t bytes[REQ_SIZE];
            R(req_read)(&ring->back, i, bytes, REQ_SIZE);
            if (payload_id(bytes) != taken + i || !payload_ok(bytes, REQ_SIZE, PAYLOAD_REQUEST)) {
                give_up(run, &run->back, "a request was lost or damaged");
                return NULL;
            }
        }
        if (found > 0)
            R(req_release)(&ring->back, (uint32_t)found);
        taken += (uint32_t)found;
        show(&run->back, 0, taken, 0);
        if (found == 0)
            sched_yield();
    }
    return NULL;
}

#define RING_POLICY(id, name, summary)                   \
    static void *front_##id(void *arg)                   \
    {                                                    \
        struct sleep_run *run = (struct sleep_run *)arg; \
        front_loop(run, NOTIFY_##id);                    \
        run->stop = true;                                \
        sleep_tell(&run->front, &run->back);             \
        return NULL;                                     \
    }                                                    \
    static void *back_##id(void *arg)                    \
    {                                                    \
        struct sleep_run *run = (struct sleep_run *)arg; \
        back_loop(run, NOTIFY_##id);                     \
        sleep_tell(&run->back, &run->front);             \
        return NULL;                                     \
    }
#include "rings/policies.def"
#undef RING_POLICY

extern const struct sleep_suite R(sleep);
const struct sleep_suite R(sleep) = {
    .one_way = {"one-way", (R(TRAITS) & RING_RELEASE_FREES) != 0 ? ring_new : NULL, ring_free,
                front_one_way, back_one_way},
    .cases =
        {
#define RING_POLICY(id, name, summary) \
    [NOTIFY_##id] = {name, ring_new, ring_free, front_##id, back_##id},
#include "rings/policies.def"
#undef RING_POLICY
        },
};
