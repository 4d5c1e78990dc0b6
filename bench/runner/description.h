/* SPDX-License-Identifier: MIT */
/*
 * Reading libconfig settings strictly: every key known, every value in its range, and every fault
 * with file and line.
 */
#ifndef RUNNER_DESCRIPTION_H
#define RUNNER_DESCRIPTION_H

#include <libconfig.h>
#include <stdlib.h>

#include "bench/runner/axes.h"

/* Always false; fault becomes `file:line: what`. */
bool fault_at(struct fault *fault, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts file and line before a fault found without knowing them; always false. */
bool fault_place(struct fault *fault, const config_setting_t *at);

/* What is read replaces what was there. Texts come from a value, or from a list of values. */
bool read_texts(const config_setting_t *s, struct strings *texts, struct fault *fault);
bool read_string(const config_setting_t *s, char **text, struct fault *fault);
bool read_whole(const config_setting_t *s, uint64_t max, uint64_t *value, struct fault *fault);

typedef bool read_setting(const config_setting_t *s, void *into, struct fault *fault);

/* A key that a group may hold; without read it is left to the caller. Lists end with {NULL, NULL}.
 */
struct key {
    const char *name;
    read_setting *read;
};

/* Reads each key of a group by its reader. Names of swept axes go to axis, if there is one. What
 * remains is an unknown key. `where` names the group in messages. */
bool read_group(const config_setting_t *group, const char *where, const struct key *keys,
                read_setting *axis, void *into, struct fault *fault);

/* Appends a zeroed element of `size` bytes for each group of a list, and reads it. */
bool read_list(const config_setting_t *list, void **elements, size_t *count, size_t size,
               read_setting *read, struct fault *fault);

/* "a, b, c" of the keys, with the swept axes after them if so wanted. The caller frees. */
char *keys_text(const struct key *keys, bool axes);

#endif
