/* SPDX-License-Identifier: MIT */
/* What a run ran on and with: the machine, the program, the libraries, as JSON for the manifest. */
#ifndef RUNNER_ENVIRONMENT_H
#define RUNNER_ENVIRONMENT_H

#include <jansson.h>

#define PROGRAM_VERSION "0.1"

/* "0.1 (commit 1234abcd, modified)" */
const char *environment_version(void);

/* Version, commit, whether sources differed from it, compiler and flags. */
json_t *environment_program(void);

/* Versions of what is linked or measured; "" for what was not there when it was built. */
json_t *environment_libraries(void);

/* Processor, kernel, virtualisation. */
json_t *environment_machine(void);

/* Adds the two processors that measure, how they lie to each other, and their clock. */
void environment_add_pair(json_t *machine, int front, int back, double tsc_hz);

/* Runnable threads over the last minute: 0 on an idle machine. */
double environment_load(void);

#endif
