/* SPDX-License-Identifier: MIT */
/*
 * Replays a file of recorded calls (docs/simulator.md) and says whether every decision was the
 * same. Usage: sim_replay FILE. Exit status: 0 the same, 1 not, 2 it could not be replayed.
 */
#include "bench/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct sim_replayed r;
    char error[256];
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    if (sim_replay(argv[1], &r, error, sizeof error) != 0) {
        fprintf(stderr, "%s: %s\n", argv[0], error);
        return 2;
    }
    printf("%" PRIu64 " calls, %" PRIu64 " decisions: ", r.calls, r.decisions);
    if (r.same)
        printf("all as recorded\n");
    else
        printf("the call of line %" PRIu64 " was answered otherwise\n", r.line);
    return r.same ? 0 : 1;
}
