/* SPDX-License-Identifier: MIT */
/*
 * Uncompressing: .xz files (L. Collin, I. Pavlov, "The .xz file format", version 1.1.0) with what
 * Linux kernels use of it: LZMA2, the filter of x86 code before it, CRC-32 or no check. Kernels
 * have their size in 4 more bytes behind it.
 */
#ifndef BUILD_XZ_H
#define BUILD_XZ_H

#include "hv/core/types.h"

bool xz_is(const void *bytes, uint64_t size);

/* The size that the file says it has uncompressed; 0: it does not end as such a file does. */
uint64_t xz_size(const void *bytes, uint64_t size);

/* Exactly `room` bytes come out, and their checks are right. NULL, or what is wrong. */
const char *xz_uncompress(const void *bytes, uint64_t size, void *to, uint64_t room);

#endif
