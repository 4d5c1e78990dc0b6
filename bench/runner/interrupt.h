/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C and kill: the signals are blocked, here and in the workers that are started later, and
 * asked for between observations, so that none ends or disturbs an observation. What an observation
 * waits for (another program, a serial line) an interrupt ends.
 */
#ifndef RUNNER_INTERRUPT_H
#define RUNNER_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

void interrupt_block(void);

/* Did one come since the last time? */
bool interrupt_came(void);

/* To be waited for beside other things (poll(2)): readable while one has come and interrupt_came()
 * was not asked. -1 if it cannot be had. Once they are blocked; the program's for ever. */
int interrupt_fd(void);

/* Sleeps for so long, or until one comes: true, and it is still to be asked for. */
bool interrupt_wait(int ms);

/* They end the program again. */
void interrupt_unblock(void);

#endif
