/* SPDX-License-Identifier: MIT */
#include "bench/runner/interrupt.h"

#include <stddef.h>
#include <time.h>

static void set(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
}

void interrupt_block(void)
{
    sigset_t signals;
    set(&signals);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

bool interrupt_came(void)
{
    sigset_t signals;
    set(&signals);
    return sigtimedwait(&signals, NULL, &(const struct timespec){0}) > 0;
}

void interrupt_unblock(void)
{
    sigset_t signals;
    set(&signals);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
}
