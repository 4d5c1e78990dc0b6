/* SPDX-License-Identifier: MIT */
/* Other programs: whether one is there, and running it for what it prints. */
#ifndef RUNNER_PROGRAM_H
#define RUNNER_PROGRAM_H

#include "bench/runner/text.h"

/* Is it in one of PATH's folders? */
bool program_in_path(const char *name);

/* What a program printed, both streams, and how it ended. */
struct program_end {
    char *text; /* ends in a NUL; the caller frees */
    size_t length;
    int status; /* exit status; as shells have it, 128 and the signal if that ended it */
};

/* Runs argv[0], of PATH, to its end, without input. False with a fault if that cannot be. */
bool program_run(char *const argv[], struct program_end *end, struct fault *fault);

#endif
