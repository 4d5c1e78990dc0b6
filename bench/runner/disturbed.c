/* SPDX-License-Identifier: MIT */
#include "bench/runner/disturbed.h"

#include <string.h>

#include "bench/native/native.h"
#include "bench/runner/suites/native.h"

#define NS_PER_S 1e9

#define POLLS_FROM 0.01 /* share of the processor; a side that never has it sleeps */
#define DISTURBED_BELOW (DISTURBED_BELOW_PERCENT / 100.0)

enum { SIDES = 2 };

/* Columns of what a share is computed from. */
struct columns {
    size_t throughput, cpu[SIDES];
};

/* The part of elapsed time that a side was on its processor: (ns/request) * (requests/s). NaN if
 * either is not available. */
static double share(const struct data_point *p, const struct columns *c, size_t side, size_t i)
{
    return p->values[c->cpu[side]][i] * p->values[c->throughput][i] / NS_PER_S;
}

/* Judged by all repetitions of the point: a side that is starved hardly runs either, but not in
 * each of them. */
static bool polls(const struct data_point *p, const struct columns *c, size_t side)
{
    for (size_t i = 0; i < p->count; i++)
        if (share(p, c, side, i) >= POLLS_FROM)
            return true;
    return false;
}

static size_t disturbed_at(const struct data_point *p, const struct columns *c)
{
    bool polling[SIDES];
    for (size_t side = 0; side < SIDES; side++)
        polling[side] = polls(p, c, side);
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        bool disturbed = false;
        for (size_t side = 0; side < SIDES; side++)
            disturbed = disturbed || (polling[side] && share(p, c, side, i) < DISTURBED_BELOW);
        count += disturbed;
    }
    return count;
}

size_t disturbed_count(const struct dataset *data)
{
    if (data->suite != &suite_native)
        return 0;
    const struct metric *metrics = suite_native.metrics;
    const struct columns c = {
        .throughput = dataset_metric(data, metrics[NATIVE_METRIC_THROUGHPUT].name),
        .cpu = {dataset_metric(data, metrics[NATIVE_METRIC_CPU_FRONT].name),
                dataset_metric(data, metrics[NATIVE_METRIC_CPU_BACK].name)},
    };
    size_t columns = data->metrics.count;
    if (c.throughput == columns || c.cpu[0] == columns || c.cpu[1] == columns)
        return 0;
    const char *busy_poll = native_transport_name(NATIVE_BUSY_POLL);
    size_t count = 0;
    for (size_t i = 0; i < data->count; i++)
        if (strcmp(data->points[i].axes[NATIVE_AXIS_TRANSPORT], busy_poll) == 0)
            count += disturbed_at(&data->points[i], &c);
    return count;
}
