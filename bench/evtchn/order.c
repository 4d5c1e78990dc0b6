/* SPDX-License-Identifier: MIT */
/*
 * The order in which hot ports are served, on one core and without a clock: time is counted in
 * serves, so that nothing but the ABI and the seed decides.
 */
#include <stdlib.h>

#include "bench/evtchn/turns.h"
#include "bench/evtchn/parts.h"

#define WARM_SWEEPS 2U /* times as many serves as there are ports */

struct order {
    struct run *run;
    struct world *world;
    struct shuffle shuffle;
    struct turns turns;
    uint64_t *since; /* [ports] when the port became pending; what it is if idle does not count */
    uint64_t now;    /* serves */
    bool refused;
};

static void send(struct order *o, uint32_t port)
{
    struct evbench_observation *out = o->run->out;
    struct evtchn_effect effect = {NULL, 0};
    o->refused |= evtchn_send(&o->world->sender, port, &effect) != 0;
    out->sends++;
    out->upcalls += effect.upcall != NULL;
    if ((effect.what & EVTCHN_IS_PENDING) != 0)
        o->since[port] = o->now;
    else
        out->merged++;
}

/* The next port, by as many upcalls as it takes; 0: it should have been there. */
static uint32_t serve(struct order *o)
{
    struct evtchn_consumer *c = &o->world->consumer;
    uint32_t port = evtchn_consumer_next(c);
    if (port == EVTCHN_NONE && *o->world->upcall != 0) {
        evtchn_consumer_begin(c);
        port = evtchn_consumer_next(c);
    }
    o->now++;
    return port < o->world->ports ? port : 0;
}

/* false: an event went missing. */
static bool serves(struct order *o, uint64_t count, bool measured)
{
    struct hist *latency = &o->run->bench->hists.latency;
    const uint32_t burst = o->run->point->burst;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t port = serve(o);
        if (port == 0)
            return false;
        if (measured) {
            hist_record(latency, o->now - o->since[port]);
            turns_served(&o->turns, port, o->now - o->since[port]);
        }
        if (burst == 0)
            send(o, port);
        for (uint32_t n = 0; n < burst; n++)
            send(o, shuffle_next(&o->shuffle));
    }
    return !o->refused;
}

static void measure(struct order *o)
{
    struct run *run = o->run;
    struct evbench_hists *hists = &run->bench->hists;
    const uint32_t ports = run->point->ports;
    uint64_t count = (uint64_t)EVBENCH_ORDER_SWEEPS * ports;
    if (count < EVBENCH_ORDER_SERVES)
        count = EVBENCH_ORDER_SERVES;

    for (uint32_t i = 1; i < ports; i++)
        send(o, shuffle_next(&o->shuffle));
    if (!serves(o, (uint64_t)WARM_SWEEPS * ports, false)) {
        run->fault = FAULT_LOST;
        return;
    }
    run->out->sends = run->out->merged = run->out->upcalls = 0;
    turns_start(&o->turns, &hists->last);
    if (!serves(o, count, true)) {
        run->fault = FAULT_LOST;
        return;
    }
    for (uint32_t port = 1; port < ports; port++)
        if (evtchn_is_pending(&o->world->receiver, port))
            turns_waiting(&o->turns, port, o->now - o->since[port]);
    turns_end(&o->turns, &hists->worst, run->out);
    run->out->events = run->out->elapsed_ns = count;
    run->out->has_latency = true;
}

void measure_order(struct run *run)
{
    const uint32_t ports = run->point->ports;
    struct order o = {.run = run,
                      .world = &run->bench->world,
                      .shuffle = shuffle_of(run),
                      .since = calloc(ports, sizeof *o.since)};
    if (turns_init(&o.turns, ports) && o.since != NULL)
        measure(&o);
    else
        run->fault = FAULT_MEMORY;
    turns_free(&o.turns);
    free(o.since);
}
