/* SPDX-License-Identifier: MIT */
/*
 * A record of the calls made to a scheduler, and their replay.
 *
 * With s->trace set, each call that changes anything is reported when it is done, in the order made
 * on its CPU, with its arguments and what it answered. sched_replay makes the same call on another
 * scheduler that was initialised the same way and says whether it answered the same. Which CPU was
 * placed on or stolen from is an argument, so a replay does not depend on the hints that chose it.
 */
#ifndef SCHED_REPLAY_H
#define SCHED_REPLAY_H

#include "sched.h"

#define SCHED_NO_VCPU UINT32_MAX

enum sched_op {
    SCHED_OP_ADD,      /* vcpu, value: affinity */
    SCHED_OP_REMOVE,   /* vcpu; done */
    SCHED_OP_WAKE,     /* vcpu, cpu; done: should pick */
    SCHED_OP_SLEEP,    /* vcpu */
    SCHED_OP_YIELD,    /* cpu */
    SCHED_OP_CHARGE,   /* cpu */
    SCHED_OP_PICK,     /* cpu; chosen, value: slice, kick */
    SCHED_OP_STEAL,    /* cpu: thief, other: victim; done */
    SCHED_OP_AFFINITY, /* vcpu, value; done */
    SCHED_OP_PARAM,    /* vcpu or none, param, value; done: not refused */
};

struct sched_call {
    uint64_t now;
    uint64_t value;
    uint64_t kick;   /* CPUs */
    uint32_t vcpu;   /* id, or SCHED_NO_VCPU */
    uint32_t cpu;    /* or SCHED_NO_CPU */
    uint32_t other;  /* CPU, or SCHED_NO_CPU */
    uint32_t chosen; /* vcpu id, or SCHED_NO_VCPU */
    uint32_t param;  /* index into the policy's parameters */
    uint8_t op;      /* enum sched_op */
    bool done;
};

/* vcpu: finds the embedder's structure by id; an ADD is asked for the one to add. */
bool sched_replay(struct sched *s, const struct sched_call *call,
                  struct sched_vcpu *(*vcpu)(void *arg, uint32_t id), void *arg);

#endif
