/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, in words: the thing, what was expected, what was found. A function that can fail
 * takes a struct problem and returns false with its text filled in.
 */
#ifndef DOM0_PROBLEM_H
#define DOM0_PROBLEM_H

#include <stdbool.h>

#define PROBLEM_SIZE 240 /* a longer text is cut */

struct problem {
    char text[PROBLEM_SIZE];
};

/* Always false, so that it can be returned. */
bool problem_is(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts `of: ` before the text of a problem that there is. Always false. */
bool problem_of(struct problem *problem, const char *of);

#endif
