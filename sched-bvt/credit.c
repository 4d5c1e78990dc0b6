/* SPDX-License-Identifier: MIT */
/*
 * credit: Xen's first credit scheduler.
 *
 * After its public description (Xen wiki, "Credit Scheduler"; L. Cherkasova, D. Gupta, A. Vahdat,
 * "Comparison of the Three CPU Schedulers in Xen", SIGMETRICS PER 35(2), 2007), with the constants
 * of its source (common/sched_credit.c): running costs credit; each accounting period of 30 ms the
 * active vcpus are paid by weight. One with credit left is UNDER, one without is OVER; UNDER runs
 * before OVER, each in turn for a time slice of 30 ms. One that wakes while UNDER is BOOSTed before
 * both until it has run for a tick of 10 ms. A cap limits a vcpu to a percentage of a CPU, idle or
 * not. Nobody is preempted before it ran for the rate limit of 1 ms.
 *
 * Credit is kept in ns of running (100 us are one credit of Xen's).
 *
 * Differs:
 *   - Each CPU accounts for its own vcpus; Xen does it for all CPUs together, under one lock. So
 *     shares hold on each CPU, and across CPUs as far as stealing evens out the load.
 *   - Running is charged as it happened, where Xen's first versions charged whole ticks.
 *   - What capped vcpus are not paid goes to the uncapped ones by weight.
 *   - Debt is not forgiven: Xen cuts it at one period, and by that a light vcpu that gets 30 ms
 *     slices gains on the others.
 *   - A CPU looks for work elsewhere when it has none or much less, not whenever it has only
 *     OVER.
 *
 * Work-conserving, but for caps.
 *
 * Settling takes about 55 instructions for each active vcpu of the CPU, at one decision in 30 ms:
 * with 10,000 of them that is a fraction of a ms. All else is O(log n).
 *
 * Promise: none is proven in the sources. Payments are by weight, and what one is owed or owes
 * stays within a few periods, as long as it is not cut at the upper limit of one period; a vcpu
 * waits for the 30 ms of each other, so that happens to those with more than their part of the
 * weight when there are many others. tests/sched says what was observed, with which weights.
 */
#include "policy.h"

#define CAP_WHOLE 100U /* percent */

enum class { BOOST, UNDER, OVER };

/* Classes are this far apart in the queue's key; within a class it is first come, first served. */
#define CLASS_SHIFT 32U

struct credit {
    uint64_t timeslice; /* ns; also the accounting period */
    uint64_t tick;      /* ns */
    uint64_t ratelimit; /* ns */
} SCHED_STATE;

struct credit_cpu {
    uint64_t due;    /* when accounts are settled next */
    uint64_t weight; /* of the active ones */
    struct sched_vcpu *active;
} SCHED_STATE;

struct credit_vcpu {
    uint64_t weight;
    uint64_t cap;    /* percent of a CPU; 0: none */
    uint64_t credit; /* signed, ns */
    uint64_t class;
    uint64_t stint;  /* ns since it was last dispatched */
    uint64_t capped; /* 1: parked until it is paid enough */
    uint64_t used;   /* 1: was runnable since the last settlement */
    uint64_t listed; /* 1: in its CPU's list of active ones */
    struct sched_vcpu *next, *previous;
} SCHED_STATE;

SCHED_STATE_FITS(struct credit, SCHED_WORDS);
SCHED_STATE_FITS(struct credit_cpu, SCHED_CPU_WORDS);
SCHED_STATE_FITS(struct credit_vcpu, SCHED_VCPU_WORDS);

static struct credit *all(const struct sched_cpu *c)
{
    return (struct credit *)c->sched->state;
}

static struct credit_cpu *on(struct sched_cpu *c)
{
    return (struct credit_cpu *)c->state;
}

static struct credit_vcpu *of(struct sched_vcpu *v)
{
    return (struct credit_vcpu *)v->state;
}

/* ---- The active ones of a CPU ---- */

static void activate(struct sched_vcpu *v, struct sched_cpu *c, uint64_t now)
{
    struct credit_vcpu *x = of(v);
    struct credit_cpu *cc = on(c);
    x->used = 1;
    if (x->listed != 0)
        return;
    if (cc->active == NULL && !sched_before(now, cc->due))
        cc->due = now + all(c)->timeslice; /* nobody was there to be paid: a new period */
    x->listed = 1;
    x->previous = NULL;
    x->next = cc->active;
    if (cc->active != NULL)
        of(cc->active)->previous = v;
    cc->active = v;
    cc->weight += x->weight;
}

static void deactivate(struct sched_vcpu *v)
{
    struct credit_vcpu *x = of(v);
    struct credit_cpu *cc = on(v->cpu);
    if (x->listed == 0)
        return;
    x->listed = 0;
    if (x->previous != NULL)
        of(x->previous)->next = x->next;
    else
        cc->active = x->next;
    if (x->next != NULL)
        of(x->next)->previous = x->previous;
    cc->weight -= x->weight;
}

/* ---- Accounting ---- */

static bool in_debt(const struct credit_vcpu *x)
{
    return (int64_t)x->credit < 0;
}

/* What its cap allows it in a period, ns. */
static uint64_t ceiling(const struct credit_vcpu *x, uint64_t period)
{
    return period * x->cap / CAP_WHOLE;
}

/* A share of `pool` by weight. */
static uint64_t part(uint64_t pool, uint64_t weight, uint64_t weights)
{
    return weights == 0 ? 0 : pool * weight / weights;
}

static void pay(struct sched_vcpu *v, uint64_t amount, uint64_t period)
{
    struct credit_vcpu *x = of(v);
    x->credit += amount;
    if ((int64_t)x->credit > (int64_t)period) { /* it does not use what it gets */
        x->credit = period;
        if (x->used == 0)
            deactivate(v);
    }
    if (x->class != BOOST || in_debt(x))
        x->class = in_debt(x) ? OVER : UNDER;
}

/* Pays the period that ends at `due`. What caps leave goes to those without one. */
static void settle(struct sched_cpu *c, uint64_t now)
{
    struct credit_cpu *cc = on(c);
    uint64_t period = all(c)->timeslice, weights = cc->weight, spare = 0, uncapped = 0;
    cc->due = now - cc->due < period ? cc->due + period : now + period;
    for (struct sched_vcpu *v = cc->active; v != NULL; v = of(v)->next) {
        const struct credit_vcpu *x = of(v);
        uint64_t fair = part(period, x->weight, weights);
        if (x->cap == 0)
            uncapped += x->weight;
        else if (fair > ceiling(x, period))
            spare += fair - ceiling(x, period);
    }
    for (struct sched_vcpu *v = cc->active, *next; v != NULL; v = next) {
        struct credit_vcpu *x = of(v);
        uint64_t amount = part(period, x->weight, weights);
        next = x->next;
        if (x->cap == 0)
            amount += part(spare, x->weight, uncapped);
        else if (amount > ceiling(x, period))
            amount = ceiling(x, period);
        uint64_t class = x->class;
        pay(v, amount, period);
        x->used = v->status != SCHED_BLOCKED;
        if (x->class != class || x->capped != 0) /* else it keeps its place in the line */
            sched_requeue(v, now);
    }
}

/* ---- The policy's calls ---- */

static void credit_wake(struct sched_vcpu *v, uint64_t now)
{
    struct credit_vcpu *x = of(v);
    activate(v, v->cpu, now);
    x->class = in_debt(x) ? OVER : BOOST;
}

static bool must_stop(const struct credit_vcpu *x)
{
    return x->cap != 0 && in_debt(x);
}

static bool credit_enqueue(struct sched_vcpu *v, uint64_t now)
{
    struct credit_vcpu *x = of(v);
    (void)now;
    x->capped = must_stop(x);
    v->ready.key = x->class << CLASS_SHIFT;
    if (x->capped != 0)
        sched_timer_arm(v, on(v->cpu)->due);
    else
        sched_timer_cancel(v);
    return x->capped == 0;
}

static void credit_remove(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    deactivate(v);
}

static void credit_move(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    deactivate(v);
    if (v->status != SCHED_BLOCKED)
        activate(v, to, now);
}

static void credit_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    (void)now;
    struct credit_vcpu *x = of(v);
    x->credit -= ran;
    x->stint += ran;
    x->used = 1;
    if (x->class == BOOST && x->stint >= all(v->cpu)->tick)
        x->class = in_debt(x) ? OVER : UNDER;
}

static struct sched_vcpu *credit_pick(struct sched_cpu *c, struct sched_vcpu *cur,
                                      enum sched_why why, uint64_t now)
{
    if (!sched_before(now, on(c)->due))
        settle(c, now);
    struct sched_vcpu *first = sched_first(c);
    struct sched_vcpu *next = cur;
    if (cur == NULL || must_stop(of(cur)) || (first != NULL && why == SCHED_YIELDED)) {
        next = first;
    } else if (first != NULL && of(cur)->stint >= all(c)->ratelimit) {
        bool higher = of(first)->class < of(cur)->class;
        bool turn = of(first)->class == of(cur)->class && of(cur)->stint >= all(c)->timeslice;
        next = higher || turn ? first : cur;
    }
    if (next != NULL && (next != cur || of(next)->stint >= all(c)->timeslice))
        of(next)->stint = 0;
    return next;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until something may be different: the time slice, the tick of a boosted one, the rate limit while
 * one with precedence waits, the last of a capped one's credit, the settlement. */
static uint64_t credit_slice(struct sched_vcpu *v, uint64_t now)
{
    struct credit_vcpu *x = of(v);
    struct sched_cpu *c = v->cpu;
    const struct sched_vcpu *first = sched_first(c);
    uint64_t slice = on(c)->due - now;
    if (x->cap != 0)
        slice = earlier(slice, x->credit + 1);
    if (first == NULL)
        return slice;
    if (x->stint < all(c)->timeslice)
        slice = earlier(slice, all(c)->timeslice - x->stint);
    if (x->class == BOOST && x->stint < all(c)->tick)
        slice = earlier(slice, all(c)->tick - x->stint);
    if (x->stint < all(c)->ratelimit && first->ready.key >> CLASS_SHIFT < x->class)
        slice = earlier(slice, all(c)->ratelimit - x->stint);
    return slice;
}

static bool credit_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)now;
    return of(v)->class < of(cur)->class;
}

/* Its CPU was idle when the period ended, or it is one of several to be paid. */
static void credit_expire(struct sched_vcpu *v, uint64_t now)
{
    if (!sched_before(now, on(v->cpu)->due))
        settle(v->cpu, now);
}

static void credit_changed(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                           uint64_t now)
{
    if (v == NULL) {
        for (uint32_t i = 0; i < s->n_cpus; i++) /* a shorter period starts now */
            if (sched_before(now + all(&s->cpus[i])->timeslice, on(&s->cpus[i])->due))
                on(&s->cpus[i])->due = now + all(&s->cpus[i])->timeslice;
        return;
    }
    if (offset == offsetof(struct credit_vcpu, weight) && of(v)->listed != 0)
        on(v->cpu)->weight += of(v)->weight - old;
}

/* Observed, not proven by anyone: 3.2 periods, with up to 12 vcpus and weights up to 128:1. */
static uint64_t credit_share_error(const struct sched_vcpu *v)
{
    return sched_virtual(4 * all(v->cpu)->timeslice,
                         ((const struct credit_vcpu *)v->state)->weight);
}

/* Xen's values. */
static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct credit, timeslice, "ns", 1000000, 1000000000, 30000000,
                "how long one runs in its turn, and how often credit is paid"),
    SCHED_PARAM(SCHED_OF_ALL, struct credit, tick, "ns", 100000, 1000000000, 10000000,
                "how long a boosted one keeps its precedence while it runs"),
    SCHED_PARAM(SCHED_OF_ALL, struct credit, ratelimit, "ns", 0, 500000000, 1000000,
                "how long one runs at least before another one with precedence does"),
    SCHED_PARAM(SCHED_OF_VCPU, struct credit_vcpu, weight, "shares", 1, 65535, 256,
                "share of the CPU, in proportion to the others'"),
    SCHED_PARAM(SCHED_OF_VCPU, struct credit_vcpu, cap, "percent", 0, 100, 0,
                "how much of a CPU it may use at most; 0: no limit"),
};

static const struct sched_field fields[] = {
    SCHED_FIELD(SCHED_OF_CPU, struct credit_cpu, due, "ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct credit_vcpu, credit, "ns (signed)"),
    SCHED_FIELD(SCHED_OF_VCPU, struct credit_vcpu, class, "(boost, under, over)"),
    SCHED_FIELD(SCHED_OF_VCPU, struct credit_vcpu, capped, "(no, yes)"),
};

const struct sched_policy sched_credit = {
    .name = "credit",
    .summary = "Xen's credit scheduler: weights, caps, and a boost for those that wake",
    .traits = SCHED_MIGRATES | SCHED_WEIGHTED | SCHED_SETTLES,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .remove = credit_remove,
    .wake = credit_wake,
    .enqueue = credit_enqueue,
    .move = credit_move,
    .charge = credit_charge,
    .pick = credit_pick,
    .slice = credit_slice,
    .preempts = credit_preempts,
    .expire = credit_expire,
    .changed = credit_changed,
    .share_error = credit_share_error,
};
