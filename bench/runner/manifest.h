/* SPDX-License-Identifier: MIT */
/*
 * manifest.json of a run: everything about it but its numbers. It is written before the first
 * observation, and replaced as a whole whenever it changes, so that it is valid at all times.
 */
#ifndef RUNNER_MANIFEST_H
#define RUNNER_MANIFEST_H

#include <jansson.h>

#include "bench/runner/schedule.h"

enum run_state { RUN_RUNNING, RUN_COMPLETE, RUN_INTERRUPTED };

/* What a run was asked for, beyond its experiments. */
struct parameters {
    enum effort effort;
    struct strings sets; /* key=value */
    uint32_t seed;
    struct shard shard;
    bool processes;
    const char *events; /* NULL: the default set */
};

/* A new manifest in state running; argv: the program's. machine and counters, as the suites of the
 * run describe them, are the manifest's from now on. */
json_t *manifest_make(const struct parameters *parameters, const struct plan *plans,
                      size_t plan_count, char *const *argv, json_t *machine, json_t *counters);

/* As it is, with another state; the ended states note the time. */
void manifest_set_state(json_t *manifest, enum run_state state);

/* How many observations were asked for, and how many are there. */
void manifest_set_observations(json_t *manifest, size_t planned, size_t made);

/* What became of the run's counters, which some suites know when they have counted. */
void manifest_set_counters(json_t *manifest, json_t *counters);

/* How many observations other work disturbed. */
void manifest_set_disturbed(json_t *manifest, size_t count);

void manifest_add_error(json_t *manifest, const struct turn *turn, const struct suite *suite,
                        char *const axes[AXES_MAX], const char *error);

bool manifest_write(const json_t *manifest, const char *dir, struct fault *fault);

/* NULL with a fault if there is none, or it is not one. */
json_t *manifest_read(const char *dir, struct fault *fault);

/* "" for what is not there. */
const char *manifest_text(const json_t *manifest, const char *group, const char *name);
const char *manifest_state(const json_t *manifest);
uint32_t manifest_seed(const json_t *manifest);
struct shard manifest_shard(const json_t *manifest);

/* Names of its experiments; free with strings_free. */
struct strings manifest_experiments(const json_t *manifest);

/* The command that measures the same again, in a shell's words; the caller frees. */
char *manifest_command(const json_t *manifest);

/* What the machine calls itself that the run was collected from; NULL: it was not. */
const char *manifest_collected(const json_t *manifest);

/* One line on the environment; the caller frees. Captions of figures have it from their suite. */
char *manifest_caption(const json_t *manifest);

#endif
