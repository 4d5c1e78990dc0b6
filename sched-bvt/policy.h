/* SPDX-License-Identifier: MIT */
/*
 * What a policy supplies, and what it may use. For policies and the scheduler itself; embedders
 * need sched.h alone.
 *
 * A policy is one file with one constant table, and one line in policies.def. The scheduler
 * (sched.c) keeps the states, the queues, the current one, placement, stealing and time; it
 * guarantees that a vcpu is in one run queue at most, and that each ns of running is charged once.
 * The policy keeps its numbers in the state words and says who is before whom.
 *
 * Which calls come when; c is always v->cpu, and charged up to now:
 *
 *   wake      v was BLOCKED, is in no queue yet; enqueue follows
 *   enqueue   v is about to be QUEUED: set ready.key (and ready.floor). true: into the run queue;
 *             false: parked, and a timer is armed that will end it
 *   sleep     v is still RUNNING or QUEUED, and about to be BLOCKED; its timer is cancelled after
 *   move      v, BLOCKED or QUEUED, leaves c for `to`: make its numbers mean the same there. If it
 *             is QUEUED, enqueue follows there. Reading the clock of c needs its lock
 *   charge    v, the current one, ran for `ran` ns up to now
 *   pick      choose: cur (NULL if none is running), one of the run queue, or NULL if there is none
 *             that may run. cur goes to enqueue if it is not chosen
 *   slice     v is now current: ns until the next pick, > 0
 *   preempts  should v, just woken and not yet queued, run instead of cur? Then the next pick says
 *             SCHED_WOKEN
 *   expire    the timer of v is due, and was taken out. If v waits, enqueue follows
 *   changed   the parameter at `offset` of v (NULL: of the scheduler) had the value `old`. If v
 *             waits, it was taken out and enqueue follows
 *   check     NULL, or why the value is refused beyond its range
 *   share_error  what it promises, for tests and for whoever plots it beside what was measured: of
 *             two that stay runnable on one CPU for any time, with all parameters but weights
 *             alike, the services (scaled to the default weight) differ by at most the sum of both
 *             errors. ns at the default weight. The top of the policy's file says why
 *
 * Any but enqueue, charge, pick, slice and preempts may be NULL; no share_error: nothing is
 * promised for any length of time.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include "sched.h"
#include "vtime.h"

enum sched_trait {
    SCHED_MIGRATES = 1 << 0,   /* a vcpu may be moved by placement and by stealing */
    SCHED_CONSERVING = 1 << 1, /* no CPU is idle while one waits there, with any parameters */
    SCHED_WEIGHTED = 1 << 2,   /* has `weight`, and shares by it */
    SCHED_SETTLES = 1 << 3,    /* a decision may look at all vcpus of its CPU, once a period */
    SCHED_DEFERS = 1 << 4,     /* to yield is to let those that wait go first, and nothing else */
};

enum sched_scope { SCHED_OF_ALL, SCHED_OF_CPU, SCHED_OF_VCPU };

/* A word of policy state that sched_dump shows. */
struct sched_field {
    const char *name, *unit;
    enum sched_scope scope;
    uint32_t offset; /* bytes into the state words */
};

struct sched_param {
    struct sched_field field;
    uint64_t min, max, initial;
    const char *range; /* "<name> must be <min>..<max> <unit>" */
    const char *what;
};

#define SCHED_FIELD(scope_, type, member, unit_)                                          \
    {                                                                                     \
        .name = #member, .unit = unit_, .scope = scope_, .offset = offsetof(type, member) \
    }

/* Limits are written as plain numbers: the message is made of them. */
#define SCHED_PARAM(scope_, type, member, unit_, min_, max_, initial_, what_)         \
    {                                                                                 \
        .field = SCHED_FIELD(scope_, type, member, unit_), .min = min_, .max = max_,  \
        .initial = initial_, .range = #member " must be " #min_ ".." #max_ " " unit_, \
        .what = what_                                                                 \
    }

/* ns. Limits, slices and the like are 0 or no shorter than this: they would be mostly switching. A
 * policy's message says the number. */
#define SCHED_SHORTEST 10000U

struct sched_policy {
    const char *name;
    const char *summary;
    uint32_t traits;
    const struct sched_param *params;
    uint32_t n_params;
    const struct sched_field *fields;
    uint32_t n_fields;

    void (*cpu_init)(struct sched_cpu *c);
    void (*add)(struct sched_vcpu *v, uint64_t now);
    void (*remove)(struct sched_vcpu *v, uint64_t now);
    void (*wake)(struct sched_vcpu *v, uint64_t now);
    bool (*enqueue)(struct sched_vcpu *v, uint64_t now);
    void (*sleep)(struct sched_vcpu *v, uint64_t now);
    void (*move)(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now);
    void (*charge)(struct sched_vcpu *v, uint64_t ran, uint64_t now);
    struct sched_vcpu *(*pick)(struct sched_cpu *c, struct sched_vcpu *cur, enum sched_why why,
                               uint64_t now);
    uint64_t (*slice)(struct sched_vcpu *v, uint64_t now);
    bool (*preempts)(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now);
    void (*expire)(struct sched_vcpu *v, uint64_t now);
    void (*changed)(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                    uint64_t now);
    const char *(*check)(const struct sched *s, const struct sched_vcpu *v, uint32_t offset,
                         uint64_t value);
    uint64_t (*share_error)(const struct sched_vcpu *v);
};

/*
 * The state words as a structure of the policy's own. All its members are uint64_t or pairs of
 * them; it is marked may_alias because the words are declared as an array.
 */
#define SCHED_STATE __attribute__((may_alias))
#define SCHED_STATE_FITS(type, words) \
    _Static_assert(sizeof(type) <= (words) * sizeof(uint64_t), #type " outgrew its words")

static inline struct sched_vcpu *sched_vcpu_of(struct sched_node *ready)
{
    return ready == NULL
               ? NULL
               : (struct sched_vcpu *)((char *)ready - offsetof(struct sched_vcpu, ready));
}

static inline struct sched_vcpu *sched_first(const struct sched_cpu *c)
{
    return sched_vcpu_of(c->ready.first);
}

static inline uint32_t sched_runnable(const struct sched_cpu *c)
{
    return c->ready.count + (c->current != NULL ? 1 : 0);
}

/* Calls expire at the first pick of v's CPU at or after `when`; slices end in time for it. */
void sched_timer_arm(struct sched_vcpu *v, uint64_t when);
void sched_timer_cancel(struct sched_vcpu *v);

/* Takes v out of the run queue and enqueues it again, its numbers having changed; nothing, if it
 * does not wait. For policies that change many at once. */
void sched_requeue(struct sched_vcpu *v, uint64_t now);

#endif
