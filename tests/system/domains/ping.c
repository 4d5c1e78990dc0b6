/* SPDX-License-Identifier: MIT */
/*
 * One end of a channel `ping`: a ball goes to and fro `rounds=` times, by an event each way. The
 * page that both share holds how often each end has hit it, so an event that comes early, twice or
 * for nothing is seen through.
 */
#include "guest/channel.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"

#define PATIENCE NS(20 * NS_PER_SECOND)

struct court {
    uint64_t front; /* hits; each end writes its own */
    uint64_t back;
};

static void wait_for(struct channel *channel, const uint64_t *hits, uint64_t n)
{
    ns_t deadline = NS(time_system().n + PATIENCE.n);
    while (__atomic_load_n(hits, __ATOMIC_ACQUIRE) != n) {
        if (!channel_wait(channel, deadline) && time_system().n >= deadline.n)
            power_panic("round %lu: the other end has not answered", n);
    }
}

static void hit(struct channel *channel, uint64_t *hits, uint64_t n)
{
    __atomic_store_n(hits, n, __ATOMIC_RELEASE);
    long error = channel_send(channel);
    if (error)
        power_panic("round %lu: send: error %ld", n, error);
}

void guest_main(void)
{
    struct channel channel;
    uint64_t rounds = start_option_number("rounds", 1000);
    channel_open(&channel, "ping");
    if (channel.is_front)
        channel_offer(&channel);
    else if (!channel_attach(&channel, NS(time_system().n + PATIENCE.n)))
        power_panic("nothing was offered");
    struct court *court = channel.memory;
    for (uint64_t n = 1; n <= rounds; n++) {
        if (channel.is_front) {
            hit(&channel, &court->front, n);
            wait_for(&channel, &court->back, n);
        } else {
            wait_for(&channel, &court->front, n);
            hit(&channel, &court->back, n);
        }
    }
    printf("rounds %lu, events %lu\n", rounds, channel.events);
    /* The front end may find the other one still there: its pages come back with the domain. */
    channel_close(&channel);
}
