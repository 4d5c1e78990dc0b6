/* SPDX-License-Identifier: MIT */
/*
 * A ring between two domains (bench/domains/ring.c) alone and then, in the same boot, beside one
 * domain that makes trouble (tests/system/hostile/antagonist.c), all of equal weight on one
 * processor: what becomes of the ring's throughput and latency. After P. Barham et al., "Xen and
 * the Art of Virtualization", SOSP 2003, section 4.3.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"

#define NS_PER_S 1e9
#define WARM 64 /* requests come before those that are measured */

/* A ring that is not always full: whoever waits for the other end sleeps. */
#define RING "xen"
#define RING_WITH "policy=event-index batch=1 entries=64 window=16"
#define RING_PAGES 8

static const struct {
    const char *name, *text; /* domains and channels of the description */
} troubles[] = {
#define ANTAGONIST(by) "domain other\n kernel antagonist\n memory 16M\n arguments by=" by "\n"
    {"hog", ANTAGONIST("hog")},
    {"events", ANTAGONIST("events gates=1") "channel gate0\n front front\n back other\n pages 1\n"},
    {"tables", ANTAGONIST("tables")},
    {"timers", ANTAGONIST("timers")},
    {"naps", ANTAGONIST("naps")},
    {"yields", ANTAGONIST("yields")},
    {"memory", ANTAGONIST("balloon")},
    {"calls", ANTAGONIST("multicalls")},
    {"births", "domain other\n kernel brief\n memory 2M\n restart always\n"},
#undef ANTAGONIST
};

const char *domains_trouble_name(size_t i)
{
    return i < sizeof(troubles) / sizeof(*troubles) ? troubles[i].name : NULL;
}

/* NULL: alone. */
static char *description(const struct point *p, const char *trouble)
{
    bool has_gate = trouble != NULL && strstr(trouble, "channel gate0") != NULL;
    return format_text("domain front\n kernel ring-" RING "\n memory 4M\n"
                       " arguments count=0 warm=%d latency=1 span=%" PRIu64 "%s\n"
                       "domain back\n kernel ring-" RING "\n memory 4M\n arguments count=0\n"
                       "channel ring\n front front\n back back\n pages %d\n with " RING_WITH "\n"
                       "%send front\nlimit 100\n",
                       WARM, p->at[DOMAINS_AXIS_SPAN_MS], has_gate ? " gates=1" : "", RING_PAGES,
                       trouble == NULL ? "" : trouble);
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    static const char *const images[] = {"antagonist", "brief", ("ring-" RING)};
    for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
        strings_add(&boot->workloads, images[i]);
    const char *const which[] = {NULL, troubles[p->at[DOMAINS_AXIS_BESIDE]].text};
    for (size_t i = 0; i < 2; i++) {
        char *text = description(p, which[i]);
        strings_add(&boot->points, text);
        free(text);
    }
}

static bool throughput(const struct domains_result *result, double *requests, double *value,
                       struct fault *fault)
{
    double elapsed;
    if (result->wrong != NULL)
        return fault_set(fault, "%s", result->wrong);
    if (!domains_number(result, "front", "requests", requests, fault) ||
        !domains_number(result, "front", "elapsed", &elapsed, fault))
        return false;
    if (*requests == 0 || elapsed == 0 || result->hist == NULL || result->hist->count == 0)
        return fault_set(fault, "%s", "nothing was measured: no requests, or no time");
    *value = *requests * NS_PER_S / elapsed;
    return true;
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    const struct domains_result *alone = &result[0], *beside = &result[1];
    double *v = out->values, requests = NAN, before = NAN, after = NAN;
    if (!throughput(alone, &requests, &before, fault) ||
        !throughput(beside, &requests, &after, fault) ||
        !domains_number(beside, "front", "clock", &v[DOMAINS_METRIC_CLOCK], fault))
        return false;
    *latency = *beside->hist;
    out->has_latency = true;
    (void)p;
    out->work = (uint64_t)requests;
    out->elapsed_ns = (uint64_t)(requests * NS_PER_S / after);
    quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
    v[DOMAINS_METRIC_THROUGHPUT] = after;
    v[DOMAINS_METRIC_ISOLATION] = after / before;
    v[DOMAINS_METRIC_DELAY] = v[DOMAINS_METRIC_P99] / (double)hist_quantile(alone->hist, 99, 100);
    return true;
}

const struct domains_measure domains_measure_isolation = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(BESIDE) | DOMAINS_BIT(SPAN_MS),
    .unpredicted = "the simulator has no domains that make trouble",
    .boot = plan, /* the first point is the ring alone */
    .compute = compute,
};
