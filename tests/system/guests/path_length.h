/* SPDX-License-Identifier: MIT */
/* What the files of the workload path-length share. */
#ifndef TESTS_SYSTEM_GUESTS_PATH_LENGTH_H
#define TESTS_SYSTEM_GUESTS_PATH_LENGTH_H

#include "tests/system/guests/support.h"

/* Follows the names of operations that are measured again, where there is more around them. */
extern const char *path_among;

/* Prints a line: `operations` of them took so many ticks. */
void path_report(const char *name, uint64_t ticks, uint64_t operations);

void path_measure_sends(void);
void path_measure_grants(void);
void path_measure_domains(void);

#endif
