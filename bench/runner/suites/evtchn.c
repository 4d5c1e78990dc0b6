/* SPDX-License-Identifier: MIT */
/* The suite `evtchn`: event channels on this machine (bench/evtchn/evbench.h). */
#include <math.h>
#include <stdlib.h>

#include "bench/evtchn/evbench.h"
#include "bench/runner/environment.h"
#include "bench/runner/manifest.h"
#include "bench/runner/suites/quantiles.h"

#define NS_PER_S 1e9
#define NS_PER_MS 1000000ULL

#define DURATION_MS_MAX 60000

/* What an observation takes beyond its duration: a warm-up of a fourth, laying out the domains, and
 * an order of so many serves a port. */
#define WARM_SHARE 4
#define LAYOUT_NS_PER_PORT 300
#define SERVE_NS_TYPICAL 300

enum {
    EVTCHN_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) EVTCHN_AXIS_##id,
#include "bench/runner/suites/evtchn_axes.def"
#undef AXIS
};

enum {
#define METRIC(id, name, unit, better, summary) EVTCHN_METRIC_##id,
#include "bench/runner/suites/evtchn_metrics.def"
#undef METRIC
    EVTCHN_METRICS
};

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/evtchn_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/evtchn_metrics.def"
#undef METRIC
};

static const struct suite_group groups[] = {
    {"abis", "abi", "ABIs: ways of delivering events"},
};

static bool subject(size_t i, struct suite_subject *out)
{
    if (evbench_abi_name(i) == NULL)
        return false;
    *out = (struct suite_subject){.name = evbench_abi_name(i), .summary = evbench_abi_summary(i)};
    return true;
}

static const char *choice(size_t axis, unsigned i)
{
    return axis == EVTCHN_AXIS_MEASURE ? evbench_measure_name((enum evbench_measure)i) : NULL;
}

static uint64_t initial(size_t axis)
{
    const struct evbench_point p = EVBENCH_DEFAULTS;
    switch (axis) {
    case EVTCHN_AXIS_MEASURE:
        return p.measure;
    case EVTCHN_AXIS_PORTS:
        return p.ports;
    case EVTCHN_AXIS_PENDING:
        return p.pending;
    case EVTCHN_AXIS_PRIORITIES:
        return p.priorities;
    case EVTCHN_AXIS_BURST:
        return p.burst;
    default:
        return p.serve_ns;
    }
}

static bool means(size_t axis, const struct point *p)
{
    enum evbench_measure measure = (enum evbench_measure)p->at[EVTCHN_AXIS_MEASURE];
    switch (axis) {
    case EVTCHN_AXIS_PENDING:
        return measure != EVBENCH_ORDER && measure != EVBENCH_HOT;
    case EVTCHN_AXIS_BURST:
        return measure == EVBENCH_ORDER;
    case EVTCHN_AXIS_SERVE_NS:
        return evbench_on_two_cores(measure);
    default:
        return true;
    }
}

static bool is_exact(const struct point *p)
{
    return evbench_is_exact((enum evbench_measure)p->at[EVTCHN_AXIS_MEASURE]);
}

static const char *platform(const struct point *p)
{
    (void)p;
    return "native";
}

static const char *clock_name(const struct point *p)
{
    return is_exact(p) ? "serves" : "tsc";
}

static struct evbench_point evbench_point_of(const struct point *p)
{
    struct evbench_point point = EVBENCH_DEFAULTS;
    point.abi = p->subject;
    point.measure = (enum evbench_measure)p->at[EVTCHN_AXIS_MEASURE];
    point.ports = (uint32_t)p->at[EVTCHN_AXIS_PORTS];
    point.priorities = (uint32_t)p->at[EVTCHN_AXIS_PRIORITIES];
    if (means(EVTCHN_AXIS_PENDING, p))
        point.pending = (uint32_t)p->at[EVTCHN_AXIS_PENDING];
    if (means(EVTCHN_AXIS_BURST, p))
        point.burst = (uint32_t)p->at[EVTCHN_AXIS_BURST];
    if (means(EVTCHN_AXIS_SERVE_NS, p))
        point.serve_ns = (uint32_t)p->at[EVTCHN_AXIS_SERVE_NS];
    return point;
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    struct evbench_point point = evbench_point_of(p);
    return evbench_refusal(&point, text, SUITE_REASON);
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)again;
    uint64_t ports = p->at[EVTCHN_AXIS_PORTS];
    if (is_exact(p))
        return ports * (LAYOUT_NS_PER_PORT + (EVBENCH_ORDER_SWEEPS + 2) * SERVE_NS_TYPICAL);
    return duration_ns + duration_ns / WARM_SHARE + ports * LAYOUT_NS_PER_PORT + NS_PER_MS;
}

/* ---- observing ---- */

struct session {
    struct evbench *bench;
    struct evbench_hists hists;
};

static void *open_evtchn(const struct suite_config *config, struct fault *fault)
{
    const struct evbench_config own = {.cpu_producer = config->cpu_front,
                                       .cpu_consumer = config->cpu_back};
    struct session *session = memory(1, sizeof(*session));
    if (evbench_open(&own, &session->bench, fault->text, sizeof(fault->text)) == 0)
        return session;
    free(session);
    return NULL;
}

static void close_evtchn(void *of)
{
    struct session *session = of;
    evbench_close(session->bench);
    free(session);
}

static json_t *describe(const void *of, json_t *machine)
{
    const struct session *session = of;
    environment_add_pair(machine, evbench_cpu_producer(session->bench),
                         evbench_cpu_consumer(session->bench), evbench_tsc_hz(session->bench));
    json_object_set_new(machine, "clock_ns", json_real(evbench_clock_ns(session->bench)));
    json_object_set_new(machine, "clock_step_ns", json_real(evbench_step_ns(session->bench)));
    return NULL;
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    const json_t *clock_ns = json_object_get(json_object_get(manifest, "machine"), "clock_ns");
    char *machine = manifest_caption(manifest);
    char *text = format_text("Times of rounds include %.0f ns of reading the clock; %s",
                             json_real_value(clock_ns), machine);
    free(machine);
    return text;
}

static void compute_fairness(const struct evbench_hists *h, bool exact, double *values)
{
    bool swept = h->last.count > 0;
    if (exact) {
        values[EVTCHN_METRIC_WAIT_P50] = (double)hist_quantile(&h->latency, 50, 100);
        values[EVTCHN_METRIC_WAIT_P99] = (double)hist_quantile(&h->latency, 99, 100);
        values[EVTCHN_METRIC_LAST_WAIT_P50] =
            swept ? (double)hist_quantile(&h->last, 50, 100) : NAN;
        values[EVTCHN_METRIC_LAST_WAIT_MAX] = swept ? (double)h->last.max : NAN;
        values[EVTCHN_METRIC_WORST_WAIT] = (double)h->worst.max;
    } else {
        values[EVTCHN_METRIC_LAST_P50] = swept ? (double)hist_quantile(&h->last, 50, 100) : NAN;
        values[EVTCHN_METRIC_LAST_P99] = swept ? (double)hist_quantile(&h->last, 99, 100) : NAN;
        values[EVTCHN_METRIC_LAST_MAX] = swept ? (double)h->last.max : NAN;
        values[EVTCHN_METRIC_WORST] = (double)h->worst.max;
    }
}

static void compute(const struct point *p, const struct evbench_observation *seen,
                    const struct evbench_hists *hists, double *values)
{
    enum evbench_measure measure = (enum evbench_measure)p->at[EVTCHN_AXIS_MEASURE];
    values[EVTCHN_METRIC_EVENT] = seen->event_ns;
    values[EVTCHN_METRIC_JAIN] = seen->has_fairness ? seen->jain : NAN;
    if (evbench_on_two_cores(measure) && seen->elapsed_ns > 0)
        values[EVTCHN_METRIC_THROUGHPUT] =
            (double)seen->events * NS_PER_S / (double)seen->elapsed_ns;
    if (seen->sends > 0) {
        values[EVTCHN_METRIC_MERGED] = (double)seen->merged / (double)seen->sends;
        values[EVTCHN_METRIC_UPCALLS] = (double)seen->upcalls / (double)seen->sends;
    }
    if (seen->has_latency && !is_exact(p))
        quantiles_fill(&hists->latency, &values[EVTCHN_METRIC_P50]);
    if (seen->has_fairness) {
        values[EVTCHN_METRIC_STARVED] = (double)seen->starved;
        compute_fairness(hists, is_exact(p), values);
    }
}

static bool observe(void *of, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    struct session *session = of;
    struct evbench_point point = evbench_point_of(p);
    struct evbench_observation seen;
    point.seed = seed;
    if (evbench_observe(session->bench, &point, duration_ns, &seen, &session->hists, fault->text,
                        sizeof(fault->text)) != 0)
        return false;
    out->work = seen.events;
    out->elapsed_ns = seen.elapsed_ns;
    out->has_latency = seen.has_latency;
    compute(p, &seen, &session->hists, out->values);
    *latency = session->hists.latency;
    return true;
}

_Static_assert(EVTCHN_METRICS <= METRICS_MAX, "an observation holds all metrics");

const struct suite suite_evtchn = {
    .name = "evtchn",
    .summary = "event channels on this machine, on one processor and on two",
    .work = "events",
    .headline = EVTCHN_AXIS_PORTS,
    .duration_ms = DURATION_MS_MAX,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = EVTCHN_METRICS,
    .placing = AXIS_NONE,
    .required = EVTCHN_AXIS_MEASURE,
    .follower = EVTCHN_AXIS_PENDING,
    .leader = EVTCHN_AXIS_PORTS,
    .subject = subject,
    .choice = choice,
    .initial = initial,
    .means = means,
    .platform = platform,
    .clock = clock_name,
    .refusal = refusal,
    .host_ns = host_ns,
    .open = open_evtchn,
    .close = close_evtchn,
    .describe = describe,
    .caption = caption,
    .observe = observe,
};
