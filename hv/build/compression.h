/* SPDX-License-Identifier: MIT */
/* The compressions that a kernel may come in. */
#ifndef BUILD_COMPRESSION_H
#define BUILD_COMPRESSION_H

#include "hv/core/types.h"

struct compression {
    bool (*is)(const void *bytes, uint64_t size);

    /* How much comes out, as the file says of itself: anything. */
    uint64_t (*size)(const void *bytes, uint64_t size);

    /* NULL, or what is wrong. Writes no more than `room`, which is what size() says, or less. */
    const char *(*uncompress)(const void *bytes, uint64_t size, void *to, uint64_t room);
};

/* NULL: none of them. */
const struct compression *compression_of(const void *bytes, uint64_t size);

#endif
