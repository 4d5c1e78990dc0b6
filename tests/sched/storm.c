/* SPDX-License-Identifier: MIT */
/* Random calls; storm.h says which. */
#include "tests/sched/storm.h"

#include <string.h>

#define CHECK_EVERY 32 /* events between full checks */

uint64_t storm_value(struct rng *rng, const struct sched_param *p)
{
    switch (rng_below(rng, 8)) {
    case 0:
        return p->min;
    case 1:
        return p->max;
    case 2:
        return p->initial;
    default: { /* any magnitude alike */
        uint64_t span = p->max - p->min;
        uint32_t bits = span == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(span);
        uint64_t value = rng_next(rng) >> (63 - rng_below(rng, bits + 1)) >> 1;
        return p->min + (value > span ? span : value);
    }
    }
}

static void set_something(struct storm *storm, struct world *w, struct actor *a)
{
    const struct sched_policy *p = w->s.policy;
    const struct sched_param *param = &p->params[rng_below(&storm->rng, p->n_params)];
    if (storm->only != NULL && strcmp(storm->only, param->field.name) != 0)
        return;
    bool own = param->field.scope == SCHED_OF_VCPU;
    uint64_t value = storm_value(&storm->rng, param);
    bool legal = !rng_one_in(&storm->rng, 16);
    if (!legal)
        value = param->max + 1 + rng_below(&storm->rng, 1000);
    uint64_t before = world_get(w, own ? a : NULL, param->field.name);
    const char *refused = world_set(w, own ? a : NULL, param->field.name, value);
    uint64_t after = world_get(w, own ? a : NULL, param->field.name);
    world_require(w, legal || refused != NULL);
    world_require(w, after == (refused != NULL ? before : value));
    world_require(w, refused == NULL || strstr(refused, param->field.name) != NULL);
}

static uint64_t some_cpus(struct storm *storm, struct world *w)
{
    uint64_t online = (1ULL << w->s.n_cpus) - 1;
    uint64_t set = rng_one_in(&storm->rng, 2) ? SCHED_ANY_CPU : rng_next(&storm->rng);
    return (set & online) == 0 ? SCHED_ANY_CPU : set;
}

static void event(struct storm *storm, struct world *w)
{
    struct rng *rng = &storm->rng;
    struct actor *a = &w->actors[rng_below(rng, storm->vcpus)];
    if (!a->exists) {
        world_add(w, (uint32_t)(a - w->actors), some_cpus(storm, w));
        return;
    }
    uint32_t kind = rng_below(rng, 100);
    if (kind < 50) {
        if (a->v.status == SCHED_BLOCKED)
            world_wake(w, a);
        else
            world_sleep(w, a);
    } else if (kind < 75) {
        world_wake(w, a);
    } else if (kind < 80) {
        world_yield(w, rng_below(rng, w->s.n_cpus));
    } else if (kind < 84) {
        world_affinity(w, a, some_cpus(storm, w));
    } else if (kind < 85) {
        world_remove(w, a);
    } else if (kind < 88) {
        sched_charge(&w->s, rng_below(rng, w->s.n_cpus), w->now);
    } else if (kind < 94 && storm->params) {
        set_something(storm, w, a);
    }
    if (!rng_one_in(rng, 3)) {
        uint64_t gap = storm->longest >> rng_below(rng, 16);
        world_for(w, gap == 0 ? 0 : rng_next(rng) % gap);
    }
}

void storm_run(struct storm *storm, struct world *w, uint32_t events)
{
    for (uint32_t i = 0; i < events; i++) {
        event(storm, w);
        if (i % CHECK_EVERY == 0)
            world_check(w);
    }
    world_check(w);
}
