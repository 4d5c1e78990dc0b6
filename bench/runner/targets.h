/* SPDX-License-Identifier: MIT */
/* Bounds on ratios and values, as descriptions ask for them: computed, and judged. */
#ifndef RUNNER_TARGETS_H
#define RUNNER_TARGETS_H

#include <stdio.h>

#include "bench/runner/dataset.h"
#include "bench/runner/exhibits.h"
#include "bench/runner/table.h"

struct target_result {
    bool measured;
    bool exact;            /* so that one observation is enough */
    struct interval ratio; /* or the value */
    const struct data_point *numerator,
        *denominator;  /* that the ratio is of; of a value the first */
    char why_not[160]; /* if it was not measured */
};

/* The dataset must have been summarised. */
struct target_result target_compute(const struct target_spec *target, const struct dataset *data,
                                    uint32_t seed);

/* "pass" or "miss" where the whole interval is on that side of the bound, "undecided" where it
 * holds the bound; "too few observations"; "not measured". */
const char *target_verdict(const struct target_spec *target, const struct target_result *result);

struct target_list {
    const struct target_spec *targets;
    size_t count;
    const struct dataset *data;
};

/* The targets of some experiments that are bounds on ratios, or those on values; no cells if there
 * are none. */
struct table targets_table(const struct target_list *lists, size_t count, uint32_t seed,
                           bool of_values);

/* "21 of 24 targets met (undecided: a; b) (not measured: c)"; NULL if there are none. The caller
 * frees. */
char *targets_summary(const struct target_list *lists, size_t count, uint32_t seed);

/* Both tables and the summary; nothing if there are none. */
void targets_print(FILE *out, const struct target_list *lists, size_t count, uint32_t seed);

#endif
