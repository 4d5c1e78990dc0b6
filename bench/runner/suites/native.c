/* SPDX-License-Identifier: MIT */
/* The suite `native`: rings between two processors of this machine (bench/native/native.h). */
#include <stdlib.h>

#include "bench/native/native.h"
#include "bench/runner/environment.h"
#include "bench/runner/manifest.h"
#include "bench/runner/suite.h"
#include "bench/runner/suites/native.h"
#include "bench/runner/suites/quantiles.h"

#define NS_PER_S 1e9
#define NS_PER_MS 1000000ULL

#define DURATION_MS_MAX 60000

/* What an observation takes beyond its duration: a warm-up of a fourth, and starting and ending it.
 */
#define WARM_SHARE 4
#define TURN_NS (2 * NS_PER_MS)

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/native_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/native_metrics.def"
#undef METRIC
};

/* In order of native_kind. */
static const struct suite_group groups[] = {
    {"layouts", "layout", "Layouts"},
    {"peers", "peer", "Peers: other people's rings, through their public interfaces"},
    {"raw", "raw", "Raw limits of the machine"},
};

static bool subject(size_t i, struct suite_subject *out)
{
    const struct native_subject *s = native_subject_at(i);
    if (s == NULL)
        return false;
    *out = (struct suite_subject){
        .name = native_subject_name(s),
        .group = native_subject_kind(s),
        .summary = native_subject_summary(s),
        .missing = native_subject_missing(s),
    };
    return true;
}

static const char *choice(size_t axis, unsigned i)
{
    switch (axis) {
    case NATIVE_AXIS_MEASURE:
        return native_measure_name((enum native_measure)i);
    case NATIVE_AXIS_TRANSPORT:
        return native_transport_name((enum native_transport)i);
    case NATIVE_AXIS_POLICY:
        return i < NOTIFY_POLICIES ? notify_name((enum notify_policy)i) : NULL;
    default:
        return NULL;
    }
}

#define DEFAULT_REQ_SIZE 16
#define DEFAULT_ENTRIES 1024 /* deep enough for four of the largest batches */
#define DEFAULT_LOAD 10000

static uint64_t initial(size_t axis)
{
    const struct notify_params params = NOTIFY_DEFAULTS;
    switch (axis) {
    case NATIVE_AXIS_TRANSPORT:
        return NATIVE_BUSY_POLL;
    case NATIVE_AXIS_POLICY:
        return NOTIFY_poll;
    case NATIVE_AXIS_REQ_SIZE:
        return DEFAULT_REQ_SIZE;
    case NATIVE_AXIS_RSP_SIZE:
        return AXIS_FOLLOW;
    case NATIVE_AXIS_ENTRIES:
        return DEFAULT_ENTRIES;
    case NATIVE_AXIS_LOAD:
        return DEFAULT_LOAD;
    case NATIVE_AXIS_THRESHOLD:
        return params.threshold;
    case NATIVE_AXIS_COALESCE_N:
        return params.coalesce_n;
    case NATIVE_AXIS_COALESCE_NS:
        return params.coalesce_ns;
    case NATIVE_AXIS_SPIN_NS:
        return params.spin_ns;
    default:
        return 1;
    }
}

static bool means(size_t axis, const struct point *p)
{
    uint64_t measure = p->at[NATIVE_AXIS_MEASURE], policy = p->at[NATIVE_AXIS_POLICY];
    bool arms =
        policy == NOTIFY_event_index || policy == NOTIFY_adaptive || policy == NOTIFY_coalesce;
    switch (axis) {
    case NATIVE_AXIS_RSP_SIZE:
        return measure != NATIVE_ONE_WAY;
    case NATIVE_AXIS_LOAD:
        return measure == NATIVE_OFFERED_LOAD;
    case NATIVE_AXIS_THRESHOLD:
        return arms;
    case NATIVE_AXIS_COALESCE_N:
    case NATIVE_AXIS_COALESCE_NS:
        return policy == NOTIFY_coalesce;
    case NATIVE_AXIS_SPIN_NS:
        return policy == NOTIFY_adaptive;
    default:
        return true;
    }
}

static const char *platform(const struct point *p)
{
    (void)p;
    return "native";
}

static const char *clock_name(const struct point *p)
{
    (void)p;
    return "tsc";
}

static struct native_point native_point_of(const struct point *p)
{
    const uint64_t *at = p->at;
    return (struct native_point){
        .subject = native_subject_at(p->subject),
        .measure = (enum native_measure)at[NATIVE_AXIS_MEASURE],
        .transport = (enum native_transport)at[NATIVE_AXIS_TRANSPORT],
        .policy = (enum notify_policy)at[NATIVE_AXIS_POLICY],
        .params = {.threshold = (uint32_t)at[NATIVE_AXIS_THRESHOLD],
                   .coalesce_n = (uint32_t)at[NATIVE_AXIS_COALESCE_N],
                   .coalesce_ns = at[NATIVE_AXIS_COALESCE_NS],
                   .spin_ns = at[NATIVE_AXIS_SPIN_NS]},
        .entries = (uint32_t)at[NATIVE_AXIS_ENTRIES],
        .req_size = (uint32_t)at[NATIVE_AXIS_REQ_SIZE],
        .rsp_size = (uint32_t)at[NATIVE_AXIS_RSP_SIZE],
        .batch = (uint32_t)at[NATIVE_AXIS_BATCH],
        .fronts = (uint32_t)at[NATIVE_AXIS_FRONTS],
        .load = (double)at[NATIVE_AXIS_LOAD],
    };
}

static const char *missing(const struct point *p)
{
    return native_subject_missing(native_subject_at(p->subject));
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    (void)text;
    struct native_point point = native_point_of(p);
    return native_refusal(&point);
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)p;
    (void)again;
    return duration_ns + duration_ns / WARM_SHARE + TURN_NS;
}

static void *open_native(const struct suite_config *config, struct fault *fault)
{
    const struct native_config own = {
        .cpu_front = config->cpu_front,
        .cpu_back = config->cpu_back,
        .processes = config->processes,
        .events = config->events,
    };
    struct native *native;
    return native_open(&own, &native, fault->text, sizeof(fault->text)) == 0 ? native : NULL;
}

static void close_native(void *session)
{
    native_close(session);
}

static struct strings columns(const void *session)
{
    struct strings names = suite_metric_columns(&suite_native);
    for (size_t i = 0; native_event_at(session, i) != NULL; i++) {
        char *name = metric_of_event(native_event_at(session, i)->name);
        strings_add(&names, name);
        free(name);
    }
    return names;
}

static json_t *describe(const void *session, json_t *machine)
{
    environment_add_pair(machine, native_cpu_front(session), native_cpu_back(session),
                         native_tsc_hz(session));
    json_t *list = json_array();
    for (size_t i = 0; native_event_at(session, i) != NULL; i++) {
        const struct native_event *event = native_event_at(session, i);
        json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "name", event->name, "available",
                                              event->available, "reason", event->reason));
    }
    return list;
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    return manifest_caption(manifest);
}

static void compute(const struct native *native, const struct native_observation *seen,
                    const struct hist *latency, double *values)
{
    if (seen->has_latency)
        quantiles_fill(latency, &values[NATIVE_METRIC_P50]);
    if (seen->elapsed_ns > 0)
        values[NATIVE_METRIC_THROUGHPUT] =
            (double)seen->requests * NS_PER_S / (double)seen->elapsed_ns;
    if (seen->requests == 0)
        return;

    double requests = (double)seen->requests;
    values[NATIVE_METRIC_TELLS] = (double)(seen->front.tells + seen->back.tells) / requests;
    values[NATIVE_METRIC_WAKES] = (double)(seen->front.wakes + seen->back.wakes) / requests;
    values[NATIVE_METRIC_CPU] = (double)(seen->front.cpu_ns + seen->back.cpu_ns) / requests;
    values[NATIVE_METRIC_CPU_FRONT] = (double)seen->front.cpu_ns / requests;
    values[NATIVE_METRIC_CPU_BACK] = (double)seen->back.cpu_ns / requests;
    for (size_t i = 0; i < NATIVE_EVENTS_MAX && native_event_at(native, i) != NULL; i++)
        if (native_event_at(native, i)->available)
            values[NATIVE_METRICS + i] =
                (seen->front.counters[i] + seen->back.counters[i]) / requests;
}

static bool observe(void *session, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)seed;
    struct native_point point = native_point_of(p);
    struct native_observation seen;
    if (native_observe(session, &point, duration_ns, &seen, latency, fault->text,
                       sizeof(fault->text)) != 0)
        return false;
    out->work = seen.requests;
    out->elapsed_ns = seen.elapsed_ns;
    out->has_latency = seen.has_latency;
    compute(session, &seen, latency, out->values);
    return true;
}

_Static_assert(NATIVE_METRICS + NATIVE_EVENTS_MAX <= METRICS_MAX,
               "an observation holds all metrics");

const struct suite suite_native = {
    .name = "native",
    .summary = "I/O rings between two processors of this machine",
    .work = "requests",
    .has_counters = true,
    .headline = NATIVE_AXIS_BATCH,
    .duration_ms = DURATION_MS_MAX,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = NATIVE_METRICS,
    .placing = AXIS_NONE,
    .required = NATIVE_AXIS_MEASURE,
    .follower = NATIVE_AXIS_RSP_SIZE,
    .leader = NATIVE_AXIS_REQ_SIZE,
    .subject = subject,
    .choice = choice,
    .initial = initial,
    .means = means,
    .platform = platform,
    .clock = clock_name,
    .missing = missing,
    .refusal = refusal,
    .host_ns = host_ns,
    .open = open_native,
    .close = close_native,
    .columns = columns,
    .describe = describe,
    .caption = caption,
    .observe = observe,
};
