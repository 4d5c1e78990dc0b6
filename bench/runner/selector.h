/* SPDX-License-Identifier: MIT */
/* Which points: by subject or class, and by values of axes. */
#ifndef RUNNER_SELECTOR_H
#define RUNNER_SELECTOR_H

#include <libconfig.h>

#include "bench/runner/suite.h"

/* Points of a suite that have, on each axis with any value listed, one of the listed ones.
 * AXIS_SUBJECT and AXIS_KIND are one list: named subjects, or subjects of a class. */
struct selector {
    const struct suite *suite;
    struct strings allowed[AXES_MAX];
};

bool selector_matches(const struct selector *selector, char *const axes[AXES_MAX]);
void selector_free(struct selector *selector);

/* A group { subjects = ...; <axis> = ...; } of a description. The selector has its suite. */
bool selector_read(const config_setting_t *s, struct selector *selector, struct fault *fault);

/* Is a subject named by one of these, or in a class that is? */
bool subject_listed(const struct suite *suite, const struct strings *names,
                    const struct suite_subject *subject);

/* Are all of these subjects of the suite, or classes of them? */
bool subjects_check(const struct suite *suite, const struct strings *names, struct fault *fault);

struct axis_values {
    uint64_t *at;
    size_t count;
};

/* Reads texts as values of an axis, in place of what was there. */
bool axis_values_parse(const struct suite *suite, size_t axis, const struct strings *texts,
                       struct axis_values *values, struct fault *fault);

#endif
