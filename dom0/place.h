/* SPDX-License-Identifier: MIT */
/*
 * Where everything of a new domain lies (xen/xen.h, "Start-of-day memory layout"), and its first
 * page tables. Arithmetic alone.
 *
 *   pfn 0     kernel image         where its segments say
 *             ramdisk              if there is one
 *             list of frames
 *             start_info
 *             page of the store, page of the console
 *             page tables          L4 first, then L3, L2 and L1 tables in the order of addresses
 *             stack
 *             512 KiB or more of nothing, up to a multiple of 4 MiB or the end of memory
 *
 * All of that is mapped from the image's base on, in order; the rest of memory is not.
 */
#ifndef DOM0_PLACE_H
#define DOM0_PLACE_H

#include "dom0/image.h"

struct place {
    uint64_t base;                /* the virtual address of pfn 0 */
    uint64_t pages;               /* of the domain */
    uint64_t ramdisk, list, info; /* pfns, as all below */
    uint64_t store, console;
    uint64_t tables, tables_count;
    uint64_t stack;
    uint64_t mapped; /* how many, from 0 on */
};

#define PLACE_TABLE_ENTRIES 512U

bool place_make(struct place *place, const struct image *image, uint64_t ramdisk_size,
                uint64_t pages, struct problem *problem);

/* The entries of the n-th table, below tables_count; frames[i] is the frame of pfn i. */
void place_table(const struct place *place, uint64_t n, const uint64_t *frames,
                 uint64_t entries[PLACE_TABLE_ENTRIES]);

static inline uint64_t place_address(const struct place *place, uint64_t pfn)
{
    return place->base + (pfn << 12);
}

#endif
