/* SPDX-License-Identifier: MIT */
/* What `ringside run` was asked for on its command line. */
#ifndef RUNNER_RUN_OPTIONS_H
#define RUNNER_RUN_OPTIONS_H

#include "bench/runner/manifest.h"

struct run_options {
    struct strings names; /* of experiments, or paths */
    char *out;            /* NULL: the default */
    struct parameters parameters;
    int cpu_front, cpu_back; /* -1: the first two allowed ones */
};

/* Ends the program with usage if it makes no sense. */
void run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_free(struct run_options *options);

#endif
