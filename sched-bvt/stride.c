/* SPDX-License-Identifier: MIT */
/*
 * stride: stride scheduling.
 *
 * C. Waldspurger, W. Weihl, "Stride Scheduling: Deterministic Proportional-Share Resource
 * Management", MIT/LCS/TM-528, 1995: each client has a pass, which advances by its stride, inverse
 * to its tickets, each quantum; the smallest pass runs. Dynamic participation: a client leaves with
 * remain = pass - global pass and rejoins with pass = global pass + remain; tickets may change. A
 * quantum that is used in part advances pass in part. Tickets are `weight`.
 *
 * Differs:
 *   - The global pass is the exact average of the passes (average.h). The paper advances it by
 *     the global stride, and then it drifts from the passes whenever one leaves with remain != 0
 *     for good: later arrivals would be placed ever further off. Hence a client that rejoins
 *     stands remain away from the average that it is then a part of.
 *   - remain is cut to one stride either way. One is never more ahead (see below), unless
 *     parameters changed; one that is more behind, by others' quanta, cannot save that up by
 *     sleeping.
 *   - Each CPU has its own queue and global pass; one that moves keeps its remain.
 *   - A first-time arrival has remain = 0 on a CPU that nobody uses, else one stride, as in the
 *     paper.
 *
 * Promise: for any two that stay runnable on one CPU, the error is at most one quantum each (the
 * paper's relative error between a pair): nobody's pass exceeds the smallest by more than its
 * stride. One that joins keeps what it was ahead or behind. Over all, one may be behind by a number
 * of quanta that grows with the number of clients (the paper's absolute error, O(n)).
 */
#include "average.h"

struct stride {
    uint64_t quantum; /* ns */
} SCHED_STATE;

struct stride_cpu {
    struct sched_average global;
} SCHED_STATE;

struct stride_vcpu {
    uint64_t weight;
    struct sched_vclock pass;
    uint64_t remain; /* signed: pass - global pass, while BLOCKED */
    uint64_t left;   /* ns of its quantum */
} SCHED_STATE;

SCHED_STATE_FITS(struct stride, SCHED_WORDS);
SCHED_STATE_FITS(struct stride_cpu, SCHED_CPU_WORDS);
SCHED_STATE_FITS(struct stride_vcpu, SCHED_VCPU_WORDS);

static uint64_t quantum(const struct sched_cpu *c)
{
    return ((const struct stride *)c->sched->state)->quantum;
}

static struct sched_average *global(struct sched_cpu *c)
{
    return &((struct stride_cpu *)c->state)->global;
}

static struct stride_vcpu *of(struct sched_vcpu *v)
{
    return (struct stride_vcpu *)v->state;
}

static void leave(struct sched_vcpu *v)
{
    struct stride_vcpu *x = of(v);
    x->remain = sched_average_cut(x->pass.at - sched_average_at(global(v->cpu)),
                                  sched_virtual(quantum(v->cpu), x->weight));
    sched_average_leave(global(v->cpu), x->pass.at, x->weight);
}

static void join(struct sched_vcpu *v, struct sched_cpu *c)
{
    struct stride_vcpu *x = of(v);
    x->pass.at = sched_average_place(global(c), x->remain, x->weight);
    sched_average_join(global(c), x->pass.at, x->weight);
}

static void stride_cpu_init(struct sched_cpu *c)
{
    global(c)->base = c->sched->start;
}

static void stride_wake(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    if (!v->started && global(v->cpu)->weights != 0)
        of(v)->remain = sched_virtual(quantum(v->cpu), of(v)->weight);
    join(v, v->cpu);
}

static bool stride_enqueue(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    of(v)->left = 0;
    v->ready.key = of(v)->pass.at;
    return true;
}

static void stride_sleep(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    leave(v);
}

static void stride_move(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    (void)now;
    if (v->status == SCHED_BLOCKED)
        return;
    leave(v);
    join(v, to);
}

static void stride_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    (void)now;
    struct stride_vcpu *x = of(v);
    uint64_t before = x->pass.at;
    sched_vclock_run(&x->pass, ran, x->weight);
    sched_average_advance(global(v->cpu), x->pass.at - before, x->weight);
    x->left = ran < x->left ? x->left - ran : 0;
}

static struct sched_vcpu *stride_pick(struct sched_cpu *c, struct sched_vcpu *cur,
                                      enum sched_why why, uint64_t now)
{
    (void)now;
    struct sched_vcpu *first = sched_first(c);
    if (cur == NULL || (first != NULL && why == SCHED_YIELDED))
        return first;
    bool over = of(cur)->left == 0;
    if (first == NULL || !over || sched_before(of(cur)->pass.at, first->ready.key))
        return cur;
    return first;
}

static uint64_t stride_slice(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    if (of(v)->left == 0)
        of(v)->left = quantum(v->cpu);
    return v->cpu->ready.count == 0 ? SCHED_FOREVER : of(v)->left;
}

static bool stride_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)v;
    (void)cur;
    (void)now;
    return false; /* quanta are not cut short */
}

/* Tickets changed: what it is ahead by, in time, stays. */
static void stride_changed(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                           uint64_t now)
{
    (void)s;
    (void)now;
    if (v == NULL || offset != offsetof(struct stride_vcpu, weight))
        return;
    struct stride_vcpu *x = of(v);
    uint64_t weight = x->weight;
    if (v->status != SCHED_BLOCKED) {
        x->weight = old;
        leave(v);
        x->weight = weight;
    }
    x->remain = sched_reweighed(x->remain, old, weight);
    sched_vclock_reweigh(&x->pass, old, weight);
    if (v->status != SCHED_BLOCKED)
        join(v, v->cpu);
}

static uint64_t stride_share_error(const struct sched_vcpu *v)
{
    return sched_virtual(quantum(v->cpu), ((const struct stride_vcpu *)v->state)->weight) + 2;
}

static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct stride, quantum, "ns", 100000, 1000000000, 10000000,
                "how long one runs before passes are compared again"),
    SCHED_PARAM(SCHED_OF_VCPU, struct stride_vcpu, weight, "tickets", 1, 65535, 256,
                "share of the CPU, in proportion to the others'"),
};

static const struct sched_field fields[] = {
    {.name = "global_pass",
     .unit = "virtual ns",
     .scope = SCHED_OF_CPU,
     .offset = offsetof(struct stride_cpu, global.base)},
    SCHED_FIELD(SCHED_OF_VCPU, struct stride_vcpu, pass, "virtual ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct stride_vcpu, left, "ns"),
};

const struct sched_policy sched_stride = {
    .name = "stride",
    .summary = "stride scheduling: weighted shares in whole quanta, no preemption",
    .traits = SCHED_MIGRATES | SCHED_CONSERVING | SCHED_WEIGHTED,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .cpu_init = stride_cpu_init,
    .wake = stride_wake,
    .enqueue = stride_enqueue,
    .sleep = stride_sleep,
    .move = stride_move,
    .charge = stride_charge,
    .pick = stride_pick,
    .slice = stride_slice,
    .preempts = stride_preempts,
    .changed = stride_changed,
    .share_error = stride_share_error,
};
