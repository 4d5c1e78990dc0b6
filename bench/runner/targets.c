/* SPDX-License-Identifier: MIT */
#include "bench/runner/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/metrics.h"
#include "bench/runner/quantity.h"

/* Verdicts. */
#define TARGET_PASS "pass"
#define TARGET_MISS "miss"
#define TARGET_UNDECIDED "undecided"
#define TARGET_TOO_FEW "too few observations"
#define TARGET_NOT_MEASURED "not measured"

struct search {
    const struct target_spec *target;
    const struct dataset *data;
    size_t metric;
};

static bool better(const struct search *s, double a, double b)
{
    return metric_higher_is_better(s->data->suite, s->target->metric) ? a > b : a < b;
}

static bool same_pair(const struct target_spec *t, char *const *a, char *const *b)
{
    for (size_t i = 0; i < t->pairs; i++)
        if (strcmp(a[t->pair[i]], b[t->pair[i]]) != 0)
            return false;
    return true;
}

/* Does the point take part on the side of this selector, and has it been measured? */
static bool takes_part(const struct search *s, const struct selector *side,
                       const struct data_point *p)
{
    return selector_matches(&s->target->where, p->axes) && selector_matches(side, p->axes) &&
           !isnan(p->intervals[s->metric].median);
}

/* The best of a side's points that have the pair axes of `like`; NULL if there is none. */
static const struct data_point *best_point(const struct search *s, const struct selector *side,
                                           const struct data_point *like)
{
    const struct data_point *best = NULL;
    for (size_t i = 0; i < s->data->count; i++) {
        const struct data_point *p = &s->data->points[i];
        if (!takes_part(s, side, p) || !same_pair(s->target, p->axes, like->axes))
            continue;
        if (best == NULL ||
            better(s, p->intervals[s->metric].median, best->intervals[s->metric].median))
            best = p;
    }
    return best;
}

static bool has_points(const struct search *s, const struct selector *side)
{
    for (size_t i = 0; i < s->data->count; i++)
        if (takes_part(s, side, &s->data->points[i]))
            return true;
    return false;
}

/* Is ratio a further from the bound on the wrong side (or nearer on the right one) than b? */
static bool worse(const struct target_spec *t, struct interval a, struct interval b)
{
    return t->at_least ? a.median < b.median : a.median > b.median;
}

/* The ratio for the pair axes of one point of the numerator. */
static void try_pair(const struct search *s, const struct data_point *like, uint32_t seed,
                     struct target_result *result)
{
    const struct data_point *num = best_point(s, &s->target->numerator, like);
    const struct data_point *den = best_point(s, &s->target->denominator, like);
    if (num == NULL || den == NULL)
        return;
    struct interval ratio = dataset_ratio(num, den, s->metric, seed);
    if (isnan(ratio.median) || (result->measured && !worse(s->target, ratio, result->ratio)))
        return;
    *result = (struct target_result){
        .measured = true, .ratio = ratio, .numerator = num, .denominator = den};
}

/* The worst of the points that the target selects. */
static void find_value(const struct search *s, struct target_result *result)
{
    for (size_t i = 0; i < s->data->count; i++) {
        const struct data_point *p = &s->data->points[i];
        const struct interval *value = &p->intervals[s->metric];
        if (takes_part(s, &s->target->where, p) &&
            (!result->measured || worse(s->target, *value, result->ratio)))
            *result = (struct target_result){.measured = true, .ratio = *value, .numerator = p};
    }
}

static const char *missing_part(const struct search *s)
{
    if (s->target->of_values)
        return "no point of it was measured";
    if (!has_points(s, &s->target->numerator))
        return "no point of the numerator was measured";
    if (!has_points(s, &s->target->denominator))
        return "no point of the denominator was measured";
    return "no points of both sides belong together";
}

struct target_result target_compute(const struct target_spec *target, const struct dataset *data,
                                    uint32_t seed)
{
    struct search s = {
        .target = target, .data = data, .metric = dataset_metric(data, target->metric)};
    struct target_result result = {0};
    if (s.metric == data->metrics.count) {
        snprintf(result.why_not, sizeof(result.why_not), "the run has no metric %s",
                 target->metric);
        return result;
    }
    if (target->of_values)
        find_value(&s, &result);
    for (size_t i = 0; !target->of_values && i < data->count; i++)
        if (takes_part(&s, &target->numerator, &data->points[i]))
            try_pair(&s, &data->points[i], seed, &result);
    result.exact = result.measured && result.numerator->exact &&
                   (result.denominator == NULL || result.denominator->exact);
    if (!result.measured)
        snprintf(result.why_not, sizeof(result.why_not), "%s", missing_part(&s));
    return result;
}

const char *target_verdict(const struct target_spec *target, const struct target_result *result)
{
    if (!result->measured)
        return TARGET_NOT_MEASURED;
    if (!result->exact && !stats_enough(result->ratio))
        return TARGET_TOO_FEW;
    const struct interval *r = &result->ratio;
    if (target->at_least ? r->lo >= target->bound : r->hi <= target->bound)
        return TARGET_PASS;
    if (target->at_least ? r->hi < target->bound : r->lo > target->bound)
        return TARGET_MISS;
    return TARGET_UNDECIDED;
}

static struct unit unit_at(const struct target_spec *target, const struct data_point *point)
{
    return unit_on(metric_unit(target->suite, target->metric), point->axes[AXIS_CLOCK]);
}

/* "cached (pairs, 32) 98.3 M requests/s" */
static void add_side(struct table *t, const struct target_spec *target, size_t metric,
                     const struct data_point *point)
{
    char value[QUANTITY_TEXT];
    quantity_text(value, point->intervals[metric].median, unit_at(target, point));
    struct strings pair = {0};
    for (size_t i = 0; i < target->pairs; i++)
        strings_add(&pair, point->axes[target->pair[i]]);
    char *at = strings_join(&pair, ", ");
    table_add(t, "%s%s%s%s %s", point->axes[AXIS_SUBJECT], *at == '\0' ? "" : " (", at,
              *at == '\0' ? "" : ")", value);
    free(at);
    strings_free(&pair);
}

/* ">= 1.5", "pass"; "not measured: no point of it was measured" */
static void add_verdict(struct table *t, const struct target_spec *target,
                        const struct target_result *r, const char *bound)
{
    table_add(t, "%s %s", target->at_least ? ">=" : "<=", bound);
    table_add(t, "%s%s%s", target_verdict(target, r), r->measured ? "" : ": ", r->why_not);
}

static void add_ratio(struct table *t, const struct target_spec *target, const struct dataset *data,
                      const struct target_result *r)
{
    char bound[NUMBER_TEXT], ratio[INTERVAL_TEXT];
    snprintf(bound, sizeof(bound), "%g", target->bound);
    table_add(t, "%s", target->name);
    if (r->measured) {
        size_t metric = dataset_metric(data, target->metric);
        interval_text(ratio, r->ratio, SCALE_NONE, r->exact);
        table_add(t, "%s", ratio);
        add_verdict(t, target, r, bound);
        add_side(t, target, metric, r->numerator);
        add_side(t, target, metric, r->denominator);
    } else {
        table_add(t, "-");
        add_verdict(t, target, r, bound);
        table_add(t, "%s", "");
        table_add(t, "%s", "");
    }
}

/* "6983 instr.", "1.20 us [1.19, 1.21]", and the bound in the same unit. */
static void add_value(struct table *t, const struct target_spec *target,
                      const struct target_result *r)
{
    char bound[QUANTITY_TEXT];
    table_add(t, "%s", target->name);
    if (r->measured) {
        struct unit unit = unit_at(target, r->numerator);
        char value[MEASURED_TEXT];
        measured_text(value, r->ratio, unit, r->exact);
        table_add(t, "%s", value);
        bound_text(bound, target->bound, r->ratio.median, unit);
    } else {
        table_add(t, "-");
        quantity_text(bound, target->bound,
                      unit_on(metric_unit(target->suite, target->metric), NULL));
    }
    add_verdict(t, target, r, bound);
    table_add(t, "%s", r->measured ? r->numerator->axes[AXIS_SUBJECT] : "");
}

struct table targets_table(const struct target_list *lists, size_t count, uint32_t seed,
                           bool of_values)
{
    static const char *const ratios[] = {"ratio", "measured", "target", "verdict", "of", "over"};
    static const char *const values[] = {"value", "measured", "target", "verdict", "of"};
    const char *const *header = of_values ? values : ratios;
    struct table t = {.columns = of_values ? sizeof(values) / sizeof(*values)
                                           : sizeof(ratios) / sizeof(*ratios)};
    t.left = t.columns;
    for (size_t i = 0; i < t.columns; i++)
        table_add(&t, "%s", header[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++) {
            const struct target_spec *target = &lists[i].targets[j];
            if (target->of_values != of_values)
                continue;
            struct target_result r = target_compute(target, lists[i].data, seed);
            if (of_values)
                add_value(&t, target, &r);
            else
                add_ratio(&t, target, lists[i].data, &r);
        }
    if (t.cells.count == t.columns)
        table_free(&t);
    return t;
}

char *targets_summary(const struct target_list *lists, size_t count, uint32_t seed)
{
    static const char *const others[] = {TARGET_MISS, TARGET_UNDECIDED, TARGET_TOO_FEW,
                                         TARGET_NOT_MEASURED};
    enum { OTHERS = sizeof(others) / sizeof(*others) };
    struct strings named[OTHERS] = {{0}};
    size_t all = 0, met = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++) {
            const struct target_spec *target = &lists[i].targets[j];
            struct target_result r = target_compute(target, lists[i].data, seed);
            const char *verdict = target_verdict(target, &r);
            all++;
            met += strcmp(verdict, TARGET_PASS) == 0;
            for (size_t k = 0; k < OTHERS; k++)
                if (strcmp(verdict, others[k]) == 0)
                    strings_add(&named[k], target->name);
        }
    char *text = all == 0 ? NULL : format_text("%zu of %zu target%s met", met, all, plural(all));
    for (size_t k = 0; k < OTHERS; k++) {
        char *names = strings_join(&named[k], "; ");
        if (text != NULL && named[k].count > 0) {
            char *longer = format_text("%s (%s: %s)", text, others[k], names);
            free(text);
            text = longer;
        }
        free(names);
        strings_free(&named[k]);
    }
    return text;
}

void targets_print(FILE *out, const struct target_list *lists, size_t count, uint32_t seed)
{
    for (int of_values = 0; of_values <= 1; of_values++) {
        struct table t = targets_table(lists, count, seed, of_values);
        if (t.cells.count > 0) {
            fprintf(out, "\nTargets\n");
            table_print(&t, out);
        }
        table_free(&t);
    }
    char *met = targets_summary(lists, count, seed);
    if (met != NULL)
        fprintf(out, "%s\n", met);
    free(met);
}
