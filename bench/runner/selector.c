/* SPDX-License-Identifier: MIT */
#include "bench/runner/selector.h"

#include <string.h>

#include "bench/runner/description.h"

#define RANGE_TEXT 256

/* The group of this name; group_count if there is none. */
static size_t class_find(const struct suite *suite, const char *name)
{
    size_t c = 0;
    while (c < suite->group_count && strcmp(suite->groups[c].many, name) != 0)
        c++;
    return c;
}

bool subject_listed(const struct suite *suite, const struct strings *names,
                    const struct suite_subject *subject)
{
    return strings_hold(names, subject->name) ||
           strings_hold(names, suite->groups[subject->group].many);
}

static char *subjects_known(const struct suite *suite)
{
    struct strings names = {0};
    for (size_t c = 0; c < suite->group_count; c++)
        strings_add(&names, suite->groups[c].many);
    struct suite_subject subject;
    for (size_t i = 0; suite->subject(i, &subject); i++)
        strings_add(&names, subject.name);
    char *joined = strings_join(&names, ", ");
    strings_free(&names);
    return joined;
}

bool subjects_check(const struct suite *suite, const struct strings *names, struct fault *fault)
{
    for (size_t i = 0; i < names->count; i++)
        if (class_find(suite, names->at[i]) == suite->group_count &&
            suite_subject_find(suite, names->at[i]) == SIZE_MAX) {
            char *known = subjects_known(suite);
            fault_set(fault, "no subject '%s'; there are: %s", names->at[i], known);
            free(known);
            return false;
        }
    return true;
}

bool axis_values_parse(const struct suite *suite, size_t axis, const struct strings *texts,
                       struct axis_values *values, struct fault *fault)
{
    free(values->at);
    *values = (struct axis_values){.at = memory(texts->count, sizeof(*values->at))};
    for (size_t i = 0; i < texts->count; i++) {
        if (!axis_parse(suite, axis, texts->at[i], &values->at[i])) {
            char range[RANGE_TEXT];
            return fault_set(fault, "%s = %s: must be %s", axis_name(suite, axis), texts->at[i],
                             axis_range(suite, axis, range, sizeof(range)));
        }
        values->count++;
    }
    return true;
}

static bool read_selector_subject(const config_setting_t *s, void *into, struct fault *fault)
{
    struct selector *selector = into;
    const struct suite *suite = selector->suite;
    struct strings names = {0};
    bool good = read_texts(s, &names, fault) &&
                (subjects_check(suite, &names, fault) || fault_place(fault, s));
    for (size_t i = 0; good && i < names.count; i++) {
        size_t c = class_find(suite, names.at[i]);
        if (c < suite->group_count)
            strings_add(&selector->allowed[AXIS_KIND], suite->groups[c].one);
        else
            strings_add(&selector->allowed[AXIS_SUBJECT], names.at[i]);
    }
    strings_free(&names);
    return good;
}

static bool read_selector_axis(const config_setting_t *s, void *into, struct fault *fault)
{
    struct selector *selector = into;
    size_t axis = axis_find(selector->suite, config_setting_name(s));
    struct strings texts = {0};
    struct axis_values values = {0};
    bool good =
        read_texts(s, &texts, fault) &&
        (axis_values_parse(selector->suite, axis, &texts, &values, fault) || fault_place(fault, s));
    for (size_t i = 0; good && i < values.count; i++) {
        if (axis == selector->suite->follower && values.at[i] == AXIS_FOLLOW)
            good = fault_at(fault, s, "%s selects by number", config_setting_name(s));
        char *text = axis_text(selector->suite, axis, values.at[i]);
        strings_add(&selector->allowed[axis], text);
        free(text);
    }
    free(values.at);
    strings_free(&texts);
    return good;
}

static const struct key selector_keys[] = {{"subjects", read_selector_subject}, {NULL, NULL}};

bool selector_read(const config_setting_t *s, struct selector *selector, struct fault *fault)
{
    const struct axis_keys axes = {selector->suite, read_selector_axis};
    return read_group(s, config_setting_name(s), selector_keys, &axes, selector, fault);
}

bool selector_matches(const struct selector *selector, char *const axes[AXES_MAX])
{
    const struct strings *subjects = &selector->allowed[AXIS_SUBJECT];
    const struct strings *kinds = &selector->allowed[AXIS_KIND];
    if (subjects->count + kinds->count > 0 && !strings_hold(subjects, axes[AXIS_SUBJECT]) &&
        !strings_hold(kinds, axes[AXIS_KIND]))
        return false;
    for (size_t a = AXIS_FIRST_SWEPT; a < AXES_MAX; a++)
        if (selector->allowed[a].count > 0 && !strings_hold(&selector->allowed[a], axes[a]))
            return false;
    return true;
}

void selector_free(struct selector *selector)
{
    for (size_t a = 0; a < AXES_MAX; a++)
        strings_free(&selector->allowed[a]);
}
