/* SPDX-License-Identifier: MIT */
#include "bench/runner/metrics.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNTER_SUFFIX "_per_request"
#define NS_PER_S 1e9

enum better { HIGHER, LOWER };

static const struct {
    const char *name, *unit;
    enum better better;
    const char *summary;
} metrics[METRICS] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/metrics.def"
#undef METRIC
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

const char *metric_summary(enum metric metric)
{
    return metrics[metric].summary;
}

static enum metric metric_find(const char *name)
{
    enum metric m = 0;
    while (m < METRICS && strcmp(metrics[m].name, name) != 0)
        m++;
    return m;
}

static bool is_counter(const char *name)
{
    size_t length = strlen(name), suffix = strlen(COUNTER_SUFFIX);
    return metric_find(name) == METRICS && length > suffix &&
           strcmp(name + length - suffix, COUNTER_SUFFIX) == 0;
}

const char *metric_unit(const char *name)
{
    enum metric m = metric_find(name);
    if (m < METRICS)
        return metrics[m].unit;
    return is_counter(name) ? "events/request" : "";
}

bool metric_higher_is_better(const char *name)
{
    enum metric m = metric_find(name);
    return m < METRICS && metrics[m].better == HIGHER;
}

bool metric_name_ok(const char *name)
{
    return metric_find(name) < METRICS || is_counter(name) || strcmp(name, METRICS_COUNTERS) == 0;
}

char *metric_of_event(const char *event)
{
    char *name = format_text("%s%s", event, COUNTER_SUFFIX);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
            *c = '_';
    }
    return name;
}

struct strings metrics_of_run(const struct native *native)
{
    struct strings names = {0};
    for (enum metric m = 0; m < METRICS; m++)
        strings_add(&names, metrics[m].name);
    for (size_t i = 0; native_event_at(native, i) != NULL; i++) {
        char *name = metric_of_event(native_event_at(native, i)->name);
        strings_add(&names, name);
        free(name);
    }
    return names;
}

static void compute_latency(const struct hist *h, double values[METRICS_MAX])
{
    values[METRIC_P50] = (double)hist_quantile(h, 50, 100);
    values[METRIC_P90] = (double)hist_quantile(h, 90, 100);
    values[METRIC_P99] = (double)hist_quantile(h, 99, 100);
    values[METRIC_P999] = (double)hist_quantile(h, 999, 1000);
    values[METRIC_MAX] = (double)h->max;
    values[METRIC_MEAN] = (double)h->sum / (double)h->count;
}

void metrics_compute(const struct native *native, const struct native_observation *seen,
                     const struct hist *latency, double values[METRICS_MAX])
{
    for (size_t i = 0; i < METRICS_MAX; i++)
        values[i] = NAN;
    if (latency != NULL && latency->count > 0)
        compute_latency(latency, values);
    if (seen->elapsed_ns > 0)
        values[METRIC_THROUGHPUT] = (double)seen->requests * NS_PER_S / (double)seen->elapsed_ns;
    if (seen->requests == 0)
        return;

    double requests = (double)seen->requests;
    values[METRIC_TELLS] = (double)(seen->front.tells + seen->back.tells) / requests;
    values[METRIC_WAKES] = (double)(seen->front.wakes + seen->back.wakes) / requests;
    values[METRIC_CPU] = (double)(seen->front.cpu_ns + seen->back.cpu_ns) / requests;
    values[METRIC_CPU_FRONT] = (double)seen->front.cpu_ns / requests;
    values[METRIC_CPU_BACK] = (double)seen->back.cpu_ns / requests;
    for (size_t i = 0; i < NATIVE_EVENTS_MAX && native_event_at(native, i) != NULL; i++)
        if (native_event_at(native, i)->available)
            values[METRICS + i] = (seen->front.counters[i] + seen->back.counters[i]) / requests;
}
