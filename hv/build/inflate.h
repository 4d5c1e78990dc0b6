/* SPDX-License-Identifier: MIT */
/* Uncompressing: gzip files (RFC 1952) of deflate streams (RFC 1951). */
#ifndef BUILD_INFLATE_H
#define BUILD_INFLATE_H

#include "hv/core/types.h"

/* Is this gzip? */
bool gzip_is(const void *bytes, uint64_t size);

/* The size that the file says it has uncompressed. */
uint64_t gzip_size(const void *bytes, uint64_t size);

/* Exactly `room` bytes come out, and their check is right. NULL, or what is wrong. */
const char *gzip_uncompress(const void *bytes, uint64_t size, void *to, uint64_t room);

#endif
