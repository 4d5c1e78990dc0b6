/* SPDX-License-Identifier: MIT */
/*
 * An end of a ring between two domains (tests/system/domains/ring/ring.h), measured: throughput,
 * notifications, processor time, and with latency=1 how long each request took, from before it was
 * written until its response was read.
 *
 *   count=N     requests, of which the first
 *   warm=N      are not measured
 *   latency=1   measure each request, which costs two looks at the clock: `clock` says how much a
 *               look takes
 *   load=N seed=N service-ns=N   an open loop (bench/domains/offered.h): with latency=1, how long
 *               a request took from when it was due
 *   span=MS     with latency=1: the front end stops of itself so long after the first that is
 *               measured, and leaves the ring as it is: the other end has count=0, and is not asked
 *   gates=1     listens to a channel `gate0` too, on which somebody may send what it likes
 *   counters=   hardware counters (bench/domains/counted.h)
 */
#include "bench/domains/clock.h"
#include "bench/domains/counted.h"
#include "bench/domains/offered.h"
#include "bench/domains/result.h"
#include "bench/domains/spent.h"
#include "bench/hist/hist.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "tests/system/domains/ring/ring.h"

/* What has happened so far. */
struct totals {
    uint64_t at, running; /* ns */
    uint64_t sent, answered, tells, sleeps, events;
};

static struct totals began;
static struct hist latency;
static uint64_t span, over_at = UINT64_MAX; /* ns */
static uint64_t sent_at[RING_ENTRIES_MAX];

static struct totals totals_of(const struct ring_run *run)
{
    return (struct totals){.at = time_system().n,
                           .running = spent_running(),
                           .sent = run->sent,
                           .answered = run->answered,
                           .tells = run->tells,
                           .sleeps = run->sleeps,
                           .events = run->channel.events};
}

void ring_reached(struct ring_run *run)
{
    run->mark = UINT64_MAX;
    began = totals_of(run);
    counted_begin();
    over_at = span == 0 ? UINT64_MAX : began.at + span;
}

void ring_answered(struct ring_run *run, uint64_t sent)
{
    uint64_t now = time_system().n;
    if (run->mark != UINT64_MAX)
        return;
    hist_record(&latency, now - sent);
    if (now >= over_at) { /* no more than what is on its way, and one that tells of it */
        over_at = UINT64_MAX;
        run->count = run->answered + run->window + 1;
    }
}

/* ns in which those that are measured were due. */
static uint64_t offering(const struct ring_run *run)
{
    uint64_t before = began.answered;
    return run->due[run->count - 1] - (before > 0 ? run->due[before - 1] : 0);
}

static void tell(const struct ring_run *run, const struct totals *end)
{
    result_begin();
    result_number("requests", end->answered - began.answered);
    result_number("elapsed", end->at - began.at);
    result_number("running", end->running - began.running);
    result_number("tells", end->tells - began.tells);
    result_number("sleeps", end->sleeps - began.sleeps);
    result_number("events", end->events - began.events);
    result_number("clock", clock_cost());
    counted_tell();
    if (run->due) {
        result_number("offering", offering(run));
        result_number("sent", end->sent - began.sent);
    }
    if (run->sent_at)
        result_hist("latency", &latency);
    result_end();
}

void guest_main(void)
{
    static struct ring_run run;
    static struct channel gate;
    if (start_option_number("gates", 0))
        channel_open(&gate, "gate0");
    channel_open(&run.channel, "ring");
    ring_options(&run);
    offered_options(&run);
    run.mark = start_option_number("warm", 0);
    if (run.mark >= run.count)
        power_panic("expected warm= below count=%lu, found %lu", run.count, run.mark);
    if (run.channel.is_front && start_option_number("latency", 0))
        run.sent_at = sent_at;
    span = run.sent_at ? start_option_number("span", 0) * NS_PER_MS : 0;
    hist_reset(&latency); /* before, because it takes longer than many requests */
    counted_open();
    ring_work(&run);
    counted_end();
    const struct totals end = totals_of(&run);
    if (span == 0)
        ring_close(&run);
    if (run.alone)
        power_panic("the other end is gone after %lu of %lu", run.answered, run.count);
    tell(&run, &end);
}
