/* SPDX-License-Identifier: MIT */
#include "bench/runner/report.h"

#include <stdlib.h>
#include <string.h>

#include "bench/runner/results.h"

#define ERRORS_SHOWN 5
#define SUBJECTS_SHOWN 6

void report_tables(FILE *out, const struct experiment *experiment, const struct dataset *data)
{
    for (size_t i = 0; i < experiment->table_count; i++) {
        struct results r = results_make(&experiment->tables[i], data);
        fprintf(out, "\n%s: %s\n  %s\n", data->experiment, r.title,
                r.common == NULL ? "nothing was measured for it" : r.common);
        if (r.common != NULL)
            table_print(&r.table, out);
        results_free(&r);
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

/* Who was left out, and why: of the list `key`. */
static void report_each(FILE *out, const json_t *experiment, const char *key, const char *what)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(experiment, key), i, entry)
    {
        char *subjects = subjects_of(entry);
        fprintf(out, "%s: %s %s: %s\n", text_of(experiment, "name"), what, subjects,
                text_of(entry, "reason"));
        free(subjects);
    }
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
    report_each(out, experiment, "missing", "skipped");
}

void report_refused(FILE *out, const json_t *manifest)
{
    size_t i;
    const json_t *experiment;
    json_array_foreach(json_object_get(manifest, "experiments"), i, experiment)
        report_each(out, experiment, "left_out", "left out");
}

/* Natively they are tried before a run; on a platform within the machine, by using them. */
static void report_counters(FILE *out, const json_t *manifest, bool of_platforms)
{
    size_t i;
    const json_t *counter;
    json_array_foreach(json_object_get(manifest, "counters"), i, counter)
    {
        const char *platform = text_of(counter, "platform");
        if (!json_is_true(json_object_get(counter, "available")) &&
            (*platform != '\0') == of_platforms)
            fprintf(out, "counter %s is not available%s%s: %s\n", text_of(counter, "name"),
                    of_platforms ? " on " : "", platform, text_of(counter, "reason"));
    }
}

void report_learned(FILE *out, const json_t *manifest)
{
    report_counters(out, manifest, true);
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
    report_counters(out, manifest, false);
    report_counters(out, manifest, true);
}
