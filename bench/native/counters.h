/* SPDX-License-Identifier: MIT */
/*
 * Event counters of the calling thread, encoded by libpfm4 and read through perf_event_open(2).
 */
#ifndef BENCH_NATIVE_COUNTERS_H
#define BENCH_NATIVE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/native/native.h"

struct perf_event_attr;

struct counters;

/*
 * Encodes the events (comma separated; NULL: the default set) and tries each on the calling thread.
 * events[] gets *count names with their availability. NULL and a sentence in error if libpfm4 does
 * not know a name that the user gave, or if there are too many.
 */
struct counters *counters_new(const char *list, struct native_event *events, size_t *count,
                              char *error, size_t error_size);
void counters_free(struct counters *counters);

/* Opens the available ones on the calling thread: fds[i], or -1. Returns how many there are in all.
 */
uint32_t counters_open(const struct counters *counters, int *fds);

/* One counter as the kernel gives it. */
struct counter_reading {
    uint64_t value;
    uint64_t enabled; /* ns since it was opened */
    uint64_t running; /* ns of them in which it had a register */
    bool read;        /* false: it could not be opened or read */
};

void counters_read(const int *fds, uint32_t count, struct counter_reading *readings);

/* Events between two readings, scaled for the time in which the counter had to share its register;
 * NaN if it was never counting in between. */
double counter_between(const struct counter_reading *begin, const struct counter_reading *end);

#endif
