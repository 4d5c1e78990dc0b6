/* SPDX-License-Identifier: MIT */
/*
 * One side of an exchange as its worker sees it: where the ring is, when to start and stop, whom to
 * tell, how to sleep, and what is counted meanwhile.
 *
 * A worker is a thread or a process (see native.c); struct exchange is the memory that all of them
 * and the runner share, at the same address in each. A measured loop keeps everything hot in
 * locals, and calls meter_due() every so many requests to learn the time.
 */
#ifndef BENCH_NATIVE_SIDE_H
#define BENCH_NATIVE_SIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/native/counters.h"
#include "bench/native/native.h"
#include "bench/native/ticks.h"
#include "rings/ring.h"

#define SIDE_BACK RING_FRONTS_MAX /* index of the back end's worker; front ends come first */
#define SIDE_WORKERS (RING_FRONTS_MAX + 1)

/* Requests that a side can have checked or staged at a time: the largest batch. */
#define SIDE_BATCH_MAX 256U

/* What a side counted between the begin and the end of its measured interval. */
struct side_result {
    uint64_t requests;
    uint64_t ticks; /* TSC */
    uint64_t cpu_ns;
    uint64_t tells, wakes;
    double counters[NATIVE_EVENTS_MAX]; /* NaN: not counting meanwhile */
    bool measured;                      /* the interval began and ended */
    bool damaged;                       /* a request or response was not the one expected */
    bool broken;                        /* the ring said RING_EBROKEN */
    const char *error;                  /* could not start: static text */
};

struct exchange {
    /* set by the runner before each observation */
    struct native_point point;
    uint64_t warm_ticks, duration_ticks;
    double ns_per_tick;
    bool crowded; /* more workers than processors: who idles gives way */

    /* one observation's rendezvous */
    _Atomic uint32_t round;    /* futex: workers wait for it to change */
    _Atomic uint32_t done;     /* futex: workers that finished this round */
    _Atomic uint32_t laid_out; /* front end 0 has initialised the region */
    _Atomic uint32_t arrived;  /* workers at the start line */
    _Atomic uint32_t fronts_running;
    _Atomic bool back_measured; /* its interval is over: front ends may stop */
    _Atomic uint64_t sent;      /* requests sent in all, added by each front end as it stops */
    _Atomic bool abort;
    _Atomic bool quit;

    struct side_result results[SIDE_WORKERS];
    struct hist latency; /* ns, by front end 0 */
};

/* Private to a worker. */
struct side {
    struct exchange *exchange;
    uint32_t index; /* front end's number, or SIDE_BACK */
    uint8_t *region;
    const int *eventfds; /* SIDE_WORKERS of them, by index */
    int counter_fds[NATIVE_EVENTS_MAX];
    uint32_t counters;
    uint64_t tells, wakes;
    void *priv; /* private memory of the ring's end, grown as needed */
    size_t priv_size;
};

/* Called by a subject's front or back function once its end is attached. */
void side_laid_out(struct side *s);                   /* front end 0, after laying out the region */
void side_wait_laid_out(struct side *s);              /* everyone else, before attaching */
void side_start_line(struct side *s);                 /* all of them, right before the loop */
void side_front_stops(struct side *s, uint64_t sent); /* a front end has sent its last */
/* This side cannot go on: ends the observation for all of them. */
void side_give_up(struct side *s);

/* Zeroed private memory of at least size bytes, aligned to 64; NULL when there is none. */
void *side_private(struct side *s, size_t size);

void side_tell(struct side *s, uint32_t index);
/* Sleeps until told or until the deadline (ns of side_now; NOTIFY_NEVER for none). */
void side_sleep(struct side *s, uint64_t deadline);

static inline uint64_t side_now(const struct side *s)
{
    return (uint64_t)((double)ticks_now() * s->exchange->ns_per_tick);
}

static inline bool side_aborted(const struct side *s)
{
    return atomic_load_explicit(&s->exchange->abort, memory_order_relaxed);
}

/* Back end: have all front ends stopped, and is `received` all that they sent? */
static inline bool side_all_received(const struct side *s, uint64_t received)
{
    return atomic_load_explicit(&s->exchange->fronts_running, memory_order_acquire) == 0 &&
           atomic_load_explicit(&s->exchange->sent, memory_order_relaxed) == received;
}

/* A side's clock: it reads the time only every `every` requests or idle looks. */
struct meter {
    uint64_t next;  /* requests at which to look at the time */
    uint64_t every; /* requests between two looks: about METER_LOOK_TICKS */
    uint32_t idle;  /* looks in a row that found nothing to do */
    uint64_t started, looked, begun;
    uint64_t begun_requests, begun_cpu_ns, begun_tells, begun_wakes;
    struct counter_reading begun_counters[NATIVE_EVENTS_MAX];
    enum { METER_WARM, METER_MEASURE, METER_DONE } phase;
};

#define METER_IDLE_LOOKS 256U /* idle looks between two readings of the clock */

void meter_start(struct meter *m);
/*
 * Looks at the time. False on abort, and once there is no more to measure: on either side a full
 * interval with a request in it, however the scheduler treated them.
 */
bool meter_look(struct meter *m, struct side *s, uint64_t requests);

static inline __attribute__((always_inline)) bool meter_due(const struct meter *m,
                                                            uint64_t requests)
{
    return __builtin_expect(requests >= m->next, 0);
}

static inline __attribute__((always_inline)) bool meter_idle_due(struct meter *m)
{
    return __builtin_expect(++m->idle >= METER_IDLE_LOOKS, 0);
}

/*
 * What travels: a word that numbers the request, and filler words computed from it, so that each
 * byte is written by one side and read by the other.
 */
static inline __attribute__((always_inline)) void item_fill(uint64_t *words, uint64_t number,
                                                            uint32_t size)
{
    for (uint32_t w = 0; w < (size + 7) / 8; w++)
        words[w] = number + w;
}

/* 0 if all words are as filled. */
static inline __attribute__((always_inline)) uint64_t item_check(const uint64_t *words,
                                                                 uint64_t number, uint32_t size)
{
    uint64_t difference = 0;
    for (uint32_t w = 0; w < size / 8; w++)
        difference |= words[w] ^ (number + w);
    return difference;
}

#endif
