/* SPDX-License-Identifier: MIT */
/*
 * Messages, lists of strings and memory, the same way everywhere in the tool.
 *
 * Running out of memory ends the program (there is nothing to clean up: what was observed is
 * already on disk). All other errors are values: a function that can fail returns false and leaves
 * a sentence in a struct fault.
 */
#ifndef RUNNER_TEXT_H
#define RUNNER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_WORSE = 3 };

/* What was wrong, where, and what would be right: one sentence or `file:line: sentence`. */
struct fault {
    char text[2048];
};

/* Always false, so that `return fault_set(...)` reads well. */
bool fault_set(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "ringside: ..." and a newline, to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *memory(size_t count, size_t size);                 /* zeroed */
void *memory_grow(void *old, size_t count, size_t size); /* the added part is not zeroed */
char *copy_text(const char *text);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a noun ends in after this count: "" after 1, else "s". */
const char *plural(size_t count);

struct strings {
    char **at;
    size_t count;
};

void strings_add(struct strings *list, const char *text);
bool strings_hold(const struct strings *list, const char *text);
void strings_free(struct strings *list);

/* "a, b, c"; the caller frees. */
char *strings_join(const struct strings *list, const char *separator);

/* The parts between commas, blanks around them dropped. */
struct strings strings_split(const char *text);

/* A whole decimal number in min..max; false for anything else. */
bool parse_whole(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* A plain decimal number (no exponent, `.` as decimal point) with 7 significant digits; NA for NaN.
 */
#define NUMBER_TEXT 48
const char *number_text(char buffer[NUMBER_TEXT], double value);

/* The reverse; NaN for NA and for what is no number. */
double number_parse(const char *text);

#endif
