/* SPDX-License-Identifier: MIT */
/*
 * An embedder for tests: some CPUs and vcpus that follow the protocol of sched-bvt/sched.h to the
 * letter in simulated time, and check at each step what every policy must keep:
 *
 *   - each ns of a busy CPU is charged to the vcpu that ran, once
 *   - a vcpu waits in one run queue at most, and runs on one CPU that it may run on
 *   - no CPU is idle while one that it may run waits (on its own CPU, where the policy does not
 *     migrate); a parked one does not wait
 *   - nobody waits longer than the test allows
 *   - slices are positive
 */
#ifndef TESTS_SCHED_WORLD_H
#define TESTS_SCHED_WORLD_H

#include "sched-bvt/policy.h"
#include "sched-bvt/replay.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#define WORLD_CPUS 8U
#define WORLD_VCPUS 64U

#define US 1000ULL
#define MS 1000000ULL
#define SECOND 1000000000ULL

struct actor {
    struct sched_vcpu v;
    bool exists;
    uint32_t born;         /* counts all that were added */
    uint64_t queued_since; /* while it waits and is not parked */
    uint64_t ran;          /* what the world saw it run */
    uint64_t ran_mark;     /* ran, at the last world_mark */
    uint64_t longest_wait; /* since the last world_mark */
    uint64_t woke_at, latency_max, latency_sum, wakes;
    bool awaited; /* woken and not yet run */
};

struct world {
    struct sched s;
    struct sched_cpu cpus[WORLD_CPUS];
    struct actor actors[WORLD_VCPUS];
    struct sched_vcpu *runs[WORLD_CPUS];
    uint64_t due[WORLD_CPUS]; /* when each CPU picks next */
    uint64_t now;
    uint64_t seen; /* up to when running was accounted to actors */
    uint64_t busy; /* ns of all CPUs together */
    uint64_t switches, steals, picks;
    uint32_t births;
    uint64_t wait_limit;                                                       /* ns; 0: none */
    void (*ran)(struct world *w, struct actor *a, uint64_t from, uint64_t to); /* or NULL */
    void (*picked)(struct world *w, uint32_t cpu);                             /* or NULL */
    char *schedule; /* who ran, a letter for each tick; or NULL */
    uint64_t tick;
};

void world_init(struct world *w, const char *policy, uint32_t cpus, uint64_t start);

/* Runs everything up to that time. */
void world_until(struct world *w, uint64_t time);

static inline void world_for(struct world *w, uint64_t ns)
{
    world_until(w, w->now + ns);
}

struct actor *world_add(struct world *w, uint32_t id, uint64_t affinity);
void world_remove(struct world *w, struct actor *a);
void world_wake(struct world *w, struct actor *a);
void world_sleep(struct world *w, struct actor *a);
void world_yield(struct world *w, uint32_t cpu);
/* As an embedder must: by sleeping, if it has to move. */
void world_affinity(struct world *w, struct actor *a, uint64_t affinity);
/* a: NULL for the scheduler's. Returns what sched_param_set did. */
const char *world_set(struct world *w, struct actor *a, const char *name, uint64_t value);
/* The same, and must be accepted. */
void world_must_set(struct world *w, struct actor *a, const char *name, uint64_t value);
uint64_t world_get(struct world *w, struct actor *a, const char *name);

/* Adds one with that weight (0: the policy's default), and wakes it. */
struct actor *world_hog(struct world *w, uint32_t id, uint64_t weight);

/* Forgets waits, latencies and service so far. */
void world_mark(struct world *w);
static inline uint64_t world_service(const struct actor *a)
{
    return a->ran - a->ran_mark;
}

/* All that can be checked at a moment, in O(n). */
void world_check(struct world *w);

/* A word of policy state by name: of a vcpu, or of a CPU where a is NULL. */
uint64_t world_field(struct world *w, uint32_t cpu, struct actor *a, const char *name);

#define world_require(w, what)                                                 \
    do {                                                                       \
        if (!(what))                                                           \
            fail_msg("%s at %llu ns: %s (%s:%d)", (w)->s.policy->name,         \
                     (unsigned long long)(w)->now, #what, __FILE__, __LINE__); \
    } while (0)

#endif
