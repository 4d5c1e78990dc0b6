/* SPDX-License-Identifier: MIT */
/* The embedder of the tests; world.h says what it checks. */
#include "tests/sched/world.h"

#include <string.h>

static struct actor *actor_of(struct sched_vcpu *v)
{
    return (struct actor *)((char *)v - offsetof(struct actor, v));
}

static uint64_t bit(uint32_t cpu)
{
    return 1ULL << cpu;
}

void world_init(struct world *w, const char *policy, uint32_t cpus, uint64_t start)
{
    memset(w, 0, sizeof *w);
    const struct sched_policy *p = sched_policy_named(policy);
    assert_non_null(p);
    sched_init(&w->s, p, w->cpus, cpus, start);
    w->now = w->seen = SECOND;
    for (uint32_t i = 0; i < cpus; i++)
        w->due[i] = SCHED_FOREVER;
}

/* Accounts the running since the last look. */
static void account(struct world *w)
{
    for (uint32_t i = 0; i < w->s.n_cpus && w->seen < w->now; i++) {
        if (w->runs[i] == NULL)
            continue;
        struct actor *a = actor_of(w->runs[i]);
        a->ran += w->now - w->seen;
        w->busy += w->now - w->seen;
        if (w->ran != NULL)
            w->ran(w, a, w->seen, w->now);
        for (uint64_t t = w->seen; w->schedule != NULL && t < w->now; t += w->tick)
            *w->schedule++ = (char)('A' + a->v.id);
    }
    w->seen = w->now;
}

static bool waits(const struct actor *a)
{
    return a->exists && a->v.status == SCHED_QUEUED && sched_node_queued(&a->v.ready);
}

static void note_waits(struct world *w)
{
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        struct actor *a = &w->actors[i];
        if (!waits(a)) {
            a->queued_since = 0;
            continue;
        }
        if (a->queued_since == 0)
            a->queued_since = w->now;
        uint64_t wait = w->now - a->queued_since;
        a->longest_wait = wait > a->longest_wait ? wait : a->longest_wait;
        world_require(w, w->wait_limit == 0 || wait <= w->wait_limit);
    }
}

static bool steal(struct world *w, uint32_t cpu)
{
    uint32_t victim = sched_victim(&w->s, cpu);
    if (victim == SCHED_NO_CPU)
        return false;
    world_require(w, sched_steal(&w->s, cpu, victim, w->now)); /* nothing runs beside: hints hold */
    w->steals++;
    return true;
}

static void decide(struct world *w, uint32_t cpu, uint64_t *kicked)
{
    steal(w, cpu);
    struct sched_decision d = sched_pick(&w->s, cpu, w->now);
    if (d.vcpu == NULL && steal(w, cpu)) /* the current one was parked */
        d = sched_pick(&w->s, cpu, w->now);
    w->picks++;
    world_require(w, d.slice > 0);
    world_require(w, (d.kick & bit(cpu)) == 0 && d.kick >> w->s.n_cpus == 0);
    w->switches += d.vcpu != w->runs[cpu] && d.vcpu != NULL ? 1 : 0;
    w->runs[cpu] = d.vcpu;
    w->due[cpu] = d.slice == SCHED_FOREVER ? SCHED_FOREVER : w->now + d.slice;
    if (d.vcpu != NULL) {
        struct actor *a = actor_of(d.vcpu);
        world_require(w, d.vcpu->cpu == &w->cpus[cpu]);
        world_require(w, (d.vcpu->affinity & bit(cpu)) != 0);
        if (a->awaited) {
            uint64_t latency = w->now - a->woke_at;
            a->latency_max = latency > a->latency_max ? latency : a->latency_max;
            a->latency_sum += latency;
            a->wakes++;
            a->awaited = false;
        }
    }
    if (w->picked != NULL)
        w->picked(w, cpu);
    *kicked |= d.kick;
}

/* This CPU, and those that are kicked for it. */
static void pick(struct world *w, uint32_t cpu)
{
    uint32_t left = 16 * w->s.n_cpus; /* kicks that cause kicks without end are an error */
    for (uint64_t todo = bit(cpu); todo != 0;) {
        uint32_t next = (uint32_t)__builtin_ctzll(todo);
        todo &= ~bit(next);
        world_require(w, left-- > 0);
        decide(w, next, &todo);
    }
    note_waits(w);
}

void world_until(struct world *w, uint64_t time)
{
    for (;;) {
        uint32_t cpu = 0;
        for (uint32_t i = 1; i < w->s.n_cpus; i++)
            cpu = w->due[i] < w->due[cpu] ? i : cpu;
        if (w->due[cpu] >= time)
            break;
        w->now = w->due[cpu];
        account(w);
        pick(w, cpu);
    }
    w->now = time;
    account(w);
}

struct actor *world_add(struct world *w, uint32_t id, uint64_t affinity)
{
    struct actor *a = &w->actors[id];
    memset(a, 0, sizeof *a);
    sched_add(&w->s, &a->v, id, affinity, w->now);
    a->exists = true;
    a->born = ++w->births;
    return a;
}

void world_remove(struct world *w, struct actor *a)
{
    world_sleep(w, a);
    world_require(w, a->v.ran == a->ran);
    world_require(w, sched_remove(&w->s, &a->v, w->now));
    a->exists = false;
}

void world_wake(struct world *w, struct actor *a)
{
    if (a->v.status != SCHED_BLOCKED)
        return;
    a->awaited = true;
    a->woke_at = w->now;
    uint32_t cpu = sched_place(&w->s, &a->v);
    world_require(w, cpu < w->s.n_cpus && (a->v.affinity & bit(cpu)) != 0);
    if (sched_wake(&w->s, &a->v, cpu, w->now))
        pick(w, cpu);
}

void world_sleep(struct world *w, struct actor *a)
{
    uint32_t cpu = sched_cpu_of(&a->v);
    bool ran = w->runs[cpu] == &a->v;
    sched_sleep(&w->s, &a->v, w->now);
    a->awaited = false;
    if (ran)
        pick(w, cpu);
}

void world_yield(struct world *w, uint32_t cpu)
{
    sched_yield_on(&w->s, cpu, w->now);
    pick(w, cpu);
}

void world_affinity(struct world *w, struct actor *a, uint64_t affinity)
{
    if (sched_set_affinity(&w->s, &a->v, affinity, w->now)) {
        pick(w, sched_cpu_of(&a->v));
        return;
    }
    world_require(w, a->v.status != SCHED_BLOCKED);
    world_sleep(w, a);
    world_require(w, sched_set_affinity(&w->s, &a->v, affinity, w->now));
    world_wake(w, a);
}

const char *world_set(struct world *w, struct actor *a, const char *name, uint64_t value)
{
    const char *refused = sched_param_set(&w->s, a == NULL ? NULL : &a->v, name, value, w->now);
    for (uint32_t i = 0; i < w->s.n_cpus; i++)
        if (a == NULL || sched_cpu_of(&a->v) == i)
            pick(w, i);
    return refused;
}

void world_must_set(struct world *w, struct actor *a, const char *name, uint64_t value)
{
    const char *refused = world_set(w, a, name, value);
    if (refused != NULL)
        fail_msg("%s = %llu: %s", name, (unsigned long long)value, refused);
}

uint64_t world_get(struct world *w, struct actor *a, const char *name)
{
    uint64_t value = 0;
    assert_true(sched_param_get(&w->s, a == NULL ? NULL : &a->v, name, &value));
    return value;
}

struct actor *world_hog(struct world *w, uint32_t id, uint64_t weight)
{
    struct actor *a = world_add(w, id, SCHED_ANY_CPU);
    if (weight != 0)
        world_must_set(w, a, "weight", weight);
    world_wake(w, a);
    return a;
}

void world_mark(struct world *w)
{
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        struct actor *a = &w->actors[i];
        a->ran_mark = a->ran;
        a->longest_wait = a->latency_max = a->latency_sum = a->wakes = 0;
    }
}

void world_check(struct world *w)
{
    uint32_t waiting = 0, queued = 0;
    for (uint32_t i = 0; i < w->s.n_cpus; i++) {
        const char *wrong = sched_audit(&w->cpus[i]);
        if (wrong != NULL)
            fail_msg("%s, CPU %u at %llu ns: %s", w->s.policy->name, i, (unsigned long long)w->now,
                     wrong);
        world_require(w, w->cpus[i].current == w->runs[i]);
        queued += w->cpus[i].ready.count;
    }
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        struct actor *a = &w->actors[i];
        if (!a->exists)
            continue;
        bool timed = sched_node_queued(&a->v.timer);
        uint32_t cpu = sched_cpu_of(&a->v);
        world_require(w, (a->v.status == SCHED_RUNNING) == (w->runs[cpu] == &a->v));
        world_require(w, a->v.status != SCHED_BLOCKED || !timed);
        if (a->v.status == SCHED_QUEUED && !waits(a)) { /* parked */
            world_require(w, timed);
            world_require(w, (w->s.policy->traits & SCHED_CONSERVING) == 0);
        }
        if (!waits(a))
            continue;
        waiting++;
        for (uint32_t c = 0; c < w->s.n_cpus; c++) {
            bool could = (w->s.policy->traits & SCHED_MIGRATES) != 0 ? (a->v.affinity & bit(c)) != 0
                                                                     : c == cpu;
            world_require(w, !could || w->runs[c] != NULL);
        }
    }
    world_require(w, waiting == queued);
}

struct wanted {
    const char *name;
    const struct sched_cpu *cpu;
    bool found;
    uint64_t value;
};

static void match(void *arg, const struct sched_cpu *cpu, const struct sched_vcpu *v,
                  const char *name, const char *unit, uint64_t value)
{
    (void)v;
    (void)unit;
    struct wanted *wanted = (struct wanted *)arg;
    if (wanted->cpu == cpu && strcmp(wanted->name, name) == 0) {
        wanted->found = true;
        wanted->value = value;
    }
}

uint64_t world_field(struct world *w, uint32_t cpu, struct actor *a, const char *name)
{
    struct wanted wanted = {.name = name, .cpu = a != NULL ? a->v.cpu : &w->cpus[cpu]};
    if (a != NULL)
        sched_dump_vcpu(&w->s, &a->v, match, &wanted);
    else
        sched_dump(&w->s, match, &wanted);
    if (!wanted.found)
        fail_msg("%s has no %s", w->s.policy->name, name);
    return wanted.value;
}
