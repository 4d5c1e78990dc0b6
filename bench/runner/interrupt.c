/* SPDX-License-Identifier: MIT */
#include "bench/runner/interrupt.h"

#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
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

int interrupt_fd(void)
{
    static int fd = -1;
    sigset_t signals;
    set(&signals);
    if (fd < 0)
        fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd;
}

bool interrupt_wait(int ms)
{
    struct pollfd fd = {.fd = interrupt_fd(), .events = POLLIN};
    return poll(&fd, 1, ms) > 0;
}

void interrupt_unblock(void)
{
    sigset_t signals;
    set(&signals);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
}
