/* SPDX-License-Identifier: MIT */
/*
 * poisson: jobs arrive whatever the waker does, and it works them off in order, as a device domain
 * does with interrupts.
 *
 * The line of waiting jobs needs no memory: the stream that made the arrivals is drawn a second
 * time, from behind, and says when the oldest one came.
 */
#include "bench/sim/workloads.h"

struct poisson {
    struct random arrivals, behind, services;
    uint64_t next;    /* arrival; by `arrivals` */
    uint64_t oldest;  /* arrival of the job that it works on; by `behind` */
    uint64_t waiting; /* jobs, the one that it works on included */
};

static uint64_t gap(const struct sim *sim, struct random *r)
{
    return random_exponential(r, workload_gap(sim));
}

static void poisson_start(struct sim *sim, struct domain *d)
{
    struct poisson *w = (struct poisson *)workload_of(sim, d);
    w->arrivals = w->behind = sim_stream(sim, d, 0);
    w->services = sim_stream(sim, d, 1);
    w->next = gap(sim, &w->arrivals);
    sim_alarm(sim, d, w->next);
}

static uint64_t take(const struct sim *sim, struct poisson *w)
{
    w->oldest += gap(sim, &w->behind);
    return sim_service(sim, &w->services);
}

static void poisson_alarm(struct sim *sim, struct domain *d)
{
    struct poisson *w = (struct poisson *)workload_of(sim, d);
    w->next += gap(sim, &w->arrivals);
    sim_alarm(sim, d, w->next);
    if (w->waiting++ != 0)
        return;
    d->left = take(sim, w);
    sim_wake(sim, d);
}

static uint64_t poisson_done(struct sim *sim, struct domain *d)
{
    struct poisson *w = (struct poisson *)workload_of(sim, d);
    sim_job(sim, w->oldest);
    return --w->waiting != 0 ? take(sim, w) : 0;
}

const struct workload workload_poisson = {
    .size = sizeof(struct poisson),
    .start = poisson_start,
    .done = poisson_done,
    .alarm = poisson_alarm,
};
