/* SPDX-License-Identifier: MIT */
/* The simulated machine; engine.h says what it is. The calls of the scheduler are made as the top
 * of sched-bvt/sched.h tells an embedder to. */
#include "bench/sim/engine.h"

#include "bench/sim/params.h"

#include <time.h>

static struct domain *domain_of(struct sched_vcpu *v)
{
    return (struct domain *)((char *)v - offsetof(struct domain, v));
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* ---- CPUs ---- */

/* What happened on c since it was last asked; nothing, during a context switch. */
static inline void account(struct sim *sim, struct cpu *c)
{
    if (sim->now <= c->since)
        return;
    uint64_t ns = sim->now - c->since;
    c->since = sim->now;
    if (c->runs == NULL) {
        sim->idle += ns;
        return;
    }
    c->runs->ran += ns;
    c->runs->left -= ns;
    sim->worked[c->runs->sort] += ns;
}

static inline uint32_t number(const struct sim *sim, const struct cpu *c)
{
    return (uint32_t)(c - sim->cpus);
}

static inline uint64_t bit(const struct sim *sim, const struct cpu *c)
{
    return 1ULL << number(sim, c);
}

static inline void set_moment(struct sim *sim, const struct cpu *c)
{
    uint64_t moment = c->runs == NULL ? c->timer : earlier(c->timer, c->since + c->runs->left);
    agenda_set(&sim->agenda, number(sim, c), moment);
}

/* d, which it did not run before, runs on c from now on. */
static inline void begin(struct sim *sim, struct cpu *c, struct domain *d)
{
    if (c->last != d) {
        c->last = d;
        c->since = sim->now + sim->switch_ns;
        sim->overhead += sim->switch_ns;
        sim->switches++;
    }
    if (d->last_cpu != number(sim, c)) {
        sim->migrations += d->last_cpu != SCHED_NO_CPU ? 1 : 0;
        d->last_cpu = number(sim, c);
    }
    if (d->sort == SIM_HOG) {
        c->start = fairness_start(&sim->fairness, d);
    } else if (d->awaited) {
        d->awaited = false;
        if (sim->dispatch != NULL)
            hist_record(sim->dispatch, c->since - d->woken);
    }
}

static inline struct sched_decision pick(struct sim *sim, uint32_t cpu)
{
    uint32_t victim = sched_victim(&sim->sched, cpu);
    if (victim != SCHED_NO_CPU)
        sched_steal(&sim->sched, cpu, victim, sim->now);
    sim->decisions++;
    return sched_pick(&sim->sched, cpu, sim->now);
}

static inline uint64_t lateness(const struct sim *sim, struct cpu *c)
{
    uint64_t most = sim->point->late_ns;
    return most == 0 ? 0 : random_below(&c->late, most + 1);
}

/* All that happened on c is accounted, and it is in no context switch. */
static inline void decide(struct sim *sim, struct cpu *c)
{
    struct sched_decision d = pick(sim, number(sim, c));
    if (d.vcpu == NULL) /* the current one was parked, say: now there may be work to steal */
        d = pick(sim, number(sim, c));
    sim->todo = (sim->todo & ~bit(sim, c)) | d.kick;
    struct domain *next = d.vcpu == NULL ? NULL : domain_of(d.vcpu);
    if (next != c->runs) {
        c->runs = next;
        if (next != NULL)
            begin(sim, c, next);
    }
    c->timer = d.slice == SCHED_FOREVER ? AGENDA_NEVER : sim->now + d.slice + lateness(sim, c);
    set_moment(sim, c);
}

/* The work of the one that runs on c is done: there is more of it, or it blocks. */
static void finish(struct sim *sim, struct cpu *c)
{
    struct domain *d = c->runs;
    d->left = sim->workload->done(sim, d);
    if (d->left == 0) {
        sched_sleep(&sim->sched, &d->v, sim->now);
        c->runs = NULL;
        sim->todo |= bit(sim, c);
    }
}

/* c's moment has come, or it was told to pick (its bit is in todo). */
static inline void attend(struct sim *sim, struct cpu *c)
{
    account(sim, c);
    if (c->since > sim->now) { /* in a context switch: it picks when that is over */
        sim->todo &= ~bit(sim, c);
        c->timer = c->since;
        set_moment(sim, c);
        return;
    }
    if (c->runs != NULL && c->runs->left == 0)
        finish(sim, c);
    if (c->timer <= sim->now || (sim->todo & bit(sim, c)) != 0)
        decide(sim, c);
    else
        set_moment(sim, c);
}

/* All CPUs that were told to pick do, and those that are told to by what comes of it. */
static void settle(struct sim *sim)
{
    while (sim->todo != 0)
        attend(sim, &sim->cpus[__builtin_ctzll(sim->todo)]);
}

/* ---- For workloads ---- */

void sim_wake(struct sim *sim, struct domain *d)
{
    if (d->sort == SIM_WAKER) {
        d->awaited = true;
        d->woken = sim->now;
        sim->wakes++;
    }
    uint32_t cpu = sched_place(&sim->sched, &d->v);
    if (sched_wake(&sim->sched, &d->v, cpu, sim->now))
        sim->todo |= 1ULL << cpu;
}

bool sim_join(struct sim *sim, struct domain *d)
{
    sched_add(&sim->sched, &d->v, (uint32_t)(d - sim->domains), SCHED_ANY_CPU, sim->now);
    d->present = true;
    d->last_cpu = SCHED_NO_CPU;
    if (params_of_domain(sim, d, sim->error, sim->error_size))
        return true;
    sim->wrong = sim->error;
    return false;
}

/* ---- What is measured ---- */

/* Accounts everything up to now. Returns the number of the earliest start of a hog that runs, or
 * that of the next start. */
static uint64_t account_all(struct sim *sim)
{
    uint64_t running = sim->fairness.logged;
    for (struct cpu *c = sim->cpus; c != sim->cpus + sim->point->cpus; c++) {
        account(sim, c);
        if (c->runs != NULL && c->runs->sort == SIM_HOG)
            running = earlier(running, c->start);
    }
    return running;
}

/* ns of context switches that are still to come. */
static uint64_t switching(const struct sim *sim)
{
    uint64_t ns = 0;
    for (uint32_t i = 0; i < sim->point->cpus; i++)
        ns += sim->cpus[i].since > sim->now ? sim->cpus[i].since - sim->now : 0;
    return ns;
}

static void begin_measuring(struct sim *sim, uint64_t running)
{
    fairness_begin(&sim->fairness, sim->now, running);
    sim->worked[SIM_HOG] = sim->worked[SIM_WAKER] = sim->idle = 0;
    sim->overhead = switching(sim);
    sim->decisions = sim->switches = sim->migrations = 0;
    sim->wakes = sim->jobs = sim->late = 0;
    if (sim->dispatch != NULL)
        hist_reset(sim->dispatch);
    if (sim->latency != NULL)
        hist_reset(sim->latency);
    sim->host_time = cpu_time();
}

/* At begin, and then each time that a window closes. */
static void sample(struct sim *sim)
{
    uint64_t running = account_all(sim);
    if (sim->now == sim->begin)
        begin_measuring(sim, running);
    else
        fairness_tick(&sim->fairness, sim->now, running, sim->worked[SIM_HOG]);
    sim->sample = sim->point->shares ? fairness_next(&sim->fairness) : sim->end;
}

static void end_measuring(struct sim *sim)
{
    sim->now = sim->end;
    sim->host_time = cpu_time() - sim->host_time;
    uint64_t running = account_all(sim);
    sim->overhead -= switching(sim);
    if (sim->point->shares && fairness_next(&sim->fairness) == sim->end)
        fairness_tick(&sim->fairness, sim->now, running, sim->worked[SIM_HOG]);
}

/* ---- The loop ---- */

bool sim_run(struct sim *sim)
{
    settle(sim);
    while (sim->wrong == NULL) {
        uint64_t key = agenda_first(&sim->agenda), moment = agenda_moment(key);
        if (moment >= sim->sample && sim->sample < sim->end) {
            sim->now = sim->sample;
            sample(sim);
            continue;
        }
        if (moment >= sim->end)
            break;
        uint32_t slot = agenda_slot(key);
        sim->now = moment;
        if (slot < SIM_SLOT_DOMAINS) {
            attend(sim, &sim->cpus[slot]);
        } else {
            agenda_clear(&sim->agenda, slot);
            sim->workload->alarm(sim, &sim->domains[slot - SIM_SLOT_DOMAINS]);
        }
        settle(sim);
    }
    end_measuring(sim);
    return sim->wrong == NULL;
}
