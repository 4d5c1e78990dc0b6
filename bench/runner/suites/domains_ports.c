/* SPDX-License-Identifier: MIT */
/* Events from one domain to another with many ports (bench/domains/ports.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"

#define PORTS_BESIDE 64 /* of its own, at most */
#define EVENTS 1000     /* that are measured, and */
#define WARM 32         /*   before them */
#define PORT_BYTES 4
#define PAGE_BYTES 4096

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    return domains_abi_refusal(p, domains_abi_of(p), p->at[DOMAINS_AXIS_PORTS], text);
}

static char *end_text(const struct point *p, const char *name, const char *cpu)
{
    uint64_t ports = p->at[DOMAINS_AXIS_PORTS];
    return format_text("domain %s\n kernel ports\n memory 8M\n cpus %s\n events %s\n"
                       " ports %" PRIu64 "\n arguments ports=%" PRIu64 " count=%d\n",
                       name, cpu, domains_subject_name(p), ports + PORTS_BESIDE, ports, EVENTS);
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    char *front = end_text(p, "front", "0");
    char *back = end_text(p, "back", p->at[DOMAINS_AXIS_CPUS] == 1 ? "0" : "1");
    char *text =
        format_text("%s%schannel ports\n front front\n back back\n pages %" PRIu64 "\nlimit 60\n",
                    front, back, 1 + p->at[DOMAINS_AXIS_PORTS] * PORT_BYTES / PAGE_BYTES);
    strings_add(&boot->points, text);
    strings_add(&boot->workloads, "ports");
    free(text);
    free(back);
    free(front);
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)p;
    double events, elapsed;
    if (!domains_number(result, "back", "events", &events, fault) ||
        !domains_number(result, "front", "elapsed", &elapsed, fault) ||
        !domains_number(result, "back", "clock", &out->values[DOMAINS_METRIC_CLOCK], fault))
        return false;
    if (result->hist == NULL || events != EVENTS)
        return fault_set(fault, "expected %d events, found %.0f", EVENTS, events);
    *latency = *result->hist;
    out->has_latency = true;
    out->work = EVENTS;
    out->elapsed_ns = (uint64_t)elapsed;
    out->values[DOMAINS_METRIC_THROUGHPUT] = (EVENTS + WARM) * 1e9 / elapsed;
    quantiles_fill(latency, &out->values[DOMAINS_METRIC_P50]);
    return true;
}

const struct domains_measure domains_measure_events = {
    .group = DOMAINS_ABIS,
    .axes = DOMAINS_BIT(CPUS) | DOMAINS_BIT(PORTS),
    .unpredicted = "the simulator has no events of domains",
    .refusal = refusal,
    .boot = plan,
    .compute = compute,
};
