/* SPDX-License-Identifier: MIT */
/* Page-table entries: Intel SDM volume 3A, section 4.5; AMD APM volume 2, section 5.3. */
#ifndef X86_PTE_H
#define X86_PTE_H

#include "hv/core/types.h"

typedef uint64_t pte_t;

#define PTE_P (1UL << 0)
#define PTE_RW (1UL << 1)
#define PTE_USER (1UL << 2)
#define PTE_PWT (1UL << 3)
#define PTE_PCD (1UL << 4)
#define PTE_A (1UL << 5)
#define PTE_D (1UL << 6)
#define PTE_PS (1UL << 7)  /* a large page, in levels 2 and 3 */
#define PTE_PAT (1UL << 7) /* in level 1 */
#define PTE_G (1UL << 8)
#define PTE_AVAILABLE (7UL << 9) /* software's */
#define PTE_NX (1UL << 63)

#define PTE_FRAME_MASK 0x000ffffffffff000UL
#define PTE_FLAGS_MASK (~PTE_FRAME_MASK)

#define PT_ENTRIES 512
#define PT_INDEX_BITS 9
#define LARGE_SIZE (PAGE_SIZE * PT_ENTRIES)
#define GIANT_SIZE (LARGE_SIZE * PT_ENTRIES)

static inline mfn_t pte_mfn(pte_t e)
{
    return mfn((e & PTE_FRAME_MASK) >> PAGE_SHIFT);
}

static inline pte_t pte_make(mfn_t m, uint64_t flags)
{
    return m.n << PAGE_SHIFT | flags;
}

/* Where an address is in the table of a level, 1..4. */
static inline unsigned pt_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + PT_INDEX_BITS * (level - 1))) & (PT_ENTRIES - 1);
}

static inline bool address_canonical(uint64_t a)
{
    return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

#endif
