/* SPDX-License-Identifier: MIT */
/* Names, and which points can be measured. */
#include "bench/sim/params.h"
#include "sched-bvt/policy.h"

#include <stdio.h>

static const char *const mixes[SIM_MIXES] = {
    [SIM_HOGS] = "hogs",         [SIM_PERIODIC] = "periodic",   [SIM_POISSON] = "poisson",
    [SIM_BURSTY] = "bursty",     [SIM_FORK_BOMB] = "fork-bomb", [SIM_CLOSED_LOOP] = "closed-loop",
    [SIM_RECORDED] = "recorded",
};
static const char *const services[SIM_SERVICES] = {"constant", "exponential"};
static const char *const schemes[SIM_WEIGHTS] = {"equal", "linear", "geometric"};

const char *sim_mix_name(enum sim_mix mix)
{
    return mix < SIM_MIXES ? mixes[mix] : NULL;
}

const char *sim_service_name(enum sim_service service)
{
    return service < SIM_SERVICES ? services[service] : NULL;
}

const char *sim_weights_name(enum sim_weights weights)
{
    return weights < SIM_WEIGHTS ? schemes[weights] : NULL;
}

const char *sim_policy_name(size_t i)
{
    const struct sched_policy *policy = sched_policy_at((uint32_t)i);
    return policy == NULL ? NULL : policy->name;
}

const char *sim_policy_summary(size_t i)
{
    const struct sched_policy *policy = sched_policy_at((uint32_t)i);
    return policy == NULL ? NULL : policy->summary;
}

/* A number of the point and its range. */
struct range {
    const char *name, *unit;
    uint64_t value, min, max;
};

static const char *out_of_range(const struct range *r, char *text, size_t size)
{
    if (r->value >= r->min && r->value <= r->max)
        return NULL;
    snprintf(text, size, "%s must be %llu..%llu%s, found %llu", r->name, (unsigned long long)r->min,
             (unsigned long long)r->max, r->unit, (unsigned long long)r->value);
    return text;
}

static const char *refuse_ranges(const struct sim_point *p, char *text, size_t size)
{
    bool loaded = p->mix == SIM_PERIODIC || p->mix == SIM_POISSON || p->mix == SIM_FORK_BOMB;
    bool thinks = p->mix == SIM_BURSTY || p->mix == SIM_CLOSED_LOOP;
    bool served = thinks || p->mix == SIM_PERIODIC || p->mix == SIM_POISSON;
    const struct {
        bool used;
        struct range range;
    } ranges[] = {
        {true, {"mix", " (a kind of workload)", p->mix, 0, SIM_MIXES - 1}},
        {true, {"weights", " (a scheme)", p->weights, 0, SIM_WEIGHTS - 1}},
        {true, {"service", " (a distribution)", p->service, 0, SIM_SERVICES - 1}},
        {true, {"cpus", "", p->cpus, 1, SIM_CPUS_MAX}},
        {true, {"hogs", "", p->hogs, 0, SIM_DOMAINS_MAX}},
        {true, {"wakers", "", p->wakers, 0, SIM_DOMAINS_MAX}},
        {true, {"hogs and wakers together", "", (uint64_t)p->hogs + p->wakers, 1, SIM_DOMAINS_MAX}},
        {p->mix != SIM_HOGS,
         {"wakers of this mix", "", p->wakers, p->mix == SIM_CLOSED_LOOP ? 2 : 1, SIM_DOMAINS_MAX}},
        {loaded, {"load", " a second", p->load, 1, SIM_LOAD_MAX}},
        {served, {"service_ns", " ns", p->service_ns, 1, SIM_WORK_MAX}},
        {thinks, {"think_ns", " ns", p->think_ns, p->mix == SIM_BURSTY ? 1 : 0, SIM_WORK_MAX}},
        {p->mix == SIM_CLOSED_LOOP, {"window", " requests", p->window, 1, SIM_RING_ENTRIES}},
        {true, {"switch_ns", " ns", p->switch_ns, 0, SIM_SWITCH_MAX}},
        {true, {"late_ns", " ns", p->late_ns, 0, SIM_LATE_MAX}},
        {true, {"warmup_ns", " ns", p->warmup_ns, 0, SIM_TIME_MAX}},
        {true, {"duration_ns", " ns", p->duration_ns, 1, SIM_TIME_MAX}},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].used && out_of_range(&ranges[i].range, text, size) != NULL)
            return text;
    return NULL;
}

static const char *refuse_mix(const struct sim_point *p, char *text, size_t size)
{
    uint64_t second = 1000000000;
    if (p->mix == SIM_HOGS && p->wakers != 0)
        snprintf(text, size, "the mix hogs has no wakers: wakers must be 0, found %u", p->wakers);
    else if (p->mix == SIM_PERIODIC && p->service == SIM_EXPONENTIAL)
        snprintf(text, size, "service of periodic wakers must be constant, found exponential");
    else if ((p->mix == SIM_PERIODIC || p->mix == SIM_POISSON) && p->service_ns > second / p->load)
        snprintf(text, size,
                 "load %u a second with service_ns %llu asks for more than one CPU of each waker; "
                 "at that load, service_ns must be at most %llu",
                 p->load, (unsigned long long)p->service_ns,
                 (unsigned long long)(second / p->load));
    else if (p->mix == SIM_RECORDED && p->workload == NULL)
        snprintf(text, size, "the mix recorded needs a workload: the path of a file of bursts");
    else
        return NULL;
    return text;
}

const char *sim_refusal(const struct sim_point *p, char *text, size_t size)
{
    if (p->policy == NULL || sched_policy_named(p->policy) == NULL) {
        snprintf(text, size, "policy must be one of sched-bvt/policies.def, found %s",
                 p->policy == NULL ? "none" : p->policy);
        return text;
    }
    if (refuse_ranges(p, text, size) != NULL || refuse_mix(p, text, size) != NULL)
        return text;
    return params_accepted(p, text, size) ? NULL : text;
}
