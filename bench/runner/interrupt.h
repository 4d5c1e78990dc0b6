/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C and kill: the signals are blocked, here and in the workers that are started later, and
 * asked for between observations, so that none ends or disturbs an observation.
 */
#ifndef RUNNER_INTERRUPT_H
#define RUNNER_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

void interrupt_block(void);

/* Did one come since the last time? */
bool interrupt_came(void);

/* They end the program again. */
void interrupt_unblock(void);

#endif
