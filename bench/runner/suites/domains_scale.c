/* SPDX-License-Identifier: MIT */
/*
 * Many domains that compute at once (bench/domains/crowd.c): what all of them together get of the
 * processor, and what each switch between them takes, after P. Barham et al., "Xen and the Art of
 * Virtualization", SOSP 2003, section 4.4, figure 6.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suites/domains.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1e9
#define MEMORY_MIB 768

/* Each has work for so many slices, and for so long that waking up and going to sleep is little
 * beside the switches; those who are few, for so long together. */
#define ROUNDS 2
#define LEAST_MS 100
#define TOGETHER_MS 1000

/* When they begin: the machine has come up, and all have been made and have timed their work, by
 * then. */
static const struct {
    unsigned machine_ms, domain_ms;
} ready[] = {
    [MACHINE_RINGSIDE] = {500, 25},
    [MACHINE_XEN] = {2000, 40},
};

/* How much more than their work all may take. */
#define SLACK_PERCENT 10
#define SLACK_MS 100

const char *domains_turn_parameter(const char *policy)
{
    static const struct {
        const char *policy, *parameter;
    } slices[] = {
        {"bvt", "allowance"}, {"credit", "timeslice"}, {"eevdf", "request"},
        {"rr", "quantum"},    {"sedf", "quantum"},     {"stride", "quantum"},
    };
    for (size_t i = 0; i < sizeof(slices) / sizeof(*slices); i++)
        if (strcmp(slices[i].policy, policy) == 0)
            return slices[i].parameter;
    return NULL;
}

const char *domains_turn_refusal(const struct point *p, char text[SUITE_REASON])
{
    const char *policy = domains_subject_name(p);
    if (domains_turn_parameter(policy) != NULL)
        return NULL;
    snprintf(text, SUITE_REASON, "it is not known by which parameter %s has a slice", policy);
    return text;
}

static uint64_t begin_ms(const struct point *p)
{
    enum machine_hypervisor on = domains_machine_of(p)->hypervisor;
    return ready[on].machine_ms + ready[on].domain_ms * p->at[DOMAINS_AXIS_HOGS];
}

static uint64_t work_ms(const struct point *p)
{
    uint64_t rounds = ROUNDS * p->at[DOMAINS_AXIS_SLICE_MS];
    uint64_t together = TOGETHER_MS / p->at[DOMAINS_AXIS_HOGS];
    uint64_t more = rounds > together ? rounds : together;
    return more > LEAST_MS ? more : LEAST_MS;
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    uint64_t count = p->at[DOMAINS_AXIS_HOGS], all = work_ms(p) * count;
    uint64_t until = begin_ms(p) + all + all * SLACK_PERCENT / 100 + SLACK_MS;
    struct strings parts = {0};
    for (uint64_t i = 0; i < count; i++) {
        char *text = format_text("domain crowd-%" PRIu64 "\n kernel crowd\n memory 2M\n"
                                 " schedule %s=%llu\n arguments at=%" PRIu64 " work=%" PRIu64
                                 " until=%" PRIu64 "\n",
                                 i, domains_turn_parameter(domains_subject_name(p)),
                                 (unsigned long long)(p->at[DOMAINS_AXIS_SLICE_MS] * NS_PER_MS),
                                 begin_ms(p), work_ms(p), until);
        strings_add(&parts, text);
        free(text);
    }
    strings_add(&parts, "limit 100\n");
    strings_add(&boot->workloads, "crowd");
    char *text = strings_join(&parts, "");
    strings_add(&boot->points, text);
    free(text);
    strings_free(&parts);
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)latency;
    double begin = (double)(begin_ms(p) * NS_PER_MS);
    double alone, end, turns, work = 0, last = begin, switches = 0;
    for (uint64_t i = 0; i < p->at[DOMAINS_AXIS_HOGS]; i++) {
        char name[32];
        snprintf(name, sizeof(name), "crowd-%" PRIu64, i);
        if (!domains_number(result, name, "alone", &alone, fault) ||
            !domains_number(result, name, "end", &end, fault) ||
            !domains_number(result, name, "turns", &turns, fault))
            return false;
        work += alone;
        switches += turns;
        last = fmax(last, end);
    }
    if (work == 0 || last == begin)
        return fault_set(fault, "%s", "nothing was measured: no work, or no time");
    out->work = p->at[DOMAINS_AXIS_HOGS];
    out->elapsed_ns = (uint64_t)(last - begin);
    out->values[DOMAINS_METRIC_HOGS] = work / (last - begin);
    out->values[DOMAINS_METRIC_SWITCHES] = switches * NS_PER_S / (last - begin);
    if (p->at[DOMAINS_AXIS_HOGS] > 1) { /* one alone has nobody to switch to */
        out->values[DOMAINS_METRIC_LOST] = (last - begin - work) / (last - begin);
        out->values[DOMAINS_METRIC_SWITCH] = (last - begin - work) / switches;
    }
    return true;
}

const struct domains_measure domains_measure_scale = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(HOGS) | DOMAINS_BIT(SLICE_MS),
    .unpredicted = "what is lost to switches is given to the simulator; "
                   "`ringside run sched-scale`",
    .memory_mib = MEMORY_MIB,
    .refusal = domains_turn_refusal,
    .boot = plan,
    .compute = compute,
};
