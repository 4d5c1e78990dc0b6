/* SPDX-License-Identifier: MIT */
/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 64 bits: tells contents apart, and nothing more. */
#ifndef RUNNER_FINGERPRINT_H
#define RUNNER_FINGERPRINT_H

#include "bench/runner/text.h"

#define FINGERPRINT_BEGIN 0xcbf29ce484222325ULL

void fingerprint_add(uint64_t *fingerprint, const void *bytes, size_t size);

/* A text and its end, so that two of them are not one. */
void fingerprint_add_text(uint64_t *fingerprint, const char *text);

bool fingerprint_add_file(uint64_t *fingerprint, const char *path, struct fault *fault);

/* As it is written: 16 hexadecimal digits; the caller frees. */
char *fingerprint_text(uint64_t fingerprint);

/* That of a file; NULL with a fault. */
char *fingerprint_file(const char *path, struct fault *fault);

#endif
