/* SPDX-License-Identifier: MIT */
/* Joining the shards of a sweep into the run that it would have been. */
#ifndef RUNNER_MERGE_H
#define RUNNER_MERGE_H

#include <jansson.h>

#include "bench/runner/text.h"

/* Are these all the shards of one sweep, each once? Their manifests, and what to call them. */
bool merge_check(json_t *const *shards, const struct strings *dirs, struct fault *fault);

/* The manifest of the whole: the first one's, with the observations and errors of all, and what
 * each ran on under `shards`. argv: of the program that merges. */
json_t *merge_manifests(json_t *const *shards, size_t count, char *const *argv);

/* Joins files with the same first line into a new one, ordered by the number in a field of each
 * other line (0 is the first); a last line that has no end is dropped. */
bool merge_lines(const struct strings *paths, size_t field, const char *to, struct fault *fault);

#endif
