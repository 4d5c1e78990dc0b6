/* SPDX-License-Identifier: MIT */
#include "hv/build/compression.h"

#include "hv/build/inflate.h"
#include "hv/build/xz.h"

const struct compression *compression_of(const void *bytes, uint64_t size)
{
    static const struct compression known[] = {
        {gzip_is, gzip_size, gzip_uncompress},
        {xz_is, xz_size, xz_uncompress},
    };
    for (unsigned i = 0; i < array_size(known); i++) {
        if (known[i].is(bytes, size))
            return &known[i];
    }
    return NULL;
}
