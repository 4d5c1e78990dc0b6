/* SPDX-License-Identifier: MIT */
/*
 * fastforward: a flag in each slot says whether it is full; no index is shared.
 *
 * Source: J. Giacomoni, T. Moseley, M. Vachharajani, "FastForward for Efficient Pipeline
 * Parallelism: A Cache-Optimized Concurrent Lock-Free Queue", PPoPP 2008, section "FastForward"
 * (enqueue and dequeue). Different from the paper: the flag is a word of its own rather than a
 * reserved element value, so any element can be sent; batches; no temporal slipping, which waits
 * and so is the embedder's to do: instead each side looks ahead at several flags at once, and the
 * consumer clears several at once, so that a line is taken once rather than once a slot when the
 * two sides are close. The event word is Ringside's, after the event index of xen/io/ring.h.
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
 * Handing over an element moves one line, the slot's: the flag travels with what it announces.
 *
 * Ordering:
 *   publish, release  of flags and elements: see flagslot.h. A flag once seen is remembered, which
 *             is safe because only the side that saw it may change it next. Of the slots that a
 *             side has yet to hand over, the flags still say what they said a lap ago: no look goes
 *             that far.
 *   ask/arm   flag=1; fence; event?  against  event=; fence; flag?  (Dekker; see lamport.h). The
 *             flag that arm looks at is the one of the last entry that is waited for: slots are
 *             filled in order, so the others are full if it is.
 *
 * Hostile peers: nothing to check, nothing to break; see flagslot.h.
 */
#ifndef RING_FASTFORWARD_H
#define RING_FASTFORWARD_H

#include "flagslot.h"

enum { fastforward_TRAITS = RING_RELEASE_FREES | RING_THRESHOLD };

/* Flags looked at beyond what was asked for: four lines' worth of 8-byte elements. */
#define FASTFORWARD_LOOK 16U

/* Slots that the consumer clears together: as many, but at most an eighth of the ring, so that
 * seven eighths stay in use. */
#define FASTFORWARD_HOLD_SHARE 8U
#define FASTFORWARD_HOLD_MAX 16U

struct fastforward_tx {
    struct flagslot slots;
    uint32_t entries;
    uint32_t head;  /* published */
    uint32_t empty; /* slots before this one were seen empty; head <= empty <= head + entries */
    uint32_t asked; /* head at the last ask */
    struct flagslot_lane *lane;
};

struct fastforward_rx {
    struct flagslot slots;
    uint32_t entries;
    uint32_t hold;
    uint32_t tail;    /* released */
    uint32_t cleared; /* flags before this one were cleared: tail - hold < cleared <= tail */
    uint32_t full;    /* slots before this one were seen full; tail <= full <= cleared + entries */
    struct flagslot_lane *lane;
};

static inline uint32_t fastforward_hold(uint32_t entries)
{
    uint32_t hold = ring_min(entries / FASTFORWARD_HOLD_SHARE, FASTFORWARD_HOLD_MAX);
    return hold == 0 ? 1 : hold;
}

static inline size_t fastforward_lane_footprint(const struct ring_lane *g)
{
    return flagslot_footprint(g);
}

static inline void fastforward_lane_init(void *shared, const struct ring_lane *g)
{
    flagslot_init(shared, g);
}

static inline void fastforward_tx_attach(struct fastforward_tx *tx, void *shared,
                                         const struct ring_lane *g)
{
    *tx = (struct fastforward_tx){.slots = flagslot_attach(shared, g),
                                  .entries = g->entries,
                                  .head = g->start,
                                  .empty = g->start,
                                  .asked = g->start,
                                  .lane = (struct flagslot_lane *)shared};
}

static inline void fastforward_rx_attach(struct fastforward_rx *rx, void *shared,
                                         const struct ring_lane *g)
{
    *rx = (struct fastforward_rx){.slots = flagslot_attach(shared, g),
                                  .entries = g->entries,
                                  .hold = fastforward_hold(g->entries),
                                  .tail = g->start,
                                  .cleared = g->start,
                                  .full = g->start,
                                  .lane = (struct flagslot_lane *)shared};
}

RING_INLINE int32_t fastforward_tx_reserve(struct fastforward_tx *tx, uint32_t n)
{
    uint32_t room = tx->empty - tx->head;
    if (room >= n)
        return (int32_t)n;

    uint32_t look = ring_min(n > FASTFORWARD_LOOK ? n : FASTFORWARD_LOOK, tx->entries);
    room += flagslot_run(&tx->slots, tx->empty, look - room, false);
    tx->empty = tx->head + room;
    return (int32_t)ring_min(n, room);
}

RING_INLINE void fastforward_tx_write(struct fastforward_tx *tx, uint32_t i, const void *src,
                                      uint32_t size)
{
    ring_copy_out(flagslot_at(&tx->slots, tx->head + i), src, size);
}

RING_INLINE void fastforward_tx_publish(struct fastforward_tx *tx, uint32_t n)
{
    flagslot_mark(&tx->slots, tx->head, n, 1);
    tx->head += n;
}

RING_INLINE void fastforward_tx_flush(struct fastforward_tx *tx)
{
    (void)tx;
}

static inline bool fastforward_tx_ask(struct fastforward_tx *tx)
{
    ring_fence_ask();
    uint32_t old = tx->asked;
    tx->asked = tx->head;
    return ring_event_passed(ring_load(&tx->lane->event), tx->head, old);
}

RING_INLINE void fastforward_rx_clear(struct fastforward_rx *rx)
{
    uint32_t from = rx->cleared;
    rx->cleared = rx->tail;
    flagslot_mark(&rx->slots, from, rx->tail - from, 0);
}

RING_INLINE int32_t fastforward_rx_peek(struct fastforward_rx *rx, uint32_t n)
{
    uint32_t filled = rx->full - rx->tail;
    if (filled >= n)
        return (int32_t)n;

    uint32_t look = ring_min(n > FASTFORWARD_LOOK ? n : FASTFORWARD_LOOK,
                             rx->entries - (rx->tail - rx->cleared));
    filled += flagslot_run(&rx->slots, rx->full, look - filled, true);
    rx->full = rx->tail + filled;
    if (filled == 0)
        fastforward_rx_clear(rx);
    return (int32_t)ring_min(n, filled);
}

RING_INLINE void fastforward_rx_read(struct fastforward_rx *rx, uint32_t i, void *dst,
                                     uint32_t size)
{
    ring_copy_in(dst, flagslot_at(&rx->slots, rx->tail + i), size);
}

RING_INLINE void fastforward_rx_release(struct fastforward_rx *rx, uint32_t n)
{
    rx->tail += n;
    if (rx->tail - rx->cleared >= rx->hold)
        fastforward_rx_clear(rx);
}

static inline bool fastforward_rx_arm(struct fastforward_rx *rx, uint32_t after)
{
    after = ring_min(after, rx->entries);
    fastforward_rx_clear(rx);
    ring_store(&rx->lane->event, rx->tail + after);
    ring_fence_arm();
    return flagslot_full(&rx->slots, rx->tail + after - 1);
}

static inline void fastforward_rx_disarm(struct fastforward_rx *rx)
{
    (void)rx; /* an index that was passed asks for nothing more */
}

static inline size_t fastforward_rx_private(const struct ring_lane *g)
{
    (void)g;
    return 0;
}

static inline void fastforward_rx_give(struct fastforward_rx *rx, void *priv)
{
    (void)rx;
    (void)priv;
}

static inline uint32_t fastforward_rx_held(uint32_t entries)
{
    return fastforward_hold(entries) - 1;
}

RING_DUPLEX_CORE(fastforward)

#endif
