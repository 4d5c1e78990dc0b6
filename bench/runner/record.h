/* SPDX-License-Identifier: MIT */
/*
 * Writing observations down as they are made. Each goes to disk by one write at the end of the file
 * (its histogram by one before that), so that a crash loses at most the one in flight; readers
 * ignore a last line that has no end, and a histogram without its observation.
 */
#ifndef RUNNER_RECORD_H
#define RUNNER_RECORD_H

#include "bench/runner/suite.h"

struct record {
    const struct suite *suite;
    int rows;  /* <experiment>.csv */
    int hists; /* hist/<experiment>/observations.csv */
};

#define RECORD_UNOPENED         \
    (struct record)             \
    {                           \
        .rows = -1, .hists = -1 \
    }

/* What a row says besides its axes and metrics. */
struct row {
    uint64_t seq, rep, work, elapsed_ns;
    uint64_t seed; /* of suites that are seeded */
};

/* Makes both files with their headers; metrics: the columns. */
bool record_open(struct record *record, const char *dir, const char *experiment,
                 const struct suite *suite, const struct strings *metrics, struct fault *fault);
void record_close(struct record *record);

/* values: one for each metric, NaN for not available; latency: NULL for none. */
bool record_append(struct record *record, char *const axes[AXES_MAX], const struct row *row,
                   const double *values, size_t count, const struct hist *latency,
                   struct fault *fault);

/*
 * The header of <experiment>.csv, with its newline; the caller frees. Its columns are the axes,
 * then seq, rep, what the suite counts, elapsed_ns and, if the suite is seeded, seed; then the
 * metrics.
 */
char *record_header(const struct suite *suite, const struct strings *metrics);

/* Columns of an observation's place in the order of the run, and of its first metric. */
size_t record_seq(const struct suite *suite);
size_t record_metrics(const struct suite *suite);

#endif
