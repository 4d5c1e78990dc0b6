/* SPDX-License-Identifier: MIT */
/* Scheduling parameters of a point; params.h says which. */
#include "bench/sim/params.h"

#include "sched-bvt/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX 32 /* of a parameter; the longest of a policy is far shorter */

/* One "name=value". */
struct setting {
    char name[NAME_MAX];
    uint64_t value;
    bool sorts[SIM_SORTS]; /* for which domains, if it is one of a domain */
    bool sorted;           /* it said for which */
};

static bool refuse(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, size, format, args);
    va_end(args);
    return false;
}

uint64_t params_weight(enum sim_weights weights, uint32_t hog)
{
    switch (weights) {
    case SIM_LINEAR:
        return 64 * (1 + (uint64_t)hog % 8);
    case SIM_GEOMETRIC:
        return 32ULL << (hog % 8);
    default:
        return SCHED_WEIGHT_DEFAULT;
    }
}

/* From *list, which it takes past the setting. */
static bool parse(const char **list, struct setting *s, char *text, size_t size)
{
    const char *from = *list;
    size_t length = strcspn(from, ",");
    *list = from + length + (from[length] == ',' ? 1 : 0);
    *s = (struct setting){.sorts = {true, true}};
    const char *name = from;
    if (strncmp(from, "hogs.", 5) == 0) {
        *s = (struct setting){.sorts = {[SIM_HOG] = true}, .sorted = true};
        name += 5;
    } else if (strncmp(from, "wakers.", 7) == 0) {
        *s = (struct setting){.sorts = {[SIM_WAKER] = true}, .sorted = true};
        name += 7;
    }
    size_t named = strcspn(name, "=,");
    const char *digits = name + named + 1;
    char *end = NULL;
    errno = 0;
    if (name[named] == '=' && named > 0 && named < NAME_MAX && *digits >= '0' && *digits <= '9')
        s->value = strtoull(digits, &end, 10);
    if (end != from + length || errno != 0)
        return refuse(text, size, "params: expected name=value with a whole number, found \"%.*s\"",
                      (int)length, from);
    memcpy(s->name, name, named);
    return true;
}

static const struct sched_param *find(const struct sched_policy *policy, const char *name)
{
    for (uint32_t i = 0; i < policy->n_params; i++)
        if (strcmp(policy->params[i].field.name, name) == 0)
            return &policy->params[i];
    return NULL;
}

/* One setting, of the scheduler (d is NULL) or of d, if it is for that. */
static bool apply(struct sim *sim, struct domain *d, const struct setting *s, char *text,
                  size_t size)
{
    const struct sched_policy *policy = sim->sched.policy;
    const struct sched_param *param = find(policy, s->name);
    if (param == NULL)
        return refuse(text, size, "params: %s has no parameter %s", policy->name, s->name);
    bool of_all = param->field.scope != SCHED_OF_VCPU;
    if (of_all && s->sorted)
        return refuse(text, size, "params: %s of %s is the scheduler's, not a domain's", s->name,
                      policy->name);
    if (of_all != (d == NULL) || (d != NULL && !s->sorts[d->sort]))
        return true;
    const char *why =
        sched_param_set(&sim->sched, d == NULL ? NULL : &d->v, s->name, s->value, sim->now);
    if (why != NULL)
        return refuse(text, size, "params: %s; found %llu", why, (unsigned long long)s->value);
    return true;
}

static bool apply_list(struct sim *sim, struct domain *d, const char *list, char *text, size_t size)
{
    while (list != NULL && *list != '\0') {
        struct setting s;
        if (!parse(&list, &s, text, size))
            return false;
        bool weighs_hogs = strcmp(s.name, "weight") == 0 && s.sorts[SIM_HOG];
        if (weighs_hogs && sim->point->weights != SIM_EQUAL) /* shares would be measured wrong */
            return refuse(text, size, "params: weight of hogs goes with equal weights, found %s",
                          sim_weights_name(sim->point->weights));
        if (!apply(sim, d, &s, text, size))
            return false;
    }
    return true;
}

bool params_of_scheduler(struct sim *sim, char *text, size_t size)
{
    const struct sim_point *p = sim->point;
    struct setting allowance = {.name = "allowance", .value = p->allowance_ns};
    if (p->allowance_ns != SIM_POLICY_DEFAULT && !apply(sim, NULL, &allowance, text, size))
        return false;
    return apply_list(sim, NULL, p->params, text, size);
}

bool params_of_domain(struct sim *sim, struct domain *d, char *text, size_t size)
{
    const struct sim_point *p = sim->point;
    struct setting weight = {.name = "weight", .sorts = {[SIM_HOG] = true}};
    weight.value = params_weight(p->weights, d->v.id);
    if (p->weights != SIM_EQUAL && !apply(sim, d, &weight, text, size))
        return false;
    if (p->warp && !apply_list(sim, d, SIM_WARP, text, size))
        return false;
    return apply_list(sim, d, p->params, text, size);
}

/* What a point asks for by name, and its policy does not have. */
static bool lacks(const struct sim_point *p, char *text, size_t size)
{
    const struct sched_policy *policy = sched_policy_named(p->policy);
    if (p->weights != SIM_EQUAL && find(policy, "weight") == NULL)
        return !refuse(text, size, "%s has no weights: weights must be equal, found %s", p->policy,
                       sim_weights_name(p->weights));
    if (p->warp && find(policy, "warpback") == NULL)
        return !refuse(text, size, "%s has no warp: warp must be off, found on", p->policy);
    if (p->allowance_ns != SIM_POLICY_DEFAULT && find(policy, "allowance") == NULL)
        return !refuse(text, size,
                       "%s has no context switch allowance: allowance_ns must be the default, "
                       "found %llu",
                       p->policy, (unsigned long long)p->allowance_ns);
    return false;
}

bool params_accepted(const struct sim_point *point, char *text, size_t size)
{
    if (lacks(point, text, size))
        return false;
    struct sim *sim = (struct sim *)calloc(1, sizeof *sim);
    if (sim == NULL)
        return refuse(text, size, "no memory for a simulator");
    sim->point = point;
    sched_init(&sim->sched, sched_policy_named(point->policy), sim->sched_cpus, 1, 0);
    bool ok = params_of_scheduler(sim, text, size);
    for (uint32_t sort = 0; ok && sort < SIM_SORTS; sort++) {
        struct domain d = {.sort = sort};
        sched_add(&sim->sched, &d.v, sort, SCHED_ANY_CPU, 0);
        ok = params_of_domain(sim, &d, text, size);
    }
    free(sim);
    return ok;
}
