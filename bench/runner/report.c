/* SPDX-License-Identifier: MIT */
#include "bench/runner/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/metrics.h"
#include "bench/runner/table.h"

#define ERRORS_SHOWN 5
#define SUBJECTS_SHOWN 6
#define PER_REQUEST "_per_request"
#define NS "_ns"

/* The points and metrics of one table. */
struct view {
    const struct table_spec *spec;
    const struct dataset *data;
    const struct data_point **points;
    size_t count;
    size_t *metrics; /* columns of the dataset */
    size_t metric_count;
    struct scale *scales;         /* one for each metric */
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

/* The one value of an axis that all points have to which it means something; NULL if there are
 * several, AXIS_NA if it means nothing to any. */
static const char *common_value(const struct view *v, size_t axis)
{
    const char *value = AXIS_NA;
    for (size_t p = 0; p < v->count; p++) {
        const char *own = v->points[p]->axes[axis];
        if (strcmp(own, AXIS_NA) == 0)
            continue;
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
        v->scales[kept++] = scale_of(typical);
    }
    v->metric_count = kept;
}

static bool ends_in(const char *text, int length, const char *suffix)
{
    int n = (int)strlen(suffix);
    return length > n && strncmp(text + length - n, suffix, (size_t)n) == 0;
}

/* "throughput (M requests/s)", "p50 (us)", "wakes/request", "cpu/request (us)" */
static char *heading(const struct view *v, size_t i)
{
    const char *name = v->data->metrics.at[v->metrics[i]];
    const char *prefix = v->scales[i].prefix;
    const char *time = scale_time(v->scales[i]);
    int length = (int)strlen(name);
    bool each = ends_in(name, length, PER_REQUEST);
    length -= each ? (int)strlen(PER_REQUEST) : 0;
    const char *per = each ? "/request" : "";
    if (ends_in(name, length, NS))
        return format_text("%.*s%s (%s)", length - (int)strlen(NS), name, per, time);
    if (each)
        return format_text("%.*s%s%s%s", length, name, per, *prefix == '\0' ? "" : ", ", prefix);
    const char *unit = metric_unit(v->data->suite, name);
    if (*unit == '\0' && *prefix == '\0')
        return copy_text(name);
    return format_text("%s (%s%s%s)", name, prefix, *prefix == '\0' ? "" : " ", unit);
}

static void add_value(struct table *t, const struct view *v, const struct data_point *point,
                      size_t i)
{
    if (point == NULL || isnan(point->intervals[v->metrics[i]].median)) {
        table_add(t, "-");
        return;
    }
    const struct interval *interval = &point->intervals[v->metrics[i]];
    char median[NUMBER_TEXT], lo[NUMBER_TEXT], hi[NUMBER_TEXT];
    scaled_text(median, interval->median, v->scales[i]);
    scaled_text(lo, interval->lo, v->scales[i]);
    scaled_text(hi, interval->hi, v->scales[i]);
    if (v->data->suite->exact)
        table_add(t, "%s", median);
    else
        table_add(t, "%s [%s, %s]", median, lo, hi);
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

static void print_rows(FILE *out, const struct view *v)
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
    table_print(&t, out);
    table_free(&t);
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

static void print_across(FILE *out, const struct view *v)
{
    struct strings values = values_across(v);
    struct table t = {0};
    t.left = add_axes(&t, v, NULL);
    t.columns = t.left + values.count;
    for (size_t i = 0; i < values.count; i++)
        table_add(&t, "%s %s", axis_name(v->data->suite, v->spec->across), values.at[i]);
    for (size_t p = 0; p < v->count; p++) {
        size_t first = 0;
        while (!same_row(v, v->points[first], v->points[p]))
            first++;
        if (first < p)
            continue; /* its row is already there */
        add_axes(&t, v, v->points[p]->axes);
        for (size_t i = 0; i < values.count; i++)
            add_value(&t, v, point_at(v, v->points[p], values.at[i]), 0);
    }
    table_print(&t, out);
    table_free(&t);
    strings_free(&values);
}

static size_t fewest_samples(const struct view *v)
{
    size_t fewest = SIZE_MAX;
    for (size_t p = 0; p < v->count; p++)
        if (v->points[p]->count < fewest)
            fewest = v->points[p]->count;
    return fewest;
}

/* What all rows have in common, so that a table can be read alone. */
static void print_common(FILE *out, const struct view *v)
{
    fputs("  ", out);
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(v->data->suite); a++)
        if (v->common[a] != NULL && a != v->spec->across && strcmp(v->common[a], AXIS_NA) != 0)
            fprintf(out, "%s %s, ", axis_name(v->data->suite, a), v->common[a]);
    size_t fewest = fewest_samples(v);
    fprintf(out, "n >= %zu%s\n", fewest,
            v->data->suite->exact        ? ", all the same"
            : fewest < STATS_SAMPLES_MIN ? ": too few, the intervals are too narrow"
                                         : "");
}

static void print_view(FILE *out, const struct view *v)
{
    fprintf(out, "\n%s: %s", v->data->experiment, v->spec->title);
    if (v->count == 0 || v->metric_count == 0) {
        fprintf(out, "\n  nothing was measured for it\n");
        return;
    }
    if (v->spec->across != AXIS_NONE) {
        char *text = heading(v, 0);
        fprintf(out, "; %s", text);
        free(text);
    }
    fprintf(out, "\n");
    print_common(out, v);
    if (v->spec->across != AXIS_NONE)
        print_across(out, v);
    else
        print_rows(out, v);
}

void report_tables(FILE *out, const struct experiment *experiment, const struct dataset *data)
{
    for (size_t i = 0; i < experiment->table_count; i++) {
        struct view v = {.spec = &experiment->tables[i], .data = data};
        choose_metrics(&v);
        choose_points(&v);
        choose_scales(&v);
        print_view(out, &v);
        free(v.points);
        free(v.metrics);
        free(v.scales);
    }
}

/* ---- gaps ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* Their names, of many the first. */
static char *subjects_of(const json_t *entry)
{
    struct strings names = {0};
    const json_t *all = json_object_get(entry, "subjects");
    size_t i, count = json_array_size(all);
    const json_t *name;
    json_array_foreach(all, i, name)
    {
        if (count > SUBJECTS_SHOWN && i == SUBJECTS_SHOWN - 1) {
            char *rest = format_text("%zu others", count - i);
            strings_add(&names, rest);
            free(rest);
            break;
        }
        strings_add(&names, json_string_value(name) == NULL ? "?" : json_string_value(name));
    }
    char *joined = strings_join(&names, ", ");
    strings_free(&names);
    return joined;
}

static void report_left_out(FILE *out, const json_t *experiment)
{
    long long points = 0;
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(experiment, "left_out"), i, entry) points +=
        number_of(entry, "points");
    if (points > 0)
        fprintf(out,
                "%s: %lld point%s left out that cannot be (reasons: left_out in manifest.json)\n",
                text_of(experiment, "name"), points, plural((size_t)points));
    json_array_foreach(json_object_get(experiment, "missing"), i, entry)
    {
        char *subjects = subjects_of(entry);
        fprintf(out, "%s: skipped %s: %s\n", text_of(experiment, "name"), subjects,
                text_of(entry, "reason"));
        free(subjects);
    }
}

static void report_counters(FILE *out, const json_t *manifest)
{
    size_t i;
    const json_t *counter;
    json_array_foreach(json_object_get(manifest, "counters"), i,
                       counter) if (!json_is_true(json_object_get(counter, "available")))
        fprintf(out, "counter %s is not available: %s\n", text_of(counter, "name"),
                text_of(counter, "reason"));
}

void report_errors(FILE *out, const json_t *manifest)
{
    const json_t *errors = json_object_get(manifest, "errors");
    size_t i;
    const json_t *error;
    json_array_foreach(errors, i, error)
    {
        const json_t *point = json_object_get(error, "point");
        const char *what = text_of(error, "what");
        if (i < ERRORS_SHOWN)
            fprintf(out, "failed: %s: %s, repetition %lld: %s\n", text_of(point, "experiment"),
                    *what == '\0' ? text_of(point, "subject") : what, number_of(error, "rep"),
                    text_of(error, "error"));
    }
    if (json_array_size(errors) > 0)
        fprintf(out, "%zu observation%s failed (all of them: errors in manifest.json)\n",
                json_array_size(errors), plural(json_array_size(errors)));
}

void report_gaps(FILE *out, const json_t *manifest)
{
    size_t i;
    const json_t *experiment;
    json_array_foreach(json_object_get(manifest, "experiments"), i, experiment)
        report_left_out(out, experiment);
    report_counters(out, manifest);
}
