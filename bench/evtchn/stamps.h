/* SPDX-License-Identifier: MIT */
/*
 * When each event was sent, handed over beside the event channels: one producer, one consumer.
 *
 * Only the producer knows, and only after the send, that it made its port pending; the consumer may
 * have been handed the port by then. So the time goes over after the send, and the consumer waits
 * for it, a few instructions of the other core. On one port, sends that make it pending and serves
 * alternate: the producer can be at most one event ahead of what the consumer has read, and two
 * places a port are enough, taken in turn. A time is there as soon as the place holds a later one
 * than the event before it had.
 */
#ifndef BENCH_EVTCHN_STAMPS_H
#define BENCH_EVTCHN_STAMPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct stamps_port {
    uint64_t at[2]; /* ticks; written by the producer alone */
};

struct stamps {
    struct stamps_port *port; /* [ports] */
    uint8_t *sent;            /* producer's: which place is next */
    uint8_t *served;          /* consumer's: likewise */
    uint64_t *last;           /* consumer's: time of the port's event before */
};

static inline bool stamps_init(struct stamps *s, uint32_t ports)
{
    *s = (struct stamps){.port = calloc(ports, sizeof *s->port),
                         .sent = calloc(ports, 1),
                         .served = calloc(ports, 1),
                         .last = calloc(ports, sizeof *s->last)};
    return s->port != NULL && s->sent != NULL && s->served != NULL && s->last != NULL;
}

static inline void stamps_free(struct stamps *s)
{
    free(s->port);
    free(s->sent);
    free(s->served);
    free(s->last);
}

/* Producer: the port became pending by a send that was begun at that time. */
static inline void stamps_put(struct stamps *s, uint32_t port, uint64_t at)
{
    __atomic_store_n(&s->port[port].at[s->sent[port]], at, __ATOMIC_RELEASE);
    s->sent[port] ^= 1;
}

/* Consumer: the port was handed out. false: the time is not there yet. */
static inline bool stamps_take(struct stamps *s, uint32_t port, uint64_t *at)
{
    *at = __atomic_load_n(&s->port[port].at[s->served[port]], __ATOMIC_ACQUIRE);
    if (*at <= s->last[port])
        return false;
    s->last[port] = *at;
    s->served[port] ^= 1;
    return true;
}

#endif
