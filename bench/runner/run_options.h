/* SPDX-License-Identifier: MIT */
/* What `ringside run`, and commands that share options with it, were asked for. */
#ifndef RUNNER_RUN_OPTIONS_H
#define RUNNER_RUN_OPTIONS_H

#include <argp.h>

#include "bench/runner/manifest.h"

struct run_options {
    struct strings names; /* of experiments, or paths */
    char *out;            /* NULL: the default */
    struct parameters parameters;
    int cpu_front, cpu_back; /* -1: the first two allowed ones */
};

/* As none was given. */
void run_options_begin(struct run_options *options);

/* Options that commands share, by their keys; the parser of them and of names of experiments, as
 * argp calls it. Usage ends the program. */
enum run_option_key {
    RUN_KEY_QUICK = 'q',
    RUN_KEY_FULL = 'f',
    RUN_KEY_OUT = 'o',
    RUN_KEY_SEED = 's',
    RUN_KEY_SET = 'S',
    RUN_KEY_REPETITIONS = 'r',
};
error_t run_options_take(struct run_options *options, int key, char *arg, struct argp_state *state);

/* Adds KEY=VALUE to what is set. */
void run_options_set(struct run_options *options, const char *key, const char *value);

/* Ends the program with usage if it makes no sense. */
void run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_free(struct run_options *options);

#endif
