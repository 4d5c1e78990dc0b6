/* SPDX-License-Identifier: MIT */
/* The check of gzip (RFC 1952, section 8) and of .xz files: CRC-32 of ISO 3309. */
#ifndef BUILD_CRC32_H
#define BUILD_CRC32_H

#include "hv/core/types.h"

uint32_t crc32(const void *bytes, uint64_t size);

#endif
