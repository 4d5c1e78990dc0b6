/* SPDX-License-Identifier: MIT */
/* Formatted text, as <stdio.h> has it, less floating point and wide characters. */
#ifndef GUEST_LIB_FORMAT_H
#define GUEST_LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Conversions: d i u x X c s p %, with flags `-` and `0`, width and precision (`*` included; a
 * precision cuts %s and is otherwise ignored), lengths hh h l ll z t j. What is not one is copied
 * as it stands.
 * Returns the length that the whole text has; what does not fit into `size` bytes, the final NUL
 * included, is left out.
 */
int vsnprintf(char *to, size_t size, const char *format, va_list args);
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* To the console (guest/console.h). */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list args);

#endif
