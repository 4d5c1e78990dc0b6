/* SPDX-License-Identifier: MIT */
/*
 * When an event has its turn among others that are pending already. The back end of the channel
 * `order` has hot ports, which it makes pending itself, and a few measured ones spread among them
 * by number. In each round it makes all hot ports pending with upcalls masked, sleeps until the
 * front end has sent to the measured port whose turn it is, and then lets the upcall in. So the
 * measured event is always the last one that was sent, on one processor and on two.
 *
 *   hot=N       hot ports
 *   again=1     each of them is sent to again when it is handled, until the measured one was: an
 *               ABI that always begins at the same place never comes to it, and is given up after
 *               TURNS turns of each hot port
 *   urgent=1    fifo: measured ports have the highest priority, hot ones the default
 *   apart=1     the ends have a processor each: an event is pending a little before it is where a
 *               handler is looked for, so the back end waits until the front end has sent it
 *   count=N     events that are measured, after WARM others
 *
 * The rank of an event is 1 if it was handled first.
 */
#include "bench/domains/clock.h"
#include "bench/domains/meet.h"
#include "bench/domains/result.h"
#include "bench/hist/hist.h"
#include "guest/hypercall.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/vcpu.h"

#define MEASURED 8U /* ports; also in bench/runner/suites/domains_order.c */
#define WARM (2 * MEASURED)
#define TURNS 64U

/* Written by one end each. */
struct shared {
    volatile uint64_t sent_at; /* front: ns */
    volatile uint64_t sent;    /* front: events so far */
    volatile uint64_t ready;   /* back: rounds that it is ready for */
    volatile uint64_t done;    /* back: it has no more use for the other end */
    uint32_t ports[MEASURED];  /* back: its own */
};

static struct channel channel;
static struct shared *shared;

static evtchn_port_t *hot;
static uint64_t hot_count;
static bool again, apart;
static uint64_t most; /* hot events are handled before a measured one: then it is given up */

/* Of this round; handlers and the one thread take turns. */
static bool waiting; /* for the measured event */
static uint64_t passed_over;

static struct {
    struct hist latency; /* ns */
    uint64_t ranks, rank_max, starved;
} measured;
static bool is_measured; /* this round */

/* Which measured port's turn it is. Triangular numbers come by all remainders of a power of two, in
 * steps that do too: an ABI that goes on where it stopped is met everywhere. */
static unsigned measured_of(uint64_t round)
{
    return round * (round + 1) / 2 % MEASURED;
}

static void send_to(evtchn_port_t port)
{
    long error = event_send(port);
    if (error)
        power_panic("event to port %u: error %ld", port, error);
}

static void handle_hot(evtchn_port_t port, void *data)
{
    (void)data;
    if (!waiting || passed_over == most)
        return;
    passed_over++;
    if (again && passed_over < most)
        send_to(port);
}

static void handle_measured(evtchn_port_t port, void *data)
{
    uint64_t now = time_system().n;
    uint64_t rank = passed_over + 1;
    (void)port;
    (void)data;
    waiting = false;
    if (!is_measured)
        return;
    hist_record(&measured.latency, now - shared->sent_at);
    measured.ranks += rank;
    measured.rank_max = rank > measured.rank_max ? rank : measured.rank_max;
    measured.starved += most > 0 && passed_over == most;
}

/* ---- the back end */

static evtchn_port_t take(long port, event_handler *handler)
{
    if (port < 0)
        power_panic("a port is refused: error %ld", port);
    event_handle((evtchn_port_t)port, handler, NULL);
    event_unmask((evtchn_port_t)port);
    return (evtchn_port_t)port;
}

static void make_urgent(evtchn_port_t port)
{
    struct evtchn_set_priority set = {.port = port, .priority = EVTCHN_FIFO_PRIORITY_MAX};
    long error = hypercall_event_channel_op(EVTCHNOP_set_priority, &set);
    if (error)
        power_panic("priority of port %u: error %ld", port, error);
}

/* Hot ports that have a number below the measured port `m`. */
static uint64_t hot_below(unsigned m)
{
    return (hot_count * m + MEASURED / 2) / MEASURED;
}

/* In the order of their numbers: a measured port, then its part of the hot ones. */
static void bind_all(bool urgent)
{
    for (unsigned m = 0; m < MEASURED; m++) {
        shared->ports[m] = take(event_alloc_unbound(DOMID_SELF, channel.peer), handle_measured);
        if (urgent)
            make_urgent(shared->ports[m]);
        for (uint64_t i = hot_below(m); i < hot_below(m + 1); i++)
            hot[i] = take(event_bind_ipi(0), handle_hot);
    }
}

/* With upcalls masked. A poll may end for less than what it waits for. */
static void sleep_until_pending(evtchn_port_t port)
{
    struct sched_poll poll = {
        .ports = {&port}, .nr_ports = 1, .timeout = time_system().n + MEET_PATIENCE};
    while (!event_pending(port)) {
        long error = hypercall_sched_op(SCHEDOP_poll, &poll);
        if (error || time_system().n >= poll.timeout)
            power_panic("port %u: no event came, error %ld", port, error);
    }
}

static void wait_until_sent(uint64_t events)
{
    uint64_t latest = time_system().n + MEET_PATIENCE;
    while (shared->sent < events) {
        if (time_system().n >= latest)
            power_panic("event %lu: is pending, and was not sent", events);
        __builtin_ia32_pause();
    }
}

static void receive_one(uint64_t round)
{
    evtchn_port_t port = shared->ports[measured_of(round)];
    vcpu_mask();
    for (uint64_t i = 0; i < hot_count; i++)
        send_to(hot[i]);
    passed_over = 0;
    waiting = true;
    shared->ready = round + 1;
    channel_send(&channel);
    sleep_until_pending(port);
    if (apart)
        wait_until_sent(round + 1);
    vcpu_unmask();
    if (waiting)
        power_panic("round %lu: port %u was not handled", round, port);
}

static void receive(uint64_t count, bool urgent)
{
    meet_attach(&channel);
    shared = channel.memory;
    hist_reset(&measured.latency);
    if (hot_count > 0)
        hot = page_alloc_run((hot_count * sizeof(*hot) + PAGE_SIZE - 1) / PAGE_SIZE);
    bind_all(urgent);
    for (uint64_t round = 0; round < WARM + count; round++) {
        is_measured = round >= WARM;
        receive_one(round);
    }
    result_begin();
    result_number("events", measured.latency.count);
    result_number("ranks", measured.ranks);
    result_number("rank_max", measured.rank_max);
    result_number("starved", measured.starved);
    result_number("clock", clock_cost());
    result_hist("latency", &measured.latency);
    result_end();
    shared->done = 1;
    channel_send(&channel);
    /* The other end's grants end with what is mapped. */
    channel_close(&channel);
}

/* ---- the front end */

static void send(uint64_t count)
{
    evtchn_port_t local[MEASURED];
    shared = channel.memory;
    channel_offer(&channel);
    meet_wait(&channel, &shared->ready, 1);
    for (unsigned m = 0; m < MEASURED; m++) {
        long port = event_bind_interdomain(channel.peer, shared->ports[m]);
        if (port < 0)
            power_panic("port %u of the other end: error %ld", shared->ports[m], port);
        local[m] = (evtchn_port_t)port;
    }
    for (uint64_t round = 0; round < WARM + count; round++) {
        meet_wait(&channel, &shared->ready, round + 1);
        shared->sent_at = time_system().n;
        send_to(local[measured_of(round)]);
        shared->sent = round + 1;
    }
    meet_wait(&channel, &shared->done, 1);
}

void guest_main(void)
{
    uint64_t count = start_option_number("count", 1);
    hot_count = start_option_number("hot", 0);
    most = TURNS * hot_count;
    again = start_option_number("again", 0) != 0;
    apart = start_option_number("apart", 0) != 0;
    channel_open(&channel, "order");
    if (channel.is_front)
        send(count);
    else
        receive(count, start_option_number("urgent", 0) != 0);
}
