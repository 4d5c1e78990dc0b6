/* SPDX-License-Identifier: MIT */
/* A kernel as a boot loader brought it: ELF, gzip or xz of one, or a bzImage with any of them
 * inside. */
#ifndef BUILD_IMAGE_H
#define BUILD_IMAGE_H

#include "hv/core/types.h"

/* Where the kernel proper is in a file: the file itself, or a bzImage's payload (Linux
 * Documentation/x86/boot.rst, payload_offset). NULL, or what is wrong. */
const char *image_payload(const void **bytes, uint64_t *size);

/* The compression of what is no ELF file, for a message; NULL if it is not known either. */
const char *image_compression(const void *bytes, uint64_t size);

#endif
