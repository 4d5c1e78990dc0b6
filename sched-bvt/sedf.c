/* SPDX-License-Identifier: MIT */
/*
 * sedf: Simple Earliest Deadline First.
 *
 * Xen's second scheduler after BVT, as described by L. Cherkasova, D. Gupta, A. Vahdat, "Comparison
 * of the Three CPU Schedulers in Xen", SIGMETRICS PER 35(2), 2007: a vcpu reserves `slice` ns in
 * each `period`; of those with some of their slice left, the earliest end of period runs; what
 * remains of the processor goes to those that take `extra` time. Each CPU is scheduled by itself,
 * and nobody is moved to another one.
 *
 * Differs:
 *   - Waking in the middle of a period follows the constant bandwidth server (L. Abeni, G.
 *     Buttazzo, "Integrating Multimedia Applications in Hard Real-Time Systems", RTSS 1998, the
 *     rule for a job that arrives while the server is idle): the rest of the slice is kept if it
 *     fits before the deadline at the reserved rate; else a new period starts. So a reservation
 *     never takes more than its rate from the others, however one sleeps.
 *   - Extra time goes to whoever had least of it so far among those that want it now, in quanta.
 *   - Reservations that add up to more than a CPU are refused. (sched_add finds room by the
 *     number of vcpus, and moving one by affinity is not refused: then deadlines may be missed.)
 *   - There is no latency hint, and shares are reserved by slice and period, not by weight.
 *
 * Work-conserving only if somebody with `extra` is runnable.
 *
 * Promise: while reservations on a CPU add up to one at most, each runnable vcpu gets its slice in
 * each of its periods (C. Liu, J. Layland, "Scheduling Algorithms for Multiprogramming in a
 * Hard-Real-Time Environment", JACM 20(1), 1973: the deadline driven algorithm meets all deadlines
 * up to full utilisation), and without `extra` no more. Of extra time, two that want it all the
 * time differ by at most a quantum each.
 */
#include "policy.h"

/* Extra time is keyed this far behind all deadlines: further than `now` ever gets (sched.h). */
#define EXTRA_AFTER (1ULL << 61)

/* What one that does not want extra time seems to have had of it, beyond all that do. */
#define EXTRA_NEVER (1ULL << 60)

/* Utilisation is in 2^-32 of a CPU, rounded down so that 1/2 + 1/5 + 3/10 is not refused: with n
 * reservations, n/4 ns a second too much may be let in. */
#define WHOLE_CPU (1ULL << 32)

struct sedf {
    uint64_t quantum; /* of extra time, ns */
} SCHED_STATE;

struct sedf_cpu {
    uint64_t reserved; /* utilisation of all whose CPU this is, each rounded down */
    uint64_t extra;    /* extra time of the one that had least; never goes back */
} SCHED_STATE;

struct sedf_vcpu {
    uint64_t period; /* ns */
    uint64_t slice;  /* ns */
    uint64_t extra;
    uint64_t deadline; /* end of the current period */
    uint64_t budget;   /* ns of the slice that are left in it */
    uint64_t had;      /* extra time, on the scale of its CPU's */
} SCHED_STATE;

SCHED_STATE_FITS(struct sedf, SCHED_WORDS);
SCHED_STATE_FITS(struct sedf_cpu, SCHED_CPU_WORDS);
SCHED_STATE_FITS(struct sedf_vcpu, SCHED_VCPU_WORDS);

static uint64_t quantum(const struct sched_cpu *c)
{
    return ((const struct sedf *)c->sched->state)->quantum;
}

static struct sedf_cpu *on(struct sched_cpu *c)
{
    return (struct sedf_cpu *)c->state;
}

static struct sedf_vcpu *of(struct sched_vcpu *v)
{
    return (struct sedf_vcpu *)v->state;
}

static uint64_t utilisation(uint64_t slice, uint64_t period)
{
    return slice * WHOLE_CPU / period; /* slice <= 4 * 10^9 < 2^32 */
}

static bool entitled(const struct sedf_vcpu *x)
{
    return x->budget != 0;
}

/* The least extra time of those that are runnable and want it; all on c is charged. */
static uint64_t least_extra(struct sched_cpu *c)
{
    struct sedf_cpu *cc = on(c);
    const struct sched_vcpu *cur = c->current;
    uint64_t least = cc->extra + EXTRA_NEVER;
    if (c->ready.root != NULL)
        least = sched_queue_lowest(&c->ready);
    if (cur != NULL && of(c->current)->extra != 0 && sched_before(of(c->current)->had, least))
        least = of(c->current)->had;
    if (sched_before(least, cc->extra + EXTRA_NEVER / 2))
        cc->extra = sched_later(cc->extra, least);
    return cc->extra;
}

static bool wants_to_run(const struct sedf_vcpu *x)
{
    return entitled(x) || x->extra != 0;
}

static uint64_t key(const struct sedf_vcpu *x)
{
    return entitled(x) ? x->deadline : x->had + EXTRA_AFTER;
}

/* A period that starts now. */
static void begin(struct sched_vcpu *v, uint64_t now)
{
    struct sedf_vcpu *x = of(v);
    x->deadline = now + x->period;
    x->budget = x->slice;
    if (x->slice != 0)
        sched_timer_arm(v, x->deadline);
    else
        sched_timer_cancel(v);
}

static void sedf_remove(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    on(v->cpu)->reserved -= utilisation(of(v)->slice, of(v)->period);
}

static void sedf_wake(struct sched_vcpu *v, uint64_t now)
{
    struct sedf_vcpu *x = of(v);
    x->had = sched_later(x->had, least_extra(v->cpu));
    bool over = !sched_before(now, x->deadline);
    /* budget / (deadline - now) > slice / period; all are below 2^32. */
    if (over || x->budget * x->period > (x->deadline - now) * x->slice)
        begin(v, now);
    else if (x->slice != 0)
        sched_timer_arm(v, x->deadline);
}

static bool sedf_enqueue(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    const struct sedf_vcpu *x = of(v);
    v->ready.key = key(x);
    v->ready.floor = x->extra != 0 ? x->had : on(v->cpu)->extra + EXTRA_NEVER;
    return wants_to_run(x);
}

static void sedf_move(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    (void)now;
    struct sedf_vcpu *x = of(v);
    struct sedf_cpu *from = on(v->cpu);
    uint64_t u = utilisation(x->slice, x->period);
    from->reserved -= u;
    on(to)->reserved += u;
    uint64_t least = least_extra(v->cpu);
    uint64_t ahead = sched_before(least, x->had) ? x->had - least : 0;
    x->had = least_extra(to) + ahead;
}

static void sedf_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    (void)now;
    struct sedf_vcpu *x = of(v);
    uint64_t reserved = ran < x->budget ? ran : x->budget;
    x->budget -= reserved;
    x->had += ran - reserved;
    least_extra(v->cpu);
}

static struct sched_vcpu *sedf_pick(struct sched_cpu *c, struct sched_vcpu *cur, enum sched_why why,
                                    uint64_t now)
{
    (void)now;
    struct sched_vcpu *first = sched_first(c), *next = cur;
    if (cur == NULL || !wants_to_run(of(cur)) || (first != NULL && why == SCHED_YIELDED)) {
        next = first;
    } else if (first != NULL) {
        bool both_extra = !entitled(of(cur)) && !entitled(of(first));
        uint64_t may = first->ready.key + (both_extra ? quantum(c) : 1);
        next = sched_before(key(of(cur)), may) ? cur : first;
    }
    return next;
}

/* Ends of periods are timers, which end slices by themselves. */
static uint64_t sedf_slice(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    const struct sedf_vcpu *x = of(v);
    struct sched_vcpu *first = sched_first(v->cpu);
    if (entitled(x))
        return x->budget;
    if (first == NULL)
        return SCHED_FOREVER;
    uint64_t until = first->ready.key + quantum(v->cpu);
    return sched_before(key(x), until) ? until - key(x) : quantum(v->cpu);
}

static bool sedf_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)now;
    return entitled(of(v)) && sched_before(key(of(v)), key(of(cur)));
}

/* The period is over, while runnable: the next one starts where it ended. */
static void sedf_expire(struct sched_vcpu *v, uint64_t now)
{
    struct sedf_vcpu *x = of(v);
    bool next = now - x->deadline < x->period; /* or several went by unlooked at */
    begin(v, next ? x->deadline : now);
}

static void sedf_changed(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                         uint64_t now)
{
    (void)s;
    if (v == NULL || offset == offsetof(struct sedf_vcpu, extra))
        return;
    struct sedf_vcpu *x = of(v);
    uint64_t slice = offset == offsetof(struct sedf_vcpu, slice) ? old : x->slice;
    uint64_t period = offset == offsetof(struct sedf_vcpu, period) ? old : x->period;
    struct sedf_cpu *c = on(v->cpu);
    c->reserved += utilisation(x->slice, x->period) - utilisation(slice, period);
    if (v->status == SCHED_BLOCKED)
        x->deadline = now; /* waking starts a period */
    else
        begin(v, now);
}

static const char *sedf_check(const struct sched *s, const struct sched_vcpu *v, uint32_t offset,
                              uint64_t value)
{
    (void)s;
    if (v == NULL)
        return NULL;
    const struct sedf_vcpu *x = (const struct sedf_vcpu *)v->state;
    if (offset == offsetof(struct sedf_vcpu, extra))
        return value == 0 && x->slice == 0 ? "extra must be 1 while slice is 0 (never to run)"
                                           : NULL;
    bool is_slice = offset == offsetof(struct sedf_vcpu, slice);
    uint64_t slice = is_slice ? value : x->slice, period = is_slice ? x->period : value;
    if (slice != 0 && slice < SCHED_SHORTEST)
        return "slice must be 0 (none) or 10000..4000000000 ns";
    if (slice == 0 && x->extra == 0)
        return "slice must be 10000..4000000000 ns while extra is 0";
    if (slice > period)
        return is_slice ? "slice must be at most the period" : "period must be at least the slice";
    const struct sedf_cpu *c = (const struct sedf_cpu *)v->cpu->state;
    uint64_t others = c->reserved - utilisation(x->slice, x->period);
    if (others + utilisation(slice, period) > WHOLE_CPU)
        return is_slice ? "slice must leave all reservations of the CPU within 100 percent"
                        : "period must leave all reservations of the CPU within 100 percent";
    return NULL;
}

/* Of those that reserve nothing. */
static uint64_t sedf_share_error(const struct sched_vcpu *v)
{
    return quantum(v->cpu) + 1;
}

/* A new vcpu reserves nothing and takes extra time, as Xen's guests did. */
static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct sedf, quantum, "ns", 100000, 1000000000, 5000000,
                "how much extra time one gets at a time"),
    SCHED_PARAM(SCHED_OF_VCPU, struct sedf_vcpu, period, "ns", 100000, 4000000000, 100000000,
                "the period of its reservation"),
    SCHED_PARAM(SCHED_OF_VCPU, struct sedf_vcpu, slice, "ns", 0, 4000000000, 0,
                "what it is guaranteed in each period"),
    SCHED_PARAM(SCHED_OF_VCPU, struct sedf_vcpu, extra, "(off, on)", 0, 1, 1,
                "whether it runs in time that nobody reserved or used"),
};

static const struct sched_field fields[] = {
    SCHED_FIELD(SCHED_OF_CPU, struct sedf_cpu, reserved, "2^-32 CPU"),
    {.name = "extra_time",
     .unit = "ns",
     .scope = SCHED_OF_CPU,
     .offset = offsetof(struct sedf_cpu, extra)},
    SCHED_FIELD(SCHED_OF_VCPU, struct sedf_vcpu, deadline, "ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct sedf_vcpu, budget, "ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct sedf_vcpu, had, "ns"),
};

const struct sched_policy sched_sedf = {
    .name = "sedf",
    .summary = "simple earliest deadline first: reservations a period, and extra time",
    .traits = 0,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .remove = sedf_remove,
    .wake = sedf_wake,
    .enqueue = sedf_enqueue,
    .move = sedf_move,
    .charge = sedf_charge,
    .pick = sedf_pick,
    .slice = sedf_slice,
    .preempts = sedf_preempts,
    .expire = sedf_expire,
    .changed = sedf_changed,
    .check = sedf_check,
    .share_error = sedf_share_error,
};
