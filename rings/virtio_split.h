/* SPDX-License-Identifier: MIT */
/*
 * virtio-split: the split virtqueue, with event index.
 *
 * Source: VIRTIO 1.2, section 2.7 "Split Virtqueues" (2.7.7, 2.7.10: VIRTIO_F_EVENT_IDX is on).
 * Byte-compatible with struct vring_desc, vring_avail and vring_used of linux/virtio_ring.h, and
 * placed as its vring_init(num, region, align = 128) does. Framing and addresses: virtio.h.
 *
 *   offset          size        written by  what
 *   0               16*entries  front       descriptor table; chain c is descriptors 2c and 2c+1
 *   A = 16*entries  2           front       avail.flags: 0
 *   A+2             2           front       avail.idx: chains made available, free-running
 *   A+4             2*entries   front       avail.ring: their heads
 *   +0              2           front       used_event: tell me when used.idx passes this
 *   U = next 128    2           back        used.flags: 0
 *   U+2             2           back        used.idx: chains used, free-running
 *   U+4             8*entries   back        used.ring: their heads and the bytes written
 *   +0              2           back        avail_event: tell me when avail.idx passes this
 *   next 128        -           -           buffers; see virtio.h
 *
 * Which lines move. Buffers stay where they are, so the front end writes the descriptor table once,
 * at init, and both sides keep it in their caches. A ring entry that already holds the head to be
 * written is not written again; chains go round in order (virtio.h), so while the back end answers
 * in order, both rings hold from one lap to the next what is wanted of them. What is left to move
 * for a batch is the line of avail.idx, that of used.idx, and the data. For that comparison a side
 * reads back its own ring: if the peer has scribbled there, the entry is written or not, and either
 * way holds what it should.
 *
 * Indices are the standard's 16 bits; a side counts in 32 and compares what it loads modulo 2^16.
 *
 * Ordering:
 *   req_publish  store-release avail.idx -> req_peek's load-acquire: descriptors, entries and
 *                request buffers are written before they are seen.
 *   rsp_publish  store-release used.idx -> rsp_peek's load-acquire: response and used entry before
 *                index; and the request was read out, and its avail entry, before the front end can
 *                write either again.
 *   ask/arm      x.idx=; fence; x_event?  against  x_event=; fence; x.idx?  (Dekker; see lamport.h)
 *                The standard asks for the same: 2.7.13.4 and 2.7.14.
 */
#ifndef RING_VIRTIO_SPLIT_H
#define RING_VIRTIO_SPLIT_H

#include "virtio.h"

enum { virtio_split_TRAITS = RING_THRESHOLD };

/* The second half is read and written in one access: len, flags << 32, next << 48. */
struct virtio_split_desc {
    uint64_t addr;
    uint64_t rest;
};

struct virtio_split_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[]; /* entries of them, then used_event */
};

struct virtio_split_used_elem {
    uint32_t id;
    uint32_t len;
};

struct virtio_split_used {
    uint16_t flags;
    uint16_t idx;
    struct virtio_split_used_elem ring[]; /* entries of them, then avail_event */
};

struct virtio_split_front {
    struct virtio_split_avail *avail;
    struct virtio_split_used *used;
    uint8_t *requests; /* chain 0's buffers */
    uint8_t *responses;
    struct virtio_chains chains;
    uint32_t entries;
    uint32_t req_stride;
    uint32_t rsp_stride;
    uint32_t rsp_size;
    uint32_t req_prod;    /* published; its low half is what avail->idx holds */
    uint32_t req_asked;   /* req_prod at the last ask */
    uint32_t rsp_cons;    /* responses released */
    uint32_t rsp_fetched; /* used entries taken into chains */
    uint32_t rsp_seen;    /* used->idx as last read and checked */
    bool broken;
};

struct virtio_split_back {
    uint8_t *region;
    struct virtio_split_desc *table;
    struct virtio_split_avail *avail;
    struct virtio_split_used *used;
    struct virtio_requests requests;
    uint32_t req_cons;    /* requests released */
    uint32_t req_fetched; /* avail entries taken into requests */
    uint32_t req_seen;    /* avail->idx as last read and checked */
    uint32_t rsp_prod;    /* published; its low half is what used->idx holds */
    uint32_t rsp_asked;   /* rsp_prod at the last ask */
    bool broken;
};

static inline size_t virtio_split_avail_at(uint32_t entries)
{
    return (size_t)entries * sizeof(struct virtio_split_desc);
}

static inline size_t virtio_split_used_at(uint32_t entries)
{
    size_t used_event_at = sizeof(struct virtio_split_avail) + entries * sizeof(uint16_t);
    return ring_round_up(virtio_split_avail_at(entries) + used_event_at + sizeof(uint16_t),
                         RING_APART);
}

static inline struct virtio_buffers virtio_split_buffers(const struct ring_geometry *g)
{
    size_t avail_event_at = sizeof(struct virtio_split_used) +
                            (size_t)g->entries * sizeof(struct virtio_split_used_elem);
    return virtio_buffers(g, virtio_split_used_at(g->entries) + avail_event_at + sizeof(uint16_t));
}

static inline uint16_t *virtio_split_used_event(struct virtio_split_avail *avail, uint32_t entries)
{
    return &avail->ring[entries];
}

static inline uint16_t *virtio_split_avail_event(struct virtio_split_used *used, uint32_t entries)
{
    return (uint16_t *)&used->ring[entries];
}

static inline int virtio_split_footprint(const struct ring_geometry *g, struct ring_footprint *fp)
{
    int error = ring_geometry_check(g, 1);
    if (error != RING_OK)
        return error;
    *fp = (struct ring_footprint){.shared = virtio_split_buffers(g).region,
                                  .front = virtio_chains_footprint(g->entries / VIRTIO_CHAIN),
                                  .back = virtio_requests_footprint(g->entries)};
    return RING_OK;
}

static inline uint32_t virtio_split_capacity(const struct ring_geometry *g)
{
    return g->entries / VIRTIO_CHAIN;
}

static inline uint64_t virtio_split_rest(uint32_t len, uint32_t flags, uint32_t next)
{
    return len | (uint64_t)flags << 32 | (uint64_t)next << 48;
}

/* The whole table, once: chain c is 2c -> 2c+1, with the buffers of chain c. */
static inline void virtio_split_table_init(struct virtio_split_desc *table,
                                           const struct ring_geometry *g)
{
    struct virtio_buffers at = virtio_split_buffers(g);
    for (uint32_t c = 0; c < g->entries / VIRTIO_CHAIN; c++) {
        struct virtio_split_desc *readable = &table[2 * c], *writable = readable + 1;
        ring_store(&readable->addr, (uint64_t)at.req_at + c * at.req_stride);
        ring_store(&readable->rest, virtio_split_rest(g->req_size, VIRTIO_DESC_F_NEXT, 2 * c + 1));
        ring_store(&writable->addr, (uint64_t)at.rsp_at + c * at.rsp_stride);
        ring_store(&writable->rest, virtio_split_rest(g->rsp_size, VIRTIO_DESC_F_WRITE, 0));
    }
}

static inline int virtio_split_front_init(struct virtio_split_front *f,
                                          const struct ring_geometry *g, void *shared, void *priv)
{
    struct ring_footprint fp = {0};
    int error = virtio_split_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.front);
    if (error != RING_OK)
        return error;

    struct virtio_buffers at = virtio_split_buffers(g);
    uint8_t *region = (uint8_t *)shared;
    uint16_t start = (uint16_t)g->start;
    *f = (struct virtio_split_front){
        .avail = (struct virtio_split_avail *)(region + virtio_split_avail_at(g->entries)),
        .used = (struct virtio_split_used *)(region + virtio_split_used_at(g->entries)),
        .requests = region + at.req_at,
        .responses = region + at.rsp_at,
        .chains = virtio_chains_init(priv, g->entries / VIRTIO_CHAIN),
        .entries = g->entries,
        .req_stride = at.req_stride,
        .rsp_stride = at.rsp_stride,
        .rsp_size = g->rsp_size,
        .req_prod = g->start,
        .req_asked = g->start,
        .rsp_cons = g->start,
        .rsp_fetched = g->start,
        .rsp_seen = g->start};

    virtio_split_table_init((struct virtio_split_desc *)shared, g);
    for (uint32_t i = 0; i < g->entries; i++) {
        ring_store(&f->avail->ring[i], 0);
        ring_store(&f->used->ring[i].id, 0);
        ring_store(&f->used->ring[i].len, 0);
    }
    ring_store(&f->avail->flags, 0);
    ring_store(&f->used->flags, 0);
    ring_store(virtio_split_used_event(f->avail, g->entries), start);
    ring_store(virtio_split_avail_event(f->used, g->entries), start);
    ring_store(&f->used->idx, start);
    ring_store_release(&f->avail->idx, start);
    return RING_OK;
}

static inline int virtio_split_back_attach(struct virtio_split_back *b,
                                           const struct ring_geometry *g, void *shared, void *priv)
{
    struct ring_footprint fp = {0};
    int error = virtio_split_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.back);
    if (error != RING_OK)
        return error;

    uint8_t *region = (uint8_t *)shared;
    *b = (struct virtio_split_back){
        .region = region,
        .table = (struct virtio_split_desc *)shared,
        .avail = (struct virtio_split_avail *)(region + virtio_split_avail_at(g->entries)),
        .used = (struct virtio_split_used *)(region + virtio_split_used_at(g->entries)),
        .requests = virtio_requests_init(priv, g, fp.shared),
        .req_cons = g->start,
        .req_fetched = g->start,
        .req_seen = g->start,
        .rsp_prod = g->start,
        .rsp_asked = g->start};
    return RING_OK;
}

/*
 * vring_need_event(): is `event`, the index before the one that wants telling, in [old, new)? More
 * than 2^16 entries since the last ask have passed every value that it can have.
 */
static inline bool virtio_split_event_passed(uint16_t event, uint32_t new, uint32_t old)
{
    if (new - old > UINT16_MAX)
        return true;
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* Chains come back with responses, which the front end has already seen: nothing shared is read. */
static inline int32_t virtio_split_req_reserve(struct virtio_split_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, f->chains.mask + 1 - (f->req_prod - f->rsp_cons));
}

RING_INLINE void virtio_split_req_write(struct virtio_split_front *f, uint32_t i, const void *src,
                                        uint32_t size)
{
    uint32_t count = f->req_prod + i;
    uint32_t chain = virtio_chain(&f->chains, count);
    uint16_t *entry = &f->avail->ring[count & (f->entries - 1)];
    uint16_t head = (uint16_t)(2 * chain);
    ring_copy_out(f->requests + (size_t)chain * f->req_stride, src, size);
    if (ring_load(entry) != head)
        ring_store(entry, head);
}

static inline void virtio_split_req_publish(struct virtio_split_front *f, uint32_t n)
{
    virtio_chains_publish(f->chains, f->req_prod, n);
    f->req_prod += n;
    ring_store_release(&f->avail->idx, (uint16_t)f->req_prod);
}

static inline void virtio_split_req_flush(struct virtio_split_front *f)
{
    (void)f;
}

static inline bool virtio_split_req_ask(struct virtio_split_front *f)
{
    ring_fence_ask();
    uint32_t old = f->req_asked;
    f->req_asked = f->req_prod;
    return virtio_split_event_passed(ring_load(virtio_split_avail_event(f->used, f->entries)),
                                     f->req_prod, old);
}

/* Takes at most n more used entries into private memory; false if one of them cannot be. */
static VIRTIO_FETCH bool virtio_split_rsp_fetch(struct virtio_split_front *f, uint32_t n)
{
    uint32_t fetched = f->rsp_fetched, visible = f->rsp_seen - fetched;
    if (visible < n) {
        uint32_t now = (uint16_t)(ring_load_acquire(&f->used->idx) - fetched);
        if (now < visible || now > f->req_prod - fetched)
            return false;
        f->rsp_seen = fetched + now;
        n = ring_min(n, now);
    }

    struct virtio_chains chains = f->chains;
    struct virtio_split_used_elem *ring = f->used->ring;
    uint32_t mask = f->entries - 1, rsp_size = f->rsp_size, end = fetched + n;
    for (; fetched != end; fetched++) {
        uint32_t head = ring_load(&ring[fetched & mask].id);
        if (ring_load(&ring[fetched & mask].len) > rsp_size || head % 2 != 0 ||
            !virtio_chain_fetch(&chains, fetched, head / 2))
            return false;
    }
    f->rsp_fetched = end;
    return true;
}

static inline int32_t virtio_split_rsp_peek(struct virtio_split_front *f, uint32_t n)
{
    uint32_t ready = f->rsp_fetched - f->rsp_cons;
    if (f->broken || (ready < n && !virtio_split_rsp_fetch(f, n - ready))) {
        f->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, f->rsp_fetched - f->rsp_cons);
}

RING_INLINE void virtio_split_rsp_read(struct virtio_split_front *f, uint32_t i, void *dst,
                                       uint32_t size)
{
    uint32_t chain = virtio_chain(&f->chains, f->rsp_cons + i);
    ring_copy_in(dst, f->responses + (size_t)chain * f->rsp_stride, size);
}

static inline void virtio_split_rsp_release(struct virtio_split_front *f, uint32_t n)
{
    f->rsp_cons += n;
}

/* An event or a count of more than all chains would never be reached. */
static inline bool virtio_split_rsp_arm(struct virtio_split_front *f, uint32_t after)
{
    after = ring_min(after, f->chains.mask + 1);
    ring_store(virtio_split_used_event(f->avail, f->entries), (uint16_t)(f->rsp_cons + after - 1));
    ring_fence_arm();
    return f->broken || (uint16_t)(ring_load(&f->used->idx) - f->rsp_cons) >= after;
}

static inline void virtio_split_rsp_disarm(struct virtio_split_front *f)
{
    (void)f;
}

/* Reads both descriptors of request `count`, each half once, and keeps what they say. */
static inline bool virtio_split_chain_fetch(struct virtio_requests *requests, uint32_t count,
                                            struct virtio_split_desc *table, uint32_t head)
{
    if (head >= requests->entries)
        return false;
    uint64_t req_at = ring_load(&table[head].addr), readable = ring_load(&table[head].rest);
    uint32_t next = (uint32_t)(readable >> 48);
    uint64_t expected = virtio_split_rest(requests->req_size, VIRTIO_DESC_F_NEXT, 0);
    if (next >= requests->entries || readable << 16 != expected << 16)
        return false;
    uint64_t rsp_at = ring_load(&table[next].addr), writable = ring_load(&table[next].rest);
    if ((uint16_t)(writable >> 32) != VIRTIO_DESC_F_WRITE)
        return false;
    return virtio_request_fetch(requests, count, head, req_at, rsp_at, (uint32_t)writable);
}

/* Takes at most n more avail entries into private memory; false if one of them cannot be. */
static VIRTIO_FETCH bool virtio_split_req_fetch(struct virtio_split_back *b, uint32_t n)
{
    struct virtio_requests requests = b->requests;
    uint32_t fetched = b->req_fetched, visible = b->req_seen - fetched;
    if (visible < n) {
        uint32_t unanswered = fetched - b->rsp_prod;
        uint32_t now = (uint16_t)(ring_load_acquire(&b->avail->idx) - fetched);
        if (now < visible || now > requests.mask + 1 - unanswered)
            return false;
        b->req_seen = fetched + now;
        n = ring_min(n, now);
    }

    struct virtio_split_desc *table = b->table;
    uint16_t *ring = b->avail->ring;
    uint32_t mask = requests.entries - 1, end = fetched + n;
    for (; fetched != end; fetched++)
        if (!virtio_split_chain_fetch(&requests, fetched, table, ring_load(&ring[fetched & mask])))
            return false;
    b->req_fetched = end;
    return true;
}

static inline int32_t virtio_split_req_peek(struct virtio_split_back *b, uint32_t n)
{
    uint32_t ready = b->req_fetched - b->req_cons;
    if (b->broken || (ready < n && !virtio_split_req_fetch(b, n - ready))) {
        b->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, b->req_fetched - b->req_cons);
}

RING_INLINE uint32_t virtio_split_req_read(struct virtio_split_back *b, uint32_t i, void *dst,
                                           uint32_t size)
{
    struct virtio_request request = virtio_request(&b->requests, b->req_cons + i);
    ring_copy_in(dst, b->region + request.req_at, size);
    return request.tag;
}

static inline void virtio_split_req_release(struct virtio_split_back *b, uint32_t n)
{
    b->req_cons += n;
}

static inline bool virtio_split_req_arm(struct virtio_split_back *b, uint32_t after)
{
    after = ring_min(after, b->requests.mask + 1);
    ring_store(virtio_split_avail_event(b->used, b->requests.entries),
               (uint16_t)(b->req_cons + after - 1));
    ring_fence_arm();
    return b->broken || (uint16_t)(ring_load(&b->avail->idx) - b->req_cons) >= after;
}

static inline void virtio_split_req_disarm(struct virtio_split_back *b)
{
    (void)b;
}

static inline int32_t virtio_split_rsp_reserve(struct virtio_split_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, b->req_cons - b->rsp_prod);
}

/* The tag is the caller's, from its own memory; one that is not in flight is a bug of the caller,
 * and ends the ring rather than the memory it would have written to. */
RING_INLINE void virtio_split_rsp_write(struct virtio_split_back *b, uint32_t i, uint32_t tag,
                                        const void *src, uint32_t size)
{
    uint32_t rsp_at = virtio_request_finish(&b->requests, tag);
    if (rsp_at == VIRTIO_IDLE) {
        b->broken = true;
        return;
    }
    struct virtio_split_used_elem *entry =
        &b->used->ring[(b->rsp_prod + i) & (b->requests.entries - 1)];
    ring_copy_out(b->region + rsp_at, src, size);
    if (ring_load(&entry->id) != tag)
        ring_store(&entry->id, tag);
    if (ring_load(&entry->len) != size)
        ring_store(&entry->len, size);
}

static inline void virtio_split_rsp_publish(struct virtio_split_back *b, uint32_t n)
{
    if (b->broken)
        return;
    b->rsp_prod += n;
    ring_store_release(&b->used->idx, (uint16_t)b->rsp_prod);
}

static inline void virtio_split_rsp_flush(struct virtio_split_back *b)
{
    (void)b;
}

static inline uint64_t virtio_split_rsp_ask(struct virtio_split_back *b)
{
    ring_fence_ask();
    uint32_t old = b->rsp_asked;
    b->rsp_asked = b->rsp_prod;
    uint16_t event = ring_load(virtio_split_used_event(b->avail, b->requests.entries));
    return virtio_split_event_passed(event, b->rsp_prod, old) ? 1 : 0;
}

static inline uint64_t virtio_split_rsp_reached(struct virtio_split_back *b)
{
    (void)b;
    return 1;
}

#endif
