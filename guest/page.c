/* SPDX-License-Identifier: MIT */
#include "guest/page.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/table.h"

uint64_t *frame_list;
size_t page_count;

/*
 * Pages that were never used are a range, pages that were given back a list through their first
 * word. Runs come from the range only.
 */
static uintptr_t fresh;  /* the first that was never used */
static uintptr_t mapped; /* where the linear map ends */
static void *freed;      /* NULL for none */
static size_t freed_count;

pfn_t mfn_pfn(mfn_t mfn)
{
    uint64_t pfn = machine_to_phys_mapping[mfn.n];
    return PFN(pfn < page_count && frame_list[pfn] == mfn.n ? pfn : FRAME_NONE);
}

/* The first address above GUEST_BASE that the loader's tables do not map. */
static uintptr_t first_unmapped(uintptr_t va, uintptr_t end)
{
    for (; va < end; va += PAGE_SIZE) {
        const uint64_t *pte = table_entry(table_root, va, 1);
        if (!pte || !(*pte & PTE_PRESENT))
            break;
    }
    return va;
}

/*
 * Maps up to 2 MiB, which takes one table: filled while it is a page like any other, then
 * read-only, then linked. The table is a page that is mapped already; each gives 512 in return.
 */
static void extend(uintptr_t va, uintptr_t end)
{
    uint64_t *table = page_alloc();
    unsigned n = 0;
    for (uintptr_t at = va; at < end; at += PAGE_SIZE)
        table[n++] = pte_make(page_mfn((void *)at), PTE_READ_WRITE);
    table_protect(table, PTE_READ_ONLY);
    long error = table_set(table_reach(table_root, va, 2), pte_make(page_mfn(table), PTE_TABLE));
    if (error)
        power_panic("linear map at %lx: error %ld", va, error);
}

void page_init(uintptr_t loaded_end)
{
    const uintptr_t span = TABLE_ENTRIES * PAGE_SIZE;
    uintptr_t end = GUEST_BASE + page_count * PAGE_SIZE;
    fresh = loaded_end;
    mapped = first_unmapped(fresh, end);
    if (mapped < end && mapped % span)
        power_panic("the initial mapping ends at %lx, expected a multiple of 4 MiB", mapped);
    while (mapped < end) {
        uintptr_t next = end - mapped > span ? mapped + span : end;
        extend(mapped, next);
        mapped = next;
    }
}

void *page_alloc_run(size_t n)
{
    if (n > (mapped - fresh) / PAGE_SIZE)
        power_panic("out of memory: %zu pages wanted, %zu left", n, (mapped - fresh) / PAGE_SIZE);
    void *run = (void *)fresh;
    fresh += n * PAGE_SIZE;
    memset(run, 0, n * PAGE_SIZE);
    return run;
}

void *page_alloc(void)
{
    if (!freed)
        return page_alloc_run(1);
    void *page = freed;
    freed = *(void **)page;
    freed_count--;
    memset(page, 0, PAGE_SIZE);
    return page;
}

void page_free(void *page)
{
    *(void **)page = freed;
    freed = page;
    freed_count++;
}

size_t page_free_count(void)
{
    return freed_count + (mapped - fresh) / PAGE_SIZE;
}
