/* SPDX-License-Identifier: MIT */
/*
 * The axes that a point lies on: names, values as numbers, values as text.
 *
 * An axis is a number within its suite: first the labels that every suite has and that the runner
 * sets, then the suite's own, which sweeps vary. Columns of results are in this order.
 */
#ifndef RUNNER_AXES_H
#define RUNNER_AXES_H

#include "bench/runner/text.h"

struct suite;

enum {
    AXIS_EXPERIMENT, /* the description that asked for the point */
    AXIS_PLATFORM,   /* where it ran */
    AXIS_CLOCK,      /* what timed it */
    AXIS_SUBJECT,    /* what was measured */
    AXIS_KIND,       /* which of the suite's groups that is of */
    AXIS_FIRST_SWEPT,
    AXES_MAX = 32, /* the labels included */
    AXIS_NONE = AXES_MAX,
};

enum axis_type {
    AXIS_NAME,  /* one of a list of names */
    AXIS_COUNT, /* a whole number in min..max */
    AXIS_POWER, /* a power of two in min..max */
    AXIS_SIZE,  /* a multiple of 4 in min..max */
    AXIS_TEXT,  /* letters, digits and _ . = + / -; "none" */
};

/* One that sweeps vary. */
struct axis {
    const char *name;
    enum axis_type type;
    uint64_t min, max;
    const char *summary;
};

#define AXIS_NA "NA"     /* the axis means nothing for this point */
#define AXIS_FOLLOW 0ULL /* value of an axis that takes that of another one; see suite.h */

/* How many the suite has, the labels included. */
size_t axes_of(const struct suite *suite);

const char *axis_name(const struct suite *suite, size_t axis);
const char *axis_summary(const struct suite *suite, size_t axis);

/* What its values may be, e.g. "a multiple of 4 in 8..256" or "one of always, poll". */
const char *axis_range(const struct suite *suite, size_t axis, char *buffer, size_t size);

/* Does it take one of a list of names? Then its values say by themselves what they are. */
bool axis_is_named(const struct suite *suite, size_t axis);

/* One that sweeps vary, by name; AXIS_NONE if there is none. */
size_t axis_find(const struct suite *suite, const char *name);

/* Value from text and back: a NAME's value is its place in its list. axis_parse is false for what
 * is out of the axis's range. */
bool axis_parse(const struct suite *suite, size_t axis, const char *text, uint64_t *value);
char *axis_text(const struct suite *suite, size_t axis, uint64_t value); /* the caller frees */

/* Orders two texts of an axis as lists show them: subjects and names in their lists' order, numbers
 * by value. As strcmp. */
int axis_compare(const struct suite *suite, size_t axis, const char *a, const char *b);

/* The axes of a point as text are an array of AXES_MAX strings, NULL past the suite's last. */
void axes_free(char *axes[AXES_MAX]);

/* All axes in one string, equal for equal points only; the caller frees. */
char *axes_key(char *const axes[AXES_MAX]);

#endif
