/* SPDX-License-Identifier: MIT */
/* When an event has its turn among others that are pending (bench/domains/order.c): one boot has
 * every way of sending of an ABI. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"

#define EVENTS 64       /* that are measured */
#define MEASURED 8      /* ports; also in bench/domains/order.c */
#define PORTS_BESIDE 64 /* of its own, at most */

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    return domains_abi_refusal(p, domains_abi_of(p), MEASURED + p->at[DOMAINS_AXIS_HOT], text);
}

static bool has_priorities(const struct point *p)
{
    return domains_abi_of(p) == DOMAINS_ABI_fifo;
}

/* Points of a boot: not urgent and urgent where there is that, each with `again` off and on. */
static size_t place(const struct point *p)
{
    return (has_priorities(p) ? p->at[DOMAINS_AXIS_URGENT] * 2 : 0) + p->at[DOMAINS_AXIS_AGAIN];
}

static char *end_text(const struct point *p, const char *name, const char *cpu, bool again,
                      bool urgent)
{
    uint64_t hot = p->at[DOMAINS_AXIS_HOT];
    return format_text("domain %s\n kernel order\n memory 8M\n cpus %s\n events %s\n"
                       " ports %" PRIu64 "\n arguments hot=%" PRIu64
                       " again=%d urgent=%d apart=%d count=%d\n",
                       name, cpu, domains_subject_name(p), hot + PORTS_BESIDE, hot, again, urgent,
                       p->at[DOMAINS_AXIS_CPUS] > 1, EVENTS);
}

static void add_point(const struct point *p, bool again, bool urgent, struct domains_boot *boot)
{
    const char *cpu = p->at[DOMAINS_AXIS_CPUS] == 1 ? "0" : "1";
    char *front = end_text(p, "front", "0", again, urgent);
    char *back = end_text(p, "back", cpu, again, urgent);
    char *text = format_text("%s%schannel order\n front front\n back back\n pages 1\nlimit 60\n",
                             front, back);
    strings_add(&boot->points, text);
    free(text);
    free(back);
    free(front);
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    strings_add(&boot->workloads, "order");
    for (unsigned urgent = 0; urgent <= has_priorities(p); urgent++)
        for (unsigned again = 0; again <= 1; again++)
            add_point(p, again, urgent, boot);
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    double events, ranks, starved, *v = out->values;
    (void)p;
    if (!domains_number(result, "back", "events", &events, fault) ||
        !domains_number(result, "back", "ranks", &ranks, fault) ||
        !domains_number(result, "back", "rank_max", &v[DOMAINS_METRIC_RANK_MAX], fault) ||
        !domains_number(result, "back", "starved", &starved, fault) ||
        !domains_number(result, "back", "clock", &v[DOMAINS_METRIC_CLOCK], fault))
        return false;
    if (result->hist == NULL || events != EVENTS)
        return fault_set(fault, "expected %d events, found %.0f", EVENTS, events);
    *latency = *result->hist;
    out->has_latency = true;
    out->work = EVENTS;
    out->elapsed_ns = latency->sum;
    v[DOMAINS_METRIC_RANK] = ranks / events;
    v[DOMAINS_METRIC_STARVED] = starved / events;
    quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
    return true;
}

const struct domains_measure domains_measure_order = {
    .group = DOMAINS_ABIS,
    .axes = DOMAINS_BIT(CPUS) | DOMAINS_BIT(HOT) | DOMAINS_BIT(AGAIN),
    .axes_of_fifo = DOMAINS_BIT(URGENT),
    .together = DOMAINS_BIT(AGAIN) | DOMAINS_BIT(URGENT),
    .unpredicted = "the simulator has no events of domains",
    .refusal = refusal,
    .boot = plan,
    .place = place,
    .compute = compute,
};
