/* SPDX-License-Identifier: MIT */
/*
 * The folder of a run, and what lies where in it:
 *
 *   manifest.json                     where, when and with what it ran; its state
 *   experiments/<experiment>.exp      the descriptions, as they were
 *   <experiment>.csv                  a row an observation
 *   hist/<experiment>/observations.csv  a latency histogram an observation; see hists.h
 *
 * and derived from these, by derive.h:
 *
 *   summary/<experiment>.csv          a row a point: medians and their intervals
 *   hist/<experiment>/<point>.hgrm    a histogram a point, and index.csv that says which is which
 *   figures/<experiment>.{pdf,svg,png}
 */
#ifndef RUNNER_FOLDER_H
#define RUNNER_FOLDER_H

#include "bench/runner/text.h"

/*
 * Makes the folder of a new run and returns its path (the caller frees), or NULL with a fault.
 * out: where, made with its parents; it may exist only if it is empty. Or NULL:
 * results/<time>-<names> below the current folder, with a number after it if that is taken.
 */
char *folder_create(const char *out, const struct strings *names, struct fault *fault);

/* Makes dir/sub (one or more levels), if it is not there. */
bool folder_make(const char *dir, const char *sub, struct fault *fault);

/* Copies a file byte by byte to a new one. */
bool folder_copy(const char *from, const char *to, struct fault *fault);

/* Writes all of it by one write(2) where the system lets us. */
bool write_whole(int fd, const char *text, size_t length);

#endif
