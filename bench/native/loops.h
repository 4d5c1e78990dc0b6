/* SPDX-License-Identifier: MIT */
/*
 * The measured loops, the same for every subject. Included by a file that has defined an adapter:
 * A(op) names its members, which are inlined into each loop, so that none holds an indirect call.
 *
 *   struct A(front), struct A(back)
 *   const char *A(front_open)(struct A(front) *, struct side *)    NULL or what went wrong
 *   const char *A(back_open)(struct A(back) *, struct side *)
 *   int32_t A(send)(front, number, size, n)       up to n requests, numbered from `number`
 *   int32_t A(collect)(front, number, size, n, damage)  up to n responses, in order from `number`
 *   int32_t A(reap)(front, n)                     one-way: takes back slots of up to n requests
 *   int32_t A(receive)(back, number, size, n, damage)   one-way: up to n requests
 *   int32_t A(serve)(back, number, req_size, rsp_size, n, damage)  up to n requests, each answered
 *   void A(front_flush)(front), A(back_flush)(back)     hand over what is held back
 * with int32_t < 0 for a broken ring; and unless ADAPTER_POLLS_ONLY is defined
 *   bool A(front_ask)(front)            uint64_t A(back_ask)(back), A(back_reached)(back)
 *   bool A(front_arm)(front, after)     bool A(back_arm)(back)
 *   void A(front_disarm)(front)         void A(back_disarm)(back)
 *
 *   uint32_t A(window)(const struct native_point *)     most requests outstanding
 *
 * Sizes that are powers of two get loops of their own in which the size is a constant; other sizes,
 * and the policies that sleep, share loops that copy by words.
 */
#include <math.h>

#include "bench/native/side.h"

#define LOOP static inline __attribute__((always_inline))

/* ---- telling and waiting -------------------------------------------------------------------- */

#ifndef ADAPTER_POLLS_ONLY
LOOP void front_act(struct side *s, struct A(front) * f, enum notify_action action)
{
    if (action == NOTIFY_TELL)
        A(front_flush)(f);
    if (action == NOTIFY_TELL || (action == NOTIFY_ASK && A(front_ask)(f)))
        side_tell(s, SIDE_BACK);
}

LOOP void back_act(struct side *s, struct A(back) * b, enum notify_action action)
{
    if (action == NOTIFY_NONE)
        return;
    if (action == NOTIFY_TELL)
        A(back_flush)(b);
    uint64_t fronts = action == NOTIFY_TELL ? A(back_reached)(b) : A(back_ask)(b);
    for (; fronts != 0; fronts &= fronts - 1)
        side_tell(s, (uint32_t)__builtin_ctzll(fronts));
}
#endif

LOOP uint64_t policy_now(const struct side *s, enum notify_policy policy)
{
    return notify_uses_clock(policy) ? side_now(s) : 0;
}

LOOP void front_published(struct side *s, struct A(front) * f, struct notify_tx *tx, uint32_t n,
                          enum notify_policy policy)
{
#ifndef ADAPTER_POLLS_ONLY
    front_act(s, f, notify_published(policy, tx, n, policy_now(s, policy)));
#else
    (void)s, (void)f, (void)tx, (void)n, (void)policy;
#endif
}

LOOP void back_published(struct side *s, struct A(back) * b, struct notify_tx *tx, uint32_t n,
                         enum notify_policy policy)
{
#ifndef ADAPTER_POLLS_ONLY
    back_act(s, b, notify_published(policy, tx, n, policy_now(s, policy)));
#else
    (void)s, (void)b, (void)tx, (void)n, (void)policy;
#endif
}

/* The front end found nothing to do; `expected` responses are still to come. */
LOOP void front_idle(struct side *s, struct A(front) * f, struct notify_tx *tx,
                     struct notify_rx *rx, uint32_t expected, enum notify_policy policy)
{
    A(front_flush)(f);
#ifndef ADAPTER_POLLS_ONLY
    uint64_t now = policy_now(s, policy);
    uint64_t deadline = notify_deadline(policy, tx);
    if (deadline <= now && deadline != NOTIFY_NEVER)
        front_act(s, f, notify_flush(policy, tx));
    switch (notify_idle(policy, rx, now)) {
    case NOTIFY_SPIN:
        return;
    case NOTIFY_ARM:
        if (A(front_arm)(f, notify_after(rx, expected)))
            return;
        break;
    case NOTIFY_SLEEP:
        break;
    }
    side_sleep(s, notify_deadline(policy, tx));
    A(front_disarm)(f);
#else
    (void)s, (void)tx, (void)rx, (void)expected, (void)policy;
#endif
}

LOOP void back_idle(struct side *s, struct A(back) * b, struct notify_tx *tx, struct notify_rx *rx,
                    uint64_t received, enum notify_policy policy)
{
    A(back_flush)(b);
#ifndef ADAPTER_POLLS_ONLY
    uint64_t now = policy_now(s, policy);
    uint64_t deadline = notify_deadline(policy, tx);
    if (deadline <= now && deadline != NOTIFY_NEVER)
        back_act(s, b, notify_flush(policy, tx));
    switch (notify_idle(policy, rx, now)) {
    case NOTIFY_SPIN:
        return;
    case NOTIFY_ARM:
        if (A(back_arm)(b))
            return;
        break;
    case NOTIFY_SLEEP:
        break;
    }
    /* The last front end tells after it has stopped: looked at after that, it cannot be missed. */
    if (side_all_received(s, received))
        return;
    side_sleep(s, notify_deadline(policy, tx));
    A(back_disarm)(b);
#else
    (void)s, (void)b, (void)tx, (void)rx, (void)received, (void)policy;
#endif
}

/* ---- one-way -------------------------------------------------------------------------------- */

LOOP uint64_t front_one_way(struct side *s, struct A(front) * f, uint32_t size,
                            struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    struct meter m;
    uint64_t sent = 0;

    meter_start(&m);
    for (;;) {
        A(reap)(f, batch);
        int32_t n = A(send)(f, sent, size, batch);
        if (__builtin_expect(n <= 0, 0)) {
            if (n < 0) {
                r->broken = true;
                break;
            }
            A(front_flush)(f);
            if (meter_idle_due(&m) && !meter_look(&m, s, sent))
                break;
            continue;
        }
        sent += (uint32_t)n;
        if (meter_due(&m, sent) && !meter_look(&m, s, sent))
            break;
    }
    A(front_flush)(f);
    return sent;
}

LOOP void back_one_way(struct side *s, struct A(back) * b, uint32_t size, struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    struct meter m;
    uint64_t received = 0, damage = 0;

    meter_start(&m);
    for (;;) {
        int32_t n = A(receive)(b, received, size, batch, &damage);
        if (n <= 0) {
            A(back_flush)(b);
            if (n < 0) {
                r->broken = true;
                break;
            }
            if (meter_idle_due(&m)) {
                meter_look(&m, s, received);
                if (side_all_received(s, received) || side_aborted(s))
                    break;
            }
            continue;
        }
        received += (uint32_t)n;
        if (meter_due(&m, received))
            meter_look(&m, s, received);
    }
    r->damaged |= damage != 0;
}

/* ---- request and response ------------------------------------------------------------------- */

LOOP uint64_t front_pairs(struct side *s, struct A(front) * f, uint32_t req_size, uint32_t rsp_size,
                          uint32_t window, enum notify_policy policy, struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    struct notify_tx tx;
    struct notify_rx rx;
    struct meter m;
    uint64_t sent = 0, answered = 0, damage = 0;
    bool sending = true;

    notify_tx_init(&tx, &s->exchange->point.params);
    notify_rx_init(&rx, &s->exchange->point.params);
    meter_start(&m);
    while (sending || answered != sent) {
        bool idle = true, starved = false;
        if (sending && sent - answered + batch <= window) {
            int32_t n = A(send)(f, sent, req_size, batch);
            if (n < 0) {
                r->broken = true;
                break;
            }
            if (n > 0) {
                front_published(s, f, &tx, (uint32_t)n, policy);
                sent += (uint32_t)n;
                idle = false;
            }
            starved = n == 0;
        }
        int32_t n = A(collect)(f, answered, rsp_size, batch, &damage);
        if (n < 0) {
            r->broken = true;
            break;
        }
        if (n > 0) {
            notify_busy(policy, &rx);
            answered += (uint32_t)n;
            idle = false;
        }
        /* Room comes without a response where the back end releases late: that is not slept for. */
        if (idle && starved)
            A(front_flush)(f);
        else if (idle)
            front_idle(s, f, &tx, &rx, (uint32_t)(sent - answered), policy);
        if (meter_due(&m, answered) || (idle && (policy != NOTIFY_poll || meter_idle_due(&m)))) {
            if (!meter_look(&m, s, answered))
                sending = false;
            if (side_aborted(s))
                break;
        }
    }
    r->damaged |= damage != 0;
    return sent;
}

LOOP void back_pairs(struct side *s, struct A(back) * b, uint32_t req_size, uint32_t rsp_size,
                     enum notify_policy policy, struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    struct notify_tx tx;
    struct notify_rx rx;
    struct meter m;
    uint64_t served = 0, damage = 0;

    notify_tx_init(&tx, &s->exchange->point.params);
    notify_rx_init(&rx, &s->exchange->point.params);
    meter_start(&m);
    for (;;) {
        int32_t n = A(serve)(b, served, req_size, rsp_size, batch, &damage);
        if (n < 0) {
            r->broken = true;
            break;
        }
        if (n > 0) {
            notify_busy(policy, &rx);
            served += (uint32_t)n;
            back_published(s, b, &tx, (uint32_t)n, policy);
            if (meter_due(&m, served))
                meter_look(&m, s, served);
            continue;
        }
        back_idle(s, b, &tx, &rx, served, policy);
        if (policy != NOTIFY_poll || meter_idle_due(&m)) {
            meter_look(&m, s, served);
            if (side_all_received(s, served) || side_aborted(s))
                break;
        }
    }
    r->damaged |= damage != 0;
}

/* ---- round trips ---------------------------------------------------------------------------- */

LOOP uint64_t front_round_trip(struct side *s, struct A(front) * f, uint32_t req_size,
                               uint32_t rsp_size, enum notify_policy policy, struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    const double ns_per_tick = s->exchange->ns_per_tick;
    struct hist *latency = &s->exchange->latency;
    struct notify_tx tx;
    struct notify_rx rx;
    struct meter m;
    uint64_t sent = 0, answered = 0, damage = 0;
    bool going = true;

    notify_tx_init(&tx, &s->exchange->point.params);
    notify_rx_init(&rx, &s->exchange->point.params);
    meter_start(&m);
    while (going && !r->broken) {
        uint64_t start = ticks_now();
        uint64_t round_end = sent + batch;
        while (answered != round_end) {
            bool starved = false;
            if (sent != round_end) {
                int32_t n = A(send)(f, sent, req_size, (uint32_t)(round_end - sent));
                if (n > 0) {
                    sent += (uint32_t)n;
                    front_published(s, f, &tx, (uint32_t)n, policy);
                    A(front_flush)(f);
                }
                if (n < 0) {
                    r->broken = true;
                    break;
                }
                starved = n == 0;
            }
            int32_t n = A(collect)(f, answered, rsp_size, batch, &damage);
            if (n > 0) {
                answered += (uint32_t)n;
                notify_busy(policy, &rx);
                continue;
            }
            if (n < 0) {
                r->broken = true;
                break;
            }
            if (policy != NOTIFY_poll && !starved)
                front_idle(s, f, &tx, &rx, (uint32_t)(sent - answered), policy);
            if (policy != NOTIFY_poll || meter_idle_due(&m)) {
                going = meter_look(&m, s, answered);
                if (side_aborted(s))
                    return sent;
            }
        }
        if (m.phase == METER_MEASURE && s->index == 0)
            hist_record(latency, (uint64_t)((double)(ticks_now() - start) * ns_per_tick));
        if (meter_due(&m, answered))
            going = meter_look(&m, s, answered);
    }
    r->damaged |= damage != 0;
    return sent;
}

/* ---- offered load --------------------------------------------------------------------------- */

/*
 * Arrivals come at times of their own (Poisson); latency counts from the arrival, also while the
 * ring is full, so a slow back end cannot hide behind a front end that waits for it. The front end
 * is the load: it never sleeps, so that arrivals are punctual, and takes responses by polling. What
 * is measured is the back end under the policy.
 */
#define ARRIVALS_HELD 65536U /* arrivals whose time is remembered, power of two */

LOOP uint64_t front_offered_load(struct side *s, struct A(front) * f, uint32_t req_size,
                                 uint32_t rsp_size, uint32_t window, enum notify_policy policy,
                                 struct side_result *r)
{
    const uint32_t batch = s->exchange->point.batch;
    const double ns_per_tick = s->exchange->ns_per_tick;
    const double mean_ticks = 1e9 / s->exchange->point.load / ns_per_tick;
    struct hist *latency = &s->exchange->latency;
    struct notify_tx tx;
    struct meter m;
    uint64_t sent = 0, answered = 0, arrived = 0, damage = 0;
    uint64_t random = 0x9e3779b97f4a7c15ULL ^ (s->index + 1);
    static __thread uint64_t arrival[ARRIVALS_HELD];
    bool going = true;

    notify_tx_init(&tx, &s->exchange->point.params);
    meter_start(&m);
    double next = (double)m.started;
    while (going || answered != sent) {
        uint64_t now = ticks_now();
        while (going && (double)now >= next && arrived - answered < ARRIVALS_HELD) {
            arrival[arrived++ % ARRIVALS_HELD] = (uint64_t)next;
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            /* a uniform number in (0, 1]: the logarithm is finite */
            double uniform = ((double)(random >> 11) + 1.0) / 9007199254740992.0;
            next -= mean_ticks * log(uniform);
        }
        if (!going)
            arrived = sent; /* what was not sent when time ran out never will be */
        uint64_t room = window - (sent - answered);
        if (sent != arrived && room != 0) {
            uint64_t n_max = arrived - sent < room ? arrived - sent : room;
            int32_t n = A(send)(f, sent, req_size, n_max < batch ? (uint32_t)n_max : batch);
            if (n < 0) {
                r->broken = true;
                break;
            }
            if (n > 0) {
                sent += (uint32_t)n;
                front_published(s, f, &tx, (uint32_t)n, policy);
                A(front_flush)(f);
            }
        }
        int32_t n = A(collect)(f, answered, rsp_size, SIDE_BATCH_MAX, &damage);
        if (n < 0) {
            r->broken = true;
            break;
        }
        if (n > 0 && m.phase == METER_MEASURE && s->index == 0) {
            now = ticks_now();
            for (uint64_t i = answered; i != answered + (uint32_t)n; i++)
                hist_record(latency,
                            (uint64_t)((double)(now - arrival[i % ARRIVALS_HELD]) * ns_per_tick));
        }
        answered += (uint32_t)n;
#ifndef ADAPTER_POLLS_ONLY
        if (notify_uses_clock(policy)) {
            uint64_t deadline = notify_deadline(policy, &tx);
            if (deadline != NOTIFY_NEVER && deadline <= side_now(s))
                front_act(s, f, notify_flush(policy, &tx));
        }
#endif
        if (meter_due(&m, answered) || meter_idle_due(&m)) {
            going = meter_look(&m, s, answered) && going;
            if (side_aborted(s))
                break;
        }
    }
    r->damaged |= damage != 0;
    return sent;
}

/* ---- one function a loop -------------------------------------------------------------------- */

/* The end is copied to a local whose address stays here: its cursors can live in registers. */
#define FRONT_LOOP(name, call)                                                                     \
    static __attribute__((noinline)) uint64_t name(struct side *s, const struct A(front) * opened, \
                                                   uint32_t window, struct side_result * r)        \
    {                                                                                              \
        struct A(front) local = *opened, *f = &local;                                              \
        const struct native_point *p = &s->exchange->point;                                        \
        (void)p, (void)window;                                                                     \
        return call;                                                                               \
    }

#define BACK_LOOP(name, call)                                                                 \
    static __attribute__((noinline)) void name(struct side *s, const struct A(back) * opened, \
                                               struct side_result * r)                        \
    {                                                                                         \
        struct A(back) local = *opened, *b = &local;                                          \
        const struct native_point *p = &s->exchange->point;                                   \
        (void)p;                                                                              \
        call;                                                                                 \
    }

#define SIZED_LOOPS(size)                                                                   \
    FRONT_LOOP(front_one_way_##size, front_one_way(s, f, size, r))                          \
    BACK_LOOP(back_one_way_##size, back_one_way(s, b, size, r))                             \
    FRONT_LOOP(front_pairs_##size, front_pairs(s, f, size, size, window, NOTIFY_poll, r))   \
    FRONT_LOOP(front_round_trip_##size, front_round_trip(s, f, size, size, NOTIFY_poll, r)) \
    BACK_LOOP(back_pairs_##size, back_pairs(s, b, size, size, NOTIFY_poll, r))

#define POLICY_LOOPS(id)                                                                   \
    FRONT_LOOP(front_pairs_##id,                                                           \
               front_pairs(s, f, p->req_size, p->rsp_size, window, NOTIFY_##id, r))        \
    FRONT_LOOP(front_round_trip_##id,                                                      \
               front_round_trip(s, f, p->req_size, p->rsp_size, NOTIFY_##id, r))           \
    FRONT_LOOP(front_offered_load_##id,                                                    \
               front_offered_load(s, f, p->req_size, p->rsp_size, window, NOTIFY_##id, r)) \
    BACK_LOOP(back_pairs_##id, back_pairs(s, b, p->req_size, p->rsp_size, NOTIFY_##id, r))

/* Sizes with loops of their own: what is copied is a constant there, so descriptors are built and
 * checked in registers, as a user's would be. */
#define OWN_SIZES(X) X(8) X(16) X(32) X(64) X(128) X(256)

OWN_SIZES(SIZED_LOOPS)
FRONT_LOOP(front_one_way_words, front_one_way(s, f, p->req_size, r))
BACK_LOOP(back_one_way_words, back_one_way(s, b, p->req_size, r))
#ifdef ADAPTER_POLLS_ONLY
POLICY_LOOPS(poll)
#else
#define RING_POLICY(id, name, summary) POLICY_LOOPS(id)
#include "rings/policies.def"
#undef RING_POLICY
#endif

static uint64_t front_loop(struct side *s, const struct A(front) * f, uint32_t window,
                           struct side_result *r)
{
    const struct native_point *p = &s->exchange->point;
    const bool pairs = p->measure == NATIVE_PAIRS;

    const bool one_way = p->measure == NATIVE_ONE_WAY;

#define SIZE_CASE(size)                                        \
    case size:                                                 \
        return one_way ? front_one_way_##size(s, f, window, r) \
               : pairs ? front_pairs_##size(s, f, window, r)   \
                       : front_round_trip_##size(s, f, window, r);
    if (one_way || (p->policy == NOTIFY_poll && p->measure != NATIVE_OFFERED_LOAD &&
                    p->req_size == p->rsp_size))
        switch (p->req_size) {
            OWN_SIZES(SIZE_CASE)
        default:
            break;
        }
#undef SIZE_CASE
    if (one_way)
        return front_one_way_words(s, f, window, r);
    switch (p->policy) {
#define POLICY_CASE(id)                                                                     \
    case NOTIFY_##id:                                                                       \
        return p->measure == NATIVE_OFFERED_LOAD ? front_offered_load_##id(s, f, window, r) \
               : pairs                           ? front_pairs_##id(s, f, window, r)        \
                                                 : front_round_trip_##id(s, f, window, r);
#ifdef ADAPTER_POLLS_ONLY
        POLICY_CASE(poll)
#else
#define RING_POLICY(id, name, summary) POLICY_CASE(id)
#include "rings/policies.def"
#undef RING_POLICY
#endif
#undef POLICY_CASE
    default:
        return 0; /* native_refusal lets no other policy through */
    }
}

static void back_loop(struct side *s, const struct A(back) * b, struct side_result *r)
{
    const struct native_point *p = &s->exchange->point;

    const bool one_way = p->measure == NATIVE_ONE_WAY;

#define SIZE_CASE(size)                                               \
    case size:                                                        \
        (one_way ? back_one_way_##size : back_pairs_##size)(s, b, r); \
        return;
    if (one_way || (p->policy == NOTIFY_poll && p->req_size == p->rsp_size))
        switch (p->req_size) {
            OWN_SIZES(SIZE_CASE)
        default:
            break;
        }
#undef SIZE_CASE
    if (one_way) {
        back_one_way_words(s, b, r);
        return;
    }
    switch (p->policy) {
#define POLICY_CASE(id)           \
    case NOTIFY_##id:             \
        back_pairs_##id(s, b, r); \
        break;
#ifdef ADAPTER_POLLS_ONLY
        POLICY_CASE(poll)
#else
#define RING_POLICY(id, name, summary) POLICY_CASE(id)
#include "rings/policies.def"
#undef RING_POLICY
#endif
#undef POLICY_CASE
    default:
        break;
    }
}

/* What a subject's front and back functions are: attach, meet at the start line, loop. */

static void adapter_front(struct side *s)
{
    struct side_result *r = &s->exchange->results[s->index];
    struct A(front) f;

    if (s->index != 0)
        side_wait_laid_out(s);
    r->error = A(front_open)(&f, s);
    if (s->index == 0)
        side_laid_out(s);
    side_start_line(s);
    uint64_t sent = 0;
    if (r->error == NULL)
        sent = front_loop(s, &f, A(window)(&s->exchange->point), r);
    if (r->broken)
        side_give_up(s);
    side_front_stops(s, sent);
}

static void adapter_back(struct side *s)
{
    struct side_result *r = &s->exchange->results[s->index];
    struct A(back) b;

    side_wait_laid_out(s);
    r->error = A(back_open)(&b, s);
    side_start_line(s);
    if (r->error == NULL)
        back_loop(s, &b, r);
    if (r->broken || r->error != NULL)
        side_give_up(s);
}
