/* SPDX-License-Identifier: MIT */
#include "guest/window.h"
#include "guest/address.h"
#include "guest/table.h"

#include <stdbool.h>

#define WINDOW_BASE (GUEST_BASE + (1UL << 46)) /* more than a linear map will ever need */
#define WINDOW_PAGES 65536UL
#define WORD_BITS 64

static uint64_t used[WINDOW_PAGES / WORD_BITS];

static bool is_used(size_t i)
{
    return used[i / WORD_BITS] >> i % WORD_BITS & 1;
}

static void mark(size_t first, size_t n, bool as)
{
    for (size_t i = first; i < first + n; i++) {
        uint64_t bit = 1UL << i % WORD_BITS;
        used[i / WORD_BITS] = as ? used[i / WORD_BITS] | bit : used[i / WORD_BITS] & ~bit;
    }
}

void *window_alloc(size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i < WINDOW_PAGES; i++) {
        if (run == 0 && i % WORD_BITS == 0 && !~used[i / WORD_BITS]) {
            i += WORD_BITS - 1;
            continue;
        }
        run = is_used(i) ? 0 : run + 1;
        if (run < n)
            continue;
        size_t first = i + 1 - n;
        mark(first, n, true);
        char *at = (char *)(WINDOW_BASE + first * PAGE_SIZE);
        for (size_t page = 0; page < n; page++)
            table_reach(table_root, (uintptr_t)at + page * PAGE_SIZE, 1);
        return at;
    }
    return NULL;
}

void window_free(void *at, size_t n)
{
    mark(((uintptr_t)at - WINDOW_BASE) / PAGE_SIZE, n, false);
}

uint64_t window_entry(const void *at)
{
    return machine_address(table_entry(table_root, (uintptr_t)at, 1));
}
