/* SPDX-License-Identifier: MIT */
/*
 * The mechanism that all policies share: states, queues, timers, placement, stealing, parameters.
 * sched.h is what embedders see of it, policy.h what policies do.
 *
 * Invariants, between calls and for each CPU:
 *   - a vcpu is in `ready` only if it is QUEUED and not parked, and then of its own CPU only
 *   - current is RUNNING, in no run queue, and the only RUNNING one of this CPU
 *   - a parked vcpu has a timer armed; a BLOCKED one has none
 *   - what is published is what was so when the last call on this CPU returned
 */
#include "policy.h"
#include "replay.h"

#define SCHED_POLICY(id) extern const struct sched_policy sched_##id;
#include "policies.def"
#undef SCHED_POLICY

static const struct sched_policy *const policies[] = {
#define SCHED_POLICY(id) &sched_##id,
#include "policies.def"
#undef SCHED_POLICY
};

#define N_POLICIES (sizeof policies / sizeof policies[0])

const struct sched_policy *sched_policy_at(uint32_t i)
{
    return i < N_POLICIES ? policies[i] : NULL;
}

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct sched_policy *sched_policy_named(const char *name)
{
    for (uint32_t i = 0; i < N_POLICIES; i++)
        if (same(policies[i]->name, name))
            return policies[i];
    return NULL;
}

static uint64_t bit(uint32_t cpu)
{
    return 1ULL << cpu;
}

/* The first CPU of a set (not empty) at or after `from`, going round. */
static uint32_t next_in(uint64_t set, uint32_t from)
{
    uint64_t above = set & (UINT64_MAX << from);
    return (uint32_t)__builtin_ctzll(above != 0 ? above : set);
}

/* A macro, so that what is reported is only put together when somebody asks for it. */
#define report(s, ...)                               \
    do {                                             \
        if ((s)->trace != NULL)                      \
            tell(s, (struct sched_call)__VA_ARGS__); \
    } while (0)

static void tell(const struct sched *s, struct sched_call call)
{
    s->trace(s->trace_arg, &call);
}

/* ---- What is published ---- */

/* What a CPU has set in the words that all share. */
enum shown { SHOWN_IDLE = 1, SHOWN_WAITING = 2 };

static void publish_bit(uint64_t *word, uint64_t mask, bool on)
{
    if (on)
        __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
}

static inline void publish(struct sched_cpu *c)
{
    uint32_t load = sched_runnable(c);
    uint64_t waiting = sched_queue_any(&c->ready);
    uint8_t shown = load == 0 ? SHOWN_IDLE : waiting != 0 ? SHOWN_WAITING : 0;
    __atomic_store_n(&c->load, load, __ATOMIC_RELAXED);
    __atomic_store_n(&c->movable, waiting, __ATOMIC_RELAXED);
    if (shown == c->shown)
        return;
    publish_bit(&c->sched->idle, bit(c->id), (shown & SHOWN_IDLE) != 0);
    publish_bit(&c->sched->waiting, bit(c->id), (shown & SHOWN_WAITING) != 0);
    c->shown = shown;
}

static uint32_t load_of(const struct sched *s, uint32_t cpu)
{
    return __atomic_load_n(&s->cpus[cpu].load, __ATOMIC_RELAXED);
}

static uint32_t homed_at(const struct sched *s, uint32_t cpu)
{
    return __atomic_load_n(&s->cpus[cpu].homed, __ATOMIC_RELAXED);
}

/* ---- Queues and timers ---- */

void sched_timer_arm(struct sched_vcpu *v, uint64_t when)
{
    sched_timer_cancel(v);
    v->timer.key = when;
    sched_queue_insert(&v->cpu->timers, &v->timer);
}

void sched_timer_cancel(struct sched_vcpu *v)
{
    if (sched_node_queued(&v->timer))
        sched_queue_remove(&v->cpu->timers, &v->timer);
}

static inline void enqueue(struct sched_cpu *c, struct sched_vcpu *v, uint64_t now)
{
    v->status = SCHED_QUEUED;
    v->ready.mask = v->affinity;
    if (c->sched->policy->enqueue(v, now))
        sched_queue_insert(&c->ready, &v->ready);
}

static void dequeue(struct sched_vcpu *v)
{
    if (sched_node_queued(&v->ready))
        sched_queue_remove(&v->cpu->ready, &v->ready);
}

void sched_requeue(struct sched_vcpu *v, uint64_t now)
{
    if (v->status != SCHED_QUEUED)
        return;
    dequeue(v);
    enqueue(v->cpu, v, now);
}

static inline void charge(struct sched_cpu *c, uint64_t now)
{
    struct sched_vcpu *v = c->current;
    if (v == NULL || !sched_before(c->charged, now))
        return;
    uint64_t ran = now - c->charged;
    if (ran > SCHED_RUN_MAX)
        ran = SCHED_RUN_MAX;
    c->charged = now;
    v->ran += ran;
    c->sched->policy->charge(v, ran, now);
}

/* v, not RUNNING, belongs to another CPU from now on. */
static void rehome(struct sched_vcpu *v, struct sched_cpu *to, uint64_t now)
{
    struct sched_cpu *from = v->cpu;
    if (from == to)
        return;
    const struct sched_policy *p = to->sched->policy;
    if (p->move != NULL)
        p->move(v, to, now);
    dequeue(v);
    bool timed = sched_node_queued(&v->timer);
    sched_timer_cancel(v);
    __atomic_store_n(&v->cpu, to, __ATOMIC_RELAXED);
    if (timed)
        sched_timer_arm(v, v->timer.key);
    __atomic_fetch_sub(&from->homed, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&to->homed, 1, __ATOMIC_RELAXED);
}

/* ---- Setting up ---- */

static void set_defaults(struct sched *s, struct sched_vcpu *v)
{
    const struct sched_policy *p = s->policy;
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct sched_field *f = &p->params[i].field;
        if ((f->scope == SCHED_OF_VCPU) == (v != NULL))
            (v != NULL ? v->state : s->state)[f->offset / sizeof(uint64_t)] = p->params[i].initial;
    }
}

void sched_init(struct sched *s, const struct sched_policy *policy, struct sched_cpu *cpus,
                uint32_t n_cpus, uint64_t start)
{
    *s = (struct sched){.policy = policy, .cpus = cpus, .n_cpus = n_cpus, .start = start};
    s->online = UINT64_MAX >> (SCHED_CPUS_MAX - n_cpus);
    s->idle = s->online;
    set_defaults(s, NULL);
    for (uint32_t i = 0; i < n_cpus; i++) {
        cpus[i] = (struct sched_cpu){.sched = s, .id = i, .shown = SHOWN_IDLE};
        if (policy->cpu_init != NULL)
            policy->cpu_init(&cpus[i]);
    }
}

/* The CPU of a set (not empty) with the fewest vcpus that call it theirs; the lowest of those. */
static uint32_t least_homed(const struct sched *s, uint64_t set)
{
    uint32_t best = SCHED_NO_CPU;
    for (; set != 0; set &= set - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(set);
        if (best == SCHED_NO_CPU || homed_at(s, cpu) < homed_at(s, best))
            best = cpu;
    }
    return best;
}

void sched_add(struct sched *s, struct sched_vcpu *v, uint32_t id, uint64_t affinity, uint64_t now)
{
    void *owner = v->owner;
    *v = (struct sched_vcpu){.id = id, .affinity = affinity, .since = now, .owner = owner};
    v->cpu = &s->cpus[least_homed(s, affinity & s->online)];
    __atomic_fetch_add(&v->cpu->homed, 1, __ATOMIC_RELAXED);
    set_defaults(s, v);
    charge(v->cpu, now);
    if (s->policy->add != NULL)
        s->policy->add(v, now);
    report(s, {.op = SCHED_OP_ADD, .now = now, .vcpu = id, .cpu = v->cpu->id, .value = affinity});
}

bool sched_remove(struct sched *s, struct sched_vcpu *v, uint64_t now)
{
    bool blocked = v->status == SCHED_BLOCKED;
    if (blocked) {
        if (s->policy->remove != NULL)
            s->policy->remove(v, now);
        __atomic_fetch_sub(&v->cpu->homed, 1, __ATOMIC_RELAXED);
    }
    report(s, {.op = SCHED_OP_REMOVE, .now = now, .vcpu = v->id, .done = blocked});
    return blocked;
}

/* ---- Waking and sleeping ---- */

uint32_t sched_place(struct sched *s, struct sched_vcpu *v)
{
    uint64_t may = __atomic_load_n(&v->affinity, __ATOMIC_RELAXED) & s->online;
    uint32_t home = sched_cpu_of(v);
    bool may_home = (may & bit(home)) != 0;
    if (may_home && ((s->policy->traits & SCHED_MIGRATES) == 0 || may == bit(home)))
        return home;
    uint64_t idle = __atomic_load_n(&s->idle, __ATOMIC_RELAXED) & may;
    if (may_home && (idle & bit(home)) != 0)
        return home;
    if (idle != 0)
        return next_in(idle, home);
    /* Two choices are nearly as good as all: M. Mitzenmacher, "The Power of Two Choices in
     * Randomized Load Balancing", IEEE TPDS 12(10), 2001. One queue length of difference is not
     * worth a move. */
    uint32_t probe = __atomic_fetch_add(&v->probe, 1, __ATOMIC_RELAXED);
    uint32_t other = next_in(may, probe % s->n_cpus);
    if (!may_home)
        return other;
    return load_of(s, other) + 1 < load_of(s, home) ? other : home;
}

bool sched_wake(struct sched *s, struct sched_vcpu *v, uint32_t cpu, uint64_t now)
{
    struct sched_cpu *c = &s->cpus[cpu];
    const struct sched_policy *p = s->policy;
    bool pick = false;
    if (v->status == SCHED_BLOCKED) {
        charge(v->cpu, now);
        charge(c, now);
        rehome(v, c, now);
        if (p->wake != NULL)
            p->wake(v, now);
        bool preempts = c->current != NULL && p->preempts(v, c->current, now);
        enqueue(c, v, now);
        v->started = true;
        if (preempts)
            c->why = SCHED_WOKEN;
        /* The first in line decides how long the current one runs. */
        pick = preempts || c->current == NULL || c->ready.first == &v->ready;
        publish(c);
    }
    report(s, {.op = SCHED_OP_WAKE, .now = now, .vcpu = v->id, .cpu = cpu, .done = pick});
    return pick;
}

void sched_sleep(struct sched *s, struct sched_vcpu *v, uint64_t now)
{
    struct sched_cpu *c = v->cpu;
    if (v->status != SCHED_BLOCKED) {
        charge(c, now);
        if (s->policy->sleep != NULL)
            s->policy->sleep(v, now);
        if (v->status == SCHED_RUNNING)
            c->current = NULL;
        dequeue(v);
        sched_timer_cancel(v);
        v->status = SCHED_BLOCKED;
        v->since = now;
        publish(c);
    }
    report(s, {.op = SCHED_OP_SLEEP, .now = now, .vcpu = v->id, .cpu = c->id});
}

bool sched_may_yield(const struct sched *s)
{
    /* With nobody in a run queue there is nobody to run instead, to bring, or to be told of. */
    return (s->policy->traits & SCHED_DEFERS) == 0 ||
           __atomic_load_n(&s->waiting, __ATOMIC_RELAXED) != 0;
}

void sched_yield_on(struct sched *s, uint32_t cpu, uint64_t now)
{
    struct sched_cpu *c = &s->cpus[cpu];
    if (c->current != NULL)
        c->why = SCHED_YIELDED;
    report(s, {.op = SCHED_OP_YIELD, .now = now, .vcpu = SCHED_NO_VCPU, .cpu = cpu});
}

void sched_charge(struct sched *s, uint32_t cpu, uint64_t now)
{
    charge(&s->cpus[cpu], now);
    report(s, {.op = SCHED_OP_CHARGE, .now = now, .vcpu = SCHED_NO_VCPU, .cpu = cpu});
}

/* ---- Choosing ---- */

static struct sched_vcpu *timer_owner(struct sched_node *timer)
{
    return (struct sched_vcpu *)((char *)timer - offsetof(struct sched_vcpu, timer));
}

static void expire(struct sched_cpu *c, uint64_t now)
{
    while (c->timers.first != NULL && !sched_before(now, c->timers.first->key)) {
        struct sched_vcpu *v = timer_owner(c->timers.first);
        sched_queue_remove(&c->timers, &v->timer);
        c->sched->policy->expire(v, now);
        sched_requeue(v, now);
    }
}

/* CPUs that should take one of those that wait here: all idle ones that may, since who may run
 * where decides which of them finds one; or else, looking at one other at a time, one with two
 * fewer. */
static inline uint64_t kick(struct sched_cpu *c)
{
    const struct sched *s = c->sched;
    uint64_t could = c->movable & s->online & ~bit(c->id); /* as published just now, by us */
    if (could == 0 || (s->policy->traits & SCHED_MIGRATES) == 0)
        return 0;
    uint64_t idle = __atomic_load_n(&s->idle, __ATOMIC_RELAXED) & could;
    if (idle != 0)
        return idle;
    uint32_t other = next_in(could, c->kicks++ % s->n_cpus);
    return load_of(s, other) + 1 < sched_runnable(c) ? bit(other) : 0;
}

struct sched_decision sched_pick(struct sched *s, uint32_t cpu, uint64_t now)
{
    struct sched_cpu *c = &s->cpus[cpu];
    const struct sched_policy *p = s->policy;
    charge(c, now);
    expire(c, now);
    struct sched_vcpu *cur = c->current;
    struct sched_vcpu *next = p->pick(c, cur, (enum sched_why)c->why, now);
    c->why = SCHED_ELAPSED;
    if (next != cur) {
        if (next != NULL)
            dequeue(next);
        c->current = next;
        if (cur != NULL)
            enqueue(c, cur, now);
        if (next != NULL) {
            next->status = SCHED_RUNNING;
            c->charged = now;
        }
    }
    publish(c);
    struct sched_decision d = {.vcpu = next, .slice = SCHED_FOREVER, .kick = kick(c)};
    if (next != NULL)
        d.slice = p->slice(next, now);
    if (c->timers.first != NULL && c->timers.first->key - now < d.slice)
        d.slice = c->timers.first->key - now;
    report(s, {.op = SCHED_OP_PICK,
               .now = now,
               .vcpu = SCHED_NO_VCPU,
               .cpu = cpu,
               .chosen = next == NULL ? SCHED_NO_VCPU : next->id,
               .value = d.slice,
               .kick = d.kick});
    return d;
}

uint32_t sched_victim(struct sched *s, uint32_t cpu)
{
    struct sched_cpu *c = &s->cpus[cpu];
    if ((s->policy->traits & SCHED_MIGRATES) == 0)
        return SCHED_NO_CPU;
    uint64_t waiting = __atomic_load_n(&s->waiting, __ATOMIC_RELAXED) & ~bit(cpu);
    if (waiting == 0)
        return SCHED_NO_CPU;
    if (sched_runnable(c) != 0) { /* level out, looking at one other */
        uint32_t other = next_in(waiting, c->looks++ % s->n_cpus);
        bool could = (__atomic_load_n(&s->cpus[other].movable, __ATOMIC_RELAXED) & bit(cpu)) != 0;
        return could && load_of(s, other) > sched_runnable(c) + 1 ? other : SCHED_NO_CPU;
    }
    for (uint64_t left = waiting; left != 0;) {
        uint32_t other = next_in(left, cpu);
        if ((__atomic_load_n(&s->cpus[other].movable, __ATOMIC_RELAXED) & bit(cpu)) != 0)
            return other;
        left &= ~bit(other);
    }
    return SCHED_NO_CPU;
}

bool sched_steal(struct sched *s, uint32_t thief, uint32_t victim, uint64_t now)
{
    struct sched_cpu *from = &s->cpus[victim], *to = &s->cpus[thief];
    struct sched_vcpu *v = NULL;
    if ((s->policy->traits & SCHED_MIGRATES) != 0 && from != to)
        v = sched_vcpu_of(sched_queue_first_for(&from->ready, bit(thief)));
    if (v != NULL) {
        charge(from, now);
        charge(to, now);
        rehome(v, to, now);
        enqueue(to, v, now);
        publish(from);
        publish(to);
    }
    report(s, {.op = SCHED_OP_STEAL,
               .now = now,
               .vcpu = SCHED_NO_VCPU,
               .cpu = thief,
               .other = victim,
               .done = v != NULL});
    return v != NULL;
}

bool sched_set_affinity(struct sched *s, struct sched_vcpu *v, uint64_t affinity, uint64_t now)
{
    struct sched_cpu *c = v->cpu;
    bool possible = v->status == SCHED_BLOCKED || (affinity & bit(c->id)) != 0;
    if (possible) {
        charge(c, now);
        __atomic_store_n(&v->affinity, affinity, __ATOMIC_RELAXED);
        sched_requeue(v, now);
        publish(c);
    }
    report(s, {.op = SCHED_OP_AFFINITY,
               .now = now,
               .vcpu = v->id,
               .cpu = c->id,
               .value = affinity,
               .done = possible});
    return possible;
}

/* ---- Parameters and state by name ---- */

static const struct sched_param *find_param(const struct sched *s, const struct sched_vcpu *v,
                                            const char *name)
{
    const struct sched_policy *p = s->policy;
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct sched_param *param = &p->params[i];
        if ((param->field.scope == SCHED_OF_VCPU) == (v != NULL) && same(param->field.name, name))
            return param;
    }
    return NULL;
}

/* Sets the word of v and lets the policy draw the consequences; all is charged up to now. */
static void change(struct sched *s, struct sched_vcpu *v, const struct sched_param *param,
                   uint64_t value, uint64_t now)
{
    uint32_t word = param->field.offset / (uint32_t)sizeof(uint64_t);
    uint64_t *state = v != NULL ? v->state : s->state;
    uint64_t old = state[word];
    bool waits = v != NULL && v->status == SCHED_QUEUED;
    if (waits)
        dequeue(v);
    state[word] = value;
    if (s->policy->changed != NULL)
        s->policy->changed(s, v, param->field.offset, old, now);
    if (waits)
        enqueue(v->cpu, v, now);
}

static const char *set(struct sched *s, struct sched_vcpu *v, const struct sched_param *param,
                       uint64_t value, uint64_t now)
{
    if (value < param->min || value > param->max)
        return param->range;
    if (s->policy->check != NULL) {
        const char *refused = s->policy->check(s, v, param->field.offset, value);
        if (refused != NULL)
            return refused;
    }
    for (uint32_t i = 0; i < s->n_cpus; i++)
        if (v == NULL || v->cpu == &s->cpus[i])
            charge(&s->cpus[i], now);
    change(s, v, param, value, now);
    for (uint32_t i = 0; i < s->n_cpus; i++)
        if (v == NULL || v->cpu == &s->cpus[i])
            publish(&s->cpus[i]);
    return NULL;
}

const char *sched_param_set(struct sched *s, struct sched_vcpu *v, const char *name, uint64_t value,
                            uint64_t now)
{
    const struct sched_param *param = find_param(s, v, name);
    if (param == NULL)
        return "no such parameter in this policy";
    const char *refused = set(s, v, param, value, now);
    report(s, {.op = SCHED_OP_PARAM,
               .now = now,
               .vcpu = v == NULL ? SCHED_NO_VCPU : v->id,
               .param = (uint32_t)(param - s->policy->params),
               .value = value,
               .done = refused == NULL});
    return refused;
}

static uint64_t read_field(const struct sched *s, const struct sched_cpu *c,
                           const struct sched_vcpu *v, const struct sched_field *f)
{
    const uint64_t *state = f->scope == SCHED_OF_VCPU  ? v->state
                            : f->scope == SCHED_OF_CPU ? c->state
                                                       : s->state;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): scope says which is given */
    return state[f->offset / sizeof(uint64_t)];
}

bool sched_param_get(const struct sched *s, const struct sched_vcpu *v, const char *name,
                     uint64_t *value)
{
    const struct sched_param *param = find_param(s, v, name);
    if (param == NULL)
        return false;
    *value = read_field(s, NULL, v, &param->field);
    return true;
}

static void dump_scope(const struct sched *s, const struct sched_cpu *c, const struct sched_vcpu *v,
                       enum sched_scope scope, sched_dump_fn *say, void *arg)
{
    const struct sched_policy *p = s->policy;
    for (uint32_t i = 0; i < p->n_params + p->n_fields; i++) {
        const struct sched_field *f =
            i < p->n_params ? &p->params[i].field : &p->fields[i - p->n_params];
        if (f->scope == scope)
            say(arg, c, v, f->name, f->unit, read_field(s, c, v, f));
    }
}

void sched_dump(const struct sched *s, sched_dump_fn *say, void *arg)
{
    dump_scope(s, NULL, NULL, SCHED_OF_ALL, say, arg);
    for (uint32_t i = 0; i < s->n_cpus; i++) {
        const struct sched_cpu *c = &s->cpus[i];
        say(arg, c, NULL, "waiting", "vcpus", c->ready.count);
        dump_scope(s, c, NULL, SCHED_OF_CPU, say, arg);
    }
}

void sched_dump_vcpu(const struct sched *s, const struct sched_vcpu *v, sched_dump_fn *say,
                     void *arg)
{
    say(arg, v->cpu, v, "ran", "ns", v->ran);
    dump_scope(s, v->cpu, v, SCHED_OF_VCPU, say, arg);
}

static const char *audit_waiting(const struct sched_cpu *c, const struct sched_node *n)
{
    if (n == NULL)
        return NULL;
    const struct sched_vcpu *v = sched_vcpu_of((struct sched_node *)n);
    if (v->cpu != c)
        return "in the run queue of another CPU than its own";
    if (v->status != SCHED_QUEUED)
        return "in a run queue and not QUEUED";
    if ((v->affinity & bit(c->id)) == 0)
        return "waits where it may not run";
    const char *wrong = audit_waiting(c, n->child[SCHED_LEFT]);
    return wrong != NULL ? wrong : audit_waiting(c, n->child[SCHED_RIGHT]);
}

const char *sched_audit(const struct sched_cpu *c)
{
    const struct sched_vcpu *cur = c->current;
    if (!sched_queue_valid(&c->ready))
        return "the run queue is not a valid tree";
    if (!sched_queue_valid(&c->timers))
        return "the timers are not a valid tree";
    if (cur != NULL && (cur->status != SCHED_RUNNING || cur->cpu != c))
        return "the current one is not RUNNING here";
    if (cur != NULL && sched_node_queued(&cur->ready))
        return "the current one is in a run queue";
    if (cur != NULL && (cur->affinity & bit(c->id)) == 0)
        return "the current one may not run here";
    if (load_of(c->sched, c->id) != sched_runnable(c))
        return "the published load is wrong";
    if (c->movable != sched_queue_any(&c->ready))
        return "the published affinities are wrong";
    if (((c->sched->idle & bit(c->id)) != 0) != (sched_runnable(c) == 0) ||
        ((c->sched->waiting & bit(c->id)) != 0) != (c->ready.count != 0))
        return "what is published of being idle and of waiting is wrong";
    return audit_waiting(c, c->ready.root);
}
