/* SPDX-License-Identifier: MIT */
/*
 * The heap: frames that nobody has, in blocks of 2^order, aligned to their size (K. Knowlton, "A
 * fast storage allocator", 1965).
 *
 * A free block's first frame carries TYPE_FREE_BLOCK, its order, and the links of its free list.
 */
#ifndef HV_BUDDY_H
#define HV_BUDDY_H

#include "hv/core/types.h"

#define ORDER_MAX 20

/* [start, start + n): from now on the heap's. Their entries in the frame table have count 0. */
void heap_add(mfn_t start, uint64_t n);

/* MFN_NONE: there is none. No CPU knows a translation to them any more. bits: the frame's address
 * needs no more bits than these. */
mfn_t heap_alloc(unsigned order, unsigned bits);

void heap_free(mfn_t m, unsigned order);

uint64_t heap_free_frames(void);

/* The order of the smallest block that holds so many frames. */
static inline unsigned order_of(uint64_t frames)
{
    return frames <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(frames - 1);
}

/* The hypervisor's own memory: whole frames, zeroed, mapped for good. NULL: there is none. */
void *heap_alloc_mapped(unsigned order);
void heap_free_mapped(void *memory, unsigned order);

/* Are the free lists what they claim? Counts the frames in them; for tests and audits. */
bool heap_audit(uint64_t *frames);

#endif
