/* SPDX-License-Identifier: MIT */
/* Measuring, as `ringside run` and `ringside collect` do. */
#ifndef RUNNER_RUN_H
#define RUNNER_RUN_H

#include "bench/runner/run_options.h"

/* Measures what the options ask for, shows it, and frees them; argv is kept in the manifest.
 * Returns the exit status; what went wrong has been said. */
int run_measure(struct run_options *options, char **argv);

#endif
