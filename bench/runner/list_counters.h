/* SPDX-License-Identifier: MIT */
#ifndef RUNNER_LIST_COUNTERS_H
#define RUNNER_LIST_COUNTERS_H

#include <stdbool.h>

/* The default set of hardware counters: what this machine has natively, and what codes domains take
 * for its processor; and which other processors there are codes for. */
bool list_counters(void);

#endif
