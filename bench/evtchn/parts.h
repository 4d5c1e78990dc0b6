/* SPDX-License-Identifier: MIT */
/* What evbench.c and the measures share. Within this folder. */
#ifndef BENCH_EVTCHN_PARTS_H
#define BENCH_EVTCHN_PARTS_H

#include <pthread.h>

#include "bench/evtchn/evbench.h"
#include "bench/evtchn/world.h"
#include "bench/native/ticks.h"
#include "bench/sim/random.h"

struct evbench {
    struct evbench_config config;
    double tsc_hz, clock_ns, step_ns;
    void *memory;       /* WORLD_BYTES, for the world */
    struct world world; /* of the point under work */
    struct evbench_hists hists;
    struct hist ticks; /* of rounds */
};

/* One observation under way. */
struct run {
    struct evbench *bench;
    const struct evbench_point *point;
    uint64_t duration_ticks, warm_ticks;
    double ns_per_tick;
    struct evbench_observation *out;
    uint32_t *order;   /* the bound ports, ports - 1 of them, shuffled as the measure likes */
    const char *fault; /* NULL, or why it must not be used */
};

/* Each fills out and bench->hists, or fault. */
void measure_rounds(struct run *r);
void measure_order(struct run *r);
void measure_two_cores(struct run *r);

#define FAULT_LOST "an event was lost or served twice, or a queue was broken"
#define FAULT_MEMORY "no memory"
#define FAULT_THREAD "a thread could not be started"
#define FAULT_STUCK "no progress: an event was lost, or a processor"

/* The clock, before what is timed: none of that begins earlier. ticks_now() comes after it. */
static inline uint64_t ticks_from(void)
{
    uint64_t now = ticks_now();
    _mm_lfence();
    return now;
}

static inline uint64_t run_ns(const struct run *r, uint64_t ticks)
{
    return (uint64_t)((double)ticks * r->ns_per_tick + 0.5);
}

/*
 * An endless sequence of ports: each pass is a permutation of all, chosen as it is handed out (R.
 * Durstenfeld, "Algorithm 235: random permutation", CACM 1964), each equally likely.
 */
struct shuffle {
    uint32_t *ports;
    uint32_t count, at;
    struct random random;
};

static inline struct shuffle shuffle_of(const struct run *r)
{
    return (struct shuffle){.ports = r->order,
                            .count = r->point->ports - 1,
                            .random = random_stream(r->point->seed, 0, 0)};
}

static inline uint32_t shuffle_next(struct shuffle *s)
{
    uint32_t with = s->at + (uint32_t)random_below(&s->random, s->count - s->at);
    uint32_t port = s->ports[with];
    s->ports[with] = s->ports[s->at];
    s->ports[s->at] = port;
    if (++s->at == s->count)
        s->at = 0;
    return port;
}

#endif
