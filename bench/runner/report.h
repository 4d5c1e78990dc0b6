/* SPDX-License-Identifier: MIT */
/* Results on the screen: the tables that an experiment's description asks for. */
#ifndef RUNNER_REPORT_H
#define RUNNER_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/runner/dataset.h"
#include "bench/runner/experiment.h"

/* The dataset must have been summarised. */
void report_tables(FILE *out, const struct experiment *experiment, const struct dataset *data);

/* What was left out or skipped, and counters that are not available. */
void report_gaps(FILE *out, const json_t *manifest);

/* Why points were left out, for a run that leaves no manifest to say it. */
void report_refused(FILE *out, const json_t *manifest);

/* Of these, the counters that a run found out about while it measured. */
void report_learned(FILE *out, const json_t *manifest);

/* Observations that failed: the first few, and how many. */
void report_errors(FILE *out, const json_t *manifest);

#endif
