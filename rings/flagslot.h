/* SPDX-License-Identifier: MIT */
/*
 * Slots that say themselves whether they are full: the memory that fastforward and bqueue share.
 * How the two differ is in when they look at a flag, and at which.
 *
 * One lane (requests; a second one for responses follows at the next multiple of 128):
 *
 *   offset  size            written by  what
 *   0       4               consumer    event: tell me when this many were filled     own line
 *   128     entries*stride  both        slots; stride = size + 4 rounded up to 8
 *
 *   slot:   0       size    producer    element
 *           size    4       both        flag: 0 empty (consumer), 1 full (producer)
 *
 * A 4-byte flag behind the element is never worse than an 8-byte one before it, and saves 8 bytes
 * of stride where the size is an odd multiple of 4. An 8-byte element and its flag never straddle
 * a line.
 *
 * Ordering:
 *   fill    element; store-release flag=1  -> load-acquire flag: slots are written before they are
 *           seen full.
 *   clear   element read; store-release flag=0  -> load-acquire flag: slots are read before they
 *           are written again.
 *
 * Invariant between correct peers: the full slots are one run, modulo entries, from the oldest that
 * was not cleared to the newest that was filled. Each side moves its end of the run in order, by
 * release stores, so whoever sees the flag of one slot change knows the same of the slots before.
 *
 * Hostile peers: any flag but 0 is full, so there is nothing to check and nothing to break. A slot
 * called full that was never filled yields garbage as its element, which a peer may send anyway; a
 * slot called empty that was not yet read loses the peer's own element.
 */
#ifndef RING_FLAGSLOT_H
#define RING_FLAGSLOT_H

#include "duplex.h"

struct flagslot_lane {
    uint32_t event __attribute__((aligned(RING_APART)));
    uint8_t slots[] __attribute__((aligned(RING_APART)));
};

/* Where the slots are: private, and the same at both ends. */
struct flagslot {
    uint8_t *slots;
    uint8_t *flags; /* the flag of the first slot */
    uint32_t mask;
    uint32_t stride;
};

static inline uint32_t flagslot_stride(uint32_t size)
{
    return ring_stride(size + (uint32_t)sizeof(uint32_t));
}

static inline size_t flagslot_footprint(const struct ring_lane *g)
{
    return sizeof(struct flagslot_lane) + (size_t)g->entries * flagslot_stride(g->size);
}

static inline struct flagslot flagslot_attach(void *shared, const struct ring_lane *g)
{
    uint8_t *slots = ((struct flagslot_lane *)shared)->slots;
    return (struct flagslot){.slots = slots,
                             .flags = slots + g->size,
                             .mask = g->entries - 1,
                             .stride = flagslot_stride(g->size)};
}

RING_INLINE uint8_t *flagslot_at(const struct flagslot *s, uint32_t index)
{
    return s->slots + (size_t)(index & s->mask) * s->stride;
}

RING_INLINE uint32_t *flagslot_flag(const struct flagslot *s, uint32_t index)
{
    return (uint32_t *)(s->flags + (size_t)(index & s->mask) * s->stride);
}

static inline bool flagslot_full(const struct flagslot *s, uint32_t index)
{
    return ring_load_acquire(flagslot_flag(s, index)) != 0;
}

/* Sets the flags of slots [from, from + n), in order; n <= entries. */
static inline void flagslot_mark(const struct flagslot *s, uint32_t from, uint32_t n, uint32_t flag)
{
    if (n == 0)
        return;
    /* Read before the stores, which could change *s for all the compiler knows. */
    uint32_t stride = s->stride;
    uint8_t *flags = s->flags;
    uint32_t wrap = s->mask + 1 - (from & s->mask);
    uint8_t *p = (uint8_t *)flagslot_flag(s, from);
    ring_store_release((uint32_t *)p, flag);
    if (n == 1)
        return;
    uint8_t *end = p + (size_t)ring_min(n, wrap) * stride;
    while ((p += stride) != end)
        ring_store_release((uint32_t *)p, flag);
    if (n > wrap)
        for (p = flags, end = p + (size_t)(n - wrap) * stride; p != end; p += stride)
            ring_store_release((uint32_t *)p, flag);
}

/* How many of the slots from `from` on are full, or else empty, without a gap; at most n. */
static inline uint32_t flagslot_run(const struct flagslot *s, uint32_t from, uint32_t n, bool full)
{
    uint32_t stride = s->stride;
    uint32_t wrap = s->mask + 1 - (from & s->mask);
    uint32_t first = ring_min(n, wrap);
    const uint8_t *p = (const uint8_t *)flagslot_flag(s, from);
    uint32_t seen = 0;
    for (; seen < first; seen++, p += stride)
        if ((ring_load_acquire((const uint32_t *)p) != 0) != full)
            return seen;
    for (p = s->flags; seen < n; seen++, p += stride)
        if ((ring_load_acquire((const uint32_t *)p) != 0) != full)
            return seen;
    return seen;
}

static inline void flagslot_init(void *shared, const struct ring_lane *g)
{
    struct flagslot slots = flagslot_attach(shared, g);
    flagslot_mark(&slots, 0, g->entries, 0);
    ring_store_release(&((struct flagslot_lane *)shared)->event, g->start + 1);
}

#endif
