/* SPDX-License-Identifier: MIT */
/*
 * The measures of two cores: a producer that sends, a consumer that serves, each a pinned thread.
 *
 * The consumer keeps the time: it says when the warm-up is over and when the measured interval is.
 * The producer stops then, and the consumer serves what is left: each event that was sent must
 * come.
 */
#include <stdatomic.h>

#include "bench/evtchn/turns.h"
#include "bench/evtchn/parts.h"
#include "bench/evtchn/stamps.h"
#include "bench/native/processors.h"

#define LINE 64U

#define LOOK_SERVES 256U /* serves between two looks at the clock, where each serve has none */
#define LOOK_IDLE 256U   /* looks at the upcall flag, likewise */

/* Without an end after that long an observation has failed: far beyond any honest one. */
#define LATE_TICKS(run) \
    (20 * ((run)->warm_ticks + (run)->duration_ticks) + (uint64_t)(5e9 / (run)->ns_per_tick))

enum phase { WARMING, MEASURING, STOPPING, ABORTED };

/* What the producer counts. */
struct sent {
    uint64_t sends, events, upcalls; /* events: sends that made their port pending */
};

struct pair {
    struct run *run;
    struct world *world;
    struct stamps stamps;
    struct turns turns; /* the consumer's */

    /* Written by the consumer: */
    _Atomic uint32_t phase __attribute__((aligned(LINE)));
    _Atomic uint64_t served __attribute__((aligned(LINE))); /* events, in all */

    /* Written by the producer: */
    _Atomic uint32_t ready __attribute__((aligned(LINE)));
    _Atomic bool done;       /* and what follows is there */
    uint64_t sent, sent_sum; /* events and the sum of their ports, in all */
    struct sent begun, ended;
    bool refused;
};

#define INLINE static inline __attribute__((always_inline))

static uint32_t phase_of(struct pair *p)
{
    return atomic_load_explicit(&p->phase, memory_order_acquire);
}

static void enter(struct pair *p, enum phase phase)
{
    atomic_store_explicit(&p->phase, phase, memory_order_release);
}

/* ---- the producer --------------------------------------------------------------------------- */

INLINE void produce(struct pair *p, bool windowed, bool stamped)
{
    const struct evbench_point *point = p->run->point;
    const uint64_t bound = point->ports - 1;
    const uint64_t window = point->pending < bound ? point->pending : bound;
    struct shuffle shuffle = shuffle_of(p->run);
    struct sent sent = {0};
    uint64_t served = 0, sum = 0;
    uint32_t phase = WARMING;

    for (;;) {
        uint32_t now_phase = phase_of(p);
        if (now_phase != phase) {
            if (phase == WARMING)
                p->begun = sent;
            phase = now_phase;
            if (phase != MEASURING)
                break;
        }
        if (windowed && sent.events - served >= window) {
            served = atomic_load_explicit(&p->served, memory_order_relaxed);
            if (sent.events - served >= window) {
                evtchn_pause();
                continue;
            }
        }
        uint32_t port = shuffle_next(&shuffle);
        struct evtchn_effect effect = {NULL, 0};
        uint64_t at = stamped ? ticks_now() : 0;
        p->refused |= evtchn_send(&p->world->sender, port, &effect) != 0;
        sent.sends++;
        sent.upcalls += effect.upcall != NULL;
        if ((effect.what & EVTCHN_IS_PENDING) == 0)
            continue;
        if (stamped)
            stamps_put(&p->stamps, port, at);
        sent.events++;
        sum += port;
    }
    p->ended = sent;
    p->sent = sent.events;
    p->sent_sum = sum;
}

static void *producer(void *arg)
{
    struct pair *p = arg;
    processor_pin(p->run->bench->config.cpu_producer);
    atomic_store(&p->ready, 1);
    if (p->run->point->measure == EVBENCH_STREAM)
        produce(p, true, false);
    else if (p->run->point->measure == EVBENCH_HANDOVER)
        produce(p, true, true);
    else
        produce(p, false, true);
    atomic_store_explicit(&p->done, true, memory_order_release);
    return NULL;
}

/* ---- the consumer --------------------------------------------------------------------------- */

struct serving {
    struct pair *pair;
    enum phase phase;
    uint64_t served, sum;  /* in all */
    uint64_t begun, ended; /* ticks: the measured interval */
    uint64_t begun_served;
    uint64_t deadline; /* of the phase */
    uint64_t late;
    uint32_t unlooked;
};

static void give_up(struct serving *s, const char *fault)
{
    s->pair->run->fault = fault;
    s->phase = ABORTED;
    enter(s->pair, ABORTED);
}

/* The time is now. Between two events. */
static void look(struct serving *s, uint64_t now)
{
    struct run *run = s->pair->run;
    s->unlooked = 0;
    if (now >= s->late && s->phase != ABORTED)
        give_up(s, FAULT_STUCK);
    if (now < s->deadline || s->phase >= STOPPING)
        return;
    if (s->phase == WARMING) {
        s->begun = now;
        s->begun_served = s->served;
        s->deadline = now + run->duration_ticks;
        s->phase = MEASURING;
        if (run->point->measure == EVBENCH_HOT)
            turns_start(&s->pair->turns, &run->bench->hists.last);
    } else if (s->served != s->begun_served) {
        s->ended = now;
        run->out->events = s->served - s->begun_served;
        s->phase = STOPPING;
    }
    enter(s->pair, s->phase);
}

static void latency(struct serving *s, uint32_t port, uint64_t now, bool hot)
{
    struct pair *p = s->pair;
    struct run *run = p->run;
    uint64_t at;
    while (!stamps_take(&p->stamps, port, &at)) {
        if (ticks_now() >= s->late) {
            give_up(s, FAULT_STUCK);
            return;
        }
        evtchn_pause();
    }
    /* Its processor's clock may be ahead by less than a cache line takes to get here. */
    uint64_t wait = now > at ? now - at : 0;
    if (s->phase == MEASURING) {
        hist_record(&run->bench->hists.latency, run_ns(run, wait));
        if (hot)
            turns_served(&p->turns, port, run_ns(run, wait));
    } else if (s->phase == STOPPING && hot && at < s->ended) {
        turns_waiting(&p->turns, port, run_ns(run, s->ended - at));
    }
}

static void work(uint64_t ticks)
{
    uint64_t until = ticks_now() + ticks;
    while (ticks_now() < until)
        evtchn_pause();
}

INLINE void consume(struct serving *s, bool stamped, bool hot)
{
    struct pair *p = s->pair;
    struct evtchn_consumer *c = &p->world->consumer;
    const uint32_t ports = p->world->ports;
    const uint64_t work_ticks = (uint64_t)(p->run->point->serve_ns / p->run->ns_per_tick);

    for (;;) {
        if (evtchn_load(p->world->upcall) == 0) {
            if (atomic_load_explicit(&p->done, memory_order_acquire) && s->served == p->sent)
                return;
            if (++s->unlooked >= LOOK_IDLE)
                look(s, ticks_now());
            if (s->phase == ABORTED)
                return;
            evtchn_pause();
            continue;
        }
        evtchn_consumer_begin(c);
        for (uint32_t port; (port = evtchn_consumer_next(c)) != EVTCHN_NONE;) {
            if (port >= ports)
                give_up(s, FAULT_LOST);
            if (s->phase == ABORTED)
                return;
            s->sum += port;
            atomic_store_explicit(&p->served, ++s->served, memory_order_relaxed);
            if (stamped) {
                uint64_t now = ticks_now();
                latency(s, port, now, hot);
                look(s, now);
            } else if (work_ticks != 0 || ++s->unlooked >= LOOK_SERVES) {
                look(s, ticks_now());
            }
            if (work_ticks != 0 && s->phase < STOPPING)
                work(work_ticks);
        }
    }
}

static void *consumer(void *arg)
{
    struct serving *s = arg;
    struct run *run = s->pair->run;
    processor_pin(run->bench->config.cpu_consumer);
    while (atomic_load(&s->pair->ready) == 0)
        evtchn_pause();
    uint64_t now = ticks_now();
    s->deadline = now + run->warm_ticks;
    s->late = now + LATE_TICKS(run);
    if (run->point->measure == EVBENCH_STREAM)
        consume(s, false, false);
    else if (run->point->measure == EVBENCH_HANDOVER)
        consume(s, true, false);
    else
        consume(s, true, true);
    return NULL;
}

/* ---- both ----------------------------------------------------------------------------------- */

static void collect(struct pair *p, const struct serving *s)
{
    struct run *run = p->run;
    struct evbench_observation *o = run->out;
    if (run->fault == NULL && (p->refused || s->served != p->sent || s->sum != p->sent_sum))
        run->fault = FAULT_LOST;
    if (run->fault != NULL)
        return;
    uint64_t ticks = s->ended - s->begun;
    o->elapsed_ns = run_ns(run, ticks);
    o->event_ns = (double)ticks * run->ns_per_tick / (double)o->events;
    o->sends = p->ended.sends - p->begun.sends;
    o->merged = o->sends - (p->ended.events - p->begun.events);
    o->upcalls = p->ended.upcalls - p->begun.upcalls;
    o->has_latency = run->point->measure != EVBENCH_STREAM;
    if (run->point->measure == EVBENCH_HOT)
        turns_end(&p->turns, &run->bench->hists.worst, o);
}

static void run_both(struct pair *p)
{
    struct serving s = {.pair = p, .phase = WARMING};
    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, producer, p) != 0) {
        p->run->fault = FAULT_THREAD;
        return;
    }
    if (pthread_create(&threads[1], NULL, consumer, &s) != 0) {
        p->run->fault = FAULT_THREAD;
        enter(p, ABORTED);
    } else {
        pthread_join(threads[1], NULL);
    }
    pthread_join(threads[0], NULL);
    collect(p, &s);
}

void measure_two_cores(struct run *run)
{
    const uint32_t ports = run->point->ports;
    struct pair *p = aligned_alloc(LINE, sizeof *p);
    if (p == NULL) {
        run->fault = FAULT_MEMORY;
        return;
    }
    *p = (struct pair){.run = run, .world = &run->bench->world};
    if (turns_init(&p->turns, ports) && stamps_init(&p->stamps, ports))
        run_both(p);
    else
        run->fault = FAULT_MEMORY;
    turns_free(&p->turns);
    stamps_free(&p->stamps);
    free(p);
}
