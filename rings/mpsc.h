/* SPDX-License-Identifier: MIT */
/*
 * mpsc: many front ends, one back end; requests share a ring, responses return to each in a lane of
 * its own.
 *
 * Source of the request ring: D. Vyukov, "Bounded MPMC queue", 1024cores.net: a sequence word in
 * each slot, positions claimed by compare-and-swap. Specialised to one consumer: what is free is
 * told by one index, so the back end writes no slot, and a claim takes many positions at once.
 * The response lanes are cached.h's. The event word is Ringside's.
 *
 *   offset  size             written by  what
 *   0       4                fronts      head: positions claimed, free-running            own line
 *   128     4                back        tail: positions released, free-running           own line
 *   256     4                back        event: tell me when this many were published     own line
 *   384     entries*stride   a front     slots; stride = request size + 8, rounded up to 8
 *             +0  4                      sequence: position + 1 once published
 *             +4  4                      number of the front end that published it
 *             +8  req_size               payload
 *   R       fronts*lane      back,front  a response lane for each front end; see cached.h
 *
 * R and each lane start at a multiple of 128. A lane has 2*entries slots: a front end may have
 * `entries` requests outstanding, whatever the others do, and its batch control may hold back the
 * release of up to entries/4 responses. So room for a response comes with its request.
 *
 * A slot at position p holds p + 1 - entries until p is published, then p + 1, and the position
 * that uses it next is p + entries. Both values are congruent to p + 1 modulo entries, and entries
 * divides 2^32, so the words stay right across the wrap of positions. Anything else breaks the
 * ring.
 *
 * A claim: read head, then tail; compare-and-swap head from h to h + n for an n that is free at
 * that tail. When it fails another front end has got its claim. After RING_FRONTS_MAX failures,
 * more than there are others to lose against once each, nothing is granted, as if the ring were
 * full: no call waits. (A 32-bit head can come round to the very same value within one claim, after
 * 2^32 others; that takes a preemption of more than a minute and is what every ring with 32-bit
 * indices accepts.)
 *
 * A grant is published from its last position to its first. The back end looks at the lowest, so it
 * sees all of the grant or nothing, and does not take the slots' lines away one by one meanwhile.
 *
 * Ordering:
 *   reserve   load-acquire head, then load-acquire tail: each claim was made by one who had read
 *             the tail that allowed it, and compare-and-swap releases, so the tail read here is no
 *             older: head - tail <= entries. If tail is seen beyond head, head has moved since.
 *   publish   store-release sequence -> peek's load-acquire: slot written before it is seen.
 *   release   store-release tail -> reserve's load-acquire: slot read before it is claimed again.
 *   ask/arm   sequence=; fence; event?  against  event=; fence; sequence?  (Dekker; see lamport.h)
 *
 * Why the event index works with many producers. Positions are published out of order, but each has
 * one owner, and the back end sleeps only on a position that it has seen unpublished after it had
 * written the event word and a full barrier. Its owner has yet to publish it and will read the
 * event word after that: the owner tells. Let the back end be at 0, A claim 0..3, B claim 4..7, and
 * B publish first:
 *
 *   arm(1)    waits for position 0. B's publication does not count, A's tells.
 *   arm(8)    waits for position 7. B tells although 0..3 are missing: an early wake-up. The back
 *             end finds nothing and arms again. Position 7 is there by now and nobody would tell of
 *             it any more, so arm waits for the first hole, position 0, and A tells.
 *
 * A front end asks for all positions from its first to its last one since it last asked. Those of
 * others in between can make it tell once too often, never once too little.
 *
 * Blocking. A claim that is not published stops the back end at that position: the algorithm has no
 * lock, but a front end that stops between reserve and publish stops the rest. A ring whose room is
 * held by others grants nothing and nobody will tell when that changes: a front end with nothing
 * outstanding looks again, it must not sleep.
 *
 * Hostile peers. Front ends share the request ring and can write each other's requests, claims and
 * responses: isolation between them is not to be had in one region. What they cannot do, alone or
 * together, is make the back end or each other touch memory outside the region, loop, or answer to
 * somebody who does not exist. A wrong sequence word, a wrong number or a wrong index in any lane
 * breaks the back end for all. A front end that has more than `entries` outstanding and does not
 * consume makes rsp_reserve grant less, for all. A front end's peers are the back end and the
 * others: a tail beyond a head that stands still breaks it, and so does a wrong index in its lane.
 */
#ifndef RING_MPSC_H
#define RING_MPSC_H

#include "cached.h"

/* For source that is compiled once a layout: mpsc_front_join exists. */
#define RING_LAYOUT_JOINS 1

enum { mpsc_TRAITS = RING_RELEASE_FREES | RING_MANY_FRONTS | RING_THRESHOLD };

#define MPSC_LANE_SHARE 2U /* slots in a response lane for each entry; see above */

struct mpsc_slot {
    uint32_t sequence;
    uint32_t front;
    uint8_t payload[];
};

struct mpsc_shared {
    uint32_t head __attribute__((aligned(RING_APART)));
    uint32_t tail __attribute__((aligned(RING_APART)));
    uint32_t event __attribute__((aligned(RING_APART)));
    uint8_t slots[] __attribute__((aligned(RING_APART)));
};

struct mpsc_front {
    struct mpsc_shared *shared;
    uint32_t entries;
    uint32_t stride;
    uint32_t number;
    uint32_t next;                 /* first position of the grant not yet published */
    uint32_t unasked, unasked_end; /* of what was published since the last ask: first position, */
                                   /* last one + 1; equal if nothing was */
    bool broken;
    struct cached_rx rsp;
};

/* The back end's private side of a front end. */
struct mpsc_lane {
    struct cached_tx tx;
    uint64_t unanswered; /* requests peeked minus responses published; grows in one-way use */
    uint32_t staged;     /* responses written, not yet published */
};

struct mpsc_back {
    struct mpsc_shared *shared;
    struct mpsc_lane *lanes; /* private memory: one for each front end */
    uint8_t *numbers;        /* private memory: who sent each entry of [tail, seen) */
    uint32_t entries;
    uint32_t stride;
    uint32_t fronts;
    uint32_t batch;      /* releases between two updates of shared->tail */
    uint32_t tail;       /* released */
    uint32_t returned;   /* what shared->tail holds: tail - batch < returned <= tail */
    uint32_t seen;       /* seen published and checked: tail <= seen <= tail + entries */
    uint64_t unanswered; /* sum over lanes */
    uint64_t waiting;    /* front ends with requests unanswered */
    uint64_t touched;    /* front ends with responses staged */
    uint64_t held;       /* front ends published to since the last flush */
    uint64_t unasked;    /* front ends published to since the last ask or reached */
    bool broken;
};

/* ---- the region ----------------------------------------------------------------------------- */

static inline uint32_t mpsc_stride(const struct ring_geometry *g)
{
    return ring_stride((uint32_t)sizeof(struct mpsc_slot) + g->req_size);
}

static inline struct mpsc_slot *mpsc_slot(struct mpsc_shared *shared, uint32_t entries,
                                          uint32_t stride, uint32_t position)
{
    return (struct mpsc_slot *)(shared->slots + (size_t)(position & (entries - 1)) * stride);
}

static inline struct ring_lane mpsc_lane_responses(const struct ring_geometry *g)
{
    struct ring_lane lane = ring_lane_responses(g);
    lane.entries *= MPSC_LANE_SHARE;
    return lane;
}

/* Where the lane of front end `number` starts; with number = fronts, where the region ends. */
static inline size_t mpsc_lane_at(const struct ring_geometry *g, uint32_t number)
{
    struct ring_lane lane = mpsc_lane_responses(g);
    size_t slots = sizeof(struct mpsc_shared) + (size_t)g->entries * mpsc_stride(g);
    return ring_round_up(slots, RING_ALIGN) +
           number * ring_round_up(cached_lane_footprint(&lane), RING_ALIGN);
}

static inline int mpsc_footprint(const struct ring_geometry *g, struct ring_footprint *fp)
{
    int error = ring_geometry_check(g, RING_FRONTS_MAX);
    if (error != RING_OK)
        return error;
    *fp = (struct ring_footprint){.shared = mpsc_lane_at(g, g->fronts),
                                  .back = g->fronts * sizeof(struct mpsc_lane) + g->entries};
    return RING_OK;
}

static inline uint32_t mpsc_capacity(const struct ring_geometry *g)
{
    return g->entries;
}

/*
 * Attaches front end `number`, once, to a region that mpsc_front_init has laid out. priv is not
 * used. 0, RING_EFRONT, or what is wrong with the geometry or the memory.
 */
static inline int mpsc_front_join(struct mpsc_front *f, const struct ring_geometry *g, void *shared,
                                  void *priv, uint32_t number)
{
    (void)priv;
    int error = ring_geometry_check(g, RING_FRONTS_MAX);
    if (error == RING_OK)
        error = ring_memory_check(shared, NULL, 0);
    if (error == RING_OK && number >= g->fronts)
        error = RING_EFRONT;
    if (error != RING_OK)
        return error;

    struct ring_lane lane = mpsc_lane_responses(g);
    *f = (struct mpsc_front){.shared = (struct mpsc_shared *)shared,
                             .entries = g->entries,
                             .stride = mpsc_stride(g),
                             .number = number,
                             .next = g->start,
                             .unasked = g->start,
                             .unasked_end = g->start};
    cached_rx_attach(&f->rsp, (uint8_t *)shared + mpsc_lane_at(g, number), &lane);
    return RING_OK;
}

/* Lays out the region for all front ends and attaches as number 0. */
static inline int mpsc_front_init(struct mpsc_front *f, const struct ring_geometry *g, void *shared,
                                  void *priv)
{
    int error = mpsc_front_join(f, g, shared, priv, 0);
    if (error != RING_OK)
        return error;

    struct mpsc_shared *s = f->shared;
    for (uint32_t i = 0; i < g->entries; i++) {
        uint32_t position = g->start + i;
        struct mpsc_slot *slot = mpsc_slot(s, f->entries, f->stride, position);
        ring_store(&slot->sequence, position + 1 - g->entries);
    }
    struct ring_lane lane = mpsc_lane_responses(g);
    for (uint32_t number = 0; number < g->fronts; number++)
        cached_lane_init((uint8_t *)shared + mpsc_lane_at(g, number), &lane);
    ring_store(&s->head, g->start);
    ring_store(&s->tail, g->start);
    ring_store_release(&s->event, g->start + 1);
    return RING_OK;
}

static inline int mpsc_back_attach(struct mpsc_back *b, const struct ring_geometry *g, void *shared,
                                   void *priv)
{
    struct ring_footprint fp;
    int error = mpsc_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.back);
    if (error != RING_OK)
        return error;

    struct mpsc_lane *lanes = (struct mpsc_lane *)priv;
    *b = (struct mpsc_back){.shared = (struct mpsc_shared *)shared,
                            .lanes = lanes,
                            .numbers = (uint8_t *)(lanes + g->fronts),
                            .entries = g->entries,
                            .stride = mpsc_stride(g),
                            .fronts = g->fronts,
                            .batch = cached_batch(g->entries),
                            .tail = g->start,
                            .returned = g->start,
                            .seen = g->start};
    struct ring_lane lane = mpsc_lane_responses(g);
    for (uint32_t number = 0; number < g->fronts; number++) {
        lanes[number] = (struct mpsc_lane){.staged = 0};
        cached_tx_attach(&lanes[number].tx, (uint8_t *)shared + mpsc_lane_at(g, number), &lane);
    }
    return RING_OK;
}

/* ---- front end ------------------------------------------------------------------------------ */

RING_INLINE int32_t mpsc_req_reserve(struct mpsc_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    for (uint32_t lost = 0; lost < RING_FRONTS_MAX; lost++) {
        uint32_t head = ring_load_acquire(&f->shared->head);
        uint32_t used = head - ring_load_acquire(&f->shared->tail);
        if (used > f->entries) {
            if (ring_load(&f->shared->head) != head)
                continue;
            f->broken = true;
            return RING_EBROKEN;
        }
        uint32_t claim = ring_min(n, f->entries - used);
        if (claim == 0)
            return 0;
        if (ring_cas(&f->shared->head, &head, head + claim)) {
            f->next = head;
            return (int32_t)claim;
        }
    }
    return 0;
}

RING_INLINE void mpsc_req_write(struct mpsc_front *f, uint32_t i, const void *src, uint32_t size)
{
    struct mpsc_slot *slot = mpsc_slot(f->shared, f->entries, f->stride, f->next + i);
    ring_store(&slot->front, f->number);
    ring_copy_out(slot->payload, src, size);
}

RING_INLINE void mpsc_req_publish(struct mpsc_front *f, uint32_t n)
{
    if (f->unasked == f->unasked_end)
        f->unasked = f->next;
    f->unasked_end = f->next + n;
    for (uint32_t position = f->unasked_end; position != f->next; position--) {
        struct mpsc_slot *slot = mpsc_slot(f->shared, f->entries, f->stride, position - 1);
        ring_store_release(&slot->sequence, position);
    }
    f->next = f->unasked_end;
}

RING_INLINE void mpsc_req_flush(struct mpsc_front *f)
{
    (void)f;
}

static inline bool mpsc_req_ask(struct mpsc_front *f)
{
    ring_fence_ask();
    uint32_t first = f->unasked;
    f->unasked = f->unasked_end;
    return ring_event_passed(ring_load(&f->shared->event), f->unasked_end, first);
}

RING_INLINE int32_t mpsc_rsp_peek(struct mpsc_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    int32_t filled = cached_rx_peek(&f->rsp, n);
    f->broken = filled < 0;
    return filled;
}

RING_INLINE void mpsc_rsp_read(struct mpsc_front *f, uint32_t i, void *dst, uint32_t size)
{
    cached_rx_read(&f->rsp, i, dst, size);
}

RING_INLINE void mpsc_rsp_release(struct mpsc_front *f, uint32_t n)
{
    cached_rx_release(&f->rsp, n);
}

static inline bool mpsc_rsp_arm(struct mpsc_front *f, uint32_t after)
{
    return cached_rx_arm(&f->rsp, after) || f->broken;
}

static inline void mpsc_rsp_disarm(struct mpsc_front *f)
{
    cached_rx_disarm(&f->rsp);
}

/* ---- back end ------------------------------------------------------------------------------- */

/* Is a position in [tail, tail + entries) published: 1, 0, or RING_EBROKEN. */
static inline int mpsc_published(const struct mpsc_back *b, const struct mpsc_slot *slot,
                                 uint32_t position)
{
    uint32_t sequence = ring_load_acquire(&slot->sequence);
    if (sequence == position + 1)
        return 1;
    return sequence == position + 1 - b->entries ? 0 : RING_EBROKEN;
}

static inline void mpsc_req_return(struct mpsc_back *b)
{
    if (b->returned == b->tail)
        return;
    b->returned = b->tail;
    ring_store_release(&b->shared->tail, b->tail);
}

/* Looks at positions from seen on until `until`, the first unpublished one, or one that is wrong.
 */
static inline bool mpsc_req_look(struct mpsc_back *b, uint32_t until)
{
    struct mpsc_lane *const lanes = b->lanes;
    uint8_t *const numbers = b->numbers; /* in locals: a byte written could be anything's */
    const uint32_t fronts = b->fronts;
    uint64_t waiting = b->waiting;
    uint32_t seen = b->seen;
    int published = 1;

    for (; seen != until; seen++) {
        struct mpsc_slot *slot = mpsc_slot(b->shared, b->entries, b->stride, seen);
        published = mpsc_published(b, slot, seen);
        if (published <= 0)
            break;
        uint32_t number = ring_load(&slot->front);
        if (number >= fronts) {
            published = RING_EBROKEN;
            break;
        }
        numbers[seen & (b->entries - 1)] = (uint8_t)number;
        lanes[number].unanswered++;
        waiting |= UINT64_C(1) << number;
    }
    b->waiting = waiting;
    b->unanswered += seen - b->seen;
    b->seen = seen;
    return published >= 0;
}

RING_INLINE int32_t mpsc_req_peek(struct mpsc_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    n = ring_min(n, b->entries);
    if (b->seen - b->tail < n) {
        if (!mpsc_req_look(b, b->tail + n)) {
            b->broken = true;
            return RING_EBROKEN;
        }
        if (b->seen == b->tail)
            mpsc_req_return(b);
    }
    return (int32_t)ring_min(n, b->seen - b->tail);
}

RING_INLINE uint32_t mpsc_req_read(struct mpsc_back *b, uint32_t i, void *dst, uint32_t size)
{
    uint32_t position = b->tail + i;
    ring_copy_in(dst, mpsc_slot(b->shared, b->entries, b->stride, position)->payload, size);
    return b->numbers[position & (b->entries - 1)];
}

RING_INLINE void mpsc_req_release(struct mpsc_back *b, uint32_t n)
{
    b->tail += n;
    if (b->tail - b->returned >= b->batch)
        mpsc_req_return(b);
}

static inline bool mpsc_req_arm_at(struct mpsc_back *b, uint32_t position)
{
    ring_store(&b->shared->event, position + 1);
    ring_fence_arm();
    struct mpsc_slot *slot = mpsc_slot(b->shared, b->entries, b->stride, position);
    return mpsc_published(b, slot, position) != 0;
}

/* Sleeps on the last position if that is unpublished, else on the first one that is. */
static inline bool mpsc_req_arm(struct mpsc_back *b, uint32_t after)
{
    mpsc_req_return(b);
    if (b->broken)
        return true;
    after = ring_min(after, b->entries);
    if (!mpsc_req_arm_at(b, b->tail + after - 1))
        return false;
    for (uint32_t i = 0; i + 1 < after; i++) {
        uint32_t position = b->tail + i;
        struct mpsc_slot *slot = mpsc_slot(b->shared, b->entries, b->stride, position);
        if (mpsc_published(b, slot, position) == 0 && !mpsc_req_arm_at(b, position))
            return false;
    }
    return true;
}

static inline void mpsc_req_disarm(struct mpsc_back *b)
{
    (void)b; /* an index that was passed asks for nothing more */
}

/*
 * Grants so many that each front end has room for as many of them as it can be sent: its requests
 * unanswered. O(front ends with such requests).
 */
RING_INLINE int32_t mpsc_rsp_reserve(struct mpsc_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    if (n > b->unanswered)
        n = (uint32_t)b->unanswered;
    for (uint64_t left = b->waiting; left != 0; left &= left - 1) {
        struct mpsc_lane *lane = &b->lanes[__builtin_ctzll(left)];
        uint32_t most = lane->unanswered < n ? (uint32_t)lane->unanswered : n;
        int32_t room = cached_tx_reserve(&lane->tx, most);
        if (room < 0) {
            b->broken = true;
            return RING_EBROKEN;
        }
        if ((uint32_t)room < most)
            n = (uint32_t)room;
    }
    return (int32_t)n;
}

RING_INLINE void mpsc_rsp_write(struct mpsc_back *b, uint32_t i, uint32_t tag, const void *src,
                                uint32_t size)
{
    (void)i; /* ascending: each goes behind the last one of its lane */
    struct mpsc_lane *lane = &b->lanes[tag];
    cached_tx_write(&lane->tx, lane->staged++, src, size);
    b->touched |= UINT64_C(1) << tag;
}

RING_INLINE void mpsc_rsp_publish(struct mpsc_back *b, uint32_t n)
{
    (void)n; /* what was written is published */
    for (uint64_t left = b->touched; left != 0; left &= left - 1) {
        struct mpsc_lane *lane = &b->lanes[__builtin_ctzll(left)];
        cached_tx_publish(&lane->tx, lane->staged);
        lane->unanswered -= lane->staged;
        b->unanswered -= lane->staged;
        lane->staged = 0;
        if (lane->unanswered == 0)
            b->waiting &= ~(left & -left);
    }
    b->held |= b->touched;
    b->unasked |= b->touched;
    b->touched = 0;
}

RING_INLINE void mpsc_rsp_flush(struct mpsc_back *b)
{
    for (uint64_t left = b->held; left != 0; left &= left - 1)
        cached_tx_flush(&b->lanes[__builtin_ctzll(left)].tx);
    b->held = 0;
}

static inline uint64_t mpsc_rsp_ask(struct mpsc_back *b)
{
    uint64_t told = 0;
    mpsc_rsp_flush(b);
    ring_fence_ask();
    for (uint64_t left = b->unasked; left != 0; left &= left - 1) {
        if (cached_tx_wanted(&b->lanes[__builtin_ctzll(left)].tx))
            told |= left & -left;
    }
    b->unasked = 0;
    return told;
}

static inline uint64_t mpsc_rsp_reached(struct mpsc_back *b)
{
    uint64_t reached = b->unasked;
    b->unasked = 0;
    return reached;
}

#endif
