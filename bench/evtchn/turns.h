/* SPDX-License-Identifier: MIT */
/* How ports that are all hot are served: what evbench.h calls worst, last, starved and jain. */
#ifndef BENCH_EVTCHN_TURNS_H
#define BENCH_EVTCHN_TURNS_H

#include "bench/evtchn/evbench.h"

struct turns_port {
    uint64_t worst;  /* its longest wait */
    uint32_t serves; /* in the measured interval */
    uint32_t sweep;  /* the last one in which it was served */
};

/* Counts from turns_start() to turns_end(); served by one thread. */
struct turns {
    struct turns_port *port; /* [ports] */
    uint32_t ports;          /* port 0, which there is not, included */
    uint32_t sweep;          /* the one under way, from 1 */
    uint32_t left;           /* ports that it still waits for */
    struct hist *last;
};

/* false: no memory. */
bool turns_init(struct turns *t, uint32_t ports);
void turns_free(struct turns *t);

void turns_start(struct turns *t, struct hist *last);

static inline void turns_served(struct turns *t, uint32_t port, uint64_t wait)
{
    struct turns_port *p = &t->port[port];
    p->serves++;
    if (wait > p->worst)
        p->worst = wait;
    if (p->sweep == t->sweep)
        return;
    p->sweep = t->sweep;
    if (--t->left != 0)
        return;
    hist_record(t->last, wait);
    t->sweep++;
    t->left = t->ports - 1;
}

/* The interval is over, and an event of the port waits since then. */
static inline void turns_waiting(struct turns *t, uint32_t port, uint64_t wait)
{
    if (wait > t->port[port].worst)
        t->port[port].worst = wait;
}

/* Fills worst, which is reset, and out's part. */
void turns_end(const struct turns *t, struct hist *worst, struct evbench_observation *out);

#endif
