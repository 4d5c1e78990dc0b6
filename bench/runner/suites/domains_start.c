/* SPDX-License-Identifier: MIT */
/* Domains started one after another (bench/domains/starter.c): from the request until each one's
 * main program. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"

#define MEMORY_MIB 4 /* of each domain */

static void plan(const struct point *p, struct domains_boot *boot)
{
    boot->control = "guest/bench/starter";
    boot->arguments = format_text("row=%" PRIu64 " memory=%d", p->at[DOMAINS_AXIS_ROW], MEMORY_MIB);
    strings_add(&boot->workloads, "first");
    strings_add(&boot->points, ""); /* what is done is in the arguments */
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    double took, sum = 0;
    hist_reset(latency);
    for (uint64_t i = 0; i < p->at[DOMAINS_AXIS_ROW]; i++) {
        char name[32];
        snprintf(name, sizeof(name), "first-%" PRIu64, i);
        if (!domains_number(result, name, "took", &took, fault))
            return false;
        hist_record(latency, (uint64_t)took);
        sum += took;
    }
    out->work = p->at[DOMAINS_AXIS_ROW];
    out->elapsed_ns = (uint64_t)sum;
    out->has_latency = true;
    quantiles_fill(latency, &out->values[DOMAINS_METRIC_P50]);
    return true;
}

const struct domains_measure domains_measure_start = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(ROW),
    .unpredicted = "the simulator has no domains that are made",
    .boot = plan,
    .compute = compute,
};
