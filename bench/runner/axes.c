/* SPDX-License-Identifier: MIT */
#include "bench/runner/axes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suite.h"

static const char *const labels[AXIS_FIRST_SWEPT] = {
    [AXIS_EXPERIMENT] = "experiment", [AXIS_PLATFORM] = "platform", [AXIS_CLOCK] = "clock",
    [AXIS_SUBJECT] = "subject",       [AXIS_KIND] = "kind",
};

static const struct axis *swept(const struct suite *suite, size_t axis)
{
    return &suite->axes[axis - AXIS_FIRST_SWEPT];
}

size_t axes_of(const struct suite *suite)
{
    return AXIS_FIRST_SWEPT + suite->axis_count;
}

const char *axis_name(const struct suite *suite, size_t axis)
{
    return axis < AXIS_FIRST_SWEPT ? labels[axis] : swept(suite, axis)->name;
}

const char *axis_summary(const struct suite *suite, size_t axis)
{
    return swept(suite, axis)->summary;
}

bool axis_is_named(const struct suite *suite, size_t axis)
{
    return axis >= AXIS_FIRST_SWEPT && swept(suite, axis)->type == AXIS_NAME;
}

size_t axis_find(const struct suite *suite, const char *name)
{
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(suite); a++)
        if (strcmp(swept(suite, a)->name, name) == 0)
            return a;
    return AXIS_NONE;
}

/* Texts that were parsed: a value is the place of one, from 1; 0 is none. */
static struct strings texts;

#define TEXT_NONE "none"

static bool is_text(const struct suite *suite, size_t axis)
{
    return axis >= AXIS_FIRST_SWEPT && swept(suite, axis)->type == AXIS_TEXT;
}

static bool parse_text(const char *text, uint64_t *value)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("_.=+/-", *c) == NULL)
            return false;
    *value = 0;
    if (*text == '\0' || strcmp(text, TEXT_NONE) == 0)
        return *text != '\0';
    while (*value < texts.count && strcmp(texts.at[*value], text) != 0)
        ++*value;
    if (*value == texts.count)
        strings_add(&texts, text);
    ++*value;
    return true;
}

/* A list that is longer than its buffer ends in its last whole name. */
static void cut(char *list, size_t size)
{
    static const char more[] = ", and others";
    char *at = list + size - sizeof(more);
    while (at > list && *at != ',')
        at--;
    memcpy(at, more, sizeof(more));
}

const char *axis_range(const struct suite *suite, size_t axis, char *buffer, size_t size)
{
    static const char *const kinds[] = {[AXIS_COUNT] = "a whole number",
                                        [AXIS_POWER] = "a power of two",
                                        [AXIS_SIZE] = "a multiple of 4"};
    const struct axis *a = swept(suite, axis);
    if (a->type == AXIS_TEXT) {
        snprintf(buffer, size, "of letters, digits and _.=+/-, or " TEXT_NONE);
        return buffer;
    }
    if (a->type != AXIS_NAME) {
        bool follows = axis == suite->follower;
        snprintf(buffer, size, "%s in %" PRIu64 "..%" PRIu64 "%s%s%s", kinds[a->type], a->min,
                 a->max, follows ? ", or \"" : "", follows ? axis_name(suite, suite->leader) : "",
                 follows ? "\"" : "");
        return buffer;
    }
    size_t used = (size_t)snprintf(buffer, size, "one of");
    for (unsigned i = 0; suite_choice(suite, axis, i) != NULL && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s %s", i == 0 ? "" : ",",
                                 suite_choice(suite, axis, i));
    if (used >= size)
        cut(buffer, size);
    return buffer;
}

static bool parse_choice(const struct suite *suite, size_t axis, const char *text, uint64_t *value)
{
    for (unsigned i = 0; suite_choice(suite, axis, i) != NULL; i++)
        if (strcmp(suite_choice(suite, axis, i), text) == 0) {
            *value = i;
            return true;
        }
    return false;
}

bool axis_parse(const struct suite *suite, size_t axis, const char *text, uint64_t *value)
{
    if (axis < AXIS_FIRST_SWEPT)
        return false;
    if (axis == suite->follower && strcmp(text, axis_name(suite, suite->leader)) == 0) {
        *value = AXIS_FOLLOW;
        return true;
    }
    const struct axis *a = swept(suite, axis);
    switch (a->type) {
    case AXIS_NAME:
        return parse_choice(suite, axis, text, value);
    case AXIS_COUNT:
        return parse_whole(text, a->min, a->max, value);
    case AXIS_POWER:
        return parse_whole(text, a->min, a->max, value) && (*value & (*value - 1)) == 0;
    case AXIS_TEXT:
        return parse_text(text, value);
    case AXIS_SIZE:
        return parse_whole(text, a->min, a->max, value) && *value % 4 == 0;
    }
    return false;
}

char *axis_text(const struct suite *suite, size_t axis, uint64_t value)
{
    if (axis_is_named(suite, axis))
        return copy_text(suite_choice(suite, axis, (unsigned)value));
    if (is_text(suite, axis))
        return copy_text(value == 0 ? TEXT_NONE : texts.at[value - 1]);
    if (axis == suite->follower && value == AXIS_FOLLOW)
        return copy_text(axis_name(suite, suite->leader));
    return format_text("%" PRIu64, value);
}

int axis_compare(const struct suite *suite, size_t axis, const char *a, const char *b)
{
    uint64_t rank_a, rank_b;
    if (axis == AXIS_SUBJECT) {
        rank_a = suite_subject_find(suite, a);
        rank_b = suite_subject_find(suite, b);
    } else if (is_text(suite, axis) || !axis_parse(suite, axis, a, &rank_a) ||
               !axis_parse(suite, axis, b, &rank_b)) {
        rank_a = rank_b = 0;
    }
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    return strcmp(a, b);
}

void axes_free(char *axes[AXES_MAX])
{
    for (size_t a = 0; a < AXES_MAX; a++) {
        free(axes[a]);
        axes[a] = NULL;
    }
}

char *axes_key(char *const axes[AXES_MAX])
{
    struct strings list = {.at = (char **)axes};
    while (list.count < AXES_MAX && axes[list.count] != NULL)
        list.count++;
    return strings_join(&list, ",");
}
