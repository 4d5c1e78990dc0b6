/* SPDX-License-Identifier: MIT */
/* LZMA2 streams, as .xz files hold them. */
#ifndef BUILD_LZMA2_H
#define BUILD_LZMA2_H

#include "hv/core/types.h"

/* Uncompresses one stream from `in` to `to`, which is the dictionary at the same time, at most
 * `room` bytes. true: it ended as a stream does; *used and *made are its sizes. Not reentrant. */
bool lzma2_uncompress(const uint8_t *in, uint64_t size, uint8_t *to, uint64_t room, uint64_t *used,
                      uint64_t *made);

#endif
