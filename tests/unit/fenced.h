/* SPDX-License-Identifier: MIT */
/*
 * Memory of exactly the size that was asked for. The byte behind it is as close to an inaccessible
 * page as the alignment allows; what lies between, and the rest of the first page, holds a pattern
 * that fenced_free() checks and that the address sanitizer, where it is on, guards.
 */
#ifndef TESTS_UNIT_FENCED_H
#define TESTS_UNIT_FENCED_H

#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define FENCED_PAGE ((size_t)4096)
#define FENCED_FILL 0xa5 /* what fresh memory holds: a layout must not count on zeroes */

struct fenced {
    uint8_t *map; /* an inaccessible page, the pages in use, an inaccessible page */
    size_t used;  /* bytes of the pages in use */
    uint8_t *at;
    size_t size;
};

/* false: no memory. */
static inline bool fenced_alloc(struct fenced *m, size_t size, size_t align)
{
    size_t used = (size + align + FENCED_PAGE - 1) / FENCED_PAGE * FENCED_PAGE;
    uint8_t *map = (uint8_t *)mmap(NULL, used + 2 * FENCED_PAGE, PROT_NONE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    uint8_t *first = map + FENCED_PAGE;
    if (mprotect(first, used, PROT_READ | PROT_WRITE) != 0)
        return false;
    memset(first, FENCED_FILL, used);
    uint8_t *at = first + (used - size) / align * align; /* a page has every alignment asked for */
    *m = (struct fenced){.map = map, .used = used, .at = at, .size = size};
    ASAN_POISON_MEMORY_REGION(first, at - first);
    ASAN_POISON_MEMORY_REGION(at + size, first + used - (at + size));
    return true;
}

/* false: something was written beside it. */
static inline bool fenced_free(struct fenced *m)
{
    bool clean = true;
    uint8_t *first = m->map + FENCED_PAGE;
    ASAN_UNPOISON_MEMORY_REGION(first, m->used);
    for (uint8_t *p = first; p < m->at; p++)
        clean &= *p == FENCED_FILL;
    for (uint8_t *p = m->at + m->size; p < first + m->used; p++)
        clean &= *p == FENCED_FILL;
    munmap(m->map, m->used + 2 * FENCED_PAGE);
    return clean;
}

#endif
