/* SPDX-License-Identifier: MIT */
/* Domains started one after another (bench/domains/starter.c): from the request for each until it
 * is created, built, at its first instruction, in its main program. One boot has all of a row. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"

#define ROW 100 /* domains in a row, of which a point is one; also in bench/domains/starter.c */
#define MEMORY_MIB 4 /* of each */

enum { UNTIL_CREATED, UNTIL_BUILT, UNTIL_FIRST, UNTIL_MAIN };

static const char *const stages[] = {
    [UNTIL_CREATED] = "created",
    [UNTIL_BUILT] = "built",
    [UNTIL_FIRST] = "first-instruction",
    [UNTIL_MAIN] = "main-program",
};

const char *domains_stage_name(size_t i)
{
    return i < sizeof(stages) / sizeof(*stages) ? stages[i] : NULL;
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    (void)p;
    boot->control = "guest/bench/starter";
    boot->arguments = format_text("row=%d memory=%d", ROW, MEMORY_MIB);
    strings_add(&boot->workloads, "first");
    strings_add(&boot->points, ""); /* what is done is in the arguments */
}

/* Of each domain, from the control domain's list. */
static bool read_list(const struct domains_result *result, const char *name, double times[ROW],
                      struct fault *fault)
{
    const struct domains_list *list = domains_list(result, "starter", name, fault);
    if (list == NULL)
        return false;
    if (list->count != ROW)
        return fault_set(fault, "expected %d times of %s, found %zu", ROW, name, list->count);
    for (size_t i = 0; i < ROW; i++)
        times[i] = (double)list->values[i];
    return true;
}

/* And from what they say themselves. */
static bool read_each(const struct domains_result *result, const char *name, double times[ROW],
                      struct fault *fault)
{
    for (int i = 0; i < ROW; i++) {
        char domain[32];
        snprintf(domain, sizeof(domain), "first-%d", i);
        if (!domains_number(result, domain, name, &times[i], fault))
            return false;
    }
    return true;
}

static bool read_times(const struct domains_result *result, uint64_t until, double times[ROW],
                       struct fault *fault)
{
    switch (until) {
    case UNTIL_CREATED:
    case UNTIL_BUILT:
        return read_list(result, stages[until], times, fault);
    default:
        return read_each(result, until == UNTIL_FIRST ? "first" : "main", times, fault);
    }
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    double times[ROW] = {0}, sum = 0;
    uint64_t place = p->at[DOMAINS_AXIS_ROW];
    if (!read_times(result, p->at[DOMAINS_AXIS_UNTIL], times, fault))
        return false;
    hist_reset(latency);
    for (uint64_t i = 0; i < place; i++) {
        hist_record(latency, (uint64_t)times[i]);
        sum += times[i];
        out->values[DOMAINS_METRIC_START] = times[i];
    }
    out->work = place;
    out->elapsed_ns = (uint64_t)sum;
    out->has_latency = true;
    quantiles_fill(latency, &out->values[DOMAINS_METRIC_P50]);
    return true;
}

const struct domains_measure domains_measure_start = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(ROW) | DOMAINS_BIT(UNTIL),
    .together = DOMAINS_BIT(ROW) | DOMAINS_BIT(UNTIL),
    .unpredicted = "the simulator has no domains that are made",
    .boot = plan,
    .compute = compute,
};
