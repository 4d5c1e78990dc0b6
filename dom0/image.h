/* SPDX-License-Identifier: MIT */
/*
 * A kernel's file: ELF64 (System V ABI, AMD64 supplement) with the notes of xen/elfnote.h. All that
 * it says about places and sizes is checked against the file before it is used.
 */
#ifndef DOM0_IMAGE_H
#define DOM0_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "dom0/problem.h"

#define IMAGE_SEGMENTS_MAX 16U

/* Offsets are from `base`. What is behind file_size, up to memory_size, is zero. */
struct segment {
    uint64_t offset;
    uint64_t memory_size;
    const void *bytes;
    uint64_t file_size;
};

struct image {
    uint64_t base;           /* the virtual address of pseudo-physical 0 */
    uint64_t entry;          /* virtual */
    uint64_t end;            /* where the last segment ends, from base */
    uint64_t hypercall_page; /* from base, of a page within a segment; IMAGE_NONE */
    unsigned segments_count;
    struct segment segments[IMAGE_SEGMENTS_MAX];
};

#define IMAGE_NONE UINT64_MAX

/* Refers to `bytes`, which last as long as the image is used. */
bool image_read(struct image *image, const void *bytes, size_t size, struct problem *problem);

#endif
