/* SPDX-License-Identifier: MIT */
/* The suite `sim`: scheduling policies in the simulator (bench/sim/sim.h). */
#include "bench/runner/suites/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/manifest.h"
#include "bench/runner/suites/quantiles.h"
#include "sched-bvt/sched.h"

#define NS_PER_S 1e9
#define NS_PER_MS 1000000ULL

/* An hour: at some 10^5 decisions a simulated second it takes a quarter of one. */
#define DURATION_MS_MAX 3600000

enum {
#define METRIC(id, name, unit, better, summary) SIM_METRIC_##id,
#include "bench/runner/suites/sim_metrics.def"
#undef METRIC
    SIM_METRICS
};

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/sim_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/sim_metrics.def"
#undef METRIC
};

static const struct suite_group groups[] = {
    {"schedulers", "scheduler", "Schedulers: policies that share processors among domains"},
};

static const char *const measures[SIM_MEASURES] = {"simulated", "instructions", "host-time"};
static const char *const platforms[SIM_MEASURES] = {"sim", "callgrind", "native"};
static const char *const clocks[SIM_MEASURES] = {"simulated-ns", "instructions", "cpu-time"};

static bool subject(size_t i, struct suite_subject *out)
{
    if (sim_policy_name(i) == NULL)
        return false;
    *out = (struct suite_subject){.name = sim_policy_name(i), .summary = sim_policy_summary(i)};
    return true;
}

static const char *choice(size_t axis, unsigned i)
{
    static const char *const switches[] = {"off", "on"};
    switch (axis) {
    case SIM_AXIS_MEASURE:
        return i < SIM_MEASURES ? measures[i] : NULL;
    case SIM_AXIS_MIX:
        return sim_mix_name((enum sim_mix)i);
    case SIM_AXIS_WARP:
        return i < 2 ? switches[i] : NULL;
    case SIM_AXIS_WEIGHTS:
        return sim_weights_name((enum sim_weights)i);
    case SIM_AXIS_SERVICE:
        return sim_service_name((enum sim_service)i);
    default:
        return NULL;
    }
}

/* What a policy begins with for a parameter of the scheduler or of a domain; false if it has none
 * of this name. */
static bool policy_has(const char *policy, const char *name, uint64_t *value)
{
    struct sched sched;
    struct sched_cpu cpu;
    struct sched_vcpu vcpu = {.owner = NULL};
    sched_init(&sched, sched_policy_named(policy), &cpu, 1, 0);
    sched_add(&sched, &vcpu, 0, SCHED_ANY_CPU, 0);
    return sched_param_get(&sched, NULL, name, value) ||
           sched_param_get(&sched, &vcpu, name, value);
}

static uint64_t initial(size_t axis)
{
    const struct sim_point p = SIM_DEFAULTS;
    uint64_t value = 0;
    switch (axis) {
    case SIM_AXIS_MIX:
        return p.mix;
    case SIM_AXIS_CPUS:
        return p.cpus;
    case SIM_AXIS_HOGS:
        return p.hogs;
    case SIM_AXIS_WAKERS:
        return p.wakers;
    case SIM_AXIS_ALLOWANCE_NS:
        policy_has(p.policy, "allowance", &value);
        return value;
    case SIM_AXIS_WEIGHTS:
        return p.weights;
    case SIM_AXIS_LOAD:
        return p.load;
    case SIM_AXIS_SERVICE:
        return p.service;
    case SIM_AXIS_SERVICE_NS:
        return p.service_ns;
    case SIM_AXIS_THINK_NS:
        return p.think_ns;
    case SIM_AXIS_WINDOW:
        return p.window;
    case SIM_AXIS_SWITCH_NS:
        return p.switch_ns;
    case SIM_AXIS_WARMUP_MS:
        return p.warmup_ns / NS_PER_MS;
    default:
        return 0;
    }
}

static bool means(size_t axis, const struct point *p)
{
    enum sim_mix mix = (enum sim_mix)p->at[SIM_AXIS_MIX];
    bool loaded = mix == SIM_PERIODIC || mix == SIM_POISSON || mix == SIM_FORK_BOMB;
    bool thinks = mix == SIM_BURSTY || mix == SIM_CLOSED_LOOP;
    const char *policy = sim_policy_name(p->subject);
    uint64_t value;
    switch (axis) {
    case SIM_AXIS_WAKERS:
        return mix != SIM_HOGS;
    case SIM_AXIS_WARP:
        return mix != SIM_HOGS && policy_has(policy, "warp", &value);
    case SIM_AXIS_ALLOWANCE_NS:
        return policy_has(policy, "allowance", &value);
    case SIM_AXIS_PARAMS:
        return p->at[axis] != 0;
    case SIM_AXIS_WEIGHTS:
        return p->at[SIM_AXIS_HOGS] > 0;
    case SIM_AXIS_LOAD:
        return loaded;
    case SIM_AXIS_SERVICE:
        return thinks || mix == SIM_POISSON;
    case SIM_AXIS_SERVICE_NS:
        return thinks || mix == SIM_POISSON || mix == SIM_PERIODIC;
    case SIM_AXIS_THINK_NS:
        return thinks;
    case SIM_AXIS_WINDOW:
        return mix == SIM_CLOSED_LOOP;
    case SIM_AXIS_WORKLOAD:
        return mix == SIM_RECORDED;
    default:
        return true;
    }
}

static const char *platform(const struct point *p)
{
    return platforms[p->at[SIM_AXIS_MEASURE]];
}

static const char *clock_name(const struct point *p)
{
    return clocks[p->at[SIM_AXIS_MEASURE]];
}

/* Parameters as the simulator reads them: a comma ends a value in descriptions and results, so that
 * users write a plus. The caller frees; NULL for none. */
static char *params_of(const struct point *p)
{
    if (p->at[SIM_AXIS_PARAMS] == 0)
        return NULL;
    char *text = axis_text(&suite_sim, SIM_AXIS_PARAMS, p->at[SIM_AXIS_PARAMS]);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '+')
            *c = ',';
    return text;
}

static char *workload_of(const struct point *p)
{
    uint64_t value = p->at[SIM_AXIS_WORKLOAD];
    return value == 0 ? NULL : axis_text(&suite_sim, SIM_AXIS_WORKLOAD, value);
}

/* Axes that mean nothing for the point are as if they had not been given. The texts are the
 * caller's. */
static struct sim_point sim_point_of(const struct point *p, char *params, char *workload)
{
    uint64_t at[AXES_MAX] = {0};
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(&suite_sim); a++)
        at[a] = means(a, p) ? p->at[a] : initial(a);
    struct sim_point point = SIM_DEFAULTS;
    point.policy = sim_policy_name(p->subject);
    point.cpus = (uint32_t)at[SIM_AXIS_CPUS];
    point.hogs = (uint32_t)at[SIM_AXIS_HOGS];
    point.wakers = (uint32_t)at[SIM_AXIS_WAKERS];
    point.mix = (enum sim_mix)at[SIM_AXIS_MIX];
    point.weights = (enum sim_weights)at[SIM_AXIS_WEIGHTS];
    point.load = (uint32_t)at[SIM_AXIS_LOAD];
    point.service_ns = at[SIM_AXIS_SERVICE_NS];
    point.service = (enum sim_service)at[SIM_AXIS_SERVICE];
    point.think_ns = at[SIM_AXIS_THINK_NS];
    point.window = (uint32_t)at[SIM_AXIS_WINDOW];
    point.workload = workload;
    point.switch_ns = at[SIM_AXIS_SWITCH_NS];
    if (means(SIM_AXIS_ALLOWANCE_NS, p))
        point.allowance_ns = at[SIM_AXIS_ALLOWANCE_NS];
    point.warp = at[SIM_AXIS_WARP] != 0;
    point.params = params;
    point.warmup_ns = at[SIM_AXIS_WARMUP_MS] * NS_PER_MS;
    return point;
}

static const char *missing(const struct point *p)
{
    return p->at[SIM_AXIS_MEASURE] == SIM_INSTRUCTIONS ? sim_count_missing() : NULL;
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    char *params = params_of(p), *workload = workload_of(p);
    struct sim_point point = sim_point_of(p, params, workload);
    const char *reason = sim_refusal(&point, text, SUITE_REASON);
    free(params);
    free(workload);
    return reason;
}

/* ---- how long it takes ---- */

#define EVENT_NS 150     /* of host time */
#define SLICE_NS 5000000 /* typical */
#define EVENTS_PER_JOB 4 /* given, woken, picked, done */
#define COUNTED_NS 24000 /* of host time for an event, under callgrind, both runs */
#define COUNTED_START_NS 400000000ULL

/* Is the count the same for every seed, and the point known by numbers alone? */
static bool is_kept(const struct sim_point *p)
{
    return p->mix == SIM_HOGS && p->params == NULL;
}

static double jobs_per_s(const struct sim_point *p)
{
    switch (p->mix) {
    case SIM_PERIODIC:
    case SIM_POISSON:
        return (double)p->load * p->wakers;
    case SIM_BURSTY:
    case SIM_CLOSED_LOOP:
        return p->wakers * NS_PER_S / (double)(p->service_ns + p->think_ns + SIM_CLIENT_NS);
    default:
        return 0;
    }
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    const struct sim_point point = sim_point_of(p, NULL, NULL);
    double seconds = (double)(duration_ns + point.warmup_ns) / NS_PER_S;
    double events =
        seconds * (point.cpus * NS_PER_S / SLICE_NS + EVENTS_PER_JOB * jobs_per_s(&point));
    if (p->at[SIM_AXIS_MEASURE] != SIM_INSTRUCTIONS)
        return (uint64_t)(events * EVENT_NS);
    return is_kept(&point) && again ? 0 : COUNTED_START_NS + (uint64_t)(events * COUNTED_NS);
}

/* ---- observing ---- */

/* Instructions that were counted already. */
struct counted {
    struct sim_point point;
    double per_decision;
    uint64_t decisions;
};

struct session {
    struct hist jobs;
    struct counted *counted; /* of points of hogs alone: they are the same for every seed */
    size_t count;
};

static void *open_sim(const struct suite_config *config, struct fault *fault)
{
    (void)config;
    (void)fault;
    return memory(1, sizeof(struct session));
}

static void close_sim(void *of)
{
    struct session *session = of;
    free(session->counted);
    free(session);
}

static void compute_windows(const struct sim_observation *seen, double *values)
{
    for (size_t w = 0; w < SIM_WINDOWS; w++)
        if (seen->windows[w].count > 0) {
            values[SIM_METRIC_ERROR_10MS + w] = seen->windows[w].mean;
            values[SIM_METRIC_WORST_10MS + w] = seen->windows[w].worst;
        }
}

static void compute(const struct sim_point *p, const struct sim_observation *seen,
                    const struct hist *dispatch, const struct hist *jobs, double *values)
{
    double seconds = (double)seen->elapsed_ns / NS_PER_S;
    double cpu_ns = (double)seen->elapsed_ns * p->cpus;
    values[SIM_METRIC_BUSY] = (double)seen->busy_ns / cpu_ns;
    values[SIM_METRIC_OVERHEAD] = (double)seen->overhead_ns / cpu_ns;
    values[SIM_METRIC_IDLE] = (double)seen->idle_ns / cpu_ns;
    values[SIM_METRIC_HOGS] = (double)seen->hog_ns / cpu_ns;
    values[SIM_METRIC_DECISIONS] = (double)seen->decisions / seconds;
    values[SIM_METRIC_SWITCHES] = (double)seen->switches / seconds;
    values[SIM_METRIC_MIGRATIONS] = (double)seen->migrations / seconds;
    if (seen->has_fairness) {
        values[SIM_METRIC_JAIN] = seen->jain;
        values[SIM_METRIC_UNFAIRNESS] = 1 - seen->jain;
    }
    compute_windows(seen, values);
    if (p->mix == SIM_HOGS)
        return;

    values[SIM_METRIC_WAKES] = (double)seen->wakes / seconds;
    quantiles_fill(dispatch, &values[SIM_METRIC_P50]);
    if (p->mix == SIM_FORK_BOMB)
        return;
    values[SIM_METRIC_THROUGHPUT] = (double)seen->jobs / seconds;
    quantiles_fill(jobs, &values[SIM_METRIC_JOB_P50]);
    if (p->mix == SIM_PERIODIC && seen->jobs > 0)
        values[SIM_METRIC_LATE] = (double)seen->late / (double)seen->jobs;
}

static bool simulate(struct session *session, const struct sim_point *point, bool timed,
                     struct observation *out, struct hist *dispatch, struct fault *fault)
{
    struct sim_observation seen;
    if (sim_observe(point, &seen, dispatch, &session->jobs, fault->text, sizeof(fault->text)) != 0)
        return false;
    out->work = seen.decisions;
    out->elapsed_ns = seen.elapsed_ns;
    out->has_latency = point->mix != SIM_HOGS;
    compute(point, &seen, dispatch, &session->jobs, out->values);
    if (timed && seen.decisions > 0)
        out->values[SIM_METRIC_HOST] = (double)seen.host_ns / (double)seen.decisions;
    return true;
}

/* Of points without seed and texts of their own; policies' names are static. */
static bool same_point(const struct sim_point *a, const struct sim_point *b)
{
    return strcmp(a->policy, b->policy) == 0 && a->cpus == b->cpus && a->hogs == b->hogs &&
           a->weights == b->weights && a->switch_ns == b->switch_ns &&
           a->allowance_ns == b->allowance_ns && a->warmup_ns == b->warmup_ns &&
           a->duration_ns == b->duration_ns;
}

/* Counting takes a second, so that what is known is not counted again. */
static bool count(struct session *s, const struct sim_point *point, struct observation *out,
                  struct fault *fault)
{
    bool keep = is_kept(point);
    size_t i = 0;
    while (keep && i < s->count && !same_point(&s->counted[i].point, point))
        i++;
    struct counted fresh = {.point = *point};
    if (!keep || i == s->count) {
        if (!sim_count(point, &fresh.per_decision, &fresh.decisions, fault))
            return false;
        if (keep) {
            s->counted = memory_grow(s->counted, ++s->count, sizeof(fresh));
            s->counted[i] = fresh;
        }
    } else {
        fresh = s->counted[i];
    }
    out->elapsed_ns = point->duration_ns;
    out->work = fresh.decisions;
    out->values[SIM_METRIC_INSTRUCTIONS] = fresh.per_decision;
    return true;
}

static bool observe(void *session, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    char *params = params_of(p), *workload = workload_of(p);
    struct sim_point point = sim_point_of(p, params, workload);
    enum sim_measure measure = (enum sim_measure)p->at[SIM_AXIS_MEASURE];
    point.seed = seed;
    point.shares = measure == SIM_SIMULATED; /* else it would be what is counted */
    point.duration_ns = duration_ns;
    bool good = measure == SIM_INSTRUCTIONS
                    ? count(session, &point, out, fault)
                    : simulate(session, &point, measure == SIM_HOST_TIME, out, latency, fault);
    free(params);
    free(workload);
    return good;
}

/* " for 20 s": how long each observation of an experiment is; the caller frees. */
static char *simulated_text(const json_t *manifest, const char *experiment)
{
    size_t i;
    const json_t *e;
    json_array_foreach(json_object_get(manifest, "experiments"), i, e)
    {
        const char *name = json_string_value(json_object_get(e, "name"));
        if (name != NULL && strcmp(name, experiment) == 0)
            return format_text(
                " for %g s", (double)json_integer_value(json_object_get(e, "duration_ms")) / 1000);
    }
    return copy_text("");
}

static char *caption(const json_t *manifest, const char *experiment)
{
    char *time = simulated_text(manifest, experiment);
    char *text = format_text("Simulated%s: seed %" PRIu32 ", ringside %s, commit %.12s, %s", time,
                             manifest_seed(manifest), manifest_text(manifest, "program", "version"),
                             manifest_text(manifest, "program", "commit"),
                             manifest_text(manifest, "program", "compiler"));
    free(time);
    return text;
}

_Static_assert(SIM_METRICS <= METRICS_MAX, "an observation holds all metrics");
_Static_assert(SIM_METRIC_WORST_10MS - SIM_METRIC_ERROR_10MS == SIM_WINDOWS,
               "a metric for each window");

const struct suite suite_sim = {
    .name = "sim",
    .summary = "scheduling policies on simulated processors",
    .work = "decisions",
    .seeded = true,
    .headline = SIM_AXIS_HOGS,
    .duration_ms = DURATION_MS_MAX,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = SIM_METRICS,
    .placing = SIM_AXIS_MEASURE,
    .required = SIM_AXIS_MIX,
    .follower = AXIS_NONE,
    .leader = AXIS_NONE,
    .subject = subject,
    .choice = choice,
    .initial = initial,
    .means = means,
    .platform = platform,
    .clock = clock_name,
    .missing = missing,
    .refusal = refusal,
    .host_ns = host_ns,
    .open = open_sim,
    .close = close_sim,
    .caption = caption,
    .observe = observe,
};
