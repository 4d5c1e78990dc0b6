/* SPDX-License-Identifier: MIT */
#include "bench/runner/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/metrics.h"
#include "bench/runner/quantity.h"

/* The points and metrics of one table. */
struct view {
    const struct table_spec *spec;
    const struct dataset *data;
    const struct data_point **points;
    size_t count;
    size_t *metrics; /* columns of the dataset */
    size_t metric_count;
    struct scale *scales;         /* one for each metric */
    const char *clock;            /* that all points have; NULL if there are several */
    const char *common[AXES_MAX]; /* NULL where points differ; the subject always does */
};

static void add_metric(struct view *v, size_t m)
{
    if (m == v->data->metrics.count)
        return;
    v->metrics = memory_grow(v->metrics, v->metric_count + 1, sizeof(*v->metrics));
    v->metrics[v->metric_count++] = m;
}

static void choose_metrics(struct view *v)
{
    for (size_t i = 0; i < v->spec->metrics.count; i++) {
        const char *name = v->spec->metrics.at[i];
        if (strcmp(name, METRICS_COUNTERS) != 0)
            add_metric(v, dataset_metric(v->data, name));
        else
            for (size_t m = v->data->suite->metric_count; m < v->data->metrics.count; m++)
                add_metric(v, m);
    }
}

/* Of a TEXT axis "none" reads as what means nothing does, and is a value all the same. */
static bool none_is_a_value(const struct view *v, size_t axis)
{
    return axis >= AXIS_FIRST_SWEPT &&
           v->data->suite->axes[axis - AXIS_FIRST_SWEPT].type == AXIS_TEXT;
}

/* The one value of an axis that all points have to which it means something; NULL if there are
 * several, AXIS_NA if it means nothing to any. */
static const char *common_value(const struct view *v, size_t axis)
{
    const char *value = AXIS_NA;
    for (size_t p = 0; p < v->count; p++) {
        const char *own = v->points[p]->axes[axis];
        if (strcmp(own, AXIS_NA) == 0) {
            if (none_is_a_value(v, axis) && strcmp(value, AXIS_NA) != 0)
                return NULL;
            continue;
        }
        if (p > 0 && strcmp(value, AXIS_NA) == 0 && none_is_a_value(v, axis))
            return NULL;
        if (strcmp(value, AXIS_NA) != 0 && strcmp(value, own) != 0)
            return NULL;
        value = own;
    }
    return value;
}

static void choose_points(struct view *v)
{
    v->points = memory(v->data->count, sizeof(void *));
    for (size_t i = 0; i < v->data->count; i++)
        if (selector_matches(&v->spec->where, v->data->points[i].axes))
            v->points[v->count++] = &v->data->points[i];
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(v->data->suite); a++)
        v->common[a] = common_value(v, a);
    v->clock = common_value(v, AXIS_CLOCK);
}

static struct unit unit_of(const struct view *v, size_t metric)
{
    return unit_on(metric_unit(v->data->suite, v->data->metrics.at[metric]), v->clock);
}

/* The middle of a metric's medians; NaN if no point has it. */
static double middle(const struct view *v, size_t m)
{
    double *medians = memory(v->count, sizeof(*medians));
    for (size_t p = 0; p < v->count; p++)
        medians[p] = v->points[p]->intervals[m].median;
    double median = stats_median(medians, v->count, 0).median;
    free(medians);
    return median;
}

/* Drops metrics that no point has, and finds scales in which the others read well. */
static void choose_scales(struct view *v)
{
    v->scales = memory(v->metric_count, sizeof(*v->scales));
    size_t kept = 0;
    for (size_t i = 0; i < v->metric_count; i++) {
        double typical = middle(v, v->metrics[i]);
        if (isnan(typical))
            continue;
        v->metrics[kept] = v->metrics[i];
        v->scales[kept++] = scale_of(typical, unit_of(v, v->metrics[i]));
    }
    v->metric_count = kept;
}

/* "throughput (M requests/s)", "p50 (us)", "tells/request", "cpu/request (us)" */
static char *heading(const struct view *v, size_t i)
{
    const char *name = v->data->metrics.at[v->metrics[i]];
    struct unit unit = unit_of(v, v->metrics[i]);
    struct scale scale = v->scales[i];
    char *label = metric_label(name);
    /* What is said by the label already: of a request, and instructions. */
    if (strchr(label, '/') != NULL)
        unit.text = strncmp(unit.text, "ns/", 3) == 0 ? "ns" : "";
    char in[UNIT_TEXT];
    unit_text(in, unit, scale);
    bool said = *in == '\0' || (*scale.prefix == '\0' && strcmp(unit.text, name) == 0);
    char *text = said ? copy_text(label) : format_text("%s (%s)", label, in);
    free(label);
    return text;
}

static void add_value(struct table *t, const struct view *v, const struct data_point *point,
                      size_t i)
{
    if (point == NULL || isnan(point->intervals[v->metrics[i]].median)) {
        table_add(t, "-");
        return;
    }
    char text[INTERVAL_TEXT];
    interval_text(text, point->intervals[v->metrics[i]], v->scales[i], point->exact);
    table_add(t, "%s", text);
}

static size_t add_axes(struct table *t, const struct view *v, char *const *axes)
{
    size_t columns = 0;
    for (size_t a = AXIS_SUBJECT; a < axes_of(v->data->suite); a++) {
        if (a == AXIS_KIND || a == v->spec->across || v->common[a] != NULL)
            continue;
        table_add(t, "%s", axes == NULL ? axis_name(v->data->suite, a) : axes[a]);
        columns++;
    }
    return columns;
}

static struct table make_rows(const struct view *v)
{
    struct table t = {0};
    t.left = add_axes(&t, v, NULL);
    t.columns = t.left + v->metric_count;
    for (size_t i = 0; i < v->metric_count; i++) {
        char *text = heading(v, i);
        table_add(&t, "%s", text);
        free(text);
    }
    for (size_t p = 0; p < v->count; p++) {
        add_axes(&t, v, v->points[p]->axes);
        for (size_t i = 0; i < v->metric_count; i++)
            add_value(&t, v, v->points[p], i);
    }
    return t;
}

/* Are these the same but for the axis across? */
static bool same_row(const struct view *v, const struct data_point *a, const struct data_point *b)
{
    for (size_t x = AXIS_SUBJECT; x < axes_of(v->data->suite); x++)
        if (x != v->spec->across && strcmp(a->axes[x], b->axes[x]) != 0)
            return false;
    return true;
}

static int compare_across(const void *a, const void *b, void *view)
{
    const struct view *v = view;
    return axis_compare(v->data->suite, v->spec->across, *(char *const *)a, *(char *const *)b);
}

static struct strings values_across(const struct view *v)
{
    size_t across = v->spec->across;
    struct strings values = {0};
    for (size_t p = 0; p < v->count; p++)
        if (!strings_hold(&values, v->points[p]->axes[across]))
            strings_add(&values, v->points[p]->axes[across]);
    if (values.count > 1)
        qsort_r(values.at, values.count, sizeof(*values.at), compare_across, (void *)v);
    return values;
}

static const struct data_point *point_at(const struct view *v, const struct data_point *row,
                                         const char *value)
{
    for (size_t p = 0; p < v->count; p++)
        if (same_row(v, v->points[p], row) &&
            strcmp(v->points[p]->axes[v->spec->across], value) == 0)
            return v->points[p];
    return NULL;
}

static bool are_exact(const struct view *v)
{
    bool exact = true;
    for (size_t p = 0; p < v->count; p++)
        exact &= v->points[p]->exact;
    return exact;
}

/* A model, whose clock is another one, stands beside what it is of, each of them the same every
 * time. */
static bool shows_difference(const struct view *v, const struct strings *values)
{
    return v->spec->contrast == v->spec->across && values->count == 2 && v->clock == NULL &&
           are_exact(v);
}

/* "+0.4 %", of the first over the second. */
static void add_difference(struct table *t, const struct view *v, const struct data_point *row,
                           const struct strings *values)
{
    const struct data_point *first = point_at(v, row, values->at[0]),
                            *second = point_at(v, row, values->at[1]);
    double ratio = NAN;
    if (first != NULL && second != NULL && second->intervals[v->metrics[0]].median != 0)
        ratio = first->intervals[v->metrics[0]].median / second->intervals[v->metrics[0]].median;
    if (isnan(ratio))
        table_add(t, "-");
    else
        table_add(t, "%+.1f %%", 100 * (ratio - 1));
}

static struct table make_across(const struct view *v)
{
    struct strings values = values_across(v);
    struct table t = {0};
    t.left = add_axes(&t, v, NULL);
    bool differ = shows_difference(v, &values);
    t.columns = t.left + values.count + differ;
    for (size_t i = 0; i < values.count; i++)
        table_add(&t, "%s %s", axis_name(v->data->suite, v->spec->across), values.at[i]);
    if (differ)
        table_add(&t, "difference");
    for (size_t p = 0; p < v->count; p++) {
        size_t first = 0;
        while (!same_row(v, v->points[first], v->points[p]))
            first++;
        if (first < p)
            continue; /* its row is already there */
        add_axes(&t, v, v->points[p]->axes);
        for (size_t i = 0; i < values.count; i++)
            add_value(&t, v, point_at(v, v->points[p], values.at[i]), 0);
        if (differ)
            add_difference(&t, v, v->points[p], &values);
    }
    strings_free(&values);
    return t;
}

static size_t fewest_samples(const struct view *v)
{
    size_t fewest = SIZE_MAX;
    for (size_t p = 0; p < v->count; p++)
        if (v->points[p]->count < fewest)
            fewest = v->points[p]->count;
    return fewest;
}

static bool some_counted(const struct view *v)
{
    bool some = false;
    for (size_t p = 0; p < v->count; p++)
        some |= unit_on("", v->points[p]->axes[AXIS_CLOCK]).counted;
    return some;
}

/* "req_size 16, n >= 13" */
static char *common_text(const struct view *v)
{
    struct strings parts = {0};
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(v->data->suite); a++) {
        if (v->common[a] == NULL || a == v->spec->across || strcmp(v->common[a], AXIS_NA) == 0)
            continue;
        char *part = format_text("%s %s", axis_name(v->data->suite, a), v->common[a]);
        strings_add(&parts, part);
        free(part);
    }
    if (v->clock == NULL && some_counted(v))
        strings_add(&parts, "where instructions are counted each stands for a ns");
    size_t fewest = fewest_samples(v);
    char *n = format_text("n >= %zu%s", fewest,
                          are_exact(v)                 ? ", all the same"
                          : fewest < STATS_SAMPLES_MIN ? ": too few, the intervals are too narrow"
                                                       : "");
    strings_add(&parts, n);
    free(n);
    char *text = strings_join(&parts, ", ");
    strings_free(&parts);
    return text;
}

/* Across an axis the columns are its values, so what the cells are stands beside the title. */
static char *title_text(const struct view *v)
{
    if (v->spec->across == AXIS_NONE || v->metric_count == 0)
        return copy_text(v->spec->title);
    char *what = heading(v, 0);
    char *text = format_text("%s; %s", v->spec->title, what);
    free(what);
    return text;
}

struct results results_make(const struct table_spec *spec, const struct dataset *data)
{
    struct view v = {.spec = spec, .data = data};
    choose_metrics(&v);
    choose_points(&v);
    choose_scales(&v);
    struct results results = {.title = title_text(&v)};
    if (v.count > 0 && v.metric_count > 0) {
        results.common = common_text(&v);
        results.table = spec->across != AXIS_NONE ? make_across(&v) : make_rows(&v);
    }
    free(v.points);
    free(v.metrics);
    free(v.scales);
    return results;
}

void results_free(struct results *results)
{
    free(results->title);
    free(results->common);
    table_free(&results->table);
}
