/* SPDX-License-Identifier: MIT */
/*
 * What is explored of a ring: each front end sends its requests and collects the responses, asleep
 * when there is nothing to do; the back end answers for ever. Or one way: requests alone, until the
 * back end has got them all. scenario.c is compiled once a layout.
 */
#ifndef MODEL_SCENARIO_H
#define MODEL_SCENARIO_H

#include "explore.h"
#include "rings/notify.h"
#include "rings/ring.h"

#define SCENARIO_FRONTS_MAX 2

/* Planted in one thread at a time. */
enum scenario_fault {
    FAULT_NONE,
    FAULT_NO_FENCE_ASK,  /* no barrier between publishing and reading the peer's event word */
    FAULT_NO_FENCE_ARM,  /* no barrier between writing the event word and the final check */
    FAULT_NO_RECHECK,    /* sleeps although arm said that something is there */
    FAULT_EARLY_RELEASE, /* publishes before it writes: payload stores sink past the release */
    FAULTS
};

struct scenario {
    enum notify_policy policy;
    uint32_t entries;
    uint32_t fronts;
    uint32_t requests[SCENARIO_FRONTS_MAX]; /* of each front end */
    bool one_way; /* no responses: only reserve limits what is outstanding (RING_RELEASE_FREES) */
    bool vary;    /* how many entries an end takes at a time: all that it can, or any number */
    enum scenario_fault fault;
    bool fault_at_back; /* else at every front end */
};

struct scenario_layout {
    uint32_t traits;

    /* The fewest entries that give each front end this capacity. */
    uint32_t (*entries_for)(uint32_t capacity, uint32_t fronts);
    void (*explore)(const struct scenario *scenario, uint32_t max_states,
                    struct explore_result *result);
};

#endif
