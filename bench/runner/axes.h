/* SPDX-License-Identifier: MIT */
/* The axes that a point lies on: names, values as numbers, values as text. */
#ifndef RUNNER_AXES_H
#define RUNNER_AXES_H

#include "bench/native/native.h"
#include "bench/runner/text.h"

enum axis {
#define AXIS(id, name, type, min, max, summary) AXIS_##id,
#include "bench/runner/axes.def"
#undef AXIS
    AXES
};

#define AXIS_FIRST_SWEPT AXIS_MEASURE

#define AXIS_NA "NA"     /* the axis means nothing for this point */
#define AXIS_FOLLOW 0ULL /* value of rsp_size: the same as req_size */

const char *axis_name(enum axis axis);
const char *axis_summary(enum axis axis);

/* What its values may be, e.g. "a multiple of 4 in 8..256" or "one of always, poll". */
const char *axis_range(enum axis axis, char *buffer, size_t size);

/* AXES if there is none of this name. */
enum axis axis_find(const char *name);

/* Value from text and back: a NAME's value is its place in its enum. axis_parse is false for what
 * is out of the axis's range. */
bool axis_parse(enum axis axis, const char *text, uint64_t *value);
char *axis_text(enum axis axis, uint64_t value); /* the caller frees */

/* Orders two texts of an axis as lists show them: subjects and names in their lists' order, numbers
 * by value. As strcmp. */
int axis_compare(enum axis axis, const char *a, const char *b);

const char *kind_name(enum native_kind kind);

/* NULL if no subject has this name. */
const struct native_subject *subject_find(const char *name);

/* Axes of a point as text, to be freed one by one. Those that mean nothing to it are AXIS_NA. */
void axes_of_point(const struct native_point *point, const char *experiment, char *out[AXES]);
void axes_free(char *out[AXES]);

/* All axes in one string, equal for equal points only; the caller frees. */
char *axes_key(char *const in[AXES]);

#endif
