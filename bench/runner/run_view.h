/* SPDX-License-Identifier: MIT */
/* A run read back from its folder: what every command that shows one starts from. */
#ifndef RUNNER_RUN_VIEW_H
#define RUNNER_RUN_VIEW_H

#include <jansson.h>
#include <stdio.h>

#include "bench/runner/dataset.h"
#include "bench/runner/experiment.h"

struct run_view {
    char *dir;
    json_t *manifest;
    struct experiment **experiments; /* their descriptions, as copied into the folder */
    struct dataset *data;            /* summarised; in the same order */
    size_t count;
};

/* Reads all of it, and computes medians and intervals by the seed of the run. */
bool run_view_open(struct run_view *view, const char *dir, struct fault *fault);
void run_view_close(struct run_view *view);

/* How many observations there are, and how many of them were disturbed; see disturbed.h. */
size_t run_view_observations(const struct run_view *view);
size_t run_view_disturbed(const struct run_view *view);

/* Notes in the manifest how many were disturbed. For whoever made the run: it replaces the file. */
bool run_view_note_disturbed(struct run_view *view, struct fault *fault);

/* Writes what follows from the observations; see derive.h. */
bool run_view_derive(const struct run_view *view, struct fault *fault);

/* What it ran on, with and how far. */
void run_view_print_environment(const struct run_view *view, FILE *out);

/* How many observations were disturbed; nothing if none was. */
void run_view_print_disturbed(const struct run_view *view, FILE *out);

/* Tables, targets, errors and how many observations were disturbed. */
void run_view_print(const struct run_view *view, FILE *out);

#endif
