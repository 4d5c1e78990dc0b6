/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: words `name=value` or `name`, separated by blanks.
 *
 * Whoever has an option declares it beside the variable that it sets; `options` lists them all.
 * An unknown name, or a value that its option does not take, is an error that names the word and
 * says what was expected; nothing of the line is lost silently, because a run that was measured
 * under another setting than the one asked for is worse than none.
 *
 *   OPTION_NUMBER(name, uint64_t variable, lowest, highest, help)   decimal or 0x...
 *   OPTION_SIZE(name, uint64_t variable, lowest, highest, help)     bytes; suffix K, M or G
 *   OPTION_FLAG(name, bool variable, help)                          `name`, `name=yes`, `name=no`
 *   OPTION_CHOICE(name, enum variable, help, word...)               the n-th word sets n
 *   OPTION_TEXT(name, char[] variable, help)                        what fits
 */
#ifndef HV_OPTION_H
#define HV_OPTION_H

#include "hv/core/types.h"

enum option_kind {
    OPTION_IS_NUMBER,
    OPTION_IS_SIZE,
    OPTION_IS_FLAG,
    OPTION_IS_CHOICE,
    OPTION_IS_TEXT
};

struct option {
    const char *name, *help;
    enum option_kind kind;
    void *variable;
    uint64_t lowest, highest; /* of a number or size; highest also: room in a text */
    const char *const *words; /* of a choice, NULL at the end */
};

/* The linker gathers them; it makes the names of the section's two ends from its name. */
#define OPTION_DECLARE(id, ...)            \
    static const struct option option_##id \
        __attribute__((used, section("hv_options"), aligned(8))) = {__VA_ARGS__}

#define OPTION_NUMBER(name, var, low, high, help) \
    OPTION_DECLARE(var, name, help, OPTION_IS_NUMBER, &(var), low, high, NULL)
#define OPTION_SIZE(name, var, low, high, help) \
    OPTION_DECLARE(var, name, help, OPTION_IS_SIZE, &(var), low, high, NULL)
#define OPTION_FLAG(name, var, help) \
    OPTION_DECLARE(var, name, help, OPTION_IS_FLAG, &(var), 0, 1, NULL)
#define OPTION_TEXT(name, var, help) \
    OPTION_DECLARE(var, name, help, OPTION_IS_TEXT, var, 0, sizeof(var), NULL)
#define OPTION_CHOICE(name, var, help, ...)                              \
    static const char *const option_words_##var[] = {__VA_ARGS__, NULL}; \
    OPTION_DECLARE(var, name, help, OPTION_IS_CHOICE, &(var), 0, 0, option_words_##var)

/* Reads the whole line. true: all of it was understood. Else `error` says what the first word in
 * error is, what was expected and what was found; options before it are set. */
bool options_parse(const char *line, char *error, size_t size);

/* Calls `say` with each option's name, the values that it takes, and its help. */
void options_list(void (*say)(const char *name, const char *values, const char *help));

#endif
