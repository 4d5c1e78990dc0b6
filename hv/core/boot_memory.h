/* SPDX-License-Identifier: MIT */
/*
 * Memory before there is an allocator: ranges that are free, and what is taken from them for good.
 * What is left goes to the buddy allocator. One CPU, during boot.
 */
#ifndef HV_BOOT_MEMORY_H
#define HV_BOOT_MEMORY_H

#include "hv/core/types.h"

/* Whole frames. What adjoins, added from low addresses to high, is one: firmware may have it in
 * pieces, and what is allocated may lie across them. */
void boot_memory_add(paddr_t start, paddr_t end);
void boot_memory_take(paddr_t start, paddr_t end);

/* bytes at a multiple of align, below limit; panics if there is none. The highest
 * address that will do: low memory is what devices and other CPUs' start need. */
paddr_t boot_memory_alloc(uint64_t bytes, uint64_t align, paddr_t limit);

/* Calls give with each range that is left; there are none afterwards. */
void boot_memory_give(void (*give)(paddr_t start, paddr_t end));

#endif
