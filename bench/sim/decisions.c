/* SPDX-License-Identifier: MIT */
/*
 * Makes a number of scheduling decisions in the simulator, hogs alone, and says how many: what
 * bench/sim/decision-cost.sh has callgrind count. Usage: sim_decisions POLICY HOGS [CPUS].
 */
#include "bench/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define DECISIONS 20000U /* at about one each 5 ms of a CPU: the default allowance of BVT */
#define SPACING 5000000U

int main(int argc, char **argv)
{
    struct sim_point p = SIM_DEFAULTS;
    struct sim_observation o;
    char error[256];
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s POLICY HOGS [CPUS]\n", argv[0]);
        return 2;
    }
    p.policy = argv[1];
    p.hogs = (uint32_t)strtoul(argv[2], NULL, 10);
    p.cpus = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
    p.warmup_ns = 0;
    p.duration_ns = (uint64_t)DECISIONS * SPACING / (p.cpus == 0 ? 1 : p.cpus);
    if (sim_observe(&p, &o, NULL, NULL, error, sizeof error) != 0) {
        fprintf(stderr, "%s: %s\n", argv[0], error);
        return 1;
    }
    printf("%llu decisions, %llu switches, jain %.6f, share error %.4f in 1 s, busy %.4f\n",
           (unsigned long long)o.decisions, (unsigned long long)o.switches, o.jain,
           o.windows[4].mean, (double)o.busy_ns / (double)(p.cpus * o.elapsed_ns));
    return 0;
}
