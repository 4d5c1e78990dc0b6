/* SPDX-License-Identifier: MIT */
/*
 * Makes a number of scheduling decisions in the simulator, hogs alone, and says how many: what
 * bench/sim/decision-cost.sh has callgrind count. With "shares" it measures their share error in
 * windows too. Usage: sim_decisions POLICY HOGS [shares].
 */
#include "bench/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten for each of 10,000 hogs, at about one each 5 ms of a CPU: the default allowance of BVT. */
#define DECISIONS 100000U
#define SPACING 5000000U

int main(int argc, char **argv)
{
    struct sim_point p = SIM_DEFAULTS;
    struct sim_observation o;
    char error[256];
    if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "shares") != 0)) {
        fprintf(stderr, "usage: %s POLICY HOGS [shares]\n", argv[0]);
        return 2;
    }
    p.policy = argv[1];
    p.hogs = (uint32_t)strtoul(argv[2], NULL, 10);
    p.shares = argc == 4;
    p.warmup_ns = 0;
    p.duration_ns = (uint64_t)DECISIONS * SPACING;
    if (sim_observe(&p, &o, NULL, NULL, error, sizeof error) != 0) {
        fprintf(stderr, "%s: %s\n", argv[0], error);
        return 1;
    }
    printf("%llu decisions, %llu switches\n", (unsigned long long)o.decisions,
           (unsigned long long)o.switches);
    return 0;
}
