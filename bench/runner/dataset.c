/* SPDX-License-Identifier: MIT */
#include "bench/runner/dataset.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/record.h"

struct reading {
    struct dataset *data;
    const char *path;
    size_t columns;
    void *tree; /* of struct place, by key */
};

/* Where a point lies: its index, for the array moves as it grows. */
struct place {
    const char *key; /* the point's own */
    size_t index;
};

static int compare_places(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->key, ((const struct place *)b)->key);
}

static bool read_header(struct reading *r, char *line, struct fault *fault)
{
    struct strings none = {0};
    char *expected = record_header(r->data->suite, &none);
    expected[strlen(expected) - 1] = '\0';
    size_t length = strlen(expected);
    bool good =
        strncmp(line, expected, length) == 0 && (line[length] == ',' || line[length] == '\0');
    if (!good)
        fault_set(fault,
                  "%s:1: is no table of observations of this version; expected it to start %s",
                  r->path, expected);
    else if (line[length] == ',')
        r->data->metrics = strings_split(line + length + 1);
    free(expected);
    r->columns = record_metrics(r->data->suite) + r->data->metrics.count;
    return good;
}

/* The point with these axes, added if it is new. */
static struct data_point *point_of(struct reading *r, char *const *axes)
{
    struct dataset *data = r->data;
    struct place *place = memory(1, sizeof(*place));
    struct strings own = {.at = (char **)axes, .count = axes_of(data->suite)};
    char *key = strings_join(&own, ",");
    *place = (struct place){.key = key, .index = data->count};
    struct place **found = tsearch(place, &r->tree, compare_places);
    if (found == NULL) {
        say("out of memory");
        exit(EXIT_FAILED);
    }
    if (*found != place) {
        free(place);
        free(key);
        return &data->points[(*found)->index];
    }
    data->points = memory_grow(data->points, data->count + 1, sizeof(*data->points));
    struct data_point *point = &data->points[data->count++];
    *point = (struct data_point){.key = key};
    for (size_t a = 0; a < axes_of(data->suite); a++)
        point->axes[a] = copy_text(axes[a]);
    point->exact = data->suite->exact != NULL && data->suite->exact(axes[AXIS_CLOCK]);
    point->values = memory(data->metrics.count, sizeof(*point->values));
    return point;
}

static bool read_row(struct reading *r, const char *line, size_t number, struct fault *fault)
{
    struct strings fields = strings_split(line);
    size_t at = record_seq(r->data->suite); /* rep is beside it */
    uint64_t seq, rep;
    bool good = fields.count == r->columns && parse_whole(fields.at[at], 0, UINT64_MAX, &seq) &&
                parse_whole(fields.at[at + 1], 0, UINT64_MAX, &rep);
    if (good) {
        struct data_point *point = point_of(r, fields.at);
        size_t n = ++point->count;
        point->seqs = memory_grow(point->seqs, n, sizeof(*point->seqs));
        point->seqs[n - 1] = seq;
        point->reps = memory_grow(point->reps, n, sizeof(*point->reps));
        point->reps[n - 1] = rep;
        for (size_t m = 0; m < r->data->metrics.count; m++) {
            point->values[m] = memory_grow(point->values[m], n, sizeof(double));
            point->values[m][n - 1] = number_parse(fields.at[record_metrics(r->data->suite) + m]);
        }
    } else {
        fault_set(fault,
                  "%s:%zu: has %zu fields where the header has %zu, or no number as seq or rep",
                  r->path, number, fields.count, r->columns);
    }
    strings_free(&fields);
    return good;
}

static bool read_lines(struct reading *r, FILE *in, struct fault *fault)
{
    char *line = NULL;
    size_t size = 0;
    size_t number = 0;
    bool good = true;
    for (ssize_t length; good && (length = getline(&line, &size, in)) > 0;) {
        if (line[length - 1] != '\n')
            break; /* cut off by a crash */
        line[length - 1] = '\0';
        good = ++number == 1 ? read_header(r, line, fault) : read_row(r, line, number, fault);
    }
    free(line);
    if (good && number == 0)
        return fault_set(fault, "%s: is empty, it has not even a header", r->path);
    return good;
}

static int compare_points(const void *a, const void *b, void *of)
{
    const struct data_point *p = a, *q = b;
    const struct suite *suite = of;
    /* The subject last: what is compared with each other stands together. */
    for (size_t axis = AXIS_FIRST_SWEPT; axis < axes_of(suite); axis++) {
        int order = axis_compare(suite, axis, p->axes[axis], q->axes[axis]);
        if (order != 0)
            return order;
    }
    return axis_compare(suite, AXIS_SUBJECT, p->axes[AXIS_SUBJECT], q->axes[AXIS_SUBJECT]);
}

bool dataset_read(struct dataset *data, const char *dir, const char *experiment,
                  const struct suite *suite, struct fault *fault)
{
    *data = (struct dataset){.suite = suite, .experiment = copy_text(experiment)};
    char *path = format_text("%s/%s.csv", dir, experiment);
    struct reading r = {.data = data, .path = path};
    FILE *in = fopen(path, "re");
    bool good = in != NULL ? read_lines(&r, in, fault)
                           : fault_set(fault, "cannot read %s: %s", path, strerror(errno));
    if (in != NULL)
        fclose(in);
    tdestroy(r.tree, free);
    free(path);
    if (data->count > 0)
        qsort_r(data->points, data->count, sizeof(*data->points), compare_points, (void *)suite);
    if (!good)
        dataset_free(data);
    return good;
}

void dataset_free(struct dataset *data)
{
    for (size_t i = 0; i < data->count; i++) {
        struct data_point *point = &data->points[i];
        axes_free(point->axes);
        for (size_t m = 0; m < data->metrics.count; m++)
            free(point->values[m]);
        free(point->values);
        free(point->intervals);
        free(point->seqs);
        free(point->reps);
        free(point->key);
    }
    free(data->points);
    strings_free(&data->metrics);
    free(data->experiment);
    *data = (struct dataset){0};
}

void dataset_summarise(struct dataset *data, uint32_t seed)
{
    for (size_t i = 0; i < data->count; i++) {
        struct data_point *point = &data->points[i];
        free(point->intervals);
        point->intervals = memory(data->metrics.count, sizeof(*point->intervals));
        for (size_t m = 0; m < data->metrics.count; m++)
            point->intervals[m] = stats_median(point->values[m], point->count, seed);
    }
}

size_t dataset_metric(const struct dataset *data, const char *name)
{
    size_t m = 0;
    while (m < data->metrics.count && strcmp(data->metrics.at[m], name) != 0)
        m++;
    return m;
}

/* A point's value in a repetition; NaN if it has none. */
static double value_in(const struct data_point *point, size_t metric, uint64_t rep)
{
    for (size_t i = 0; i < point->count; i++)
        if (point->reps[i] == rep)
            return point->values[metric][i];
    return NAN;
}

struct interval dataset_ratio(const struct data_point *numerator,
                              const struct data_point *denominator, size_t metric, uint32_t seed)
{
    double *others = memory(numerator->count, sizeof(*others));
    for (size_t i = 0; i < numerator->count; i++)
        others[i] = value_in(denominator, metric, numerator->reps[i]);
    struct interval ratio =
        stats_paired_ratio(numerator->values[metric], others, numerator->count, seed);
    free(others);
    return ratio;
}

const struct data_point *dataset_find(const struct dataset *data, const char *key)
{
    for (size_t i = 0; i < data->count; i++)
        if (strcmp(data->points[i].key, key) == 0)
            return &data->points[i];
    return NULL;
}
