/* SPDX-License-Identifier: MIT */
/*
 * What is explored of event channels: two producers, a consumer that sleeps when there is nothing
 * to do, and where a scene wants one, somebody who gives the domain what `fifo` needs.
 * evtchn_scenario.c is linked once with the module and once with each faulty copy of it.
 */
#ifndef MODEL_EVTCHN_SCENARIO_H
#define MODEL_EVTCHN_SCENARIO_H

#include "explore.h"

#define EVTCHN_PRODUCERS 2
#define EVTCHN_SCENE_PORTS 3 /* named a, b, c */

/* Happens to port a, by producer 0, between its first send and its second. */
enum evtchn_move { MOVE_NOTHING, MOVE_PRIORITY, MOVE_VCPU };

/* What is there only after a third thread has given it. */
enum evtchn_given { GIVEN_NOTHING, GIVEN_PAGE, GIVEN_BLOCK };

struct evtchn_scene {
    const char *name;
    const char *sends[EVTCHN_PRODUCERS]; /* at most, in this order: a producer may stop earlier */
    const char *elsewhere; /* ports in another word of `2l`, of another priority with `fifo` */
    const char *masked;    /* ports that are masked at first */
    unsigned masks;        /* how often the consumer may mask a port */
    bool fresh;            /* the ports were never sent to before */
    enum evtchn_move move; /* elsewhere: where a is moved to is where these are already */
    enum evtchn_given given;
    bool fifo; /* there is such a thing with `fifo` only */
};

enum evtchn_abi_index {
#define EVTCHN_ABI(id, name, ports) ABI_##id,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    EVTCHN_ABIS
};

typedef void evtchn_explore_fn(enum evtchn_abi_index abi, const struct evtchn_scene *scene,
                               uint32_t max_states, struct explore_result *result);
evtchn_explore_fn evtchn_explore;

#endif
