/* SPDX-License-Identifier: MIT */
/*
 * rr: round robin.
 *
 * L. Kleinrock, "Analysis of a Time-Shared Processor", Naval Research Logistics Quarterly 11(1),
 * 1964: each runs for one quantum, then goes to the end of the line; one that arrives does too.
 * There are no weights and nobody is preempted within its quantum.
 *
 * Differs in that what one leaves of its quantum when it blocks is forfeited, and the next one gets
 * a whole quantum.
 *
 * Promise: of n vcpus that stay runnable on one CPU, each runs once in n quanta, so two of them
 * never differ by more than one quantum of service (the definition).
 */
#include "policy.h"

struct rr {
    uint64_t quantum; /* ns */
} SCHED_STATE;

struct rr_vcpu {
    uint64_t left; /* ns of its quantum that it has not run yet; 0: a new one at its turn */
} SCHED_STATE;

SCHED_STATE_FITS(struct rr, SCHED_WORDS);
SCHED_STATE_FITS(struct rr_vcpu, SCHED_VCPU_WORDS);

static struct rr_vcpu *of(struct sched_vcpu *v)
{
    return (struct rr_vcpu *)v->state;
}

static uint64_t quantum(const struct sched_cpu *c)
{
    return ((const struct rr *)c->sched->state)->quantum;
}

/* Equal keys: the queue keeps order of arrival. */
static bool rr_enqueue(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    of(v)->left = 0;
    v->ready.key = 0;
    return true;
}

static void rr_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    (void)now;
    struct rr_vcpu *r = of(v);
    r->left = ran < r->left ? r->left - ran : 0;
}

static struct sched_vcpu *rr_pick(struct sched_cpu *c, struct sched_vcpu *cur, enum sched_why why,
                                  uint64_t now)
{
    (void)now;
    struct sched_vcpu *first = sched_first(c);
    if (cur == NULL || (first != NULL && (of(cur)->left == 0 || why == SCHED_YIELDED)))
        return first;
    return cur;
}

static uint64_t rr_slice(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    struct rr_vcpu *r = of(v);
    if (r->left == 0)
        r->left = quantum(v->cpu);
    return v->cpu->ready.count == 0 ? SCHED_FOREVER : r->left;
}

static bool rr_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)v;
    (void)cur;
    (void)now;
    return false;
}

/* One quantum between two. */
static uint64_t rr_share_error(const struct sched_vcpu *v)
{
    return quantum(v->cpu) / 2 + 1;
}

static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct rr, quantum, "ns", 100000, 1000000000, 10000000,
                "how long one runs before it is the next one's turn"),
};

static const struct sched_field fields[] = {
    SCHED_FIELD(SCHED_OF_VCPU, struct rr_vcpu, left, "ns"),
};

const struct sched_policy sched_rr = {
    .name = "rr",
    .summary = "round robin: equal quanta in turn, no weights, no preemption",
    .traits = SCHED_MIGRATES | SCHED_CONSERVING,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .enqueue = rr_enqueue,
    .charge = rr_charge,
    .pick = rr_pick,
    .slice = rr_slice,
    .preempts = rr_preempts,
    .share_error = rr_share_error,
};
