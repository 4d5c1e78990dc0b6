/* SPDX-License-Identifier: MIT */
#include "guest/balloon.h"
#include "guest/address.h"
#include "guest/hypercall.h"
#include "guest/power.h"
#include "guest/table.h"

static void map(void *page, uint64_t pte)
{
    long error = table_set_linear((uintptr_t)page, pte);
    if (error)
        power_panic("page %p, entry %lx: error %ld", page, pte, error);
}

size_t balloon_give(void *pages, size_t n)
{
    uint64_t *frames = &frame_list[page_pfn(pages).n];
    for (size_t i = 0; i < n; i++)
        map((char *)pages + i * PAGE_SIZE, 0);
    struct xen_memory_reservation reservation = {
        .extent_start = {frames}, .nr_extents = n, .domid = DOMID_SELF};
    long result = hypercall_memory_op(XENMEM_decrease_reservation, &reservation);
    size_t done = result > 0 ? (size_t)result : 0;
    for (size_t i = 0; i < done; i++)
        frames[i] = FRAME_NONE;
    for (size_t i = done; i < n; i++)
        map((char *)pages + i * PAGE_SIZE, pte_make(MFN(frames[i]), PTE_READ_WRITE));
    return done;
}

/* The call wants numbers of pages where it will write numbers of frames: the list itself. */
size_t balloon_take(void *pages, size_t n)
{
    uint64_t first = page_pfn(pages).n;
    uint64_t *frames = &frame_list[first];
    for (size_t i = 0; i < n; i++)
        frames[i] = first + i;
    struct xen_memory_reservation reservation = {
        .extent_start = {frames}, .nr_extents = n, .domid = DOMID_SELF};
    long result = hypercall_memory_op(XENMEM_populate_physmap, &reservation);
    size_t done = result > 0 ? (size_t)result : 0;
    for (size_t i = 0; i < done; i++)
        map((char *)pages + i * PAGE_SIZE, pte_make(MFN(frames[i]), PTE_READ_WRITE));
    for (size_t i = done; i < n; i++)
        frames[i] = FRAME_NONE;
    return done;
}

static long ask(unsigned cmd)
{
    domid_t self = DOMID_SELF;
    return hypercall_memory_op(cmd, &self);
}

long balloon_current(void)
{
    return ask(XENMEM_current_reservation);
}

long balloon_maximum(void)
{
    return ask(XENMEM_maximum_reservation);
}
