/* SPDX-License-Identifier: MIT */
/*
 * How far a run is: a bar with the time left on a terminal, a plain line every few seconds
 * elsewhere. Both go to stderr; results go to stdout. Drawn between observations, never during one.
 */
#ifndef RUNNER_PROGRESS_H
#define RUNNER_PROGRESS_H

#include "bench/runner/text.h"

struct progress {
    size_t total, done;        /* observations */
    uint64_t planned, covered; /* ns that observing takes: of all, of those done */
    uint64_t started, drawn;   /* CLOCK_MONOTONIC, ns; drawn: 0 before the first time */
    bool terminal;
};

/* planned: ns that all observations will take. */
void progress_start(struct progress *progress, size_t total, uint64_t planned);

/* One more is done, which was planned to take `ns`; what: it in a few words. */
void progress_step(struct progress *progress, uint64_t ns, const char *what);

/* Clears the bar, so that something else can be printed. */
void progress_clear(struct progress *progress);

/* "1:05" or "1:02:03", of ns. */
char *time_text(uint64_t ns);

#endif
