/* SPDX-License-Identifier: MIT */
/*
 * Text for people. Of C's conversions: %c %s %d %i %u %x %p %%, with width, precision of a string,
 * the flags '-' and '0', and the lengths l, ll and z.
 */
#ifndef HV_FORMAT_H
#define HV_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Each character goes to `put`. */
void format_to(void (*put)(void *arg, char c), void *arg, const char *form, va_list args);

/* Ends with a zero if size > 0. Returns the length that the whole text has. */
size_t format_string(char *to, size_t size, const char *form, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_string_v(char *to, size_t size, const char *form, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
