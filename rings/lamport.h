/* SPDX-License-Identifier: MIT */
/*
 * lamport: the single-producer single-consumer queue with one index each.
 *
 * Source: L. Lamport, "Specifying Concurrent Program Modules", ACM TOPLAS 5(2), 1983, section 3
 * (the bounded buffer without mutual exclusion). Indices run freely, so all slots are usable. The
 * event word is Ringside's, after the event index of xen/io/ring.h.
 *
 * One lane (requests; a second one for responses follows at the next multiple of 128):
 *
 *   offset  size            written by  what
 *   0       4               producer    head: entries published, free-running   own line
 *   128     4               consumer    tail: entries released, free-running    own line
 *   256     4               consumer    event: tell me when head passes this    own line
 *   384     entries*stride  producer    slots; stride = size rounded up to 8
 *
 * Ordering:
 *   publish   store-release head  -> peek's load-acquire head: slots are written before they are
 *             seen.
 *   release   store-release tail  -> reserve's load-acquire tail: slots are read before they are
 *             written again.
 *   ask/arm   head=; fence; event?  against  event=; fence; head?
 *             Each side stores, then loads what the other stores (Dekker). x86 lets a load pass an
 *             earlier store, so without a full barrier on both sides each could miss the other's
 *             store: the consumer sleeps, and nobody tells it.
 */
#ifndef RING_LAMPORT_H
#define RING_LAMPORT_H

#include "duplex.h"

enum { lamport_TRAITS = RING_RELEASE_FREES | RING_THRESHOLD };

struct lamport_lane {
    uint32_t head __attribute__((aligned(RING_APART)));
    uint32_t tail __attribute__((aligned(RING_APART)));
    uint32_t event __attribute__((aligned(RING_APART)));
    uint8_t slots[] __attribute__((aligned(RING_APART)));
};

struct lamport_tx {
    struct lamport_lane *lane;
    uint32_t entries;
    uint32_t stride;
    uint32_t head;  /* published; what lane->head holds */
    uint32_t asked; /* head at the last ask */
    bool broken;
};

struct lamport_rx {
    struct lamport_lane *lane;
    uint32_t entries;
    uint32_t stride;
    uint32_t tail; /* released; what lane->tail holds */
    bool broken;
};

static inline size_t lamport_lane_footprint(const struct ring_lane *g)
{
    return sizeof(struct lamport_lane) + (size_t)g->entries * ring_stride(g->size);
}

static inline void lamport_lane_init(void *shared, const struct ring_lane *g)
{
    struct lamport_lane *lane = (struct lamport_lane *)shared;
    ring_store(&lane->head, g->start);
    ring_store(&lane->tail, g->start);
    ring_store_release(&lane->event, g->start + 1);
}

static inline void lamport_tx_attach(struct lamport_tx *tx, void *shared, const struct ring_lane *g)
{
    *tx = (struct lamport_tx){.lane = (struct lamport_lane *)shared,
                              .entries = g->entries,
                              .stride = ring_stride(g->size),
                              .head = g->start,
                              .asked = g->start};
}

static inline void lamport_rx_attach(struct lamport_rx *rx, void *shared, const struct ring_lane *g)
{
    *rx = (struct lamport_rx){.lane = (struct lamport_lane *)shared,
                              .entries = g->entries,
                              .stride = ring_stride(g->size),
                              .tail = g->start};
}

RING_INLINE int32_t lamport_tx_reserve(struct lamport_tx *tx, uint32_t n)
{
    uint32_t used = tx->head - ring_load_acquire(&tx->lane->tail);
    if (used > tx->entries || tx->broken) {
        tx->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, tx->entries - used);
}

RING_INLINE void lamport_tx_write(struct lamport_tx *tx, uint32_t i, const void *src, uint32_t size)
{
    size_t slot = (tx->head + i) & (tx->entries - 1);
    ring_copy_out(tx->lane->slots + slot * tx->stride, src, size);
}

RING_INLINE void lamport_tx_publish(struct lamport_tx *tx, uint32_t n)
{
    tx->head += n;
    ring_store_release(&tx->lane->head, tx->head);
}

RING_INLINE void lamport_tx_flush(struct lamport_tx *tx)
{
    (void)tx;
}

static inline bool lamport_tx_ask(struct lamport_tx *tx)
{
    ring_fence_ask();
    uint32_t old = tx->asked;
    tx->asked = tx->head;
    return ring_event_passed(ring_load(&tx->lane->event), tx->head, old);
}

RING_INLINE int32_t lamport_rx_peek(struct lamport_rx *rx, uint32_t n)
{
    uint32_t filled = ring_load_acquire(&rx->lane->head) - rx->tail;
    if (filled > rx->entries || rx->broken) {
        rx->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, filled);
}

RING_INLINE void lamport_rx_read(struct lamport_rx *rx, uint32_t i, void *dst, uint32_t size)
{
    size_t slot = (rx->tail + i) & (rx->entries - 1);
    ring_copy_in(dst, rx->lane->slots + slot * rx->stride, size);
}

RING_INLINE void lamport_rx_release(struct lamport_rx *rx, uint32_t n)
{
    rx->tail += n;
    ring_store_release(&rx->lane->tail, rx->tail);
}

static inline bool lamport_rx_arm(struct lamport_rx *rx, uint32_t after)
{
    ring_store(&rx->lane->event, rx->tail + after);
    ring_fence_arm();
    return rx->broken || ring_load(&rx->lane->head) - rx->tail >= after;
}

static inline void lamport_rx_disarm(struct lamport_rx *rx)
{
    (void)rx; /* an index that head has passed asks for nothing more */
}

RING_DUPLEX(lamport)

#endif
