/* SPDX-License-Identifier: MIT */
/*
 * eevdf: Earliest Eligible Virtual Deadline First.
 *
 * I. Stoica, H. Abdel-Wahab, "Earliest Eligible Virtual Deadline First: A Flexible and Accurate
 * Mechanism for Proportional Share Resource Allocation", Old Dominion University TR-95-22, 1995
 * (revised 1996). A client asks for service in requests of length r. A request is eligible from the
 * virtual time ve at which a fluid machine would have given the client what it has had so far, and
 * due at vd = ve + r / w. Of the eligible requests the one with the earliest deadline runs. Virtual
 * time V is that of the fluid machine; lag is what a client is behind it by.
 *
 * Joining and leaving with lag != 0 changes V for the others so that all lags keep adding up to
 * zero (the paper's dynamic operations): here V is the average of the clients' clocks (average.h),
 * which says the same.
 *
 * Differs:
 *   - A sleeper keeps its lag, cut to one of its requests either way. It is never more ahead,
 *     unless parameters changed; if it is more behind, by a longer request of another, it cannot
 *     save that up.
 *   - Yielding gives up the rest of the request.
 *   - Each CPU has its own queue and V; one that moves keeps its lag.
 *
 * Promise: while the set of runnable clients and their weights stay, -r_max < lag < max(r_max, q),
 * in ns of service (the paper's bound in steady conditions; q is the quantum that decisions are
 * made at).
 */
#include "average.h"

struct eevdf {
    uint64_t quantum; /* q, ns */
} SCHED_STATE;

struct eevdf_cpu {
    struct sched_average virtual_time; /* V */
} SCHED_STATE;

struct eevdf_vcpu {
    uint64_t weight;
    uint64_t request;          /* r, ns */
    struct sched_vclock clock; /* service received / weight, on the scale of V */
    uint64_t eligible;         /* ve of the current request */
    uint64_t deadline;         /* vd */
    uint64_t lag;              /* signed: V - clock, while BLOCKED */
} SCHED_STATE;

SCHED_STATE_FITS(struct eevdf, SCHED_WORDS);
SCHED_STATE_FITS(struct eevdf_cpu, SCHED_CPU_WORDS);
SCHED_STATE_FITS(struct eevdf_vcpu, SCHED_VCPU_WORDS);

static uint64_t quantum(const struct sched_cpu *c)
{
    return ((const struct eevdf *)c->sched->state)->quantum;
}

static struct sched_average *average(struct sched_cpu *c)
{
    return &((struct eevdf_cpu *)c->state)->virtual_time;
}

static struct eevdf_vcpu *of(struct sched_vcpu *v)
{
    return (struct eevdf_vcpu *)v->state;
}

/* At least one virtual ns: a request of a heavy client is shorter than that nowhere in its range.
 */
static uint64_t length(const struct eevdf_vcpu *x)
{
    return sched_virtual(x->request, x->weight);
}

static void ask(struct eevdf_vcpu *x)
{
    x->eligible = x->clock.at;
    x->deadline = x->clock.at + length(x);
}

static void leave(struct sched_vcpu *v)
{
    struct eevdf_vcpu *x = of(v);
    x->lag = sched_average_cut(sched_average_at(average(v->cpu)) - x->clock.at, length(x));
    sched_average_leave(average(v->cpu), x->clock.at, x->weight);
}

static void join(struct sched_vcpu *v, struct sched_cpu *c)
{
    struct eevdf_vcpu *x = of(v);
    x->clock.at = sched_average_place(average(c), 0 - x->lag, x->weight);
    sched_average_join(average(c), x->clock.at, x->weight);
    ask(x);
}

static void eevdf_cpu_init(struct sched_cpu *c)
{
    average(c)->base = c->sched->start;
}

static void eevdf_wake(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    join(v, v->cpu);
}

static bool eevdf_enqueue(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    v->ready.key = of(v)->deadline;
    v->ready.floor = of(v)->eligible;
    return true;
}

static void eevdf_sleep(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    leave(v);
}

static void eevdf_move(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    (void)now;
    if (v->status == SCHED_BLOCKED)
        return;
    leave(v);
    join(v, to);
}

static void eevdf_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    (void)now;
    struct eevdf_vcpu *x = of(v);
    uint64_t before = x->clock.at;
    sched_vclock_run(&x->clock, ran, x->weight);
    sched_average_advance(average(v->cpu), x->clock.at - before, x->weight);
    if (!sched_before(x->clock.at, x->deadline))
        ask(x);
}

static bool eligible(struct sched_vcpu *v)
{
    return !sched_before(sched_average_at(average(v->cpu)), of(v)->eligible);
}

static struct sched_vcpu *eevdf_pick(struct sched_cpu *c, struct sched_vcpu *cur,
                                     enum sched_why why, uint64_t now)
{
    (void)now;
    uint64_t v = sched_average_at(average(c));
    struct sched_vcpu *first = sched_vcpu_of(sched_queue_first_below(&c->ready, v));
    if (cur != NULL && why == SCHED_YIELDED) {
        ask(of(cur));
        first = first != NULL ? first : sched_first(c); /* the only eligible one gave way */
        return first != NULL ? first : cur;
    }
    if (cur == NULL || (first != NULL && !eligible(cur)))
        return first;
    if (first == NULL || !sched_before(first->ready.key, of(cur)->deadline))
        return cur;
    return first;
}

static uint64_t eevdf_slice(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    if (v->cpu->ready.count == 0)
        return SCHED_FOREVER;
    uint64_t rest = sched_real(of(v)->deadline - of(v)->clock.at, of(v)->weight);
    return rest < quantum(v->cpu) ? rest : quantum(v->cpu);
}

static bool eevdf_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)now;
    return eligible(v) && (!eligible(cur) || sched_before(of(v)->deadline, of(cur)->deadline));
}

static void eevdf_changed(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                          uint64_t now)
{
    (void)s;
    (void)now;
    if (v == NULL)
        return;
    struct eevdf_vcpu *x = of(v);
    bool member = v->status != SCHED_BLOCKED;
    uint64_t weight = x->weight;
    bool reweighed = offset == offsetof(struct eevdf_vcpu, weight);
    if (member) {
        x->weight = reweighed ? old : weight;
        leave(v);
        x->weight = weight;
    }
    if (reweighed) {
        x->lag = sched_reweighed(x->lag, old, weight);
        sched_vclock_reweigh(&x->clock, old, weight);
    }
    if (member)
        join(v, v->cpu);
}

/* lag goes from one end of its range to the other, at most. */
static uint64_t eevdf_share_error(const struct sched_vcpu *v)
{
    const struct eevdf_vcpu *x = (const struct eevdf_vcpu *)v->state;
    uint64_t q = quantum(v->cpu), r = x->request;
    return sched_virtual(r + (r > q ? r : q), x->weight) + 2;
}

static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct eevdf, quantum, "ns", 100000, 1000000000, 1000000,
                "q: how often it is decided anew"),
    SCHED_PARAM(SCHED_OF_VCPU, struct eevdf_vcpu, weight, "shares", 1, 65535, 256,
                "share of the CPU, in proportion to the others'"),
    SCHED_PARAM(SCHED_OF_VCPU, struct eevdf_vcpu, request, "ns", 100000, 1000000000, 5000000,
                "r: the length of its requests; a shorter one is served sooner"),
};

static const struct sched_field fields[] = {
    {.name = "virtual_time",
     .unit = "virtual ns",
     .scope = SCHED_OF_CPU,
     .offset = offsetof(struct eevdf_cpu, virtual_time.base)},
    SCHED_FIELD(SCHED_OF_VCPU, struct eevdf_vcpu, clock, "virtual ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct eevdf_vcpu, eligible, "virtual ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct eevdf_vcpu, deadline, "virtual ns"),
};

const struct sched_policy sched_eevdf = {
    .name = "eevdf",
    .summary = "earliest eligible virtual deadline first: weighted shares, requests for latency",
    .traits = SCHED_MIGRATES | SCHED_CONSERVING | SCHED_WEIGHTED,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .cpu_init = eevdf_cpu_init,
    .wake = eevdf_wake,
    .enqueue = eevdf_enqueue,
    .sleep = eevdf_sleep,
    .move = eevdf_move,
    .charge = eevdf_charge,
    .pick = eevdf_pick,
    .slice = eevdf_slice,
    .preempts = eevdf_preempts,
    .changed = eevdf_changed,
    .share_error = eevdf_share_error,
};
