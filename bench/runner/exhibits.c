/* SPDX-License-Identifier: MIT */
#include "bench/runner/exhibits.h"

#include "bench/runner/description.h"

/* ---- tables ---- */

struct table_spec table_spec_of(const struct suite *suite)
{
    return (struct table_spec){
        .suite = suite, .across = AXIS_NONE, .contrast = AXIS_SUBJECT, .where.suite = suite};
}

static bool read_table_title(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_string(s, &((struct table_spec *)into)->title, fault);
}

static bool metrics_check(const config_setting_t *s, const struct suite *suite,
                          const struct strings *names, struct fault *fault)
{
    for (size_t i = 0; i < names->count; i++)
        if (!metric_name_ok(suite, names->at[i]))
            return fault_at(
                fault, s, "no metric '%s'; `ringside list metrics` shows them%s", names->at[i],
                suite->has_counters ? ", \"" METRICS_COUNTERS "\" stands for all counters" : "");
    return true;
}

static bool read_table_metrics(const config_setting_t *s, void *into, struct fault *fault)
{
    struct table_spec *table = into;
    return read_texts(s, &table->metrics, fault) &&
           metrics_check(s, table->suite, &table->metrics, fault);
}

static bool read_axis_name(const config_setting_t *s, const struct suite *suite, const char *name,
                           size_t *axis, struct fault *fault)
{
    *axis = axis_find(suite, name);
    return *axis != AXIS_NONE ||
           fault_at(fault, s, "%s = \"%s\": must name an axis; `ringside list axes` shows them",
                    config_setting_name(s), name);
}

bool read_axis(const config_setting_t *s, const struct suite *suite, size_t *axis,
               struct fault *fault)
{
    char *name = NULL;
    bool good = read_string(s, &name, fault) && read_axis_name(s, suite, name, axis, fault);
    free(name);
    return good;
}

static bool read_table_across(const config_setting_t *s, void *into, struct fault *fault)
{
    struct table_spec *table = into;
    return read_axis(s, table->suite, &table->across, fault);
}

static bool read_table_contrast(const config_setting_t *s, void *into, struct fault *fault)
{
    struct table_spec *table = into;
    return read_axis(s, table->suite, &table->contrast, fault);
}

static bool read_table_where(const config_setting_t *s, void *into, struct fault *fault)
{
    return selector_read(s, &((struct table_spec *)into)->where, fault);
}

static const struct key table_keys[] = {
    {"title", read_table_title},   {"metrics", read_table_metrics},
    {"across", read_table_across}, {"contrast", read_table_contrast},
    {"where", read_table_where},   {NULL, NULL}};

bool table_read(const config_setting_t *s, void *into, struct fault *fault)
{
    struct table_spec *table = into;
    if (!read_group(s, "a table", table_keys, NULL, table, fault))
        return false;
    if (table->title == NULL || table->metrics.count == 0)
        return fault_at(fault, s,
                        "a table needs a title and metrics, as metrics = [\"throughput\"]");
    if (table->across != AXIS_NONE && table->metrics.count != 1)
        return fault_at(fault, s, "a table across an axis shows exactly one metric");
    return true;
}

/* ---- targets ---- */

struct target_spec target_spec_of(const struct suite *suite)
{
    return (struct target_spec){
        .suite = suite, .where.suite = suite, .numerator.suite = suite, .denominator.suite = suite};
}

static bool read_target_name(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_string(s, &((struct target_spec *)into)->name, fault);
}

static bool read_target_metric(const config_setting_t *s, void *into, struct fault *fault)
{
    struct target_spec *target = into;
    if (!read_string(s, &target->metric, fault))
        return false;
    struct strings one = {.at = &target->metric, .count = 1};
    return metrics_check(s, target->suite, &one, fault);
}

static bool read_target_where(const config_setting_t *s, void *into, struct fault *fault)
{
    return selector_read(s, &((struct target_spec *)into)->where, fault);
}

static bool read_numerator(const config_setting_t *s, void *into, struct fault *fault)
{
    return selector_read(s, &((struct target_spec *)into)->numerator, fault);
}

static bool read_denominator(const config_setting_t *s, void *into, struct fault *fault)
{
    return selector_read(s, &((struct target_spec *)into)->denominator, fault);
}

static bool read_target_pair(const config_setting_t *s, void *into, struct fault *fault)
{
    struct target_spec *target = into;
    struct strings names = {0};
    bool good = read_texts(s, &names, fault);
    for (size_t i = 0; good && i < names.count; i++) {
        if (target->pairs == AXES_MAX)
            good = fault_at(fault, s, "pair names more axes than there are");
        else
            good =
                read_axis_name(s, target->suite, names.at[i], &target->pair[target->pairs], fault);
        target->pairs++;
    }
    strings_free(&names);
    return good;
}

static bool read_bound(const config_setting_t *s, struct target_spec *target, bool at_least,
                       struct fault *fault)
{
    if (target->bound != 0)
        return fault_at(fault, s, "a target has one bound: at_least or at_most");
    target->at_least = at_least;
    if (config_setting_is_number(s))
        target->bound = config_setting_type(s) == CONFIG_TYPE_FLOAT
                            ? config_setting_get_float(s)
                            : (double)config_setting_get_int64(s);
    return target->bound > 0 ||
           fault_at(fault, s, "%s must be a number above 0", config_setting_name(s));
}

static bool read_at_least(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_bound(s, into, true, fault);
}

static bool read_at_most(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_bound(s, into, false, fault);
}

static const struct key target_keys[] = {
    {"name", read_target_name},    {"metric", read_target_metric},    {"where", read_target_where},
    {"numerator", read_numerator}, {"denominator", read_denominator}, {"pair", read_target_pair},
    {"at_least", read_at_least},   {"at_most", read_at_most},         {NULL, NULL}};

bool target_read(const config_setting_t *s, void *into, struct fault *fault)
{
    struct target_spec *target = into;
    if (!read_group(s, "a target", target_keys, NULL, target, fault))
        return false;
    bool over = config_setting_get_member(s, "numerator") != NULL;
    bool under = config_setting_get_member(s, "denominator") != NULL;
    bool may_be_of_values = target->suite->seeded || target->suite->bounded;
    target->of_values = may_be_of_values && !over && !under && target->pairs == 0;
    if (target->name == NULL || target->metric == NULL || target->bound == 0 ||
        !(target->of_values || (over && under)))
        return fault_at(fault, s,
                        "a target needs name, metric, numerator, denominator and a bound "
                        "(at_least or at_most)%s",
                        may_be_of_values
                            ? "; one of values has neither of the two, nor pair"
                            : "; a bound on values holds on one machine, so this suite has none");
    return true;
}

void table_spec_free(struct table_spec *table)
{
    free(table->title);
    strings_free(&table->metrics);
    selector_free(&table->where);
}

void target_spec_free(struct target_spec *target)
{
    free(target->name);
    free(target->metric);
    selector_free(&target->where);
    selector_free(&target->numerator);
    selector_free(&target->denominator);
}
