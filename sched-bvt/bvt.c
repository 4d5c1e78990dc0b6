/* SPDX-License-Identifier: MIT */
/*
 * bvt: Borrowed Virtual Time.
 *
 * K. Duda, D. Cheriton, "Borrowed-Virtual-Time (BVT) scheduling: supporting latency-sensitive
 * threads in a general-purpose scheduler", SOSP 1999. In the paper's letters:
 *
 *   A_i   actual virtual time: advances by running time / weight, in whole mcu of running time
 *   E_i   effective virtual time: A_i - (warped ? W_i : 0); the smallest one runs
 *   SVT   scheduler virtual time: the smallest A_i of the runnable; on waking, A_i = max(A_i, SVT),
 *         so sleeping earns nothing
 *   C     context switch allowance, real time: the running one, i, gives way to j when E_j <= E_i -
 *         C / w_i. One that wakes with a smaller E preempts at once, C or not
 *   W_i   warp, in virtual time; L_i, warp time limit and U_i, unwarp time requirement, in real
 *         time, keep it from being abused
 *   mcu   minimum charging unit
 *
 * The other description that is at hand is Xen's (common/sched_bvt.c of Xen 2.0), whose defaults of
 * C (5 ms) and mcu (100 us) are ours. Where the paper leaves room, or we differ:
 *   - mcu. Running time that is not yet a whole mcu is carried to the next stretch; Xen rounds it
 *     up at each. So one that is interrupted often pays no more than one that is not.
 *   - warpback. In the paper a thread (or whoever acts for it) sets the flag; Xen sets it on
 *     waking and clears it on blocking. Here it is a parameter: where it is 1, it is warped
 *     whenever L and U allow.
 *   - L bounds the running time in one warp; Xen counts real time from waking. A warp ends when L
 *     is used up or when the vcpu did not run warped for U. After L it is unwarped for U of real
 *     time, and then warped again where it stands. With U = 0 it is warped again when it next
 *     wakes. L = 0: no limit.
 *   - Xen lets the running one finish C even when one that woke has a smaller E; the paper and we
 *     do not.
 *   - All sleeping is alike. The paper excepts involuntary waiting, such as for a page fault,
 *     from A_i = max(A_i, SVT); a hypervisor is not told why a guest blocks.
 *   - Changing a weight keeps what one is ahead of SVT by worth the same time. So the promise
 *     holds from the next moment on, and nobody waits out a debt at a rate that it no longer has.
 *     A goes back then, though not behind SVT; it never does otherwise.
 *   - Yielding: the first one of the queue runs next, allowance or not, and like sleeping it earns
 *     nothing: A_i = max(A_i, the smallest A of those that wait). Else one that yields without end
 *     would stay behind all others, and be the first one again at each decision.
 *   - Multiprocessors. Each CPU has its own queue and its own SVT; a vcpu that moves keeps its
 *     distance from SVT.
 *
 * Promise, by construction. Those that stay runnable on one CPU, unwarped: nobody's A exceeds SVT
 * by more than (C + mcu) / w_i, since it is preempted there; one that is, or was, warped may have
 * borrowed W on top. Hence for two of them that do not yield, over any window, services s per
 * weight differ by at most (C + 2 mcu)/w_i + (C + 2 mcu)/w_j + W_i + W_j: warping moves service in
 * time and gives none. (An mcu each is what is carried.) All E in a queue lie within the largest C
 * / w plus W of each other, which is below 2^46: they compare though the clock wraps.
 */
#include "policy.h"

struct bvt {
    uint64_t allowance; /* C, ns */
    uint64_t mcu;       /* ns */
} SCHED_STATE;

struct bvt_cpu {
    uint64_t svt; /* never goes back */
} SCHED_STATE;

struct bvt_vcpu {
    uint64_t weight;
    uint64_t warp;           /* W, virtual ns */
    uint64_t warpback;       /* 1: warping is enabled */
    uint64_t warp_limit;     /* L, ns */
    uint64_t unwarp;         /* U, ns */
    struct sched_vclock avt; /* A */
    uint64_t carried;        /* ns run that are not yet a whole mcu */
    uint64_t warp_used;      /* ns run in this warp, up to L */
    uint64_t warp_seen;      /* when it last ran warped */
    uint64_t barred;         /* 1: L is used up, and U not yet over */
} SCHED_STATE;

SCHED_STATE_FITS(struct bvt, SCHED_WORDS);
SCHED_STATE_FITS(struct bvt_cpu, SCHED_CPU_WORDS);
SCHED_STATE_FITS(struct bvt_vcpu, SCHED_VCPU_WORDS);

static struct bvt *all(const struct sched_cpu *c)
{
    return (struct bvt *)c->sched->state;
}

static struct bvt_cpu *on(struct sched_cpu *c)
{
    return (struct bvt_cpu *)c->state;
}

static struct bvt_vcpu *of(struct sched_vcpu *v)
{
    return (struct bvt_vcpu *)v->state;
}

static bool warped(const struct bvt_vcpu *b)
{
    return b->warpback != 0 && b->barred == 0;
}

static uint64_t evt(const struct bvt_vcpu *b)
{
    return warped(b) ? b->avt.at - b->warp : b->avt.at;
}

/* The smallest A of those that wait, of whom `first` is the first. No E exceeds its A, so where its
 * own are the same there is no smaller one of either. */
static inline uint64_t least_waiting(struct sched_cpu *c, const struct sched_node *first)
{
    return first->key == first->floor ? first->floor : sched_queue_lowest(&c->ready);
}

/* The same, or `least` if that is smaller, or if nobody waits. */
static inline uint64_t least_of(struct sched_cpu *c, uint64_t least)
{
    const struct sched_node *first = c->ready.first;
    return first == NULL ? least : sched_sooner(least_waiting(c, first), least);
}

/* SVT as of now: all on c is charged. It stays where it is while nothing is runnable. */
static inline uint64_t svt(struct sched_cpu *c)
{
    struct bvt_cpu *b = on(c);
    if (c->current != NULL)
        b->svt = sched_later(b->svt, least_of(c, of(c->current)->avt.at));
    else if (c->ready.first != NULL)
        b->svt = sched_later(b->svt, least_of(c, c->ready.first->floor));
    return b->svt;
}

/* How far v is ahead of SVT; one that is behind, because it slept, is not. */
static uint64_t lead(struct sched_vcpu *v, uint64_t now)
{
    const struct bvt_vcpu *b = of(v);
    uint64_t least = svt(v->cpu);
    if (v->status == SCHED_BLOCKED && now - v->since >= SCHED_SLEEP_MAX)
        return 0;
    return sched_before(least, b->avt.at) ? b->avt.at - least : 0;
}

static uint64_t allowance(const struct sched_vcpu *v)
{
    return sched_virtual(all(v->cpu)->allowance, ((const struct bvt_vcpu *)v->state)->weight);
}

/* What v is ahead by is worth the same time at its new weight; but what it borrowed by warping,
 * which may be far more than running earns, does not grow. If it waits, it was taken out, and SVT
 * is known from when it was not. */
static void reweigh(struct sched_vcpu *v, uint64_t old, uint64_t now)
{
    struct bvt_vcpu *b = of(v);
    struct sched_cpu *c = v->cpu;
    uint64_t ahead = v->status == SCHED_QUEUED ? b->avt.at - on(c)->svt : lead(v, now);
    uint64_t worth = ahead * old / b->weight, most = ahead;
    if (most < allowance(v) + sched_virtual(all(c)->mcu, b->weight))
        most = allowance(v) + sched_virtual(all(c)->mcu, b->weight);
    b->avt.at = on(c)->svt + (worth < most ? worth : most);
    sched_vclock_reweigh(&b->avt, old, b->weight);
}

/* ---- Warp ---- */

/* Not having run warped for U up to `at`, it may do so for L again. */
static void renew(struct bvt_vcpu *b, uint64_t at)
{
    if (!sched_before(at, b->warp_seen + b->unwarp)) {
        b->warp_used = 0;
        b->barred = 0;
    }
}

static void await_renewal(struct sched_vcpu *v)
{
    const struct bvt_vcpu *b = of(v);
    sched_timer_cancel(v);
    if (b->barred != 0 && b->unwarp != 0)
        sched_timer_arm(v, b->warp_seen + b->unwarp);
}

/* L was reached, or lowered. */
static void limit_warp(struct sched_vcpu *v)
{
    struct bvt_vcpu *b = of(v);
    if (b->warp_limit != 0 && b->warp_used >= b->warp_limit && b->barred == 0) {
        b->barred = 1;
        if (v->status != SCHED_BLOCKED)
            await_renewal(v);
    }
}

/* ---- The policy's calls ---- */

static void bvt_cpu_init(struct sched_cpu *c)
{
    on(c)->svt = c->sched->start;
}

static void bvt_add(struct sched_vcpu *v, uint64_t now)
{
    of(v)->avt.at = svt(v->cpu);
    of(v)->warp_seen = now;
}

static void bvt_wake(struct sched_vcpu *v, uint64_t now)
{
    struct bvt_vcpu *b = of(v);
    uint64_t ahead = lead(v, now);
    if (ahead == 0)
        b->avt.owed = 0;
    b->avt.at = svt(v->cpu) + ahead;
    renew(b, now);
    await_renewal(v);
}

static bool bvt_enqueue(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    v->ready.key = evt(of(v));
    v->ready.floor = of(v)->avt.at;
    return true;
}

/* SVT must be known up to here: v may be the last one. */
static void bvt_sleep(struct sched_vcpu *v, uint64_t now)
{
    (void)now;
    svt(v->cpu);
}

static void bvt_move(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    uint64_t ahead = lead(v, now);
    of(v)->avt.at = svt(to) + ahead;
}

static void bvt_charge(struct sched_vcpu *v, uint64_t ran, uint64_t now)
{
    struct bvt_vcpu *b = of(v);
    uint64_t mcu = all(v->cpu)->mcu;
    b->carried += ran;
    uint64_t whole = b->carried - b->carried % mcu;
    b->carried -= whole;
    sched_vclock_run(&b->avt, whole, b->weight);
    svt(v->cpu); /* so that what is kept of it is never half a round old */
    if (warped(b)) {
        if (b->unwarp != 0)
            renew(b, now - ran);
        b->warp_used += ran;
        b->warp_seen = now;
        limit_warp(v);
    }
}

/* The current one lets those that wait go first, of whom `first` is the first. */
static void waive(struct sched_vcpu *cur, const struct sched_vcpu *first)
{
    struct bvt_vcpu *b = of(cur);
    uint64_t least = least_waiting(cur->cpu, &first->ready);
    if (sched_before(b->avt.at, least)) {
        b->avt.at = least;
        b->avt.owed = 0;
    }
}

static struct sched_vcpu *bvt_pick(struct sched_cpu *c, struct sched_vcpu *cur, enum sched_why why,
                                   uint64_t now)
{
    (void)now;
    struct sched_vcpu *first = sched_first(c);
    if (cur == NULL || first == NULL)
        return cur == NULL ? first : cur;
    if (why == SCHED_YIELDED) {
        waive(cur, first);
        return first;
    }
    uint64_t may = first->ready.key + (why == SCHED_WOKEN ? 1 : allowance(cur));
    return sched_before(evt(of(cur)), may) ? cur : first;
}

/* Until E exceeds the first one's by the allowance: a whole number of mcu, and at least one. */
static uint64_t bvt_slice(struct sched_vcpu *v, uint64_t now)
{
    struct bvt_vcpu *b = of(v);
    const struct sched_vcpu *first = sched_first(v->cpu);
    uint64_t slice = SCHED_FOREVER;
    if (first != NULL) {
        uint64_t mcu = all(v->cpu)->mcu, until = first->ready.key + allowance(v);
        uint64_t run = mcu;
        if (sched_before(evt(b), until))
            run = sched_real(until - evt(b), b->weight);
        uint64_t whole = (run + mcu - 1) / mcu * mcu;
        slice = whole > b->carried ? whole - b->carried : mcu; /* mcu was lowered meanwhile */
    }
    if (warped(b) && b->warp_limit != 0) {
        if (b->unwarp != 0)
            renew(b, now);
        uint64_t left = b->warp_limit - b->warp_used;
        slice = left < slice ? left : slice;
    }
    return slice;
}

static bool bvt_preempts(struct sched_vcpu *v, struct sched_vcpu *cur, uint64_t now)
{
    (void)now;
    return sched_before(evt(of(v)), evt(of(cur)));
}

static void bvt_expire(struct sched_vcpu *v, uint64_t now)
{
    renew(of(v), now);
}

static void bvt_changed(struct sched *s, struct sched_vcpu *v, uint32_t offset, uint64_t old,
                        uint64_t now)
{
    (void)s;
    if (v == NULL)
        return;
    struct bvt_vcpu *b = of(v);
    switch (offset) {
    case offsetof(struct bvt_vcpu, weight):
        reweigh(v, old, now);
        break;
    case offsetof(struct bvt_vcpu, warp_limit):
    case offsetof(struct bvt_vcpu, unwarp):
        if (b->warp_limit == 0)
            b->barred = 0;
        if (b->unwarp != 0)
            renew(b, now);
        if (v->status != SCHED_BLOCKED)
            await_renewal(v);
        limit_warp(v);
        break;
    default:
        break;
    }
}

static const char *bvt_check(const struct sched *s, const struct sched_vcpu *v, uint32_t offset,
                             uint64_t value)
{
    (void)s;
    if (v == NULL || value == 0 || value >= SCHED_SHORTEST)
        return NULL;
    if (offset == offsetof(struct bvt_vcpu, warp_limit))
        return "warp_limit must be 0 (none) or 10000..10000000000 ns";
    if (offset == offsetof(struct bvt_vcpu, unwarp))
        return "unwarp must be 0 (until it next wakes) or 10000..10000000000 ns";
    return NULL;
}

/* See the top: C and two mcu, one carried at either end, and what it may borrow. */
static uint64_t bvt_share_error(const struct sched_vcpu *v)
{
    const struct bvt_vcpu *b = (const struct bvt_vcpu *)v->state;
    uint64_t own = all(v->cpu)->allowance + 2 * all(v->cpu)->mcu;
    return sched_virtual(own, b->weight) + 2 + (b->warpback != 0 ? b->warp : 0);
}

/* allowance and mcu: Xen's, see the top. */
static const struct sched_param params[] = {
    SCHED_PARAM(SCHED_OF_ALL, struct bvt, allowance, "ns", 0, 1000000000, 5000000,
                "C: how far the running one may get ahead of its share"),
    SCHED_PARAM(SCHED_OF_ALL, struct bvt, mcu, "ns", 10000, 10000000, 100000,
                "the unit that running time is charged in"),
    SCHED_PARAM(SCHED_OF_VCPU, struct bvt_vcpu, weight, "shares", 1, 65535, 256,
                "share of the CPU, in proportion to the others'"),
    SCHED_PARAM(SCHED_OF_VCPU, struct bvt_vcpu, warp, "virtual ns", 0, 10000000000, 0,
                "W: how much virtual time it may borrow to run sooner"),
    SCHED_PARAM(SCHED_OF_VCPU, struct bvt_vcpu, warpback, "(off, on)", 0, 1, 0,
                "whether it borrows"),
    SCHED_PARAM(SCHED_OF_VCPU, struct bvt_vcpu, warp_limit, "ns", 0, 10000000000, 0,
                "L: how long it may run warped at a time; 0: no limit"),
    SCHED_PARAM(SCHED_OF_VCPU, struct bvt_vcpu, unwarp, "ns", 0, 10000000000, 0,
                "U: how long it is not warped after L; 0: until it next wakes"),
};

static const struct sched_field fields[] = {
    SCHED_FIELD(SCHED_OF_CPU, struct bvt_cpu, svt, "virtual ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct bvt_vcpu, avt, "virtual ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct bvt_vcpu, carried, "ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct bvt_vcpu, warp_used, "ns"),
    SCHED_FIELD(SCHED_OF_VCPU, struct bvt_vcpu, barred, "(no, yes)"),
};

const struct sched_policy sched_bvt = {
    .name = "bvt",
    .summary = "borrowed virtual time: weighted shares, and warp for latency",
    .traits = SCHED_MIGRATES | SCHED_CONSERVING | SCHED_WEIGHTED | SCHED_DEFERS,
    .params = params,
    .n_params = sizeof params / sizeof params[0],
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .cpu_init = bvt_cpu_init,
    .add = bvt_add,
    .wake = bvt_wake,
    .enqueue = bvt_enqueue,
    .sleep = bvt_sleep,
    .move = bvt_move,
    .charge = bvt_charge,
    .pick = bvt_pick,
    .slice = bvt_slice,
    .preempts = bvt_preempts,
    .expire = bvt_expire,
    .changed = bvt_changed,
    .check = bvt_check,
    .share_error = bvt_share_error,
};
