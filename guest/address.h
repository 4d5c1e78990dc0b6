/* SPDX-License-Identifier: MIT */
/*
 * Three ways to name a page, and how one turns into another.
 *
 *   virtual         all of the domain's memory is mapped in order from GUEST_BASE, the image first
 *   pfn_t           its place in that order: pseudo-physical, 0 up to start_info's nr_pages
 *   mfn_t           the machine frame behind it, which is what page tables and hypercalls hold
 *
 * mfn -> pfn is the hypervisor's table, read-only in every address space; pfn -> mfn is the list of
 * start of day, which this library keeps up to date when frames are exchanged. The linear map is
 * complete once start_memory() has returned.
 */
#ifndef GUEST_ADDRESS_H
#define GUEST_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/xen.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* The lowest address above the hypervisor's range; the linker script says the same. */
#define GUEST_BASE HYPERVISOR_VIRT_END

/* The highest address of the lower half and one: where user space ends. */
#define USER_END 0x0000800000000000UL

typedef struct {
    uint64_t n;
} mfn_t;

typedef struct {
    uint64_t n;
} pfn_t;

#define MFN(number) ((mfn_t){(number)})
#define PFN(number) ((pfn_t){(number)})

/* No page: in the list, a page that was given back; from mfn_pfn(), a frame that is not ours. */
#define FRAME_NONE (~0UL)

/* Entry i is the mfn of pfn i, for i below page_count (guest/page.h). */
extern uint64_t *frame_list;

static inline pfn_t page_pfn(const void *page)
{
    return PFN(((uintptr_t)page - GUEST_BASE) >> PAGE_SHIFT);
}

static inline void *pfn_page(pfn_t pfn)
{
    return (void *)(GUEST_BASE + (pfn.n << PAGE_SHIFT));
}

static inline mfn_t pfn_mfn(pfn_t pfn)
{
    return MFN(frame_list[pfn.n]);
}

static inline mfn_t page_mfn(const void *page)
{
    return pfn_mfn(page_pfn(page));
}

/* The machine address of anything in the linear map. */
static inline uint64_t machine_address(const void *p)
{
    return page_mfn(p).n << PAGE_SHIFT | ((uintptr_t)p & ~PAGE_MASK);
}

/*
 * What the machine-to-physical table says of a frame; FRAME_NONE unless the list agrees, because
 * the table holds other domains' numbers for other domains' frames. `mfn` is of the machine.
 */
pfn_t mfn_pfn(mfn_t mfn);

#endif
