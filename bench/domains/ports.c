/* SPDX-License-Identifier: MIT */
/*
 * How long an event takes from one domain to another's handler, by how many ports that has. The
 * front end of the channel `ports` sends, one event at a time, each to another port; the back end
 * sleeps, and its handler looks at the clock. What both share is the channel's memory.
 *
 *   ports=N    bound, of the back end; every one of them has its turn
 *   count=N    events that are measured, after a turn of WARM events
 */
#include "bench/domains/clock.h"
#include "bench/domains/meet.h"
#include "bench/domains/result.h"
#include "bench/hist/hist.h"
#include "guest/address.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/thread.h"

#define WARM 32U

/* From one port to the next: prime, so that all have their turn, and far from the last one's word.
 */
#define STRIDE 769U

/* Written by one end each. */
struct shared {
    volatile uint64_t sent_at;  /* front: of the event on its way, ns */
    volatile uint64_t received; /* back: events so far */
    volatile uint64_t bound;    /* back: ports that are there */
    uint32_t ports[];           /* back: its own */
};

static struct channel channel;
static struct shared *shared;
static struct hist latency;
static volatile uint64_t received; /* written by the handler */

static void handle(evtchn_port_t port, void *data)
{
    uint64_t now = time_system().n;
    (void)port;
    if (received >= WARM)
        hist_record(&latency, now - shared->sent_at);
    received++;
    thread_wake(data);
}

static void receive(uint64_t ports, uint64_t count)
{
    meet_attach(&channel);
    shared = channel.memory;
    hist_reset(&latency);
    for (uint64_t i = 0; i < ports; i++) {
        long port = event_alloc_unbound(DOMID_SELF, channel.peer);
        if (port < 0)
            power_panic("port %lu of %lu: error %ld", i, ports, port);
        shared->ports[i] = (uint32_t)port;
        event_handle((evtchn_port_t)port, handle, thread_self());
        event_unmask((evtchn_port_t)port);
    }
    shared->bound = ports;
    channel_send(&channel);
    while (received < count + WARM) {
        meet_wait(&channel, &received, shared->received + 1);
        shared->received = received;
        channel_send(&channel);
    }
    result_begin();
    result_number("events", latency.count);
    result_number("clock", clock_cost());
    result_hist("latency", &latency);
    result_end();
    /* The other end's grants end with what is mapped. */
    channel_close(&channel);
}

static void send(uint64_t ports, uint64_t count)
{
    evtchn_port_t *local = page_alloc_run((ports * sizeof(*local) + PAGE_SIZE - 1) / PAGE_SIZE);
    shared = channel.memory;
    channel_offer(&channel);
    meet_wait(&channel, &shared->bound, ports);
    for (uint64_t i = 0; i < ports; i++) {
        long port = event_bind_interdomain(channel.peer, shared->ports[i]);
        if (port < 0)
            power_panic("port %u of the other end: error %ld", shared->ports[i], port);
        local[i] = (evtchn_port_t)port;
    }
    uint64_t begin = time_system().n;
    for (uint64_t i = 0; i < count + WARM; i++) {
        shared->sent_at = time_system().n;
        long error = event_send(local[i * STRIDE % ports]);
        if (error)
            power_panic("event %lu: error %ld", i, error);
        meet_wait(&channel, &shared->received, i + 1);
    }
    uint64_t elapsed = time_system().n - begin;
    result_begin();
    result_number("elapsed", elapsed);
    result_end();
}

void guest_main(void)
{
    uint64_t ports = start_option_number("ports", 1);
    uint64_t count = start_option_number("count", 1000);
    channel_open(&channel, "ports");
    if (ports == 0)
        power_panic("ports=0: expected one or more");
    if (sizeof(struct shared) + ports * sizeof(uint32_t) > channel.pages * PAGE_SIZE)
        power_panic("channel ports: expected pages for %lu ports, found %u", ports, channel.pages);
    if (channel.is_front)
        send(ports, count);
    else
        receive(ports, count);
}
