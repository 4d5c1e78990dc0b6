/* SPDX-License-Identifier: MIT */
/*
 * The first 4 GiB of a machine's memory, as a boot loader leaves them: zeros but for what is put
 * there. Behind them is nothing that could be read.
 */
#ifndef TESTS_HV_LOW_MEMORY_H
#define TESTS_HV_LOW_MEMORY_H

#include "hv/core/types.h"

/* Zeros everywhere. Once for all tests. */
void low_memory_start(void);

/* The addresses that can be written to lie in two windows, where memory begins and where it ends:
 * [0, LOW_WINDOW) and [4 GiB - LOW_WINDOW, 4 GiB). */
#define LOW_WINDOW (1UL << 20)
void *low_memory(paddr_t at);

/* Both windows hold zeros, and may not be read: but for what is put there, each piece by its size
 * exactly, where the sanitizer is there to see it. Pieces begin at multiples of 8. */
void low_memory_forbid(void);
void low_memory_put(paddr_t at, const void *bytes, size_t size);

#endif
