/* SPDX-License-Identifier: MIT */
/* What tests/unit/sleep.c, compiled once a layout, gives to sleep_main.c. */
#ifndef TESTS_UNIT_SLEEP_H
#define TESTS_UNIT_SLEEP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rings/notify.h"

/*
 * What one side shows to the watchdog and to the other side. Written by the side alone; all of it
 * is for looking at, none of it orders anything.
 */
struct sleep_side {
    _Atomic uint64_t progress; /* requests sent and responses taken, or the reverse */
    _Atomic uint64_t sent, taken;
    _Atomic uint64_t held; /* front: sent and unanswered; back: taken and unanswered */
    _Atomic uint64_t tells, asks, wants; /* of the asks, how many were answered with yes */
    _Atomic uint64_t sleeps, timeouts;
    _Atomic uint32_t armed_after;
    _Atomic bool asleep; /* set before it sleeps with nothing told, cleared when it is back */
    _Atomic(const char *) doing;
    _Atomic(const char *) error; /* why it gave up, or NULL */
    _Atomic pid_t tid;
    int fd; /* the eventfd it sleeps on */
};

struct sleep_run {
    uint64_t requests;
    _Atomic bool stop; /* set, and both told, when the watchdog or a side gives up, or at the end */
    struct sleep_side front, back;
    void *ring; /* of the layout's own type */
};

/* A layout with a policy; where it has none to run, open is NULL. */
struct sleep_case {
    const char *policy;
    bool (*open)(struct sleep_run *); /* the ring; false: no memory */
    void (*close)(struct sleep_run *);
    void *(*front)(void *run);
    void *(*back)(void *run);
};

struct sleep_suite {
    struct sleep_case cases[NOTIFY_POLICIES]; /* by policy */
    struct sleep_case one_way; /* requests only, polled; for layouts with RING_RELEASE_FREES */
};

/* Helpers of the sides, in sleep_main.c. */
uint64_t sleep_now(void); /* ns */
void sleep_tell(struct sleep_side *self, struct sleep_side *peer);
void sleep_until(struct sleep_side *self, uint64_t deadline); /* or told */
bool sleep_is_blocked(struct sleep_side *side); /* asleep, and the kernel says so too */

#endif
