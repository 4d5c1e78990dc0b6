/* SPDX-License-Identifier: MIT */
/*
 * Where the tool finds its own files: the source tree, which is the folder above that of the
 * executable, or RINGSIDE_ROOT of the environment if that is set.
 */
#ifndef RUNNER_PLACE_H
#define RUNNER_PLACE_H

#include "bench/runner/text.h"

#define PLACE_VARIABLE "RINGSIDE_ROOT"
#define PLACE_EXPERIMENTS "bench/experiments"
#define PLACE_PLOTS "plots"

/* root/sub; the caller frees. */
char *place_of(const char *sub);

/* A program of ours that lies beside this one; the caller frees. */
char *place_of_program(const char *name);

/* What the user named: a path if it has a / or ends in .exp, else a description of ours. */
char *place_of_experiment(const char *name);

/* Names of the descriptions that we have, sorted. */
struct strings place_experiments(void);

#endif
