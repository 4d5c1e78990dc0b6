/* SPDX-License-Identifier: MIT */
/* --set and --platform: replacing what a description says. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/description.h"
#include "bench/runner/experiment.h"

static enum setting set_whole(const char *key, const char *value, uint64_t max, uint64_t *into,
                              struct fault *fault)
{
    if (parse_whole(value, 1, max, into))
        return SETTING_DONE;
    fault_set(fault, "%s = %s: must be a whole number in 1..%" PRIu64, key, value, max);
    return SETTING_WRONG;
}

static enum setting set_in_sweeps(struct experiment *e, size_t axis, const struct strings *texts,
                                  struct fault *fault)
{
    for (size_t i = 0; i < e->sweep_count; i++)
        if (!axis_values_parse(e->suite, axis, texts, &e->sweeps[i].axes[axis], fault))
            return SETTING_WRONG;
    return SETTING_DONE;
}

static enum setting set_subjects(struct experiment *e, const struct strings *names,
                                 struct fault *fault)
{
    if (!subjects_check(e->suite, names, fault))
        return SETTING_UNKNOWN;
    for (size_t i = 0; i < e->sweep_count; i++) {
        strings_free(&e->sweeps[i].subjects);
        for (size_t j = 0; j < names->count; j++)
            strings_add(&e->sweeps[i].subjects, names->at[j]);
    }
    return SETTING_DONE;
}

/* The platform of the i-th value of the axis that chooses one, and how that is called; NULL past
 * the end. */
static const char *platform_at(const struct suite *suite, unsigned i, const char **choice)
{
    struct point point = {0};
    *choice = NULL;
    if (suite->placing == AXIS_NONE)
        return i == 0 ? suite->platform(&point) : NULL;
    *choice = suite_choice(suite, suite->placing, i);
    point.at[suite->placing] = i;
    return *choice == NULL ? NULL : suite->platform(&point);
}

/* Every experiment has to be able to: what was asked for is not measured elsewhere. */
static enum setting set_platform(struct experiment *e, const char *wanted, struct fault *fault)
{
    struct strings known = {0};
    const char *name, *choice;
    for (unsigned i = 0; (name = platform_at(e->suite, i, &choice)) != NULL; i++) {
        if (strcmp(name, wanted) != 0) {
            strings_add(&known, name);
            continue;
        }
        strings_free(&known);
        if (choice == NULL)
            return SETTING_DONE;
        struct strings one = strings_split(choice);
        enum setting done = set_in_sweeps(e, e->suite->placing, &one, fault);
        strings_free(&one);
        return done;
    }
    char *text = strings_join(&known, ", ");
    fault_set(fault, "%s can be measured on: %s", e->name, text);
    free(text);
    strings_free(&known);
    return SETTING_WRONG;
}

enum setting experiment_set(struct experiment *e, const char *key, const char *value,
                            struct fault *fault)
{
    bool timed = e->suite->duration_ms != 0;
    const struct key others[] = {{"repetitions", NULL},
                                 {"subjects", NULL},
                                 {timed ? "duration_ms" : NULL, NULL},
                                 {NULL, NULL}};
    size_t axis = axis_find(e->suite, key);
    if (strcmp(key, "platform") == 0)
        return set_platform(e, value, fault);
    if (strcmp(key, "repetitions") == 0)
        return set_whole(key, value, REPETITIONS_MAX, &e->repetitions, fault);
    if (timed && strcmp(key, "duration_ms") == 0)
        return set_whole(key, value, e->suite->duration_ms, &e->duration_ms, fault);

    struct strings texts = strings_split(value);
    enum setting done = SETTING_UNKNOWN;
    if (strcmp(key, "subjects") == 0) {
        done = set_subjects(e, &texts, fault);
    } else if (axis != AXIS_NONE) {
        done = set_in_sweeps(e, axis, &texts, fault);
    } else {
        char *known = keys_text(others, e->suite);
        fault_set(fault, "unknown key '%s'; known are: %s", key, known);
        free(known);
    }
    strings_free(&texts);
    return done;
}
