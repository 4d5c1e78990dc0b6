/* SPDX-License-Identifier: MIT */
#include "hv/core/buddy.h"

#include "hv/core/assert.h"
#include "hv/core/frame.h"
#include "hv/core/lock.h"
#include "hv/core/string.h"
#include "hv/core/tlb.h"

#define NOTHING UINT32_MAX /* ends a list; frame numbers stay below */

static struct lock heap_lock = LOCK(LOCK_HEAP);
static struct {
    uint32_t first, last;
} lists[ORDER_MAX + 1] = {[0 ... ORDER_MAX] = {NOTHING, NOTHING}};
static uint64_t free_frames;

static unsigned block_order(const struct frame *f)
{
    return (unsigned)(f->type & 0xff);
}

static bool is_free_block(mfn_t m, unsigned order)
{
    if (!mfn_valid(m))
        return false;
    const struct frame *f = frame_of(m);
    return frame_is_free(f) && (f->type & TYPE_FREE_BLOCK) && block_order(f) == order;
}

static void unlink(struct frame *f)
{
    unsigned order = block_order(f);
    if (f->prev == NOTHING)
        lists[order].first = f->next;
    else
        frame_table[f->prev].next = f->next;
    if (f->next == NOTHING)
        lists[order].last = f->prev;
    else
        frame_table[f->next].prev = f->prev;
    f->type = 0;
}

/* At the end of its list: what was freed longest ago goes first, and its translations are gone. */
static void link(mfn_t m, unsigned order)
{
    struct frame *f = frame_of(m);
    f->type = TYPE_FREE_BLOCK | order;
    f->next = NOTHING;
    f->prev = lists[order].last;
    if (f->prev == NOTHING)
        lists[order].first = (uint32_t)m.n;
    else
        frame_table[f->prev].next = (uint32_t)m.n;
    lists[order].last = (uint32_t)m.n;
}

static void free_block(mfn_t m, unsigned order)
{
    free_frames += 1UL << order;
    while (order < ORDER_MAX) {
        mfn_t buddy = mfn(m.n ^ (1UL << order));
        if (!is_free_block(buddy, order))
            break;
        unlink(frame_of(buddy));
        m.n &= ~(1UL << order);
        order++;
    }
    link(m, order);
}

void heap_add(mfn_t start, uint64_t n)
{
    ASSERT(start.n + n <= frame_count && start.n + n < NOTHING);
    while (n != 0) {
        unsigned order = 63 - (unsigned)__builtin_clzll(n);
        if (start.n != 0)
            order = min(order, (unsigned)__builtin_ctzll(start.n));
        order = min(order, (unsigned)ORDER_MAX);
        heap_free(start, order);
        start.n += 1UL << order;
        n -= 1UL << order;
    }
}

static bool block_fits(mfn_t m, unsigned order, unsigned bits)
{
    return bits >= 64 || (m.n + (1UL << order)) << PAGE_SHIFT <= 1UL << bits;
}

/* The first of a list whose lowest `order` part fits: with 64 bits that is the first. */
static uint32_t find(unsigned list, unsigned order, unsigned bits)
{
    uint32_t at = lists[list].first;
    while (at != NOTHING && !block_fits(mfn(at), order, bits))
        at = frame_table[at].next;
    return at;
}

static mfn_t alloc_block(unsigned order, unsigned bits)
{
    unsigned have = order;
    uint32_t at = NOTHING;
    for (; have <= ORDER_MAX; have++) {
        at = find(have, order, bits);
        if (at != NOTHING)
            break;
    }
    if (at == NOTHING)
        return MFN_NONE;
    unlink(&frame_table[at]);
    while (have > order) {
        have--;
        link(mfn(at + (1UL << have)), have);
    }
    free_frames -= 1UL << order;
    return mfn(at);
}

/* Who had these frames before may know how to reach them still. */
static void forget_translations(mfn_t m, unsigned order)
{
    uint64_t stamp = 0;
    for (uint64_t i = 0; i < 1UL << order; i++)
        stamp = max(stamp, frame_table[m.n + i].stamp);
    tlb_flush_older(stamp, NULL);
}

mfn_t heap_alloc(unsigned order, unsigned bits)
{
    if (order > ORDER_MAX)
        return MFN_NONE;
    lock(&heap_lock);
    mfn_t m = alloc_block(order, bits);
    unlock(&heap_lock);
    if (!mfn_is_none(m))
        forget_translations(m, order);
    return m;
}

void heap_free(mfn_t m, unsigned order)
{
    ASSERT(order <= ORDER_MAX && (m.n & ((1UL << order) - 1)) == 0);
    for (uint64_t i = 0; i < 1UL << order; i++)
        ASSERT(frame_is_free(&frame_table[m.n + i]));
    lock(&heap_lock);
    free_block(m, order);
    unlock(&heap_lock);
}

uint64_t heap_free_frames(void)
{
    return __atomic_load_n(&free_frames, __ATOMIC_RELAXED);
}

void *heap_alloc_mapped(unsigned order)
{
    mfn_t m = heap_alloc(order, 64);
    if (mfn_is_none(m))
        return NULL;
    for (uint64_t i = 0; i < 1UL << order; i++)
        frame_assign(frame_of(mfn(m.n + i)), NULL);
    void *memory = arch_heap_address(m);
    memset(memory, 0, PAGE_SIZE << order);
    return memory;
}

void heap_free_mapped(void *memory, unsigned order)
{
    mfn_t m = arch_heap_mfn(memory);
    for (uint64_t i = 0; i < 1UL << order; i++) {
        struct frame *f = frame_of(mfn(m.n + i));
        ASSERT(f->owner == NULL && frame_disown(f));
        frame_put(f);
    }
}

bool heap_audit(uint64_t *frames)
{
    bool good = true;
    *frames = 0;
    lock(&heap_lock);
    for (unsigned order = 0; order <= ORDER_MAX; order++) {
        uint32_t before = NOTHING;
        for (uint32_t at = lists[order].first; at != NOTHING; at = frame_table[at].next) {
            good = good && is_free_block(mfn(at), order) && frame_table[at].prev == before &&
                   (at & ((1UL << order) - 1)) == 0;
            *frames += 1UL << order;
            before = at;
        }
        good = good && lists[order].last == before;
    }
    good = good && *frames == free_frames;
    unlock(&heap_lock);
    return good;
}
