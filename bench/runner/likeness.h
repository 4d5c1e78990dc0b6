/* SPDX-License-Identifier: MIT */
/* How far a model is from what it stands for, in words: ratios of the two at many places. */
#ifndef RUNNER_LIKENESS_H
#define RUNNER_LIKENESS_H

#include <stddef.h>

struct likeness {
    double ratio; /* NaN: there is none */
    char *place;  /* "hogs 16, warp on"; "": there is but one */
};

/* "qemu-icount over sim: median 1.003, from 0.436 (hogs 16) to 2.277 (hogs 1); within 5 % in 15 of
 * 21". Sorts them. The caller frees. */
char *likeness_text(const char *first, const char *other, struct likeness *all, size_t count);

#endif
