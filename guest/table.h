/* SPDX-License-Identifier: MIT */
/*
 * Page tables, as the ABI has them: entries hold machine frames, tables are mapped read-only, and
 * each change is a hypercall.
 */
#ifndef GUEST_TABLE_H
#define GUEST_TABLE_H

#include <stdbool.h>

#include "guest/address.h"

#define PTE_PRESENT 0x1UL
#define PTE_WRITE 0x2UL
#define PTE_USER 0x4UL
#define PTE_WRITE_THROUGH 0x8UL
#define PTE_NO_CACHE 0x10UL
#define PTE_ACCESSED 0x20UL
#define PTE_DIRTY 0x40UL
#define PTE_LARGE 0x80UL /* in an L2 entry or above */
#define PTE_GLOBAL 0x100UL
#define PTE_NO_EXECUTE (1UL << 63)
#define PTE_FRAME 0x000ffffffffff000UL

/* What the linear map is made of, and its tables. */
#define PTE_READ_ONLY (PTE_PRESENT | PTE_ACCESSED)
#define PTE_READ_WRITE (PTE_READ_ONLY | PTE_WRITE | PTE_DIRTY)
#define PTE_TABLE (PTE_READ_WRITE | PTE_USER)

#define TABLE_ENTRIES 512U
#define TABLE_LEVELS 4U

static inline uint64_t pte_make(mfn_t mfn, uint64_t flags)
{
    return mfn.n << PAGE_SHIFT | flags;
}

static inline mfn_t pte_mfn(uint64_t pte)
{
    return MFN((pte & PTE_FRAME) >> PAGE_SHIFT);
}

/* Where in a table of `level` (1 to 4) the entry of an address is. */
static inline unsigned table_index(uint64_t va, unsigned level)
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

/* The kernel's L4: the one that the loader made, in use on every vcpu unless a test changes it. */
extern uint64_t *table_root;

static inline mfn_t table_root_mfn(void)
{
    return page_mfn(table_root);
}

/*
 * The entry that maps an address at `level`, in the tables below `root`; NULL where a table on the
 * way is missing or not the domain's. It may be read; a change takes a hypercall.
 */
uint64_t *table_entry(uint64_t *root, uint64_t va, unsigned level);

/*
 * The raw calls, for one entry and without a message: 0 or the hypervisor's error.
 *
 *   table_set()         mmu_update of one entry, given by its address in the linear map
 *   table_set_linear()  update_va_mapping of an address in the current tables, its TLB entry
 * flushed table_extended()    mmuext_op of one operation on one frame
 */
long table_set(uint64_t *entry, uint64_t value);
long table_set_linear(uint64_t va, uint64_t value);
long table_extended(unsigned cmd, mfn_t mfn);

/* Changes how the linear map maps a page of the domain's; `flags` is one of PTE_READ_*. */
void table_protect(void *page, uint64_t flags);

/*
 * The entry that maps an address at `level`, and the tables above it made where they are missing.
 * Ends the run if the hypervisor refuses one.
 */
uint64_t *table_reach(uint64_t *root, uint64_t va, unsigned level);

/*
 * An empty page made fit to be a table: read-only in the linear map. And back to a page like any
 * other, which the hypervisor refuses, and that ends the run, while it is in use as a table.
 */
uint64_t *table_alloc(void);
void table_free(uint64_t *table);

/* An L4 for user mode, empty and pinned. Ends the run if refused. */
uint64_t *table_user_root(void);

/* Unpins a root made by table_user_root() and gives it and all its tables back. */
void table_user_free(uint64_t *root);

#endif
