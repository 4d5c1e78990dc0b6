/* SPDX-License-Identifier: MIT */
/*
 * Reading libconfig settings strictly: every key known, every value in its range, and every fault
 * with file and line.
 */
#ifndef RUNNER_DESCRIPTION_H
#define RUNNER_DESCRIPTION_H

#include <libconfig.h>
#include <stdlib.h>

#include "bench/runner/suite.h"

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

/* Where names of swept axes are keys, too. */
struct axis_keys {
    const struct suite *suite;
    read_setting *read;
};

/* Reads each key of a group by its reader, those that are axes by theirs (NULL: none are). What
 * remains is an unknown key. `where` names the group in messages. */
bool read_group(const config_setting_t *group, const char *where, const struct key *keys,
                const struct axis_keys *axes, void *into, struct fault *fault);

/* Appends an element of `size` bytes, a copy of `initial`, for each group of a list, and reads it.
 */
bool read_list(const config_setting_t *list, void **elements, size_t *count, size_t size,
               const void *initial, read_setting *read, struct fault *fault);

/* "a, b, c" of the keys, with the axes of a suite after them (NULL: none). The caller frees. */
char *keys_text(const struct key *keys, const struct suite *suite);

#endif
