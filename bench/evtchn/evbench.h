/* SPDX-License-Identifier: MIT */
/*
 * Event channels on this machine: both halves of each delivery ABI of evtchn/, in one process, and
 * one observation at a time is measured.
 *
 * What is measured is the module's own code on memory that two cores share. A sending domain has an
 * interdomain channel to each port of a receiving one, which has one vcpu; an event is one
 * evtchn_send(), and is served when evtchn_consumer_next() hands its port out. There is no
 * hypervisor: no hypercall, no interrupt and none of an embedder's locks (evtchn.h: D, P) is in a
 * figure. Where a real vcpu is interrupted, the consumer of the two-core measures sees its upcall
 * flag by looking at it all the time.
 *
 * Nothing is subtracted from any figure. What of the measuring is in it, each measure says;
 * evbench_clock_ns() is the time between two readings of the clock with nothing in between.
 *
 * Calling context: one thread, the runner's. The threads that measure are this module's own, and
 * exist within evbench_observe() only.
 */
#ifndef BENCH_EVBENCH_H
#define BENCH_EVBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/hist/hist.h"

/*
 * The one-core measures, order aside, do rounds. A round picks `pending` ports at random, has them
 * idle, does the thing that is measured to all of them, and undoes it. Only the thing is timed, by
 * one pair of clock readings around the whole round: that pair is in the figure, which matters
 * where `pending` is small. Picking and undoing touch memory too, of both halves: caches are as
 * after other work on the same channels, and with many ports that means misses.
 *
 * The two-core measures pin a producer and a consumer. The producer goes through all ports in
 * random order, in another one each time around; choosing the next one is in the figures.
 */
enum evbench_measure {
    EVBENCH_SEND_IDLE,    /* one core: a send to each of the picked ports, which are idle. The first
                           * one finds the upcall flag clear, and with fifo the queue empty; the
                           * others find them set, and busy */
    EVBENCH_SEND_PENDING, /* one core: another send to each of the picked ports, pending already */
    EVBENCH_SCAN,         /* one core: the picked ports are pending; begin, then next until there is
                           * none (in the figure) */
    EVBENCH_DELIVER,      /* one core: the sends to the picked, idle ports and the scan that serves
                           * them, together; where a round is short, several between two readings
                           * of the clock, EVBENCH_DELIVER_EVENTS events: it is not mostly clock */
    EVBENCH_ORDER,        /* one core, no clock: every port is hot. After each serve the producer
                           * sends to `burst` ports more, in the order that the two-core measures
                           * have; or, where that is 0, to the port just served, so that always all
                           * are pending. Waiting is counted in serves. Follows from the seed: the
                           * same point and seed give the same observation, to the bit, on any
                           * machine */
    EVBENCH_STREAM,       /* two cores: the producer keeps `pending` events under way. Events a
                           * second. In the figure: a cell by which the consumer says how many it
                           * has served */
    EVBENCH_HANDOVER,     /* two cores: as stream, and the latency of each event from before its
                           * send until it was handed out. In the figures: two clock readings and
                           * one time stamp handed over an event */
    EVBENCH_HOT,          /* two cores: every port is hot. The producer sends as fast as it can,
                           * whether ports are pending or not; the consumer works serve_ns for each.
                           * Latencies as in handover, and fairness between ports */
    EVBENCH_MEASURES
};

#define EVBENCH_DELIVER_EVENTS 64U

/* "send-idle", "send-pending", "scan", "deliver", "order", "stream", "handover", "hot"; NULL past
 * the end. */
const char *evbench_measure_name(enum evbench_measure measure);

/* Does it need two cores; does it follow from the seed (clock "serves", else "tsc")? */
bool evbench_on_two_cores(enum evbench_measure measure);
bool evbench_is_exact(enum evbench_measure measure);

/* The i-th ABI's name, one line on it, and how many port numbers it has, in the order of
 * evtchn/abis.def; NULL, 0 past the end. */
const char *evbench_abi_name(size_t i);
const char *evbench_abi_summary(size_t i);
uint32_t evbench_abi_ports(size_t i);

#define EVBENCH_PORTS_MIN 8U
#define EVBENCH_PORTS_MAX 131072U
#define EVBENCH_PRIORITIES_MAX 16U
#define EVBENCH_BURST_MAX 64U
#define EVBENCH_SERVE_NS_MAX 1000000U

/* What is measured: a point of a sweep. Start from EVBENCH_DEFAULTS. What a measure does not
 * mention it does not look at, but for its range. */
struct evbench_point {
    size_t abi; /* index, see above */
    enum evbench_measure measure;
    uint32_t ports;      /* port numbers, 8..131072 and at most the ABI's: all of them but 0, which
                          * no ABI has, are bound, and unmasked */
    uint32_t pending;    /* 1..ports; `ports` means all: ports - 1. send-*, scan, deliver: picked
                          * ports; stream, handover: events under way at most */
    uint32_t burst;      /* order: 0..64, see there */
    uint32_t priorities; /* 1..16: bound ports are dealt out to so many, from the highest on; 1: the
                          * default one. Above 1 only where the ABI has them (fifo) */
    uint32_t serve_ns; /* stream, handover, hot: work of the consumer for each port, 0..10^6, after
                        * the event's latency was taken. hot: ports only stay hot while the
                        * consumer is the slower one; see `merged` */
    uint64_t seed;     /* of all that is random */
};

/* Any ABI carries this. */
#define EVBENCH_DEFAULTS                                                                 \
    (struct evbench_point)                                                               \
    {                                                                                    \
        .measure = EVBENCH_SCAN, .ports = 64, .pending = 1, .burst = 4, .priorities = 1, \
        .serve_ns = 0, .seed = 1                                                         \
    }
#define EVBENCH_HOT_SERVE_NS 500U /* what hot is best given: several sends */

/* NULL if the point can be measured, else text, filled with a sentence that says why not. */
const char *evbench_refusal(const struct evbench_point *point, char *text, size_t size);

struct evbench_config {
    int cpu_producer, cpu_consumer; /* processors to pin to; -1: the first two allowed ones.
                                     * One-core measures run on the producer's */
};

/*
 * Histograms; each is reset, and filled if the observation says so. In ns; order: in serves.
 *
 *   latency  rounds: the time of each (deliver: of those between two readings). order, handover,
 *            hot: from send to serve, of each event
 *   worst    order, hot: one value a port: the longest that an event of it waited, one that waits
 *            still when the measured interval ends included. Its maximum is the worst-served port
 *   last     order, hot: one value a sweep: how long the event waited that was served last. A sweep
 *            ends as soon as each port was served in it, and the next one begins. Where ports
 *            starve none ends: see `sweeps`, `starved`
 */
struct evbench_hists {
    struct hist latency, worst, last;
};

#define EVBENCH_DISTURBED 10U /* one round of so many */

struct evbench_observation {
    uint64_t events; /* what was timed: sends; scan, deliver, order and two cores: ports served */
    uint64_t elapsed_ns; /* of what was timed; order: serves */
    double event_ns; /* rounds: the mean time of a round, over its events, without the slowest tenth
                      * of the rounds (EVBENCH_DISTURBED), which others disturbed. Two cores:
                      * elapsed_ns / events. order: NaN */
    uint64_t rounds; /* one-core measures; else 0 */
    uint64_t sends;  /* in the measured interval: all of them, */
    uint64_t merged; /*   those to a port that was pending already, */
    uint64_t upcalls;  /*   those that set the upcall flag */
    uint64_t sweeps;   /* order, hot: ended in the measured interval */
    uint64_t starved;  /* order, hot: ports that were not served in the measured interval */
    double jain;       /* order, hot: (sum x)^2 / (n * sum x^2), x: serves of a port; else NaN */
    bool has_latency;  /* the histogram latency was filled */
    bool has_fairness; /* worst and last were, starved and jain are known */
};

struct evbench;

/*
 * 0, or -1 with a sentence in error: a processor that does not exist or may not be used, fewer than
 * two processors, no memory.
 */
int evbench_open(const struct evbench_config *config, struct evbench **bench, char *error,
                 size_t error_size);
void evbench_close(struct evbench *bench);

/* The processors in use; the TSC's rate as calibrated (ticks a second). */
int evbench_cpu_producer(const struct evbench *bench);
int evbench_cpu_consumer(const struct evbench *bench);
double evbench_tsc_hz(const struct evbench *bench);

/* The time between two readings of the clock with nothing in between (median), and the smallest
 * step that it makes; on the producer's processor. */
double evbench_clock_ns(const struct evbench *bench);
double evbench_step_ns(const struct evbench *bench);

/*
 * Measures one point for about duration_ns after a warm-up of a fourth of it: of rounds, what is
 * not timed included, and at least one. Before that it lays out the domains anew: 131072 ports in
 * some 20 to 50 ms. order is not measured by time: after two times as many serves as there are
 * ports it takes EVBENCH_ORDER_SWEEPS times as many, and at least EVBENCH_ORDER_SERVES; with 131072
 * ports some 2 s, with a burst above 4 longer in proportion.
 *
 * hists may be NULL. 0, or -1 with a sentence in error (a refusal, no memory, an event that was
 * lost or served twice, a broken queue, no progress): the observation must not be used, later ones
 * may follow.
 */
#define EVBENCH_ORDER_SWEEPS 6U
#define EVBENCH_ORDER_SERVES 4096U
int evbench_observe(struct evbench *bench, const struct evbench_point *point, uint64_t duration_ns,
                    struct evbench_observation *out, struct evbench_hists *hists, char *error,
                    size_t error_size);

#endif
