/* SPDX-License-Identifier: MIT */
/* The experiments that a command line names, with its settings, and their points. */
#ifndef RUNNER_CHOSEN_H
#define RUNNER_CHOSEN_H

#include "bench/runner/manifest.h"

struct chosen {
    struct experiment **experiments;
    struct plan *plans; /* one for each */
    size_t count;
};

/* Reads and plans them. Returns the exit status, EXIT_USAGE if the command line asked for what is
 * not there; with a fault if it is not EXIT_DONE. Whatever it is, chosen_free. */
int chosen_read(struct chosen *chosen, const struct strings *names,
                const struct parameters *parameters, struct fault *fault);
void chosen_free(struct chosen *chosen);

#endif
