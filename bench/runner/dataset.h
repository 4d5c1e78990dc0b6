/* SPDX-License-Identifier: MIT */
/* The observations of one experiment of a run, read back and grouped by point. */
#ifndef RUNNER_DATASET_H
#define RUNNER_DATASET_H

#include "bench/runner/suite.h"
#include "bench/runner/stats.h"

struct data_point {
    char *axes[AXES_MAX];
    char *key;                  /* all axes in one; see axes_key */
    size_t count;               /* observations */
    bool exact;                 /* all of them are the same; see suite.h */
    uint64_t *seqs;             /* their places in the order of the run */
    uint64_t *reps;             /* which repetition each is of */
    double **values;            /* [metric][observation] */
    struct interval *intervals; /* [metric], once dataset_summarise() has run */
};

struct dataset {
    const struct suite *suite;
    char *experiment;
    struct strings metrics;    /* columns after the axes and the record's own */
    struct data_point *points; /* in the order in which lists show them: by axis after axis */
    size_t count;
};

/* Reads dir/<experiment>.csv. A last line that has no end was being written in a crash, and is
 * ignored; any other line that does not fit the header is a fault. */
bool dataset_read(struct dataset *data, const char *dir, const char *experiment,
                  const struct suite *suite, struct fault *fault);
void dataset_free(struct dataset *data);

/* Medians and intervals of every metric of every point, by this seed. */
void dataset_summarise(struct dataset *data, uint32_t seed);

/* Index of a metric's column; data->metrics.count if it is not there. */
size_t dataset_metric(const struct dataset *data, const char *name);

/*
 * Ratio of a metric of two points of one run: the median over the repetitions that both have of the
 * ratio within each. What disturbs a machine for longer than a repetition takes (where the host put
 * the processors, how fast they are clocked) thus disturbs both sides alike and goes out.
 */
struct interval dataset_ratio(const struct data_point *numerator,
                              const struct data_point *denominator, size_t metric, uint32_t seed);

/* NULL if there is none. */
const struct data_point *dataset_find(const struct dataset *data, const char *key);

#endif
