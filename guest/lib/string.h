/* SPDX-License-Identifier: MIT */
/* The part of <string.h> that a guest needs; the compiler emits calls to the first four by itself.
 */
#ifndef GUEST_LIB_STRING_H
#define GUEST_LIB_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/*
 * Does `name` fit `pattern`, in which `*` stands for any characters, none included? The rest of a
 * pattern stands for itself.
 */
bool string_fits(const char *pattern, const char *name);

/*
 * Reads an unsigned number, decimal or with 0x hexadecimal. False, and *value unchanged, unless all
 * of the `n` characters are one number below 2^64.
 */
bool string_number(const char *s, size_t n, uint64_t *value);

#endif
