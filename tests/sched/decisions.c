/* SPDX-License-Identifier: MIT */
/*
 * Decisions for callgrind to count (tests/sched/cost): each policy with 10 to 10,000 vcpus on one
 * CPU, driven as sched.h says, each in a function of its own, named <load>_<policy>_<vcpus>, which
 * makes DECISIONS of them after the queue is in its steady state.
 *
 *   hogs   all are always runnable, with equal claims
 *   mixed  weights of 1:2:4:8 where there are any; at each fourth decision the one that runs
 *          blocks, and the one that blocked longest wakes
 */
#include "sched-bvt/policy.h"

#include <stdio.h>
#include <stdlib.h>

#define DECISIONS 500U
#define BEFORE 1000U /* decisions until the queue is in its steady state */
#define MOST 10000U
#define BLOCKED_AT_ONCE 4U   /* of the mixed load */
#define WITHOUT_END 1000000U /* ns to the next decision where a policy names no time */

struct load {
    struct sched s;
    struct sched_cpu cpu;
    struct sched_vcpu vcpus[MOST];
    struct sched_vcpu *blocked[BLOCKED_AT_ONCE]; /* a ring */
    uint64_t now;
    uint32_t decisions;
};

static struct load load;

static inline __attribute__((always_inline)) struct sched_vcpu *decide(void)
{
    uint32_t victim = sched_victim(&load.s, 0);
    if (victim != SCHED_NO_CPU)
        sched_steal(&load.s, 0, victim, load.now);
    struct sched_decision d = sched_pick(&load.s, 0, load.now);
    load.now += d.slice == SCHED_FOREVER ? WITHOUT_END : d.slice;
    return d.vcpu;
}

static inline __attribute__((always_inline)) void hogs(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        decide();
}

static inline __attribute__((always_inline)) void mixed(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct sched_vcpu *v = decide();
        if (i % 4 != 0 || v == NULL)
            continue;
        struct sched_vcpu **oldest = &load.blocked[load.decisions++ % BLOCKED_AT_ONCE];
        sched_sleep(&load.s, v, load.now);
        if (*oldest != NULL)
            sched_wake(&load.s, *oldest, sched_place(&load.s, *oldest), load.now);
        *oldest = v;
    }
}

static void set_up(const struct sched_policy *policy, uint32_t n, bool weights)
{
    load.now = 1;
    load.decisions = 0;
    for (uint32_t i = 0; i < BLOCKED_AT_ONCE; i++)
        load.blocked[i] = NULL;
    sched_init(&load.s, policy, &load.cpu, 1, 0);
    for (uint32_t i = 0; i < n; i++) {
        sched_add(&load.s, &load.vcpus[i], i, SCHED_ANY_CPU, load.now);
        if (weights && (policy->traits & SCHED_WEIGHTED) != 0)
            sched_param_set(&load.s, &load.vcpus[i], "weight", 128U << i % 4, load.now);
        sched_wake(&load.s, &load.vcpus[i], 0, load.now);
    }
}

/* The name makes each body another one, or the compiler would make one function of several. */
#define COUNTED(load_, policy_, n_)                                      \
    static __attribute__((noinline)) void load_##_##policy_##_##n_(void) \
    {                                                                    \
        static const char name[] = #load_ " " #policy_ " " #n_;          \
        __asm__ volatile("" : : "r"(name));                              \
        load_(DECISIONS);                                                \
    }

#define SCHED_POLICY(id)     \
    COUNTED(hogs, id, 10)    \
    COUNTED(hogs, id, 100)   \
    COUNTED(hogs, id, 1000)  \
    COUNTED(hogs, id, 10000) \
    COUNTED(mixed, id, 10)   \
    COUNTED(mixed, id, 100)  \
    COUNTED(mixed, id, 1000) \
    COUNTED(mixed, id, 10000)
#include "sched-bvt/policies.def"
#undef SCHED_POLICY

struct cell {
    const char *policy;
    uint32_t n;
    bool mixed;
    void (*run)(void);
};

static const struct cell cells[] = {
#define CELL(load_, policy_, n_, mixed_) {#policy_, n_, mixed_, load_##_##policy_##_##n_},
#define SCHED_POLICY(id)         \
    CELL(hogs, id, 10, false)    \
    CELL(hogs, id, 100, false)   \
    CELL(hogs, id, 1000, false)  \
    CELL(hogs, id, 10000, false) \
    CELL(mixed, id, 10, true)    \
    CELL(mixed, id, 100, true)   \
    CELL(mixed, id, 1000, true)  \
    CELL(mixed, id, 10000, true)
#include "sched-bvt/policies.def"
#undef SCHED_POLICY
};

int main(void)
{
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        const struct cell *c = &cells[i];
        const struct sched_policy *policy = sched_policy_named(c->policy);
        if (policy == NULL) {
            fprintf(stderr, "sched_decisions: policy %s of policies.def is not registered\n",
                    c->policy);
            return EXIT_FAILURE;
        }
        set_up(policy, c->n, c->mixed);
        if (c->mixed)
            mixed(BEFORE);
        else
            hogs(BEFORE);
        c->run();
    }
    /* For tests/sched/cost: what a count is to be divided by, and whose cost may grow with n. */
    printf("decisions %u\n", DECISIONS);
    const struct sched_policy *p;
    for (uint32_t i = 0; (p = sched_policy_at(i)) != NULL; i++)
        printf("policy %s %s\n", p->name, (p->traits & SCHED_SETTLES) != 0 ? "settles" : "");
    return EXIT_SUCCESS;
}
