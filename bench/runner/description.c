/* SPDX-License-Identifier: MIT */
#include "bench/runner/description.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fault_at(struct fault *fault, const config_setting_t *at, const char *format, ...)
{
    char *what;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&what, format, args);
    va_end(args);
    fault_set(fault, "%s:%u: %s", config_setting_source_file(at), config_setting_source_line(at),
              length < 0 ? "out of memory" : what);
    if (length >= 0)
        free(what);
    return false;
}

bool fault_place(struct fault *fault, const config_setting_t *at)
{
    struct fault unplaced = *fault;
    return fault_at(fault, at, "%s", unplaced.text);
}

/* ---- scalars and lists ---- */

/* A scalar as text, whole numbers without exponent; NULL for what is no scalar. Caller frees. */
static char *scalar_text(const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return format_text("%lld", config_setting_get_int64(s));
    case CONFIG_TYPE_FLOAT: {
        double value = config_setting_get_float(s);
        if (value >= 0 && value < 1e15 && value == (double)(uint64_t)value)
            return format_text("%" PRIu64, (uint64_t)value);
        return format_text("%g", value);
    }
    case CONFIG_TYPE_BOOL:
        return copy_text(config_setting_get_bool(s) ? "true" : "false");
    case CONFIG_TYPE_STRING:
        return copy_text(config_setting_get_string(s));
    default:
        return NULL;
    }
}

bool read_texts(const config_setting_t *s, struct strings *texts, struct fault *fault)
{
    strings_free(texts);
    bool many = config_setting_is_array(s) || config_setting_is_list(s);
    int count = many ? config_setting_length(s) : 1;
    for (int i = 0; i < count; i++) {
        const config_setting_t *one = many ? config_setting_get_elem(s, (unsigned)i) : s;
        char *text = scalar_text(one);
        if (text == NULL)
            return fault_at(fault, s, "%s must be a value or a list of values, as [1, 2]",
                            config_setting_name(s));
        strings_add(texts, text);
        free(text);
    }
    if (texts->count == 0)
        return fault_at(fault, s, "%s is empty: give at least one value", config_setting_name(s));
    return true;
}

bool read_string(const config_setting_t *s, char **text, struct fault *fault)
{
    if (config_setting_type(s) != CONFIG_TYPE_STRING || config_setting_get_string(s)[0] == '\0')
        return fault_at(fault, s, "%s must be a string in \"quotes\"", config_setting_name(s));
    free(*text);
    *text = copy_text(config_setting_get_string(s));
    return true;
}

bool read_whole(const config_setting_t *s, uint64_t max, uint64_t *value, struct fault *fault)
{
    char *text = scalar_text(s);
    bool good = text != NULL && parse_whole(text, 1, max, value);
    if (!good)
        fault_at(fault, s, "%s = %s: must be a whole number in 1..%" PRIu64, config_setting_name(s),
                 text == NULL ? "(...)" : text, max);
    free(text);
    return good;
}

/* ---- groups with a fixed set of keys ---- */

char *keys_text(const struct key *keys, const struct suite *suite)
{
    struct strings names = {0};
    for (const struct key *k = keys; k->name != NULL; k++)
        strings_add(&names, k->name);
    for (size_t a = AXIS_FIRST_SWEPT; suite != NULL && a < axes_of(suite); a++)
        strings_add(&names, axis_name(suite, a));
    char *joined = strings_join(&names, ", ");
    strings_free(&names);
    return joined;
}

static bool unknown_key(const config_setting_t *s, const char *where, const struct key *keys,
                        const struct suite *suite, struct fault *fault)
{
    char *known = keys_text(keys, suite);
    fault_at(fault, s, "unknown key '%s' in %s; known are: %s", config_setting_name(s), where,
             known);
    free(known);
    return false;
}

bool read_group(const config_setting_t *group, const char *where, const struct key *keys,
                const struct axis_keys *axes, void *into, struct fault *fault)
{
    if (!config_setting_is_group(group))
        return fault_at(fault, group, "%s must be a group, as { key = value; }", where);
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        const struct key *k = keys;
        while (k->name != NULL && strcmp(k->name, config_setting_name(s)) != 0)
            k++;
        if (k->name != NULL) {
            if (k->read != NULL && !k->read(s, into, fault))
                return false;
        } else if (axes != NULL && axis_find(axes->suite, config_setting_name(s)) != AXIS_NONE) {
            if (!axes->read(s, into, fault))
                return false;
        } else {
            return unknown_key(s, where, keys, axes == NULL ? NULL : axes->suite, fault);
        }
    }
    return true;
}

bool read_list(const config_setting_t *list, void **elements, size_t *count, size_t size,
               const void *initial, read_setting *read, struct fault *fault)
{
    if (!config_setting_is_list(list) || config_setting_length(list) == 0)
        return fault_at(fault, list, "%s must be a list of groups, as ( { ... }, { ... } )",
                        config_setting_name(list));
    for (int i = 0; i < config_setting_length(list); i++) {
        *elements = memory_grow(*elements, *count + 1, size);
        void *element = (char *)*elements + *count * size;
        memcpy(element, initial, size);
        ++*count;
        if (!read(config_setting_get_elem(list, (unsigned)i), element, fault))
            return false;
    }
    return true;
}
