/* SPDX-License-Identifier: MIT */
#include "hv/core/boot_memory.h"

#include "hv/core/assert.h"
#include "hv/core/boot_info.h"

struct range {
    paddr_t start, end;
};

/* Each range that is taken from another's middle adds one. */
#define RANGES_MAX (2 * BOOT_REGIONS_MAX)
static struct range ranges[RANGES_MAX];
static unsigned n_ranges;

void boot_memory_add(paddr_t start, paddr_t end)
{
    if (start >= end)
        return;
    for (unsigned i = 0; i < n_ranges; i++) {
        if (ranges[i].end == start) {
            ranges[i].end = end;
            return;
        }
    }
    if (n_ranges == RANGES_MAX)
        panic("memory is in more than %d pieces", RANGES_MAX);
    ranges[n_ranges++] = (struct range){start, end};
}

void boot_memory_take(paddr_t start, paddr_t end)
{
    unsigned n = n_ranges;
    for (unsigned i = 0; i < n; i++) {
        struct range r = ranges[i];
        if (r.end <= start || r.start >= end)
            continue;
        ranges[i].end = max(r.start, min(r.end, start)); /* may become empty, which is harmless */
        boot_memory_add(max(r.start, end), r.end);
    }
}

paddr_t boot_memory_alloc(uint64_t bytes, uint64_t align, paddr_t limit)
{
    paddr_t best = 0;
    bytes = round_up(bytes, PAGE_SIZE);
    for (unsigned i = 0; i < n_ranges; i++) {
        paddr_t end = min(ranges[i].end, limit);
        if (end < bytes)
            continue;
        paddr_t start = round_down(end - bytes, align);
        if (start >= ranges[i].start && start > best)
            best = start;
    }
    if (best == 0)
        panic("no %lu KiB of memory below 0x%lx at boot", bytes >> 10, limit);
    boot_memory_take(best, best + bytes);
    return best;
}

void boot_memory_give(void (*give)(paddr_t start, paddr_t end))
{
    unsigned n = n_ranges;
    n_ranges = 0;
    for (unsigned i = 0; i < n; i++) {
        if (ranges[i].start < ranges[i].end)
            give(ranges[i].start, ranges[i].end);
    }
}
