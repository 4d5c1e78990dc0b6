/* SPDX-License-Identifier: MIT */
/*
 * Simulates one point and prints how many decisions were made: what the suite `sim` has callgrind
 * count (suites/sim_count.c). Arguments: those of sim_point_arguments().
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/runner/suites/sim.h"

int main(int argc, char **argv)
{
    if (argc != 1 + SIM_POINT_ARGUMENTS) {
        fprintf(stderr, "sim_observe: is run by ringside, with the %d fields of a point\n",
                SIM_POINT_ARGUMENTS);
        return EXIT_USAGE;
    }
    struct sim_point point;
    struct sim_observation seen;
    struct fault fault;
    sim_point_from(argv + 1, &point);
    if (sim_observe(&point, &seen, NULL, NULL, fault.text, sizeof(fault.text)) != 0) {
        fprintf(stderr, "sim_observe: %s\n", fault.text);
        return EXIT_FAILED;
    }
    printf("%" PRIu64 "\n", seen.decisions);
    return EXIT_DONE;
}
