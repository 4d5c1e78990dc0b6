/* SPDX-License-Identifier: MIT */
/* Two ends of a channel that wait for each other's numbers in the memory that they share. */
#ifndef BENCH_DOMAINS_MEET_H
#define BENCH_DOMAINS_MEET_H

#include "guest/channel.h"
#include "guest/power.h"
#include "guest/time.h"

#define MEET_PATIENCE (20 * NS_PER_SECOND)

/* Sleeps until the number has come so far; the other end sends an event when it has. */
static inline void meet_wait(struct channel *channel, const volatile uint64_t *value,
                             uint64_t wanted)
{
    uint64_t latest = time_system().n + MEET_PATIENCE;
    while (*value < wanted) {
        channel_wait(channel, NS(latest));
        if (*value < wanted && time_system().n >= latest)
            power_panic("waited for %lu of the other end, found %lu", wanted, *value);
    }
}

/* The back end's way in. */
static inline void meet_attach(struct channel *channel)
{
    if (!channel_attach(channel, NS(time_system().n + MEET_PATIENCE)))
        power_panic("channel %s: nothing was offered", channel->name);
}

#endif
