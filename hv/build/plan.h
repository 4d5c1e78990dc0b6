/* SPDX-License-Identifier: MIT */
/*
 * Where everything of a fresh domain goes: xen.h, "Start-of-day memory layout". Arithmetic alone.
 *
 *   virtual           v_start .. v_end, which maps pseudo-physical frames 0 .. n
 *     kernel image    where its segments say
 *     ramdisk         unless the kernel wants its frame number instead of a mapping
 *     frame list      unless the kernel names another address for it
 *     start_info
 *     page tables
 *     stack
 *     at least 512 KiB free, up to a multiple of 4 MiB
 *   behind it, in frames only: the frame list with page tables for it, the ramdisk
 */
#ifndef BUILD_PLAN_H
#define BUILD_PLAN_H

#include "hv/build/elf.h"

struct plan {
    uint64_t v_start, v_end;
    uint64_t ramdisk, frame_list, start_info, tables, stack; /* virtual */
    uint64_t n_tables;
    bool list_apart, ramdisk_apart;
    uint64_t list_pfn, list_pages;         /* the frame list's */
    uint64_t list_tables_pfn, list_tables; /* those that map it, if apart */
    uint64_t ramdisk_pfn, ramdisk_pages;
    uint64_t pages_used; /* frames that must be there */
};

/* NULL, or what is wrong. pages: of the whole domain. */
const char *plan_make(struct plan *p, const struct elf_image *e, uint64_t ramdisk_size,
                      uint64_t pages);

#endif
