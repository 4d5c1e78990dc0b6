/* SPDX-License-Identifier: MIT */
/* bursty: works one job, sleeps, works the next; it is given one each time that it wakes. */
#include "bench/sim/workloads.h"

struct bursty {
    struct random sleeps, services;
};

static void bursty_sleep(struct sim *sim, struct domain *d)
{
    struct bursty *w = (struct bursty *)workload_of(sim, d);
    sim_alarm(sim, d, sim->now + random_exponential(&w->sleeps, sim->point->think_ns));
}

static void bursty_start(struct sim *sim, struct domain *d)
{
    struct bursty *w = (struct bursty *)workload_of(sim, d);
    w->sleeps = sim_stream(sim, d, 0);
    w->services = sim_stream(sim, d, 1);
    bursty_sleep(sim, d);
}

static void bursty_alarm(struct sim *sim, struct domain *d)
{
    struct bursty *w = (struct bursty *)workload_of(sim, d);
    d->left = sim_service(sim, &w->services);
    sim_wake(sim, d);
}

static uint64_t bursty_done(struct sim *sim, struct domain *d)
{
    sim_job(sim, d->woken);
    bursty_sleep(sim, d);
    return 0;
}

const struct workload workload_bursty = {
    .size = sizeof(struct bursty),
    .start = bursty_start,
    .done = bursty_done,
    .alarm = bursty_alarm,
};
