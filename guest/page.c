/* SPDX-License-Identifier: MIT */
/*
 * Two allocators, one after the other. Until the linear map is complete, pages are taken from the
 * bottom of what was never used, for tables. From then on the rest is blocks of 2^order pages,
 * each beginning at a multiple of its size, and a block that is freed joins its buddy.
 */
#include "guest/page.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/table.h"

uint64_t *frame_list;
size_t page_count;

static uintptr_t fresh;  /* the first page that was never used */
static uintptr_t mapped; /* where the linear map ends */

#define ORDERS 32 /* blocks of less than 2^32 pages */

/* In the first bytes of a free block. */
struct block {
    struct block *next;
    struct block *previous; /* NULL: the first of its order */
};

static struct block *blocks[ORDERS];
static uint8_t
    *free_order; /* by pfn: the order of the free block that begins there, plus 1; or 0 */
static size_t free_count;

pfn_t mfn_pfn(mfn_t mfn)
{
    uint64_t pfn = machine_to_phys_mapping[mfn.n];
    return PFN(pfn < page_count && frame_list[pfn] == mfn.n ? pfn : FRAME_NONE);
}

/* ---- blocks */

static void insert(uint64_t pfn, unsigned order)
{
    struct block *block = pfn_page(PFN(pfn));
    *block = (struct block){.next = blocks[order]};
    if (block->next)
        block->next->previous = block;
    blocks[order] = block;
    free_order[pfn] = (uint8_t)(order + 1);
}

static void remove(uint64_t pfn, unsigned order)
{
    struct block *block = pfn_page(PFN(pfn));
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else
        blocks[order] = block->next;
    free_order[pfn] = 0;
}

static void free_block(uint64_t pfn, unsigned order)
{
    free_count += 1UL << order;
    for (; order < ORDERS - 1; order++) {
        uint64_t buddy = pfn ^ 1UL << order;
        if (buddy >= page_count || free_order[buddy] != order + 1)
            break;
        remove(buddy, order);
        pfn &= ~(1UL << order);
    }
    insert(pfn, order);
}

/* Pages first .. end - 1, in the largest blocks that fit. */
static void free_range(uint64_t first, uint64_t end)
{
    while (first < end) {
        unsigned order = 0;
        while (order < ORDERS - 1 && !(first >> order & 1) && first + (2UL << order) <= end)
            order++;
        free_block(first, order);
        first += 1UL << order;
    }
}

static void *take(size_t n)
{
    unsigned order = 0;
    while (1UL << order < n)
        order++;
    unsigned from = order;
    while (from < ORDERS && !blocks[from])
        from++;
    if (from == ORDERS)
        return NULL;
    uint64_t pfn = page_pfn(blocks[from]).n;
    remove(pfn, from);
    free_count -= 1UL << from;
    free_range(pfn + n, pfn + (1UL << from));
    return pfn_page(PFN(pfn));
}

/* ---- start of day */

static void *take_fresh(size_t n)
{
    if (n > (mapped - fresh) / PAGE_SIZE)
        power_panic("out of memory: %zu pages wanted for tables, %zu mapped", n,
                    (mapped - fresh) / PAGE_SIZE);
    void *run = (void *)fresh;
    fresh += n * PAGE_SIZE;
    return memset(run, 0, n * PAGE_SIZE);
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
    uint64_t *table = take_fresh(1);
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
    free_order = take_fresh((page_count + PAGE_SIZE - 1) / PAGE_SIZE);
    free_range(page_pfn((void *)fresh).n, page_count);
}

/* ---- pages */

void *page_try_run(size_t n)
{
    /* Until there are blocks: table_reach() of page_init() asks for a table. */
    void *run = free_order ? take(n) : take_fresh(n);
    return run ? memset(run, 0, n * PAGE_SIZE) : NULL;
}

void *page_alloc_run(size_t n)
{
    void *run = page_try_run(n);
    if (!run)
        power_panic("out of memory: %zu pages wanted in a row, %zu left", n, free_count);
    return run;
}

void *page_alloc(void)
{
    return page_alloc_run(1);
}

void page_free_run(void *run, size_t n)
{
    uint64_t first = page_pfn(run).n;
    free_range(first, first + n);
}

void page_free(void *page)
{
    page_free_run(page, 1);
}

size_t page_free_count(void)
{
    return free_count;
}
