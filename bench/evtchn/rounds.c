/* SPDX-License-Identifier: MIT */
/* The measures of one core: rounds of which one part is timed. */
#include "bench/evtchn/parts.h"

/* What became of sends, as the embedder of the producing half sees it. */
struct sent {
    uint64_t merged, upcalls;
    uint64_t refused; /* by an error */
};

/* What scans handed out; EVTCHN_BROKEN_QUEUE is in it, as no port that was sent to. */
struct served {
    uint64_t count, sum; /* of port numbers */
};

#define INLINE static inline __attribute__((always_inline))

INLINE void send_all(struct world *w, const uint32_t *ports, uint32_t n, struct sent *sent)
{
    struct sent s = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct evtchn_effect effect = {NULL, 0};
        s.refused += evtchn_send(&w->sender, ports[i], &effect) != 0;
        s.merged += (effect.what & EVTCHN_IS_PENDING) == 0;
        s.upcalls += effect.upcall != NULL;
    }
    sent->merged += s.merged;
    sent->upcalls += s.upcalls;
    sent->refused += s.refused;
}

INLINE void scan(struct world *w, struct served *served)
{
    uint64_t count = 0, sum = 0;
    uint32_t port;
    evtchn_consumer_begin(&w->consumer);
    while ((port = evtchn_consumer_next(&w->consumer)) != EVTCHN_NONE) {
        count++;
        sum += port;
    }
    served->count += count;
    served->sum += sum;
}

struct rounds {
    struct world *world;
    enum evbench_measure measure;
    uint32_t picked; /* ports a round */
    uint32_t timed;  /* rounds between two readings of the clock, a power of two */
    uint32_t slices; /* how many of them pick other ports, the rest again the same; divides timed */
    struct shuffle shuffle;
    uint64_t sum;         /* of the port numbers picked */
    struct sent sent;     /* of all sends, but those that prepare for others */
    struct served served; /* of all */
};

/* The first ports of the order are a random sample of all. */
static void pick(struct rounds *r)
{
    r->shuffle.at = 0;
    r->sum = 0;
    for (uint32_t i = 0; i < r->slices * r->picked; i++)
        r->sum += shuffle_next(&r->shuffle);
}

static uint64_t send_idle(struct rounds *r)
{
    uint64_t from = ticks_from();
    send_all(r->world, r->shuffle.ports, r->picked, &r->sent);
    uint64_t ticks = ticks_now() - from;
    scan(r->world, &r->served);
    return ticks;
}

static uint64_t send_pending(struct rounds *r)
{
    struct sent first = {0};
    send_all(r->world, r->shuffle.ports, r->picked, &first);
    r->sent.refused += first.refused + first.merged;
    uint64_t from = ticks_from();
    send_all(r->world, r->shuffle.ports, r->picked, &r->sent);
    uint64_t ticks = ticks_now() - from;
    scan(r->world, &r->served);
    return ticks;
}

static uint64_t scan_pending(struct rounds *r)
{
    send_all(r->world, r->shuffle.ports, r->picked, &r->sent);
    uint64_t from = ticks_from();
    scan(r->world, &r->served);
    return ticks_now() - from;
}

static uint64_t deliver(struct rounds *r)
{
    uint64_t from = ticks_from();
    for (uint32_t i = 0, slice = 0; i < r->timed;
         i++, slice = slice + 1 == r->slices ? 0 : slice + 1) {
        send_all(r->world, r->shuffle.ports + (size_t)slice * r->picked, r->picked, &r->sent);
        scan(r->world, &r->served);
    }
    return ticks_now() - from;
}

static uint64_t one_turn(struct rounds *r)
{
    switch (r->measure) {
    case EVBENCH_SEND_IDLE:
        return send_idle(r);
    case EVBENCH_SEND_PENDING:
        return send_pending(r);
    case EVBENCH_SCAN:
        return scan_pending(r);
    default:
        return deliver(r);
    }
}

static bool went_well(const struct rounds *r)
{
    uint64_t sends = (uint64_t)r->timed * r->picked;
    return r->sent.refused == 0 &&
           r->sent.merged == (r->measure == EVBENCH_SEND_PENDING ? sends : 0) &&
           r->served.count == sends && r->served.sum == r->sum * (r->timed / r->slices);
}

static void record(struct run *run, const struct rounds *r, uint64_t ticks)
{
    struct evbench_observation *o = run->out;
    o->rounds += r->timed;
    o->events += (uint64_t)r->timed * r->picked;
    o->sends += (uint64_t)r->timed * r->picked;
    o->merged += r->sent.merged;
    o->upcalls += r->sent.upcalls;
    hist_record(&run->bench->ticks, ticks);
    hist_record(&run->bench->hists.latency, run_ns(run, ticks));
}

static struct rounds rounds_of(const struct run *run)
{
    const struct evbench_point *p = run->point;
    uint32_t bound = p->ports - 1;
    struct rounds r = {
        .world = &run->bench->world,
        .measure = p->measure,
        .picked = p->pending < bound ? p->pending : bound,
        .slices = 1,
        .timed = 1,
        .shuffle = shuffle_of(run),
    };
    if (p->measure == EVBENCH_DELIVER) {
        while (2 * r.timed * r.picked <= EVBENCH_DELIVER_EVENTS)
            r.timed *= 2;
        while (r.slices < r.timed && 2 * r.slices * r.picked <= bound)
            r.slices *= 2;
    }
    return r;
}

/* The mean of all values but the highest tenth, those of one bucket being one. */
static double undisturbed(const struct hist *h)
{
    uint64_t wanted = h->count - h->count / EVBENCH_DISTURBED, left = wanted;
    double sum = 0;
    for (uint32_t i = 0; left != 0; i++) {
        uint64_t n = h->buckets[i] < left ? h->buckets[i] : left;
        sum += (double)n * ((double)hist_lowest(i) + (double)hist_highest(i)) / 2;
        left -= n;
    }
    return sum / (double)wanted;
}

void measure_rounds(struct run *run)
{
    struct rounds r = rounds_of(run);
    const uint64_t started = ticks_now(), warm = started + run->warm_ticks;
    const uint64_t end = warm + run->duration_ticks;
    hist_reset(&run->bench->ticks);
    for (uint64_t now = started; now < end || run->out->rounds == 0; now = ticks_now()) {
        pick(&r);
        r.sent = (struct sent){0};
        r.served = (struct served){0};
        uint64_t ticks = one_turn(&r);
        if (!went_well(&r)) {
            run->fault = FAULT_LOST;
            return;
        }
        if (now >= warm)
            record(run, &r, ticks);
    }
    struct evbench_observation *o = run->out;
    o->elapsed_ns = run_ns(run, run->bench->ticks.sum);
    o->event_ns = undisturbed(&run->bench->ticks) * run->ns_per_tick / ((double)r.timed * r.picked);
    o->has_latency = true;
}
