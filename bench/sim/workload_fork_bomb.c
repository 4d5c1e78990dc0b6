/* SPDX-License-Identifier: MIT */
/* fork-bomb: domains that always want to run, added one by one from when measuring begins. */
#include "bench/sim/workloads.h"

static void fork_bomb_start(struct sim *sim, struct domain *d)
{
    uint64_t before = (uint64_t)(d - sim_waker(sim, 0));
    sim_alarm(sim, d, sim->begin + (before + 1) * workload_gap(sim));
}

static void fork_bomb_alarm(struct sim *sim, struct domain *d)
{
    if (!sim_join(sim, d))
        return;
    d->left = SIM_ENDLESS;
    sim_wake(sim, d);
}

const struct workload workload_fork_bomb = {
    .start = fork_bomb_start,
    .alarm = fork_bomb_alarm,
    .joins_late = true,
};
