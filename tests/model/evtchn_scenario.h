/* SPDX-License-Identifier: MIT */
/*
 * What is explored of event channels: two producers, a consumer that sleeps when there is nothing
 * to do, and where a scene wants one, a helper of the consumer on another vcpu.
 * evtchn_scenario.c is linked once with the module and once with each faulty copy of it.
 */
#ifndef MODEL_EVTCHN_SCENARIO_H
#define MODEL_EVTCHN_SCENARIO_H

#include "explore.h"

#define EVTCHN_PRODUCERS 2
#define EVTCHN_SCENE_PORTS 3 /* named a, b, c */

/* Happens to port a, by producer 0, between its first send and its second. */
enum evtchn_move { MOVE_NOTHING, MOVE_PRIORITY, MOVE_VCPU };

/* What a third thread does meanwhile. */
enum evtchn_helper {
    HELPER_NONE,
    HELPER_GIVES_PAGE,  /* the page of the event array that holds the ports */
    HELPER_GIVES_BLOCK, /* the control block of their vcpu */
    HELPER_GIVES_BOTH,  /* in this order */
    HELPER_BINDS,       /* the ports to a vcpu that has a control block: theirs has none */
    HELPER_UNMASKS,     /* as another vcpu of the domain: what was masked at first */
};

struct evtchn_scene {
    const char *name;
    const char *sends[EVTCHN_PRODUCERS]; /* at most, in this order: a producer may stop earlier */
    const char *elsewhere; /* ports in another word of `2l`, of another priority with `fifo` */
    const char *masked;    /* ports that are masked at first: all are unmasked */
    unsigned masks;        /* how often the consumer may mask a port */
    bool fresh;            /* the ports were never sent to before */
    enum evtchn_move move; /* elsewhere: where a is moved to is where these are already */
    enum evtchn_helper helper;
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
