/* SPDX-License-Identifier: MIT */
/*
 * bqueue: a flag in each slot, looked at once a batch, with backtracking.
 *
 * Source: J. Wang, K. Zhang, X. Tang, B. Hua, "B-Queue: Efficient and Practical Queuing for Fast
 * Core-to-Core Communication", International Journal of Parallel Programming 41(1), 2013: batching,
 * backtracking, and self-adaptive backtracking (a first probe that follows the traffic). Different
 * from the paper: the flag is a word of its own rather than a reserved element value; both sides
 * backtrack, so the ring can be filled completely; a side looks at the next slot first, so that
 * finding nothing costs one line; no delay between probes, because waiting is the embedder's; the
 * consumer clears several flags at once. The event word is Ringside's, after the event index of
 * xen/io/ring.h.
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
 * Probing: a side that has used up what it knows looks at the slot `span` ahead, and at half that
 * distance each time it is disappointed. The full slots are one run modulo entries and each end of
 * it moves in order (flagslot.h), so from the producer's cursor on empty slots precede all full
 * ones, and from the consumer's cursor on full slots precede all empty ones: the slots before one
 * that was found ready are ready too. That holds for at most one lap, and not for slots that
 * this side has yet to hand over: no probe goes that far.
 *
 * Ordering:
 *   publish, release  of flags and elements: see flagslot.h. The acquiring load of the last flag of
 *             a run pairs with a releasing store that came after those of all the others, so it
 *             orders all their elements.
 *   ask/arm   flag=1; fence; event?  against  event=; fence; flag?  (Dekker; see lamport.h), where
 *             flag is the one of the last entry that is waited for.
 *
 * Hostile peers: nothing to check, nothing to break; see flagslot.h. A peer that fills or clears
 * out of order has elements read that it did not write, or overwritten before they were read.
 */
#ifndef RING_BQUEUE_H
#define RING_BQUEUE_H

#include "flagslot.h"

enum { bqueue_TRAITS = RING_RELEASE_FREES | RING_THRESHOLD };

/* How far ahead a side looks at most, unless asked for more: eight lines' worth of 8-byte
 * elements; at most a quarter of the ring, so that the other side has something to do meanwhile. */
#define BQUEUE_SPAN_SHARE 4U
#define BQUEUE_SPAN_MAX 32U

/* Slots that the consumer clears together: as in fastforward.h. */
#define BQUEUE_HOLD_SHARE 8U
#define BQUEUE_HOLD_MAX 16U

struct bqueue_tx {
    struct flagslot slots;
    uint32_t entries;
    uint32_t span_max;
    uint32_t span;  /* where the next probe begins; 1..span_max */
    uint32_t head;  /* published */
    uint32_t empty; /* slots before this one are known empty; head <= empty <= head + entries */
    uint32_t asked; /* head at the last ask */
    struct flagslot_lane *lane;
};

struct bqueue_rx {
    struct flagslot slots;
    uint32_t entries;
    uint32_t hold;
    uint32_t span_max;
    uint32_t span;    /* where the next probe begins; 1..span_max */
    uint32_t tail;    /* released */
    uint32_t cleared; /* flags before this one were cleared: tail - hold < cleared <= tail */
    uint32_t full;    /* slots before this one are known full; tail <= full <= cleared + entries */
    struct flagslot_lane *lane;
};

/*
 * A number of slots from `from` on that are all full, or else all empty: 0 only if the first is
 * not, and more than half of what span allows for if more are. At most 2 + log2(span) probes.
 */
static inline uint32_t bqueue_probe(const struct flagslot *slots, uint32_t from, uint32_t span,
                                    bool full)
{
    if (flagslot_full(slots, from) != full)
        return 0;
    while (span > 1 && flagslot_full(slots, from + span - 1) != full)
        span /= 2;
    return span;
}

/* Self-adaptive: the next probe begins at twice what was found. */
static inline uint32_t bqueue_next_span(uint32_t found, uint32_t max)
{
    return found == 0 ? 1 : ring_min(2 * found, max);
}

static inline uint32_t bqueue_span_max(const struct ring_lane *g)
{
    uint32_t span = ring_min(g->entries / BQUEUE_SPAN_SHARE, BQUEUE_SPAN_MAX);
    return span == 0 ? 1 : span;
}

static inline uint32_t bqueue_hold(uint32_t entries)
{
    uint32_t hold = ring_min(entries / BQUEUE_HOLD_SHARE, BQUEUE_HOLD_MAX);
    return hold == 0 ? 1 : hold;
}

static inline size_t bqueue_lane_footprint(const struct ring_lane *g)
{
    return flagslot_footprint(g);
}

static inline void bqueue_lane_init(void *shared, const struct ring_lane *g)
{
    flagslot_init(shared, g);
}

static inline void bqueue_tx_attach(struct bqueue_tx *tx, void *shared, const struct ring_lane *g)
{
    *tx = (struct bqueue_tx){.slots = flagslot_attach(shared, g),
                             .entries = g->entries,
                             .span_max = bqueue_span_max(g),
                             .span = bqueue_span_max(g),
                             .head = g->start,
                             .empty = g->start,
                             .asked = g->start,
                             .lane = (struct flagslot_lane *)shared};
}

static inline void bqueue_rx_attach(struct bqueue_rx *rx, void *shared, const struct ring_lane *g)
{
    *rx = (struct bqueue_rx){.slots = flagslot_attach(shared, g),
                             .entries = g->entries,
                             .hold = bqueue_hold(g->entries),
                             .span_max = bqueue_span_max(g),
                             .span = bqueue_span_max(g),
                             .tail = g->start,
                             .cleared = g->start,
                             .full = g->start,
                             .lane = (struct flagslot_lane *)shared};
}

RING_INLINE int32_t bqueue_tx_reserve(struct bqueue_tx *tx, uint32_t n)
{
    uint32_t room = tx->empty - tx->head;
    if (room >= n)
        return (int32_t)n;

    uint32_t span = ring_min(n - room > tx->span ? n - room : tx->span, tx->entries - room);
    uint32_t found = span == 0 ? 0 : bqueue_probe(&tx->slots, tx->empty, span, false);
    tx->span = bqueue_next_span(found, tx->span_max);
    tx->empty += found;
    return (int32_t)ring_min(n, room + found);
}

RING_INLINE void bqueue_tx_write(struct bqueue_tx *tx, uint32_t i, const void *src, uint32_t size)
{
    ring_copy_out(flagslot_at(&tx->slots, tx->head + i), src, size);
}

RING_INLINE void bqueue_tx_publish(struct bqueue_tx *tx, uint32_t n)
{
    flagslot_mark(&tx->slots, tx->head, n, 1);
    tx->head += n;
}

RING_INLINE void bqueue_tx_flush(struct bqueue_tx *tx)
{
    (void)tx;
}

static inline bool bqueue_tx_ask(struct bqueue_tx *tx)
{
    ring_fence_ask();
    uint32_t old = tx->asked;
    tx->asked = tx->head;
    return ring_event_passed(ring_load(&tx->lane->event), tx->head, old);
}

RING_INLINE void bqueue_rx_clear(struct bqueue_rx *rx)
{
    uint32_t from = rx->cleared;
    rx->cleared = rx->tail;
    flagslot_mark(&rx->slots, from, rx->tail - from, 0);
}

RING_INLINE int32_t bqueue_rx_peek(struct bqueue_rx *rx, uint32_t n)
{
    uint32_t filled = rx->full - rx->tail;
    if (filled >= n)
        return (int32_t)n;

    uint32_t beyond = rx->entries - (rx->full - rx->cleared);
    uint32_t span = ring_min(n - filled > rx->span ? n - filled : rx->span, beyond);
    uint32_t found = span == 0 ? 0 : bqueue_probe(&rx->slots, rx->full, span, true);
    rx->span = bqueue_next_span(found, rx->span_max);
    rx->full += found;
    if (rx->full == rx->tail)
        bqueue_rx_clear(rx);
    return (int32_t)ring_min(n, filled + found);
}

RING_INLINE void bqueue_rx_read(struct bqueue_rx *rx, uint32_t i, void *dst, uint32_t size)
{
    ring_copy_in(dst, flagslot_at(&rx->slots, rx->tail + i), size);
}

RING_INLINE void bqueue_rx_release(struct bqueue_rx *rx, uint32_t n)
{
    rx->tail += n;
    if (rx->tail - rx->cleared >= rx->hold)
        bqueue_rx_clear(rx);
}

static inline bool bqueue_rx_arm(struct bqueue_rx *rx, uint32_t after)
{
    after = ring_min(after, rx->entries);
    bqueue_rx_clear(rx);
    ring_store(&rx->lane->event, rx->tail + after);
    ring_fence_arm();
    return flagslot_full(&rx->slots, rx->tail + after - 1);
}

static inline void bqueue_rx_disarm(struct bqueue_rx *rx)
{
    (void)rx; /* an index that was passed asks for nothing more */
}

static inline size_t bqueue_rx_private(const struct ring_lane *g)
{
    (void)g;
    return 0;
}

static inline void bqueue_rx_give(struct bqueue_rx *rx, void *priv)
{
    (void)rx;
    (void)priv;
}

static inline uint32_t bqueue_rx_held(uint32_t entries)
{
    return bqueue_hold(entries) - 1;
}

RING_DUPLEX_CORE(bqueue)

#endif
