/* SPDX-License-Identifier: MIT */
/* recorded: each waker runs and blocks for as long as a line of a file says, and again from its
 * beginning. A job is given when its run could begin: at waking, or at the end of the one before.
 */
#include "bench/sim/bursts.h"
#include "bench/sim/workloads.h"

struct recorded {
    const struct burst *at;
    const struct burst_line *line;
    uint64_t given;
};

static const struct burst *next_of(struct recorded *w)
{
    const struct burst *burst = w->at++;
    if (w->at == w->line->bursts + w->line->count)
        w->at = w->line->bursts;
    return burst;
}

static void recorded_alarm(struct sim *sim, struct domain *d)
{
    struct recorded *w = (struct recorded *)workload_of(sim, d);
    d->left = w->at->run;
    w->given = sim->now;
    sim_wake(sim, d);
}

static void recorded_start(struct sim *sim, struct domain *d)
{
    struct recorded *w = (struct recorded *)workload_of(sim, d);
    uint32_t i = (uint32_t)(d - sim_waker(sim, 0));
    w->line = &sim->bursts->lines[i % sim->bursts->count];
    w->at = w->line->bursts;
    sim_alarm(sim, d, 0);
}

static uint64_t recorded_done(struct sim *sim, struct domain *d)
{
    struct recorded *w = (struct recorded *)workload_of(sim, d);
    sim_job(sim, w->given);
    uint64_t block = next_of(w)->block;
    if (block != 0) {
        sim_alarm(sim, d, sim->now + block);
        return 0;
    }
    w->given = sim->now;
    return w->at->run;
}

const struct workload workload_recorded = {
    .size = sizeof(struct recorded),
    .start = recorded_start,
    .done = recorded_done,
    .alarm = recorded_alarm,
};
