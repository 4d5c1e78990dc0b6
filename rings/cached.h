/* SPDX-License-Identifier: MIT */
/*
 * cached: Lamport's queue with a private copy of the peer's index, and batched index updates.
 *
 * Source: P. Lee, T. Bu, G. Chandranmenon, "A Lock-Free, Cache-Efficient Multi-Core Synchronization
 * Mechanism for Line-Rate Network Traffic Monitoring" (MCRingBuffer), IPDPS 2010, sections 3.2
 * (cache-line protection) and 3.3 (batch updates of control variables). Different from the paper:
 * indices run freely; the control batch is a fraction of the ring rather than a parameter; what is
 * held back is handed over by flush, ask, a reserve that finds too little room, and a peek that
 * finds nothing, so that nothing waits for traffic that may not come. The event word is Ringside's.
 *
 * One lane (requests; a second one for responses follows at the next multiple of 128):
 *
 *   offset  size            written by  what
 *   0       4               producer    head: entries published, free-running   own line
 *   128     4               consumer    tail: entries released, free-running    own line
 *   256     4               consumer    event: tell me when head passes this    own line
 *   384     entries*stride  producer    slots; stride = size rounded up to 8
 *
 * A side reads the peer's line only when its private copy is used up, and writes its own only once
 * a control batch: in the steady state neither line moves for most operations.
 *
 * Ordering: as in lamport.h. A private copy is an older value of a monotone index, so it can only
 * understate what the peer has done; entries held back are invisible, which is the same as not yet
 * written.
 */
#ifndef RING_CACHED_H
#define RING_CACHED_H

#include "duplex.h"

enum { cached_TRAITS = RING_RELEASE_FREES | RING_THRESHOLD };

/* Entries between two updates of an index: an eighth of the ring, so that seven eighths stay in
 * use, and at most four lines' worth of 16-byte elements. */
#define CACHED_BATCH_SHARE 8U
#define CACHED_BATCH_MAX 16U

struct cached_lane {
    uint32_t head __attribute__((aligned(RING_APART)));
    uint32_t tail __attribute__((aligned(RING_APART)));
    uint32_t event __attribute__((aligned(RING_APART)));
    uint8_t slots[] __attribute__((aligned(RING_APART)));
};

struct cached_tx {
    struct cached_lane *lane;
    uint32_t entries;
    uint32_t stride;
    uint32_t batch;
    uint32_t head;      /* filled in */
    uint32_t published; /* what lane->head holds: head - batch < published <= head */
    uint32_t tail;      /* lane->tail as last read and checked */
    uint32_t asked;     /* head at the last ask */
    bool broken;
};

struct cached_rx {
    struct cached_lane *lane;
    uint32_t entries;
    uint32_t stride;
    uint32_t batch;
    uint32_t tail;     /* released */
    uint32_t returned; /* what lane->tail holds: tail - batch < returned <= tail */
    uint32_t head;     /* lane->head as last read and checked */
    struct ring_ahead ahead;
    bool broken;
};

static inline uint32_t cached_batch(uint32_t entries)
{
    uint32_t batch = ring_min(entries / CACHED_BATCH_SHARE, CACHED_BATCH_MAX);
    return batch == 0 ? 1 : batch;
}

static inline size_t cached_lane_footprint(const struct ring_lane *g)
{
    return sizeof(struct cached_lane) + (size_t)g->entries * ring_stride(g->size);
}

static inline void cached_lane_init(void *shared, const struct ring_lane *g)
{
    struct cached_lane *lane = (struct cached_lane *)shared;
    ring_store(&lane->head, g->start);
    ring_store(&lane->tail, g->start);
    ring_store_release(&lane->event, g->start + 1);
}

static inline void cached_tx_attach(struct cached_tx *tx, void *shared, const struct ring_lane *g)
{
    *tx = (struct cached_tx){.lane = (struct cached_lane *)shared,
                             .entries = g->entries,
                             .stride = ring_stride(g->size),
                             .batch = cached_batch(g->entries),
                             .head = g->start,
                             .published = g->start,
                             .tail = g->start,
                             .asked = g->start};
}

static inline void cached_rx_attach(struct cached_rx *rx, void *shared, const struct ring_lane *g)
{
    *rx = (struct cached_rx){.lane = (struct cached_lane *)shared,
                             .entries = g->entries,
                             .stride = ring_stride(g->size),
                             .batch = cached_batch(g->entries),
                             .tail = g->start,
                             .returned = g->start,
                             .head = g->start,
                             .ahead = ring_ahead_init(g->start, ring_stride(g->size))};
}

RING_INLINE void cached_tx_flush(struct cached_tx *tx)
{
    if (tx->published == tx->head)
        return;
    tx->published = tx->head;
    ring_store_release(&tx->lane->head, tx->head);
}

RING_INLINE int32_t cached_tx_reserve(struct cached_tx *tx, uint32_t n)
{
    uint32_t room = tx->entries - (tx->head - tx->tail);
    if (room >= n)
        return (int32_t)n;

    uint32_t tail = ring_load_acquire(&tx->lane->tail);
    uint32_t used = tx->head - tail;
    if (used > tx->head - tx->tail || tx->broken) {
        tx->broken = true;
        tx->tail = tx->head - tx->entries; /* no room: every later call comes this way */
        return RING_EBROKEN;
    }
    tx->tail = tail;
    room = tx->entries - used;
    if (room < n)
        cached_tx_flush(tx);
    return (int32_t)ring_min(n, room);
}

RING_INLINE void cached_tx_write(struct cached_tx *tx, uint32_t i, const void *src, uint32_t size)
{
    size_t slot = (tx->head + i) & (tx->entries - 1);
    ring_copy_out(tx->lane->slots + slot * tx->stride, src, size);
}

RING_INLINE void cached_tx_publish(struct cached_tx *tx, uint32_t n)
{
    tx->head += n;
    if (tx->head - tx->published >= tx->batch)
        cached_tx_flush(tx);
}

/* The last part of ask, for one who has flushed several lanes and fenced once. */
static inline bool cached_tx_wanted(struct cached_tx *tx)
{
    uint32_t old = tx->asked;
    tx->asked = tx->head;
    return ring_event_passed(ring_load(&tx->lane->event), tx->head, old);
}

static inline bool cached_tx_ask(struct cached_tx *tx)
{
    cached_tx_flush(tx);
    ring_fence_ask();
    return cached_tx_wanted(tx);
}

RING_INLINE void cached_rx_flush(struct cached_rx *rx)
{
    if (rx->returned == rx->tail)
        return;
    rx->returned = rx->tail;
    ring_store_release(&rx->lane->tail, rx->tail);
}

RING_INLINE int32_t cached_rx_peek(struct cached_rx *rx, uint32_t n)
{
    uint32_t filled = rx->head - rx->tail;
    rx->ahead.batch = n;
    if ((int32_t)(filled - n) >= 0) /* signed: a release after RING_EBROKEN makes it negative */
        return (int32_t)n;

    uint32_t head = ring_load_acquire(&rx->lane->head);
    uint32_t now_filled = head - rx->tail;
    if (now_filled > rx->entries || now_filled < filled || rx->broken) {
        rx->broken = true;
        rx->head = rx->tail; /* nothing seen: every later call comes this way */
        return RING_EBROKEN;
    }
    rx->head = head;
    if (now_filled == 0)
        cached_rx_flush(rx);
    return (int32_t)ring_min(n, now_filled);
}

RING_INLINE void cached_rx_read(struct cached_rx *rx, uint32_t i, void *dst, uint32_t size)
{
    size_t slot = (rx->tail + i) & (rx->entries - 1);
    ring_look_ahead(&rx->ahead, i, rx->lane->slots, rx->entries, rx->stride, rx->tail,
                    rx->head - rx->tail);
    ring_copy_in(dst, rx->lane->slots + slot * rx->stride, size);
}

RING_INLINE void cached_rx_release(struct cached_rx *rx, uint32_t n)
{
    rx->tail += n;
    if (rx->tail - rx->returned >= rx->batch)
        cached_rx_flush(rx);
}

static inline bool cached_rx_arm(struct cached_rx *rx, uint32_t after)
{
    cached_rx_flush(rx);
    ring_store(&rx->lane->event, rx->tail + after);
    ring_fence_arm();
    return rx->broken || ring_load(&rx->lane->head) - rx->tail >= after;
}

static inline void cached_rx_disarm(struct cached_rx *rx)
{
    (void)rx;
}

static inline size_t cached_rx_private(const struct ring_lane *g)
{
    (void)g;
    return 0;
}

static inline void cached_rx_give(struct cached_rx *rx, void *priv)
{
    (void)rx;
    (void)priv;
}

static inline uint32_t cached_rx_held(uint32_t entries)
{
    return cached_batch(entries) - 1;
}

RING_DUPLEX_CORE(cached)

#endif
