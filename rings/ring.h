/* SPDX-License-Identifier: MIT */
/*
 * The ring contract: what a layout supplies, and what both of its users may rely on.
 *
 * A ring connects a front end, which produces requests and consumes responses, with a back end,
 * which does the reverse. A layout `L` is one header of static inline functions with the prefix
 * `L_`, and one line in layouts.def. It allocates nothing, keeps no globals, reads no clock and
 * takes no lock. Memory is the caller's:
 *
 *   shared    one region that both ends map, of footprint.shared bytes, aligned to RING_ALIGN
 *   private   for each end, footprint.front or footprint.back bytes that the peer cannot reach,
 *             aligned to 8; may be NULL where the footprint says 0
 *
 *   int      L_footprint(const struct ring_geometry *, struct ring_footprint *)
 *              checks the geometry; 0 or a RING_E... and *footprint untouched
 *   uint32_t L_capacity(const struct ring_geometry *)
 *              the most requests that may be outstanding (reserved by the front end, their
 *              responses not yet released by it), for each front end
 *   int      L_front_init(struct L_front *, const struct ring_geometry *, void *shared, void *priv)
 *              lays out the shared region, then attaches; before any back end attaches
 *   int      L_back_attach(struct L_back *, const struct ring_geometry *, void *shared, void *priv)
 *              trusts the geometry it is given, never what the region says
 *
 * The producing side of a direction; d is `req` with a front end, `rsp` with a back end:
 *
 *   int32_t  L_d_reserve(end, n)   grants 0..n slots, or RING_EBROKEN. A grant is published in
 *                                  full before the next reservation.
 *   void     L_req_write(front, i, src, size)
 *   void     L_rsp_write(back, i, tag, src, size)
 *                                  fills slot i of the grant with size bytes (a multiple of 4, at
 *                                  most the direction's size; a constant compiles to moves). Each
 *                                  slot is written once and in ascending order. tag is what
 *                                  L_req_read returned for the request being answered.
 *   void     L_d_publish(end, n)   hands the grant over. A layout with batch control may hold
 *                                  entries back until L_d_flush or L_d_ask.
 *   void     L_d_flush(end)        hands over what is held back: call it before waiting
 *   bool     L_req_ask(front)      flushes, then: does the back end want to be told of anything
 *                                  published since the last ask? Contains the full barrier.
 *   uint64_t L_rsp_ask(back)       the same as a set: bit f stands for front end f
 *   uint64_t L_rsp_reached(back)   front ends published to since the last ask or reached; no
 *                                  barrier: for telling without asking
 *
 * The consuming side; d is `rsp` with a front end, `req` with a back end:
 *
 *   int32_t  L_d_peek(end, n)      0..n entries can be read, or RING_EBROKEN. 0 only if the ring
 *                                  was seen empty. All that the peer controls is checked here.
 *   uint32_t L_req_read(back, i, dst, size)    copies entry i of the last peek to private memory;
 *   void     L_rsp_read(front, i, dst, size)   returns the tag to answer it with
 *   void     L_d_release(end, n)   gives back the first n entries of the last peek. A layout with
 *                                  batch control may tell the peer late, but not later than the
 *                                  next peek that finds nothing.
 *   bool     L_d_arm(end, after)   wants to be told when `after` (>= 1) entries are there beyond
 *                                  those released; all peeked ones must have been released.
 *                                  Contains the full barrier and the final check: true means that
 *                                  they are there already (or the ring is broken): do not sleep.
 *                                  A layout whose word is a flag tells at the first entry.
 *   void     L_d_disarm(end)       withdraws a flag that was armed; index layouts need nothing
 *
 * Order of a round at the back end. Where traits have RING_RELEASE_FREES, releasing a request gives
 * its slot back to the front end, and the request may be released after its response is published,
 * which is off the critical path. Otherwise requests and responses share slots or descriptors: a
 * response is reserved for a request already released, and one-way traffic needs (empty) responses.
 *
 * A front end whose reserve falls short of the capacity looks again, it does not sleep: the room is
 * a late release away, which nobody tells of. With as many outstanding as fit, it may sleep: room
 * comes with a response.
 *
 * Each end is used by one thread at a time. Every call is bounded: O(n), plus for bqueue O(log
 * entries). None blocks.
 *
 * Hostile peers. The region is the peer's to scribble on at any time. A call reads each shared word
 * once, checks it, then uses the copy; cursors live in private memory. What is provably wrong
 * breaks the end, or where the directions are lanes of their own, that direction of it: that call
 * and all later ones that can fail return RING_EBROKEN, and nothing is read or written outside the
 * region or the private memory. What cannot be told from a legal peer
 * (payload, an early or missing notification) costs at most what the peer could do anyway.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ring_atomic.h>

#define RING_LINE 64U /* bytes in a cache line, and the unit of ownership in the drawings */

/* Words with different writers lie this far apart: the adjacent-line prefetcher of Intel's
 * processors fetches lines in pairs (Optimization Reference Manual, "Spatial Prefetcher"). */
#define RING_APART 128U

#define RING_ALIGN 128U /* of the shared region, bytes */

#define RING_ENTRIES_MIN 2U
#define RING_ENTRIES_MAX 32768U
#define RING_SIZE_MIN 8U
#define RING_SIZE_MAX 256U
#define RING_FRONTS_MAX 64U

enum ring_error {
    RING_OK = 0,
    RING_EENTRIES = -1, /* entries: not a power of two in 2..32768 */
    RING_EREQSIZE = -2, /* req_size: not a multiple of 4 in 8..256 */
    RING_ERSPSIZE = -3, /* rsp_size: likewise */
    RING_EFRONTS = -4,  /* fronts: 0, or more than the layout carries */
    RING_EALIGN = -5,   /* shared or private memory missing or misaligned */
    RING_EFRONT = -6,   /* no such front end in this geometry */
    RING_EBROKEN = -7,  /* the peer wrote what no correct peer writes; this end is dead */
};

/*
 * For what runs once a batch or oftener. Left to itself the compiler puts a function with many
 * callers out of line, and then an end's cursors must live in memory instead of registers.
 */
#define RING_INLINE static inline __attribute__((always_inline))

/* What both ends agree on out of band before they share memory. */
struct ring_geometry {
    uint32_t entries;  /* of each ring or descriptor table; a power of two */
    uint32_t req_size; /* bytes of a request */
    uint32_t rsp_size; /* bytes of a response */
    uint32_t fronts;   /* front ends on this ring; 1 unless the layout has RING_MANY_FRONTS */
    uint32_t start;    /* index that every free-running cursor begins at; 0 unless resuming */
};

struct ring_footprint {
    size_t shared; /* bytes of the region that both ends map */
    size_t front;  /* bytes of private memory of a front end */
    size_t back;   /* bytes of private memory of the back end */
};

/* Traits of a layout, for those who drive it. */
enum ring_trait {
    RING_RELEASE_FREES = 1 << 0, /* releasing a request frees its slot: one-way use is native */
    RING_MANY_FRONTS = 1 << 1,   /* carries geometry.fronts > 1; more attach by L_front_join */
    RING_THRESHOLD = 1 << 2,     /* arm(after > 1) is honoured; else told at the first entry */
};

static inline const char *ring_error_text(int error)
{
    switch (error) {
    case RING_OK:
        return "no error";
    case RING_EENTRIES:
        return "entries must be a power of two in 2..32768";
    case RING_EREQSIZE:
        return "request size must be a multiple of 4 in 8..256 bytes";
    case RING_ERSPSIZE:
        return "response size must be a multiple of 4 in 8..256 bytes";
    case RING_EFRONTS:
        return "number of front ends must be 1, or 1..64 where the layout carries many";
    case RING_EALIGN:
        return "shared memory must be aligned to 128 bytes and private memory to 8";
    case RING_EFRONT:
        return "front end number is not below the geometry's fronts";
    case RING_EBROKEN:
        return "ring broken by its peer";
    default:
        return "unknown ring error";
    }
}

static inline bool ring_size_ok(uint32_t size)
{
    return size >= RING_SIZE_MIN && size <= RING_SIZE_MAX && size % 4 == 0;
}

/* fronts_max: what the layout carries. Returns 0 or the error of the first field that is wrong. */
static inline int ring_geometry_check(const struct ring_geometry *g, uint32_t fronts_max)
{
    if (g->entries < RING_ENTRIES_MIN || g->entries > RING_ENTRIES_MAX ||
        (g->entries & (g->entries - 1)) != 0)
        return RING_EENTRIES;
    if (!ring_size_ok(g->req_size))
        return RING_EREQSIZE;
    if (!ring_size_ok(g->rsp_size))
        return RING_ERSPSIZE;
    if (g->fronts == 0 || g->fronts > fronts_max)
        return RING_EFRONTS;
    return RING_OK;
}

/* need: bytes of private memory that the footprint asks for. */
static inline int ring_memory_check(const void *shared, const void *priv, size_t need)
{
    if (shared == NULL || (uintptr_t)shared % RING_ALIGN != 0)
        return RING_EALIGN;
    if (need != 0 && (priv == NULL || (uintptr_t)priv % 8 != 0))
        return RING_EALIGN;
    return RING_OK;
}

/* Bytes from one slot to the next: elements keep the alignment of their largest scalar. */
static inline uint32_t ring_stride(uint32_t size)
{
    return (size + 7) & ~7U;
}

static inline size_t ring_round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/*
 * Is `event` among the counts (old, new] that were passed since the last ask? All three run freely
 * modulo 2^32. The event word is the peer's: any value gives an answer, none gives harm.
 */
static inline bool ring_event_passed(uint32_t event, uint32_t new, uint32_t old)
{
    return new - event < new - old;
}

static inline uint32_t ring_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * Looking ahead. Each line that a consumer reads comes from the producer's cache, and a processor
 * that only runs into them has few such misses under way at once: as many as its reorder buffer
 * covers. So a consumer that takes batches asks for the lines of filled entries before it reads
 * them, up to RING_AHEAD_LINES beyond its tail.
 *
 *   not the line that the producer may still write: only lines that are filled to their end;
 *   not with batches of less than RING_AHEAD_BATCH lines: there the two sides work on the same few
 *   lines, and asking early takes them from the producer.
 *
 * Measured by bench/native on Zen 4, two cores of one cache complex, one-way, 16-byte elements in
 * batches of 32, `cached`: 450 M/s without, 466 with 8 lines, 900 with 16, 780 with 32. With
 * batches of 4, pairs fell from 73 to 28 M/s, which is why those go without.
 */
#define RING_AHEAD_LINES 16U
#define RING_AHEAD_BATCH 4U

struct ring_ahead {
    uint32_t next;     /* entry whose line is asked for next, free-running */
    uint32_t per_line; /* entries of a line, a power of two; 1 where one fills a line or more */
    uint32_t batch;    /* entries that the last peek asked for */
};

static inline struct ring_ahead ring_ahead_init(uint32_t start, uint32_t stride)
{
    uint32_t per_line = 1;
    while (2 * per_line * stride <= RING_LINE)
        per_line *= 2;
    return (struct ring_ahead){.next = start, .per_line = per_line};
}

/* Out of line and by value: it runs once a batch, and leaves the caller its registers. */
static __attribute__((noinline, unused)) uint32_t ring_ask_ahead(struct ring_ahead ahead,
                                                                 const uint8_t *slots,
                                                                 uint32_t entries, uint32_t stride,
                                                                 uint32_t tail, uint32_t filled)
{
    uint32_t end = ring_min(filled, RING_AHEAD_LINES * ahead.per_line);
    int32_t at = (int32_t)(ahead.next - tail);
    if (at < 0) /* the tail has overtaken it: on with the next whole line */
        at = (int32_t)((0 - tail) & (ahead.per_line - 1));
    for (; (uint32_t)at + ahead.per_line <= end; at += (int32_t)ahead.per_line)
        ring_prefetch(slots + (size_t)((tail + (uint32_t)at) & (entries - 1)) * stride);
    return tail + (uint32_t)at;
}

/*
 * Entry i of the last peek is about to be read: with the first, looks ahead. `filled` entries from
 * `tail` on are known to be there. slots holds `entries`, stride bytes each. In read, not in peek:
 * responses that are only released, as in one-way traffic, must not be fetched.
 */
RING_INLINE void ring_look_ahead(struct ring_ahead *ahead, uint32_t i, const uint8_t *slots,
                                 uint32_t entries, uint32_t stride, uint32_t tail, uint32_t filled)
{
    if (i == 0 && ahead->batch >= RING_AHEAD_BATCH * ahead->per_line)
        ahead->next = ring_ask_ahead(*ahead, slots, entries, stride, tail, filled);
}

#endif
