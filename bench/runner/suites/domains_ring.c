/* SPDX-License-Identifier: MIT */
/* Rings between two domains (bench/domains/ring.c): a boot has every policy of a layout. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"
#include "rings/notify.h"

#define NS_PER_S 1e9
#define WARM_SHARE 8    /* of the requests come before those that are measured */
#define ENTRY_BYTES 256 /* of the ring's pages for each entry: two cache lines each way */
#define PAGE_BYTES 4096
#define PAGES_BESIDE 4 /* for what is not entries */

static const struct {
    const char *id, *name, *why;
    unsigned without;
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {#id, name, why, without},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

const char *domains_layout_name(size_t i)
{
    return i < sizeof(layouts) / sizeof(*layouts) ? layouts[i].name : NULL;
}

static bool carries(size_t layout, uint64_t policy)
{
    return (layouts[layout].without & 1U << policy) == 0;
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    uint64_t policy = p->at[DOMAINS_AXIS_POLICY];
    if (carries(p->subject, policy))
        return NULL;
    snprintf(text, SUITE_REASON, "%s", layouts[p->subject].why);
    return text;
}

static size_t place(const struct point *p)
{
    size_t before = 0;
    for (uint64_t policy = 0; policy < p->at[DOMAINS_AXIS_POLICY]; policy++)
        before += carries(p->subject, policy);
    return before;
}

/* One end's block of the description. Who shares a processor gives it away when there is nothing to
 * be found. */
static char *end_text(const struct point *p, const char *name, const char *cpu)
{
    const uint64_t *at = p->at;
    uint64_t warm = at[DOMAINS_AXIS_REQUESTS] / WARM_SHARE;
    return format_text(
        "domain %s\n kernel ring-%s\n memory 4M\n cpus %s\n events %s\n"
        " arguments count=%" PRIu64 " warm=%" PRIu64 "%s%s\n",
        name, layouts[p->subject].id, cpu, at[DOMAINS_AXIS_EVENTS] == 0 ? "2l" : "fifo",
        at[DOMAINS_AXIS_REQUESTS] + warm, warm, at[DOMAINS_AXIS_CPUS] == 1 ? " yield=1" : "",
        at[DOMAINS_AXIS_MEASURE] == DOMAINS_LATENCY ? " latency=1" : "");
}

static char *description(const struct point *p, enum notify_policy policy)
{
    const uint64_t *at = p->at;
    uint64_t pages = PAGES_BESIDE + at[DOMAINS_AXIS_ENTRIES] * ENTRY_BYTES / PAGE_BYTES;
    uint64_t window = at[DOMAINS_AXIS_MEASURE] == DOMAINS_LATENCY ? at[DOMAINS_AXIS_BATCH]
                                                                  : at[DOMAINS_AXIS_ENTRIES];
    char *front = end_text(p, "front", "0");
    char *back = end_text(p, "back", at[DOMAINS_AXIS_CPUS] == 1 ? "0" : "1");
    char *text = format_text("%s%schannel ring\n front front\n back back\n pages %" PRIu64 "\n"
                             " with policy=%s batch=%" PRIu64 " entries=%" PRIu64 " window=%" PRIu64
                             "\nlimit 60\n",
                             front, back, pages, notify_name(policy), at[DOMAINS_AXIS_BATCH],
                             at[DOMAINS_AXIS_ENTRIES], window);
    free(back);
    free(front);
    return text;
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    char *image = format_text("ring-%s", layouts[p->subject].id);
    strings_add(&boot->workloads, image);
    free(image);
    for (unsigned policy = 0; policy < NOTIFY_POLICIES; policy++)
        if (carries(p->subject, policy)) {
            char *text = description(p, (enum notify_policy)policy);
            strings_add(&boot->points, text);
            free(text);
        }
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    static const char *const ends[] = {"front", "back"};
    double requests, elapsed, tells[2], sleeps[2], running[2], clock, each[2];
    if (!domains_number(result, "front", "requests", &requests, fault) ||
        !domains_number(result, "front", "elapsed", &elapsed, fault) ||
        !domains_number(result, "front", "clock", &clock, fault))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (!domains_number(result, ends[i], "requests", &each[i], fault) ||
            !domains_number(result, ends[i], "tells", &tells[i], fault) ||
            !domains_number(result, ends[i], "sleeps", &sleeps[i], fault) ||
            !domains_number(result, ends[i], "running", &running[i], fault))
            return false;
    if (requests == 0 || each[1] == 0 || elapsed == 0)
        return fault_set(fault, "%s", "nothing was measured: no requests, or no time");
    out->work = (uint64_t)requests;
    out->elapsed_ns = (uint64_t)elapsed;
    double *v = out->values;
    v[DOMAINS_METRIC_THROUGHPUT] = requests * NS_PER_S / elapsed;
    v[DOMAINS_METRIC_TELLS] = tells[0] / each[0] + tells[1] / each[1];
    v[DOMAINS_METRIC_SLEEPS] = sleeps[0] / each[0] + sleeps[1] / each[1];
    v[DOMAINS_METRIC_CPU_FRONT] = running[0] / each[0];
    v[DOMAINS_METRIC_CPU_BACK] = running[1] / each[1];
    v[DOMAINS_METRIC_CPU] = v[DOMAINS_METRIC_CPU_FRONT] + v[DOMAINS_METRIC_CPU_BACK];
    v[DOMAINS_METRIC_CLOCK] = clock;
    if (p->at[DOMAINS_AXIS_MEASURE] != DOMAINS_LATENCY)
        return true;
    if (result->hist == NULL)
        return fault_set(fault, "%s", "the front end did not say its latencies");
    *latency = *result->hist;
    out->has_latency = true;
    quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
    return true;
}

#define AXES                                                                              \
    (DOMAINS_BIT(CPUS) | DOMAINS_BIT(POLICY) | DOMAINS_BIT(EVENTS) | DOMAINS_BIT(BATCH) | \
     DOMAINS_BIT(ENTRIES) | DOMAINS_BIT(REQUESTS))
#define UNPREDICTED "the simulator has no rings of domains"

const struct domains_measure domains_measure_throughput = {
    .group = DOMAINS_LAYOUTS,
    .axes = AXES,
    .together = DOMAINS_BIT(POLICY),
    .unpredicted = UNPREDICTED,
    .refusal = refusal,
    .boot = plan,
    .place = place,
    .compute = compute,
};

const struct domains_measure domains_measure_latency = {
    .group = DOMAINS_LAYOUTS,
    .axes = AXES,
    .together = DOMAINS_BIT(POLICY),
    .unpredicted = UNPREDICTED,
    .refusal = refusal,
    .boot = plan,
    .place = place,
    .compute = compute,
};
