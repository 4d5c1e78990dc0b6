/* SPDX-License-Identifier: MIT */
/*
 * The native platform: two pinned threads, or two processes over a memfd, exchange requests on this
 * machine, and one observation at a time is measured.
 *
 * Calling context: one thread, the runner's. The two workers are this module's own.
 */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/hist/hist.h"
#include "rings/notify.h"

enum native_measure {
    NATIVE_ONE_WAY,      /* front produces, back consumes; requests per second */
    NATIVE_PAIRS,        /* request and response, as many outstanding as fit; pairs per second */
    NATIVE_ROUND_TRIP,   /* `batch` requests, all their responses, again; latency of each round */
    NATIVE_OFFERED_LOAD, /* open loop, Poisson arrivals at `load` a second; latency since arrival */
    NATIVE_MEASURES
};

enum native_transport {
    NATIVE_BUSY_POLL, /* nothing is told; goes with policy poll, and only with it */
    NATIVE_EVENTFD,   /* telling is a write to the peer's eventfd, sleeping a read of one's own */
    NATIVE_TRANSPORTS
};

/* "one-way", "pairs", "round-trip", "offered-load"; "busy-poll", "eventfd"; NULL past the end. */
const char *native_measure_name(enum native_measure measure);
const char *native_transport_name(enum native_transport transport);

enum native_kind {
    NATIVE_LAYOUT, /* a line of rings/layouts.def */
    NATIVE_PEER,   /* somebody else's ring through its public API */
    NATIVE_RAW,    /* the machine's own limit: no ring at all */
};

struct native_subject;

/* What users type and figures show. */
const char *native_subject_name(const struct native_subject *subject);
enum native_kind native_subject_kind(const struct native_subject *subject);

/* One line on what it is (and where from). */
const char *native_subject_summary(const struct native_subject *subject);

/* NULL if this build can run it, else why not, naming the remedy (`make deps-peers`). */
const char *native_subject_missing(const struct native_subject *subject);

/* The i-th subject: layouts in list order, then peers, then raw limits; NULL past the end. */
const struct native_subject *native_subject_at(size_t i);

/* What is measured: a point of a sweep. */
struct native_point {
    const struct native_subject *subject;
    enum native_measure measure;
    enum native_transport transport;
    enum notify_policy policy;
    struct notify_params params;
    uint32_t entries;  /* 2..32768, power of two */
    uint32_t req_size; /* bytes, 8..256 in multiples of 4 */
    uint32_t rsp_size; /* likewise; unused one-way */
    uint32_t batch;    /* requests handed over at a time, 1..256 */
    uint32_t fronts;   /* 1; 1..64 where the subject has many producers */
    double load;       /* requests a second, offered-load only */
};

/* NULL if the point can be measured, else a sentence that says why not (static storage). */
const char *native_refusal(const struct native_point *point);

struct native_config {
    int cpu_front, cpu_back; /* processors to pin to; -1: the first two allowed ones */
    bool processes;          /* two processes over a memfd rather than two threads */
    const char *events;      /* counters by libpfm4 name, comma separated; NULL: the default set */
};

#define NATIVE_EVENTS_MAX 16
#define NATIVE_TEXT 160

/* A counter: how it was asked for, and if the machine lacks it, why it is not available. */
struct native_event {
    char name[64];
    bool available;
    char reason[NATIVE_TEXT]; /* of what is missing: all of it, or the kernel's part; else "" */
};

struct native_side {
    uint64_t cpu_ns;                    /* CPU time in the measured interval */
    uint64_t tells;                     /* notifications sent */
    uint64_t wakes;                     /* times it slept and was woken */
    double counters[NATIVE_EVENTS_MAX]; /* in the order of native_event_at; NaN: not counted */
};

struct native_observation {
    uint64_t requests;   /* completed in the measured interval */
    uint64_t elapsed_ns; /* of the measured interval */
    bool has_latency;    /* latency was filled (round-trip, offered-load) */
    struct native_side front, back;
};

struct native;

/*
 * Starts the workers and programs the counters. 0, or -1 with a sentence in error: a processor that
 * does not exist or may not be used, fewer than two processors, an event name that libpfm4 does not
 * know, no memory. Counters that the machine lacks are no error.
 */
int native_open(const struct native_config *config, struct native **native, char *error,
                size_t error_size);
void native_close(struct native *native);

/* The processors in use, the TSC's rate as calibrated (ticks a second), and the counters. */
int native_cpu_front(const struct native *native);
int native_cpu_back(const struct native *native);
double native_tsc_hz(const struct native *native);
const struct native_event *native_event_at(const struct native *native, size_t i); /* NULL: end */

/*
 * Measures one point for about duration_ns after a warm-up. latency, if not NULL, is reset and
 * filled with ns. 0, or -1 with a sentence in error (a refusal, a request lost or damaged, a side
 * that made no progress in time): the observation must not be used, later ones may follow.
 */
int native_observe(struct native *native, const struct native_point *point, uint64_t duration_ns,
                   struct native_observation *out, struct hist *latency, char *error,
                   size_t error_size);

#endif
