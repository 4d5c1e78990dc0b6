/* SPDX-License-Identifier: MIT */
#include "dom0/place.h"
#include "guest/lib/string.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define FREE_AT_LEAST ((512UL << 10) >> PAGE_SHIFT)
#define MAPPED_MULTIPLE ((4UL << 20) >> PAGE_SHIFT)
#define LEVELS 4U

/* Present, writable, user (which means nothing for a kernel's and all to tables), accessed, dirty.
 */
#define ENTRY_TABLE 0x67UL
#define ENTRY_WRITABLE 0x63UL
#define ENTRY_READ_ONLY 0x21UL

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* Bytes that an entry of a table of `level` covers; a table of the level below, therefore. */
static unsigned shift(unsigned level)
{
    return PAGE_SHIFT + 9 * (level - 1);
}

/* Which of all tables of `level`, 1 to 3, in the address space the first and the last one are. */
static uint64_t first_table(const struct place *p, unsigned level)
{
    return p->base >> shift(level + 1);
}

static uint64_t last_table(const struct place *p, unsigned level)
{
    return (place_address(p, p->mapped) - 1) >> shift(level + 1);
}

static uint64_t count_tables(const struct place *p, unsigned level)
{
    return level == LEVELS ? 1 : last_table(p, level) - first_table(p, level) + 1;
}

/* Everything behind the image, with room for as many tables as place->tables_count says. */
static uint64_t put(struct place *p, uint64_t image_end, uint64_t ramdisk_size)
{
    uint64_t at = pages_of(image_end);
    p->ramdisk = at;
    at += pages_of(ramdisk_size);
    p->list = at;
    at += pages_of(p->pages * sizeof(uint64_t));
    p->info = at++;
    p->store = at++;
    p->console = at++;
    p->tables = at;
    at += p->tables_count;
    p->stack = at++;
    uint64_t end = at + FREE_AT_LEAST + MAPPED_MULTIPLE - 1;
    end -= end % MAPPED_MULTIPLE;
    p->mapped = end < p->pages ? end : p->pages;
    return at;
}

bool place_make(struct place *place, const struct image *image, uint64_t ramdisk_size,
                uint64_t pages, struct problem *problem)
{
    if (image->base % (MAPPED_MULTIPLE << PAGE_SHIFT))
        return problem_is(problem, "expected a base that is a multiple of 4 MiB, found %lx",
                          image->base);
    uint64_t needed = LEVELS;
    uint64_t end;
    *place = (struct place){.base = image->base, .pages = pages};
    do { /* more tables may need more tables; what is mapped only grows, so this ends */
        place->tables_count = needed;
        end = put(place, image->end, ramdisk_size);
        if (end > pages)
            return problem_is(problem, "expected memory of %lu KiB or more, found %lu KiB",
                              end << (PAGE_SHIFT - 10), pages << (PAGE_SHIFT - 10));
        needed = 0;
        for (unsigned level = 1; level <= LEVELS; level++)
            needed += count_tables(place, level);
    } while (needed > place->tables_count);
    return true;
}

/* The pfn of the first table of a level: higher levels come first. */
static uint64_t tables_at(const struct place *p, unsigned level)
{
    uint64_t at = p->tables;
    for (unsigned above = LEVELS; above > level; above--)
        at += count_tables(p, above);
    return at;
}

static uint64_t entry_of_page(const struct place *p, uint64_t pfn, const uint64_t *frames)
{
    bool table = pfn >= p->tables && pfn < p->tables + p->tables_count;
    return frames[pfn] << PAGE_SHIFT | (table ? ENTRY_READ_ONLY : ENTRY_WRITABLE);
}

void place_table(const struct place *place, uint64_t n, const uint64_t *frames,
                 uint64_t entries[PLACE_TABLE_ENTRIES])
{
    memset(entries, 0, PLACE_TABLE_ENTRIES * sizeof(*entries));
    unsigned level = LEVELS;
    while (level > 1 && n >= count_tables(place, level))
        n -= count_tables(place, level--);
    if (n >= count_tables(place, level)) /* room for one that was not needed */
        return;
    /* Counted in what an entry covers, over the whole address space. */
    uint64_t entry = level == LEVELS ? first_table(place, LEVELS - 1) & ~(PLACE_TABLE_ENTRIES - 1UL)
                                     : (first_table(place, level) + n) * PLACE_TABLE_ENTRIES;
    uint64_t first = place->base >> shift(level);
    uint64_t last = (place_address(place, place->mapped) - 1) >> shift(level);
    for (unsigned i = 0; i < PLACE_TABLE_ENTRIES; i++, entry++) {
        if (entry < first || entry > last)
            continue;
        entries[i] =
            level == 1
                ? entry_of_page(place, entry - first, frames)
                : frames[tables_at(place, level - 1) + entry - first] << PAGE_SHIFT | ENTRY_TABLE;
    }
}
