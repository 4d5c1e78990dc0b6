/* SPDX-License-Identifier: MIT */
/*
 * A ring between two domains (bench/domains/ring.c and serve.c) alone and then, in the same boot,
 * beside one domain that makes trouble (tests/system/hostile/antagonist.c, rogue.c), all of equal
 * weight on one processor: what becomes of the ring's throughput and latency. After P. Barham et
 * al., "Xen and the Art of Virtualization", SOSP 2003, section 4.3.
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
#define LAYOUT "xen"
#define CHANNEL " pages 8\n with policy=event-index batch=1 entries=64 window=16\n"

/* The back end's rings with the other domain, if it has any. */
#define FLOODED 1
#define BROKEN 5 /* in as many ways: tests/system/hostile/rogue.c */

static const struct {
    const char *name, *text; /* domains and channels of the description */
    unsigned rings;          /* between the other one and the back end */
    unsigned closed;         /* of those, because of what it did there */
} troubles[] = {
#define ANTAGONIST(by) "domain other\n kernel antagonist\n memory 16M\n arguments by=" by "\n"
#define ROGUE(by) "domain other\n kernel rogue-" LAYOUT "\n memory 4M\n arguments by=" by "\n"
    {"hog", ANTAGONIST("hog"), 0, 0},
    {"flood", ROGUE("flood"), FLOODED, 0},
    {"hostile", ROGUE("breaks"), BROKEN, BROKEN},
    {"events", ANTAGONIST("events gates=1") "channel gate0\n front front\n back other\n pages 1\n",
     0, 0},
    {"tables", ANTAGONIST("tables"), 0, 0},
    {"timers", ANTAGONIST("timers"), 0, 0},
    {"naps", ANTAGONIST("naps"), 0, 0},
    {"yields", ANTAGONIST("yields"), 0, 0},
    {"memory", ANTAGONIST("balloon"), 0, 0},
    {"calls", ANTAGONIST("multicalls"), 0, 0},
    {"births", "domain other\n kernel brief\n memory 2M\n restart always\n", 0, 0},
#undef ROGUE
#undef ANTAGONIST
};

const char *domains_trouble_name(size_t i)
{
    return i < sizeof(troubles) / sizeof(*troubles) ? troubles[i].name : NULL;
}

/* `trouble` and the channels of its rings, of which it has `rings`. */
static char *description(const struct point *p, const char *trouble, unsigned rings)
{
    bool has_gate = strstr(trouble, "channel gate0") != NULL;
    char *text = format_text(
        "domain front\n kernel ring-" LAYOUT "\n memory 4M\n"
        " arguments count=0 warm=%d latency=1 span=%" PRIu64 "%s\n"
        "domain back\n kernel serve-" LAYOUT "\n memory 4M\n arguments count=0 rings=%u\n"
        "channel ring\n front front\n back back\n" CHANNEL "%send front back\nlimit 100\n",
        WARM, p->at[DOMAINS_AXIS_SPAN_MS], has_gate ? " gates=1" : "", 1 + rings, trouble);
    for (unsigned i = 1; i <= rings; i++) {
        char *longer = format_text("%schannel ring%u\n front other\n back back\n" CHANNEL, text, i);
        free(text);
        text = longer;
    }
    return text;
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    static const char *const images[] = {"antagonist", "brief", "ring-" LAYOUT, "rogue-" LAYOUT,
                                         "serve-" LAYOUT};
    uint64_t which = p->at[DOMAINS_AXIS_BESIDE];
    for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
        strings_add(&boot->workloads, images[i]);
    char *alone = description(p, "", 0);
    char *beside = description(p, troubles[which].text, troubles[which].rings);
    strings_add(&boot->points, alone);
    strings_add(&boot->points, beside);
    free(beside);
    free(alone);
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

/* A ring that is hostile is found out, and one that is not is never taken for it. Where the time is
 * the host's, it may be over before all of them are broken. */
static bool closed(const struct point *p, const struct domains_result *beside, double *rings,
                   struct fault *fault)
{
    unsigned most = troubles[p->at[DOMAINS_AXIS_BESIDE]].closed;
    bool all = domains_is_exact(domains_machine_of(p)->clock);
    return domains_number(beside, "back", "closed", rings, fault) &&
           ((*rings <= most && (*rings == most || !all)) ||
            fault_set(fault, "the back end closed %.0f rings; expected %u, who are hostile", *rings,
                      most));
}

/*
 * The 99th percentile of latencies of which each counts for as long as it took: what somebody meets
 * who looks at a random moment at requests that are on their way. A closed loop sends nothing while
 * it waits, so that a stall of any length is but a window of requests.
 */
static double p99_by_time(const struct hist *h)
{
    double whole = 0, so_far = 0;
    uint32_t i = 0;
    for (uint32_t k = 0; k < HIST_BUCKETS; k++)
        whole += (double)h->buckets[k] * (double)hist_highest(k);
    for (; i + 1 < HIST_BUCKETS; i++) {
        so_far += (double)h->buckets[i] * (double)hist_highest(i);
        if (so_far >= 0.99 * whole)
            break;
    }
    return fmin((double)hist_highest(i), (double)h->max);
}

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    const struct domains_result *alone = &result[0], *beside = &result[1];
    double *v = out->values, requests = NAN, before = NAN, after = NAN;
    if (!throughput(alone, &requests, &before, fault) ||
        !throughput(beside, &requests, &after, fault) ||
        !domains_number(beside, "front", "clock", &v[DOMAINS_METRIC_CLOCK], fault) ||
        !closed(p, beside, &v[DOMAINS_METRIC_CLOSED], fault))
        return false;
    *latency = *beside->hist;
    out->has_latency = true;
    out->work = (uint64_t)requests;
    out->elapsed_ns = (uint64_t)(requests * NS_PER_S / after);
    quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
    v[DOMAINS_METRIC_THROUGHPUT] = after;
    v[DOMAINS_METRIC_ISOLATION] = after / before;
    v[DOMAINS_METRIC_DELAY] = v[DOMAINS_METRIC_P99] / (double)hist_quantile(alone->hist, 99, 100);
    v[DOMAINS_METRIC_P99_BY_TIME] = p99_by_time(latency);
    v[DOMAINS_METRIC_STALL] = v[DOMAINS_METRIC_P99_BY_TIME] / p99_by_time(alone->hist);
    return true;
}

const struct domains_measure domains_measure_isolation = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(BESIDE) | DOMAINS_BIT(SPAN_MS),
    .unpredicted = "the simulator has no domains that make trouble",
    .boot = plan, /* the first point is the ring alone */
    .compute = compute,
};
