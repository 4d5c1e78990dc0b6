/* SPDX-License-Identifier: MIT */
/* periodic: a job of the same size every 1/load s, from a random phase on. One that is not done
 * when the next is given delays it, and none is left out. */
#include "bench/sim/workloads.h"

struct periodic {
    uint64_t next;   /* when the next job is given */
    uint64_t oldest; /* when the one was that it works on */
};

static void periodic_start(struct sim *sim, struct domain *d)
{
    struct periodic *w = (struct periodic *)workload_of(sim, d);
    struct random phase = sim_stream(sim, d, 0);
    w->next = w->oldest = random_below(&phase, workload_gap(sim));
    sim_alarm(sim, d, w->next);
}

static void periodic_alarm(struct sim *sim, struct domain *d)
{
    struct periodic *w = (struct periodic *)workload_of(sim, d);
    w->next += workload_gap(sim);
    sim_alarm(sim, d, w->next);
    if (d->v.status != SCHED_BLOCKED)
        return;
    d->left = sim->point->service_ns;
    sim_wake(sim, d);
}

static uint64_t periodic_done(struct sim *sim, struct domain *d)
{
    struct periodic *w = (struct periodic *)workload_of(sim, d);
    sim_job(sim, w->oldest);
    w->oldest += workload_gap(sim);
    sim->late += sim->now > w->oldest ? 1 : 0;
    return w->oldest < w->next ? sim->point->service_ns : 0;
}

const struct workload workload_periodic = {
    .size = sizeof(struct periodic),
    .start = periodic_start,
    .done = periodic_done,
    .alarm = periodic_alarm,
};
