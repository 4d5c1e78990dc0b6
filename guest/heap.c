/* SPDX-License-Identifier: MIT */
/*
 * Small pieces share a page with others of their size; each page knows its free ones, and goes back
 * when all are. What is larger has pages of its own. Both begin with a header, which is found by
 * rounding the address of a piece down to its page.
 */
#include "guest/heap.h"
#include "guest/lib/string.h"
#include "guest/page.h"

struct piece {
    struct piece *next;
};

struct header {
    size_t pages;        /* of a large piece; 0: a page of small ones */
    unsigned class;      /* of small pieces: index into sizes[] */
    unsigned used;       /* how many of them are */
    struct piece *free;  /* NULL: none is, and the page is not in the list of its class */
    struct header *next; /* in that list */
    struct header *previous;
    uint64_t padding; /* the piece behind this is aligned to 16 bytes */
};
_Static_assert(sizeof(struct header) == 48, "and what sizes[] leaves room for");

/* Multiples of 16; the larger are what of a page without its header is a half, a third, a quarter.
 */
static const uint16_t sizes[] = {16,  32,  48,  64,  96,   128,  192,
                                 256, 384, 512, 672, 1008, 1344, 2016};
#define CLASSES (sizeof(sizes) / sizeof(*sizes))

static struct header *with_room[CLASSES];

static void enlist(struct header *page)
{
    page->previous = NULL;
    page->next = with_room[page->class];
    if (page->next)
        page->next->previous = page;
    with_room[page->class] = page;
}

static void unlist(struct header *page)
{
    if (page->next)
        page->next->previous = page->previous;
    if (page->previous)
        page->previous->next = page->next;
    else
        with_room[page->class] = page->next;
}

static struct header *new_page(unsigned class)
{
    struct header *page = page_try_run(1);
    if (!page)
        return NULL;
    page->class = class;
    char *at = (char *)(page + 1);
    for (; at + sizes[class] <= (char *)page + PAGE_SIZE; at += sizes[class]) {
        struct piece *piece = (struct piece *)at;
        piece->next = page->free;
        page->free = piece;
    }
    enlist(page);
    return page;
}

static void *small(unsigned class)
{
    struct header *page = with_room[class];
    if (!page)
        page = new_page(class);
    if (!page)
        return NULL;
    struct piece *piece = page->free;
    page->free = piece->next;
    page->used++;
    if (!page->free)
        unlist(page);
    return piece;
}

static void *large(size_t size)
{
    size_t pages = (size + sizeof(struct header) + PAGE_SIZE - 1) / PAGE_SIZE;
    struct header *header = page_try_run(pages);
    if (!header)
        return NULL;
    header->pages = pages;
    return header + 1;
}

void *malloc(size_t size)
{
    if (size > page_count * PAGE_SIZE)
        return NULL;
    for (unsigned class = 0; class < CLASSES; class ++) {
        if (size <= sizes[class])
            return small(class);
    }
    return large(size);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    void *p = malloc(bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void free(void *p)
{
    if (!p)
        return;
    struct header *page = (struct header *)((uintptr_t)p & PAGE_MASK);
    if (page->pages) {
        page_free_run(page, page->pages);
        return;
    }
    struct piece *piece = p;
    bool was_full = !page->free;
    piece->next = page->free;
    page->free = piece;
    page->used--;
    if (was_full)
        enlist(page);
    if (page->used == 0) {
        unlist(page);
        page_free(page);
    }
}
