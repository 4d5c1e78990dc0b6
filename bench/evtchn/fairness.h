/* SPDX-License-Identifier: MIT */
/* How ports that are all hot are served: what evbench.h calls worst, last, starved and jain. */
#ifndef BENCH_EVTCHN_FAIRNESS_H
#define BENCH_EVTCHN_FAIRNESS_H

#include "bench/evtchn/evbench.h"

struct fairness_port {
    uint64_t worst;  /* its longest wait */
    uint32_t serves; /* in the measured interval */
    uint32_t sweep;  /* the last one in which it was served */
};

/* Counts from fairness_start() to fairness_end(); served by one thread. */
struct fairness {
    struct fairness_port *port; /* [ports] */
    uint32_t ports;             /* port 0, which there is not, included */
    uint32_t sweep;             /* the one under way, from 1 */
    uint32_t left;              /* ports that it still waits for */
    struct hist *last;
};

/* false: no memory. */
bool fairness_init(struct fairness *f, uint32_t ports);
void fairness_free(struct fairness *f);

void fairness_start(struct fairness *f, struct hist *last);

static inline void fairness_served(struct fairness *f, uint32_t port, uint64_t wait)
{
    struct fairness_port *p = &f->port[port];
    p->serves++;
    if (wait > p->worst)
        p->worst = wait;
    if (p->sweep == f->sweep)
        return;
    p->sweep = f->sweep;
    if (--f->left != 0)
        return;
    hist_record(f->last, wait);
    f->sweep++;
    f->left = f->ports - 1;
}

/* The interval is over, and an event of the port waits since then. */
static inline void fairness_waiting(struct fairness *f, uint32_t port, uint64_t wait)
{
    if (wait > f->port[port].worst)
        f->port[port].worst = wait;
}

/* Fills worst, which is reset, and out's part. */
void fairness_end(const struct fairness *f, struct hist *worst, struct evbench_observation *out);

#endif
