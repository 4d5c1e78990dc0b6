/* SPDX-License-Identifier: MIT */
#include "bench/runner/selector.h"

#include <string.h>

#include "bench/runner/description.h"

#define RANGE_TEXT 256

static const char *const classes[] = {"layouts", "peers", "raw"}; /* in order of native_kind */

#define CLASSES (sizeof(classes) / sizeof(*classes))

/* CLASSES if there is none of this name. */
static size_t class_find(const char *name)
{
    size_t c = 0;
    while (c < CLASSES && strcmp(classes[c], name) != 0)
        c++;
    return c;
}

bool subject_listed(const struct strings *names, const struct native_subject *subject)
{
    return strings_hold(names, native_subject_name(subject)) ||
           strings_hold(names, classes[native_subject_kind(subject)]);
}

static char *subjects_known(void)
{
    struct strings names = {0};
    for (size_t c = 0; c < CLASSES; c++)
        strings_add(&names, classes[c]);
    for (size_t i = 0; native_subject_at(i) != NULL; i++)
        strings_add(&names, native_subject_name(native_subject_at(i)));
    char *joined = strings_join(&names, ", ");
    strings_free(&names);
    return joined;
}

bool subjects_check(const struct strings *names, struct fault *fault)
{
    for (size_t i = 0; i < names->count; i++)
        if (class_find(names->at[i]) == CLASSES && subject_find(names->at[i]) == NULL) {
            char *known = subjects_known();
            fault_set(fault, "no subject '%s'; there are: %s", names->at[i], known);
            free(known);
            return false;
        }
    return true;
}

bool axis_values_parse(enum axis axis, const struct strings *texts, struct axis_values *values,
                       struct fault *fault)
{
    free(values->at);
    *values = (struct axis_values){.at = memory(texts->count, sizeof(*values->at))};
    for (size_t i = 0; i < texts->count; i++) {
        if (!axis_parse(axis, texts->at[i], &values->at[i])) {
            char range[RANGE_TEXT];
            return fault_set(fault, "%s = %s: must be %s", axis_name(axis), texts->at[i],
                             axis_range(axis, range, sizeof(range)));
        }
        values->count++;
    }
    return true;
}

static bool read_selector_subject(const config_setting_t *s, void *into, struct fault *fault)
{
    struct strings *allowed = ((struct selector *)into)->allowed;
    struct strings names = {0};
    bool good =
        read_texts(s, &names, fault) && (subjects_check(&names, fault) || fault_place(fault, s));
    for (size_t i = 0; good && i < names.count; i++) {
        size_t c = class_find(names.at[i]);
        if (c < CLASSES)
            strings_add(&allowed[AXIS_KIND], kind_name((enum native_kind)c));
        else
            strings_add(&allowed[AXIS_SUBJECT], names.at[i]);
    }
    strings_free(&names);
    return good;
}

static bool read_selector_axis(const config_setting_t *s, void *into, struct fault *fault)
{
    enum axis axis = axis_find(config_setting_name(s));
    struct strings texts = {0};
    struct axis_values values = {0};
    bool good = read_texts(s, &texts, fault) &&
                (axis_values_parse(axis, &texts, &values, fault) || fault_place(fault, s));
    for (size_t i = 0; good && i < values.count; i++) {
        if (axis == AXIS_RSP_SIZE && values.at[i] == AXIS_FOLLOW)
            good = fault_at(fault, s, "rsp_size selects by number of bytes");
        char *text = axis_text(axis, values.at[i]);
        strings_add(&((struct selector *)into)->allowed[axis], text);
        free(text);
    }
    free(values.at);
    strings_free(&texts);
    return good;
}

static const struct key selector_keys[] = {{"subjects", read_selector_subject}, {NULL, NULL}};

bool selector_read(const config_setting_t *s, struct selector *selector, struct fault *fault)
{
    return read_group(s, config_setting_name(s), selector_keys, read_selector_axis, selector,
                      fault);
}

bool selector_matches(const struct selector *selector, char *const axes[AXES])
{
    const struct strings *subjects = &selector->allowed[AXIS_SUBJECT];
    const struct strings *kinds = &selector->allowed[AXIS_KIND];
    if (subjects->count + kinds->count > 0 && !strings_hold(subjects, axes[AXIS_SUBJECT]) &&
        !strings_hold(kinds, axes[AXIS_KIND]))
        return false;
    for (enum axis a = AXIS_FIRST_SWEPT; a < AXES; a++)
        if (selector->allowed[a].count > 0 && !strings_hold(&selector->allowed[a], axes[a]))
            return false;
    return true;
}

void selector_free(struct selector *selector)
{
    for (enum axis a = 0; a < AXES; a++)
        strings_free(&selector->allowed[a]);
}
