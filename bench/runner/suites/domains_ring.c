/* SPDX-License-Identifier: MIT */
/*
 * Rings between two domains (bench/domains/ring.c): a boot has every policy of a layout. For
 * offered loads (bench/domains/offered.h) it has all but coalesce, or that alone with several
 * numbers of requests that are held back.
 */
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

/* Of offered loads. A point's time is limited, however slowly its requests come. */
#define LIMIT_S 60
#define OFFERING_S 30
#define OFFERED_MAX 100000 /* requests: when they are due fits in a domain's memory */
#define SEED 1             /* of when they are due */

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
        return domains_abi_refusal(p, p->at[DOMAINS_AXIS_EVENTS], 0, text);
    snprintf(text, SUITE_REASON, "%s", layouts[p->subject].why);
    return text;
}

static bool is_offered(const struct point *p)
{
    return p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_OFFERED;
}

static const char *refuse_offered(const struct point *p, char text[SUITE_REASON])
{
    uint64_t requests = p->at[DOMAINS_AXIS_REQUESTS], load = p->at[DOMAINS_AXIS_LOAD];
    if (requests > OFFERED_MAX)
        snprintf(text, SUITE_REASON,
                 "a front end knows in advance when at most %d requests are due, not %" PRIu64,
                 OFFERED_MAX, requests);
    else if (requests > OFFERING_S * load)
        snprintf(text, SUITE_REASON,
                 "%" PRIu64 " requests at %" PRIu64 " a second take longer than %d s", requests,
                 load, OFFERING_S);
    else
        return refusal(p, text);
    return text;
}

/* ---- the points of a boot: those of policies, and of how many requests are held back ---- */

struct variant {
    enum notify_policy policy;
    uint64_t held; /* coalesce_n; 0: it does not matter */
};

/* Other numbers have boots of their own. */
static const uint64_t held_together[] = {4, 16, 64};
#define HELD_TOGETHER (sizeof(held_together) / sizeof(*held_together))
#define VARIANTS_MAX (NOTIFY_POLICIES + HELD_TOGETHER)

static bool apart(const struct point *p)
{
    if (p->at[DOMAINS_AXIS_POLICY] != NOTIFY_coalesce)
        return false;
    for (size_t i = 0; i < HELD_TOGETHER; i++)
        if (p->at[DOMAINS_AXIS_COALESCE_N] == held_together[i])
            return false;
    return true;
}

static size_t list_held(const struct point *p, struct variant variants[VARIANTS_MAX])
{
    if (apart(p)) {
        variants[0] = (struct variant){NOTIFY_coalesce, p->at[DOMAINS_AXIS_COALESCE_N]};
        return 1;
    }
    for (size_t i = 0; i < HELD_TOGETHER; i++)
        variants[i] = (struct variant){NOTIFY_coalesce, held_together[i]};
    return HELD_TOGETHER;
}

/* Of offered loads coalesce has an axis that no other policy has (coalesce_ns), and so has boots of
 * its own. */
static size_t list_variants(const struct point *p, struct variant variants[VARIANTS_MAX])
{
    size_t n = 0;
    if (is_offered(p) && p->at[DOMAINS_AXIS_POLICY] == NOTIFY_coalesce)
        return list_held(p, variants);
    for (unsigned policy = 0; policy < NOTIFY_POLICIES; policy++)
        if (carries(p->subject, policy) && !(is_offered(p) && policy == NOTIFY_coalesce))
            variants[n++] = (struct variant){policy, 0};
    return n;
}

static size_t place(const struct point *p)
{
    struct variant variants[VARIANTS_MAX];
    size_t count = list_variants(p, variants), i = 0;
    while (i + 1 < count &&
           (variants[i].policy != p->at[DOMAINS_AXIS_POLICY] ||
            (variants[i].held != 0 && variants[i].held != p->at[DOMAINS_AXIS_COALESCE_N])))
        i++;
    return i;
}

/* What an end does besides carrying so many requests. */
static char *measure_text(const struct point *p, bool is_front)
{
    const uint64_t *at = p->at;
    if (is_offered(p))
        return is_front
                   ? format_text(" latency=1 seed=%d load=%" PRIu64, SEED, at[DOMAINS_AXIS_LOAD])
                   : format_text(" service-ns=%" PRIu64, at[DOMAINS_AXIS_SERVICE_NS]);
    if (at[DOMAINS_AXIS_MEASURE] == DOMAINS_COUNTERS)
        return domains_counters_argument(p);
    return copy_text(at[DOMAINS_AXIS_MEASURE] == DOMAINS_LATENCY ? " latency=1" : "");
}

/* One end's block of the description. Who shares a processor gives it away when there is nothing to
 * be found. */
static char *end_text(const struct point *p, bool is_front)
{
    const uint64_t *at = p->at;
    uint64_t warm = at[DOMAINS_AXIS_REQUESTS] / WARM_SHARE;
    bool alone = at[DOMAINS_AXIS_CPUS] > 1; /* on its processor */
    char *more = measure_text(p, is_front);
    char *text = format_text("domain %s\n kernel ring-%s\n memory 4M\n cpus %d\n events %s\n"
                             " arguments count=%" PRIu64 " warm=%" PRIu64 "%s%s\n",
                             is_front ? "front" : "back", layouts[p->subject].id,
                             !is_front && alone, domains_abi_name(at[DOMAINS_AXIS_EVENTS]),
                             at[DOMAINS_AXIS_REQUESTS] + warm, warm, alone ? "" : " yield=1", more);
    free(more);
    return text;
}

static char *description(const struct point *p, struct variant v)
{
    const uint64_t *at = p->at;
    uint64_t pages = PAGES_BESIDE + at[DOMAINS_AXIS_ENTRIES] * ENTRY_BYTES / PAGE_BYTES;
    uint64_t window = at[DOMAINS_AXIS_MEASURE] == DOMAINS_LATENCY ? at[DOMAINS_AXIS_BATCH]
                                                                  : at[DOMAINS_AXIS_ENTRIES];
    char *front = end_text(p, true);
    char *back = end_text(p, false);
    char *held = v.held == 0 ? copy_text("")
                             : format_text(" coalesce_n=%" PRIu64 " coalesce_ns=%" PRIu64, v.held,
                                           at[DOMAINS_AXIS_COALESCE_NS]);
    char *text = format_text("%s%schannel ring\n front front\n back back\n pages %" PRIu64 "\n"
                             " with policy=%s batch=%" PRIu64 " entries=%" PRIu64 " window=%" PRIu64
                             "%s\nlimit %d\n",
                             front, back, pages, notify_name(v.policy), at[DOMAINS_AXIS_BATCH],
                             at[DOMAINS_AXIS_ENTRIES], window, held, LIMIT_S);
    free(held);
    free(back);
    free(front);
    return text;
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    struct variant variants[VARIANTS_MAX];
    size_t count = list_variants(p, variants);
    char *image = format_text("ring-%s", layouts[p->subject].id);
    strings_add(&boot->workloads, image);
    free(image);
    for (size_t i = 0; i < count; i++) {
        char *text = description(p, variants[i]);
        strings_add(&boot->points, text);
        free(text);
    }
}

/* ---- what comes of it ---- */

/* How many each event stands for; nothing where there are none. */
static double per_event(double requests, double events)
{
    return events > 0 ? requests / events : NAN;
}

static const char *const ends[] = {"front", "back"};

static bool compute(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
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
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_COUNTERS)
        return domains_counters_compute(p, result, each, out, fault);
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_THROUGHPUT)
        return true;
    if (result->hist == NULL)
        return fault_set(fault, "%s", "the front end did not say its latencies");
    *latency = *result->hist;
    out->has_latency = true;
    quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
    return true;
}

static bool compute_offered(const struct point *p, const struct domains_result *result,
                            struct observation *out, struct hist *latency, struct fault *fault)
{
    double requests[2], elapsed[2], tells[2], running[2], offering, sent;
    if (!compute(p, result, out, latency, fault) ||
        !domains_number(result, "front", "offering", &offering, fault) ||
        !domains_number(result, "front", "sent", &sent, fault))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (!domains_number(result, ends[i], "requests", &requests[i], fault) ||
            !domains_number(result, ends[i], "elapsed", &elapsed[i], fault) ||
            !domains_number(result, ends[i], "tells", &tells[i], fault) ||
            !domains_number(result, ends[i], "running", &running[i], fault))
            return false;
    if (offering == 0 || elapsed[1] == 0)
        return fault_set(fault, "%s", "all requests were due at once, or answered at once");
    double *v = out->values;
    v[DOMAINS_METRIC_OFFERED] = requests[0] * NS_PER_S / offering;
    /* Those that are measured are not those that are sent meanwhile: some were on their way, maybe
     * all. */
    v[DOMAINS_METRIC_TELLS] = sent > 0 ? tells[0] / sent + tells[1] / requests[1] : NAN;
    v[DOMAINS_METRIC_REQUESTS_PER_EVENT] = per_event(sent, tells[0]);
    v[DOMAINS_METRIC_RESPONSES_PER_EVENT] = per_event(requests[1], tells[1]);
    v[DOMAINS_METRIC_BUSY_FRONT] = running[0] / elapsed[0];
    v[DOMAINS_METRIC_BUSY_BACK] = running[1] / elapsed[1];
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

const struct domains_measure domains_measure_offered = {
    .group = DOMAINS_LAYOUTS,
    .axes = AXES | DOMAINS_BIT(LOAD) | DOMAINS_BIT(SERVICE_NS),
    .axes_of_coalesce = DOMAINS_BIT(COALESCE_N) | DOMAINS_BIT(COALESCE_NS),
    .together = DOMAINS_BIT(POLICY) | DOMAINS_BIT(COALESCE_N),
    .apart = apart,
    .unpredicted = UNPREDICTED,
    .refusal = refuse_offered,
    .boot = plan,
    .place = place,
    .compute = compute_offered,
};

const struct domains_measure domains_measure_counters = {
    .group = DOMAINS_LAYOUTS,
    .axes = AXES | DOMAINS_BIT(PMU),
    .together = DOMAINS_BIT(POLICY),
    .unpredicted = UNPREDICTED,
    .refusal = refusal,
    .boot = plan,
    .place = place,
    .compute = compute,
};
