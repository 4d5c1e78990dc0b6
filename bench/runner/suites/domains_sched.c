/* SPDX-License-Identifier: MIT */
/* Domains that share a processor (bench/domains/hog.c, waker.c), and what the simulator says of the
 * same ones. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/quantiles.h"
#include "bench/sim/params.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1e9
#define SEED 1 /* of arrivals, the same in both */

/* When all begin, in ms of the hypervisor's time: they have been made by then. A multiple of every
 * policy's periods, so that those are where the simulator has them, whose time begins with the
 * domains. */
#define AT_MS 1200
#define AT_XEN_MS 3000 /* which takes longer to boot */

/* What the domains began with is over by then. */
#define SETTLE_MS 500

/* What the simulator takes a context switch to cost: a switch of domains by the hypervisor, under
 * -icount (the experiment path-length, domain-switch). */
#define SWITCH_NS 1200

/* And by how much the end of a slice is late: enough to break ties, and nothing else. */
#define LATE_NS 100

/* With the control domain in the machine's memory. */
#define HOGS_MAX 24

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static uint64_t hogs_of(const struct point *p)
{
    return p->at[DOMAINS_AXIS_HOGS];
}

static uint64_t weight_of(const struct point *p, uint64_t hog)
{
    return params_weight((enum sim_weights)p->at[DOMAINS_AXIS_WEIGHTS], (uint32_t)hog);
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    if (hogs_of(p) > HOGS_MAX)
        return "more hogs than " TEXT(HOGS_MAX) " are of the measure scale";
    if (p->at[DOMAINS_AXIS_WEIGHTS] == SIM_EQUAL)
        return NULL;
    struct sim_point point = SIM_DEFAULTS;
    point.policy = domains_subject_name(p);
    point.weights = (enum sim_weights)p->at[DOMAINS_AXIS_WEIGHTS];
    return sim_refusal(&point, text, SUITE_REASON);
}

static const char *turns_refusal(const struct point *p, char text[SUITE_REASON])
{
    const char *reason = domains_turn_refusal(p, text);
    return reason != NULL ? reason : refusal(p, text);
}

/* ---- the machine ---- */

static unsigned at_of(const struct point *p)
{
    return domains_machine_of(p)->hypervisor == MACHINE_XEN ? AT_XEN_MS : AT_MS;
}

static bool is_wakeup(const struct point *p)
{
    return p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_WAKEUP;
}

/* "allowance=5000000"; "" where the policy's own is taken. */
static char *turn_text(const struct point *p)
{
    if (p->at[DOMAINS_AXIS_MEASURE] != DOMAINS_TURNS)
        return copy_text("");
    return format_text("%s=%" PRIu64, domains_turn_parameter(domains_subject_name(p)),
                       p->at[DOMAINS_AXIS_SLICE_MS] * (uint64_t)NS_PER_MS);
}

static char *weight_text(const struct point *p, uint64_t hog)
{
    return p->at[DOMAINS_AXIS_WEIGHTS] == SIM_EQUAL
               ? copy_text("")
               : format_text("weight=%" PRIu64, weight_of(p, hog));
}

static char *hog_text(const struct point *p, uint64_t hog)
{
    char *weight = weight_text(p, hog), *turn = turn_text(p);
    bool comes_as_it_is = *weight == '\0' && *turn == '\0';
    uint64_t until = is_wakeup(p) ? 0 : at_of(p) + SETTLE_MS + p->at[DOMAINS_AXIS_SPAN_MS];
    char *text =
        format_text("domain hog-%" PRIu64 "\n kernel hog\n memory 2M\n%s%s %s\n"
                    " arguments at=%u nth=%" PRIu64 " until=%" PRIu64 "\n",
                    hog, comes_as_it_is ? "" : " schedule ", weight, turn, at_of(p), hog, until);
    free(turn);
    free(weight);
    return text;
}

static char *waker_text(const struct point *p)
{
    const uint64_t *at = p->at;
    return format_text("domain waker\n kernel waker\n memory 2M\n%s"
                       " arguments load=%" PRIu64 " service-ns=%" PRIu64
                       " seed=%d at=%u settle=%d span=%" PRIu64 "\nend waker\nlimit 100\n",
                       at[DOMAINS_AXIS_WARP] ? " schedule warpback=1 warp=1000000000\n" : "",
                       at[DOMAINS_AXIS_LOAD], at[DOMAINS_AXIS_SERVICE_NS], SEED, at_of(p),
                       SETTLE_MS, at[DOMAINS_AXIS_SPAN_MS]);
}

static void plan(const struct point *p, struct domains_boot *boot)
{
    struct strings parts = {0};
    for (uint64_t i = 0; i < hogs_of(p); i++) {
        char *text = hog_text(p, i);
        strings_add(&parts, text);
        free(text);
    }
    if (is_wakeup(p)) {
        char *text = waker_text(p);
        strings_add(&parts, text);
        free(text);
        strings_add(&boot->workloads, "waker");
    }
    strings_add(&boot->workloads, "hog");
    char *text = strings_join(&parts, "");
    strings_add(&boot->points, text);
    free(text);
    strings_free(&parts);
}

/* ---- shares ---- */

/* When each hog ran, as it says itself. */
struct hogs {
    const struct domains_list **runs;
    double *begin;
    size_t count;
    double from, to; /* what is measured */
};

static double end_of(const struct hogs *h, size_t hog)
{
    double at = h->begin[hog];
    for (size_t i = 0; i < h->runs[hog]->count; i++)
        at += (double)h->runs[hog]->values[i];
    return at;
}

static bool read_hogs(const struct point *p, const struct domains_result *result, struct hogs *h,
                      struct fault *fault)
{
    h->count = hogs_of(p);
    h->runs = memory(h->count, sizeof(*h->runs));
    h->begin = memory(h->count, sizeof(double));
    double first_end = INFINITY;
    for (size_t i = 0; i < h->count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "hog-%zu", i);
        h->runs[i] = domains_list(result, name, "runs", fault);
        if (h->runs[i] == NULL || !domains_number(result, name, "begin", &h->begin[i], fault))
            return false;
        first_end = fmin(first_end, end_of(h, i));
    }
    h->from = (double)((at_of(p) + SETTLE_MS) * NS_PER_MS);
    h->to = h->from + (double)(p->at[DOMAINS_AXIS_SPAN_MS] * NS_PER_MS);
    return h->to <= first_end ||
           fault_set(fault, "the hogs ran together for %.0f ms, and %.0f were to be measured",
                     (first_end - h->from) / NS_PER_MS, (h->to - h->from) / NS_PER_MS);
}

/* ns that a hog ran in an interval, and how often it began there. */
static double ran(const struct hogs *h, size_t hog, double from, double to, double *begun)
{
    double at = h->begin[hog], sum = 0;
    for (size_t i = 0; i < h->runs[hog]->count && at < to; i++) {
        double end = at + (double)h->runs[hog]->values[i];
        bool runs = i % 2 == 0;
        if (runs && end > from)
            sum += fmin(end, to) - fmax(at, from);
        if (runs && at >= from)
            *begun += 1;
        at = end;
    }
    return sum;
}

/* ns that went to the wrong hog in an interval, and what all had. */
static double misplaced(const struct point *p, const struct hogs *h, double from, double to,
                        double *placed)
{
    double weights = 0, error = 0, begun = 0;
    *placed = 0;
    for (size_t i = 0; i < h->count; i++) {
        weights += (double)weight_of(p, i);
        *placed += ran(h, i, from, to, &begun);
    }
    for (size_t i = 0; i < h->count; i++)
        error +=
            fabs(ran(h, i, from, to, &begun) - (double)weight_of(p, i) / weights * *placed) / 2;
    return error;
}

/* The mean share error in windows of a length, as the simulator has it; NaN if there is none. */
static double windows_error(const struct point *p, const struct hogs *h, double length)
{
    double wrong = 0, all = 0, placed;
    for (double from = h->from; from + length <= h->to; from += length) {
        wrong += misplaced(p, h, from, from + length, &placed);
        all += placed;
    }
    return all > 0 ? wrong / all : NAN;
}

static void compute_service(const struct point *p, const struct hogs *h, double *v)
{
    double sum = 0, squares = 0, all = 0, begun = 0;
    for (size_t i = 0; i < h->count; i++) {
        double service = ran(h, i, h->from, h->to, &begun);
        double x = service / (double)weight_of(p, i);
        all += service;
        sum += x;
        squares += x * x;
    }
    v[DOMAINS_METRIC_JAIN] = squares > 0 ? sum * sum / ((double)h->count * squares) : NAN;
    v[DOMAINS_METRIC_HOGS] = all / (h->to - h->from);
    v[DOMAINS_METRIC_SWITCHES] = begun * NS_PER_S / (h->to - h->from);
}

/* The lengths of which share errors are metrics. */
static const struct {
    size_t metric;
    unsigned ms;
} windows[] = {
    {DOMAINS_METRIC_ERROR_10MS, 10},   {DOMAINS_METRIC_ERROR_30MS, 30},
    {DOMAINS_METRIC_ERROR_100MS, 100}, {DOMAINS_METRIC_ERROR_300MS, 300},
    {DOMAINS_METRIC_ERROR_1S, 1000},
};

#define WINDOWS (sizeof(windows) / sizeof(*windows))

static bool compute_share(const struct point *p, const struct domains_result *result,
                          struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)latency;
    struct hogs hogs;
    bool good = read_hogs(p, result, &hogs, fault);
    if (good) {
        out->work = 1;
        out->elapsed_ns = (uint64_t)(hogs.to - hogs.from);
        for (size_t i = 0; i < WINDOWS; i++)
            out->values[windows[i].metric] =
                windows_error(p, &hogs, (double)(windows[i].ms * NS_PER_MS));
        compute_service(p, &hogs, out->values);
    }
    free(hogs.runs);
    free(hogs.begin);
    return good;
}

/* ---- waking ---- */

static bool compute_wakeup(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault)
{
    double jobs, elapsed;
    (void)p;
    if (!domains_number(result, "waker", "jobs", &jobs, fault) ||
        !domains_number(result, "waker", "elapsed", &elapsed, fault) ||
        !domains_number(result, "waker", "clock", &out->values[DOMAINS_METRIC_CLOCK], fault))
        return false;
    if (result->hist == NULL)
        return fault_set(fault, "%s", "the waker did not say its latencies");
    *latency = *result->hist;
    out->has_latency = true;
    out->work = (uint64_t)jobs;
    out->elapsed_ns = (uint64_t)elapsed;
    out->values[DOMAINS_METRIC_THROUGHPUT] = jobs * NS_PER_S / elapsed;
    quantiles_fill(latency, &out->values[DOMAINS_METRIC_P50]);
    return true;
}

/* ---- the simulator ---- */

/* The mean error of the windows of a length. */
static double window_of(const struct sim_observation *seen, uint64_t length_ns)
{
    for (size_t i = 0; i < SIM_WINDOWS; i++)
        if (seen->windows[i].length_ns == length_ns && seen->windows[i].count > 0)
            return seen->windows[i].mean;
    return NAN;
}

static bool predict(const struct point *p, struct observation *out, struct hist *latency,
                    struct fault *fault)
{
    bool wakeup = is_wakeup(p);
    char *turn = turn_text(p);
    struct sim_point point = SIM_DEFAULTS;
    struct sim_observation seen;
    point.policy = domains_subject_name(p);
    point.hogs = (uint32_t)hogs_of(p);
    point.wakers = wakeup ? 1 : 0;
    point.mix = wakeup ? SIM_POISSON : SIM_HOGS;
    point.weights = (enum sim_weights)p->at[DOMAINS_AXIS_WEIGHTS];
    point.load = (uint32_t)p->at[DOMAINS_AXIS_LOAD];
    point.service_ns = p->at[DOMAINS_AXIS_SERVICE_NS];
    point.service = SIM_CONSTANT;
    point.warp = wakeup && p->at[DOMAINS_AXIS_WARP] != 0;
    point.switch_ns = SWITCH_NS;
    point.late_ns = LATE_NS;
    point.seed = SEED;
    point.warmup_ns = SETTLE_MS * NS_PER_MS;
    point.duration_ns = p->at[DOMAINS_AXIS_SPAN_MS] * NS_PER_MS;
    point.params = turn;
    bool good = sim_observe(&point, &seen, latency, NULL, fault->text, sizeof(fault->text)) == 0;
    free(turn);
    if (!good)
        return false;
    double *v = out->values;
    out->elapsed_ns = seen.elapsed_ns;
    v[DOMAINS_METRIC_HOGS] = (double)seen.hog_ns / (double)seen.elapsed_ns;
    if (wakeup) {
        out->work = seen.jobs;
        out->has_latency = true;
        v[DOMAINS_METRIC_THROUGHPUT] = (double)seen.jobs * NS_PER_S / (double)seen.elapsed_ns;
        quantiles_fill(latency, &v[DOMAINS_METRIC_P50]);
        return true;
    }
    out->work = 1;
    v[DOMAINS_METRIC_SWITCHES] = (double)seen.switches * NS_PER_S / (double)seen.elapsed_ns;
    for (size_t i = 0; i < WINDOWS; i++)
        v[windows[i].metric] = window_of(&seen, windows[i].ms * NS_PER_MS);
    if (seen.has_fairness)
        v[DOMAINS_METRIC_JAIN] = seen.jain;
    return true;
}

const struct domains_measure domains_measure_share = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(HOGS) | DOMAINS_BIT(WEIGHTS) | DOMAINS_BIT(SPAN_MS),
    .refusal = refusal,
    .boot = plan,
    .compute = compute_share,
    .predict = predict,
};

const struct domains_measure domains_measure_turns = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(HOGS) | DOMAINS_BIT(WEIGHTS) | DOMAINS_BIT(SLICE_MS) | DOMAINS_BIT(SPAN_MS),
    .refusal = turns_refusal,
    .boot = plan,
    .compute = compute_share,
    .predict = predict,
};

const struct domains_measure domains_measure_wakeup = {
    .group = DOMAINS_SCHEDULERS,
    .axes = DOMAINS_BIT(HOGS) | DOMAINS_BIT(WEIGHTS) | DOMAINS_BIT(LOAD) | DOMAINS_BIT(SERVICE_NS) |
            DOMAINS_BIT(SPAN_MS),
    .axes_of_bvt = DOMAINS_BIT(WARP),
    .refusal = refusal,
    .boot = plan,
    .compute = compute_wakeup,
    .predict = predict,
};
