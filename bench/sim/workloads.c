/* SPDX-License-Identifier: MIT */
/* Which mix is which workload. */
#include "bench/sim/workloads.h"

const struct workload *workload_of_mix(enum sim_mix mix)
{
    static const struct workload *const workloads[SIM_MIXES] = {
        [SIM_PERIODIC] = &workload_periodic, [SIM_POISSON] = &workload_poisson,
        [SIM_BURSTY] = &workload_bursty,     [SIM_FORK_BOMB] = &workload_fork_bomb,
        [SIM_CLOSED_LOOP] = &workload_loop,  [SIM_RECORDED] = &workload_recorded,
    };
    return workloads[mix];
}
