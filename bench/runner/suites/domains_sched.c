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

/* What the domains began with is over by then. */
#define SETTLE_MS 500

/* How often the control domain looks: a look is some thousand instructions for each domain. */
#define STEP_MS 50

/* What the simulator takes a context switch to cost: a switch of domains by the hypervisor, under
 * -icount (the experiment path-length, domain-switch). */
#define SWITCH_NS 1200

static uint64_t hogs_of(const struct point *p)
{
    return p->at[DOMAINS_AXIS_HOGS];
}

static uint64_t weight_of(const struct point *p, uint64_t hog)
{
    return params_weight((enum sim_weights)p->at[DOMAINS_AXIS_WEIGHTS], (uint32_t)hog);
}

/* ---- the machine ---- */

static char *hog_text(const struct point *p, uint64_t hog)
{
    char *weight = p->at[DOMAINS_AXIS_WEIGHTS] == SIM_EQUAL
                       ? copy_text("")
                       : format_text(" schedule weight=%" PRIu64 "\n", weight_of(p, hog));
    char *text = format_text("domain hog-%" PRIu64 "\n kernel hog\n memory 2M\n%s", hog, weight);
    free(weight);
    return text;
}

/* Comes last: it starts when the others run. */
static char *waker_text(const struct point *p)
{
    const uint64_t *at = p->at;
    return format_text("domain waker\n kernel waker\n memory 2M\n%s"
                       " arguments load=%" PRIu64 " service-ns=%" PRIu64 " who=%" PRIu64
                       " seed=%d settle=%d span=%" PRIu64 "\nend waker\nlimit 100\n",
                       at[DOMAINS_AXIS_WARP] ? " schedule warpback=1 warp=1000000000\n" : "",
                       at[DOMAINS_AXIS_LOAD], at[DOMAINS_AXIS_SERVICE_NS], hogs_of(p), SEED,
                       SETTLE_MS, at[DOMAINS_AXIS_SPAN_MS]);
}

void domains_sched_boot(const struct point *p, struct domains_boot *boot)
{
    bool wakeup = p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_WAKEUP;
    struct strings parts = {0};
    for (uint64_t i = 0; i < hogs_of(p); i++) {
        char *text = hog_text(p, i);
        strings_add(&parts, text);
        free(text);
    }
    if (wakeup) {
        char *text = waker_text(p);
        strings_add(&parts, text);
        free(text);
        strings_add(&boot->workloads, "waker");
    } else {
        boot->arguments = format_text("settle=%d step=%d span=%" PRIu64, SETTLE_MS, STEP_MS,
                                      p->at[DOMAINS_AXIS_SPAN_MS]);
    }
    strings_add(&boot->workloads, "hog");
    char *text = strings_join(&parts, "");
    strings_add(&boot->points, text);
    free(text);
    strings_free(&parts);
}

/* ---- shares ---- */

/* What each hog ran in each look; [look][hog], ns. */
struct looks {
    double *ran, *length;
    size_t count, hogs;
};

static bool read_looks(const struct point *p, const struct domains_result *result,
                       struct looks *looks, struct fault *fault)
{
    looks->hogs = hogs_of(p);
    looks->count = p->at[DOMAINS_AXIS_SPAN_MS] / STEP_MS;
    looks->ran = memory(looks->count * looks->hogs, sizeof(double));
    looks->length = memory(looks->count, sizeof(double));
    bool good = true;
    for (size_t i = 0; good && i < looks->count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "look-%zu", i + 1);
        good = domains_number(result, "control", name, &looks->length[i], fault);
        for (size_t h = 0; good && h < looks->hogs; h++) {
            snprintf(name, sizeof(name), "look-%zu.hog-%zu", i + 1, h);
            good = domains_number(result, "control", name, &looks->ran[i * looks->hogs + h], fault);
        }
    }
    return good;
}

/* ns that went to the wrong hog in looks from..to, and what all had. */
static double misplaced(const struct point *p, const struct looks *l, size_t from, size_t to,
                        double *placed)
{
    double weights = 0, error = 0;
    *placed = 0;
    for (size_t h = 0; h < l->hogs; h++)
        weights += (double)weight_of(p, h);
    for (size_t i = from * l->hogs; i < to * l->hogs; i++)
        *placed += l->ran[i];
    for (size_t h = 0; h < l->hogs; h++) {
        double ran = 0;
        for (size_t i = from; i < to; i++)
            ran += l->ran[i * l->hogs + h];
        error += fabs(ran - (double)weight_of(p, h) / weights * *placed) / 2;
    }
    return error;
}

/* The mean share error in windows of as many looks as make up `length`; NaN without any. */
static double windows_error(const struct point *p, const struct looks *l, double length)
{
    double wrong = 0, all = 0, placed, so_far = 0;
    size_t from = 0;
    for (size_t i = 0; i < l->count; i++) {
        so_far += l->length[i];
        if (so_far < length)
            continue;
        wrong += misplaced(p, l, from, i + 1, &placed);
        all += placed;
        from = i + 1;
        so_far = 0;
    }
    return all > 0 ? wrong / all : NAN;
}

static double jain(const struct point *p, const struct looks *l)
{
    double sum = 0, squares = 0;
    for (size_t h = 0; h < l->hogs; h++) {
        double ran = 0;
        for (size_t i = 0; i < l->count; i++)
            ran += l->ran[i * l->hogs + h];
        double x = ran / (double)weight_of(p, h);
        sum += x;
        squares += x * x;
    }
    return squares > 0 ? sum * sum / ((double)l->hogs * squares) : NAN;
}

static bool compute_share(const struct point *p, const struct domains_result *result,
                          struct observation *out, struct fault *fault)
{
    struct looks looks;
    bool good = read_looks(p, result, &looks, fault);
    if (good) {
        double *v = out->values, placed, length = 0;
        for (size_t i = 0; i < looks.count; i++)
            length += looks.length[i];
        v[DOMAINS_METRIC_SHARE] = misplaced(p, &looks, 0, looks.count, &placed) / placed;
        v[DOMAINS_METRIC_ERROR_100MS] = windows_error(p, &looks, 100 * NS_PER_MS);
        v[DOMAINS_METRIC_ERROR_300MS] = windows_error(p, &looks, 300 * NS_PER_MS);
        v[DOMAINS_METRIC_ERROR_1S] = windows_error(p, &looks, 1000 * NS_PER_MS);
        v[DOMAINS_METRIC_JAIN] = jain(p, &looks);
        v[DOMAINS_METRIC_HOGS] = placed / length;
        out->work = looks.count;
        out->elapsed_ns = (uint64_t)length;
    }
    free(looks.ran);
    free(looks.length);
    return good;
}

/* ---- waking ---- */

bool domains_sched_compute(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault)
{
    double jobs, elapsed;
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_SHARE)
        return compute_share(p, result, out, fault);
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

bool domains_sched_predict(const struct point *p, struct observation *out, struct hist *latency,
                           struct fault *fault)
{
    bool wakeup = p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_WAKEUP;
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
    point.seed = SEED;
    point.warmup_ns = SETTLE_MS * NS_PER_MS;
    point.duration_ns = p->at[DOMAINS_AXIS_SPAN_MS] * NS_PER_MS;
    if (sim_observe(&point, &seen, latency, NULL, fault->text, sizeof(fault->text)) != 0)
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
    out->work = p->at[DOMAINS_AXIS_SPAN_MS] / STEP_MS;
    v[DOMAINS_METRIC_ERROR_100MS] = window_of(&seen, 100 * NS_PER_MS);
    v[DOMAINS_METRIC_ERROR_300MS] = window_of(&seen, 300 * NS_PER_MS);
    v[DOMAINS_METRIC_ERROR_1S] = window_of(&seen, 1000 * NS_PER_MS);
    if (seen.has_fairness)
        v[DOMAINS_METRIC_JAIN] = seen.jain;
    return true;
}
