/* SPDX-License-Identifier: MIT */
/*
 * virtio-packed: the packed virtqueue, with event index.
 *
 * Source: VIRTIO 1.2, section 2.8 "Packed Virtqueues" (2.8.10: event suppression, used with
 * RING_EVENT_FLAGS_DESC because VIRTIO_F_EVENT_IDX is on). Byte-compatible with struct
 * vring_packed_desc and vring_packed_desc_event of linux/virtio_ring.h. Framing and addresses:
 * virtio.h. Buffer ids are chain numbers; a foreign driver's must be below the queue size.
 *
 *   offset          size        written by  what
 *   0               16*entries  both        descriptor ring: the front end makes descriptors
 *                                           available in it, the back end overwrites them with used
 *                                           ones
 *   D = next 128    2           front       driver event suppression, off_wrap: tell me when the
 *                                           used descriptor at this place is written
 *   D+2             2           front       its flags: RING_EVENT_FLAGS_DESC
 *   D+128           2           back        device event suppression, off_wrap: tell me when the
 *                                           descriptor at this place is made available
 *   D+130           2           back        its flags: RING_EVENT_FLAGS_DESC
 *   next 128        -           -           buffers; see virtio.h
 *
 * There is no index in shared memory: the flags of a descriptor say whether it is available or
 * used, and in which lap. A place is counted in descriptors and runs freely in 32 bits: its low
 * bits are the offset in the ring, and the next one is the lap's parity, the inverse of the
 * standard's wrap counter. So the k-th request has its chain at places start + 2k and start + 2k
 * + 1. The k-th response has its one used descriptor at place start + 2k: the back end skips as
 * many places as the chain had, which is two for each of them, so places of responses are as well
 * known as those of requests, in whatever order they come.
 *
 * Ordering:
 *   req_publish  store-release of the first chain's head -> req_peek's load-acquire: all else of
 *                the batch (later heads too) was written before. The back end walks the ring in
 *                order, so it looks at no later head before it has seen the first.
 *   rsp_publish  store-release of the first used descriptor -> rsp_peek's load-acquire: response
 *                before descriptor; and all of the batch's requests and descriptors were read out
 *                before the front end can write them again.
 *   ask/arm      descriptor=; fence; event?  against  event=; fence; descriptor?  (Dekker; see
 *                lamport.h). The standard asks for the same: 2.8.21.2 and 2.8.22.
 *
 * One access. len, id and flags of a descriptor are one 64-bit word, written and read in one
 * access; so is the event structure, in 32 bits. A peer that writes its 16-bit flags last, as the
 * standard has it, is seen as well: whoever sees the flags sees what lies beside them and was
 * written before.
 */
#ifndef RING_VIRTIO_PACKED_H
#define RING_VIRTIO_PACKED_H

#include "virtio.h"

enum { virtio_packed_TRAITS = RING_THRESHOLD };

#define VIRTIO_PACKED_F_AVAIL (1U << 7)
#define VIRTIO_PACKED_F_USED (1U << 15)
#define VIRTIO_PACKED_F_MARK (VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED)

#define VIRTIO_PACKED_EVENT_DISABLE 1U
#define VIRTIO_PACKED_EVENT_DESC 2U
#define VIRTIO_PACKED_EVENT_MASK 3U
#define VIRTIO_PACKED_EVENT_WRAP (1U << 15) /* in off_wrap */

/* The second half is len, id << 32, flags << 48. */
struct virtio_packed_desc {
    uint64_t addr;
    uint64_t rest;
};

struct virtio_packed_front {
    struct virtio_packed_desc *ring;
    uint32_t *own_event; /* off_wrap, flags << 16 */
    uint32_t *peer_event;
    uint8_t *requests; /* chain 0's buffers */
    uint8_t *responses;
    struct virtio_chains chains;
    uint64_t first;  /* second half of the first head of the grant, kept back until publish */
    uint32_t req_at; /* offsets of chain 0's buffers */
    uint32_t rsp_at;
    uint32_t req_stride;
    uint32_t rsp_stride;
    uint32_t req_size;
    uint32_t rsp_size;
    uint32_t entries;
    uint32_t start;       /* place of request 0 and of response 0 */
    uint32_t req_prod;    /* requests published, from 0 */
    uint32_t req_asked;   /* req_prod at the last ask */
    uint32_t rsp_cons;    /* responses released */
    uint32_t rsp_fetched; /* used descriptors taken into chains */
    bool broken;
};

struct virtio_packed_back {
    uint8_t *region;
    struct virtio_packed_desc *ring;
    uint32_t *own_event;
    uint32_t *peer_event;
    struct virtio_requests requests;
    uint64_t first; /* second half of the first used descriptor of the grant, likewise */
    uint32_t start;
    uint32_t req_cons;    /* requests released, from 0 */
    uint32_t req_fetched; /* chains taken into requests */
    uint32_t rsp_prod;    /* responses published */
    uint32_t rsp_asked;   /* rsp_prod at the last ask */
    bool broken;
};

static inline size_t virtio_packed_driver_event_at(uint32_t entries)
{
    return ring_round_up((size_t)entries * sizeof(struct virtio_packed_desc), RING_APART);
}

static inline size_t virtio_packed_device_event_at(uint32_t entries)
{
    return virtio_packed_driver_event_at(entries) + RING_APART;
}

static inline struct virtio_buffers virtio_packed_buffers(const struct ring_geometry *g)
{
    return virtio_buffers(g, virtio_packed_device_event_at(g->entries) + sizeof(uint32_t));
}

static inline int virtio_packed_footprint(const struct ring_geometry *g, struct ring_footprint *fp)
{
    int error = ring_geometry_check(g, 1);
    if (error != RING_OK)
        return error;
    *fp = (struct ring_footprint){.shared = virtio_packed_buffers(g).region,
                                  .front = virtio_chains_footprint(g->entries / VIRTIO_CHAIN),
                                  .back = virtio_requests_footprint(g->entries)};
    return RING_OK;
}

static inline uint32_t virtio_packed_capacity(const struct ring_geometry *g)
{
    return g->entries / VIRTIO_CHAIN;
}

static inline uint32_t virtio_packed_place(uint32_t start, uint32_t count)
{
    return start + VIRTIO_CHAIN * count;
}

/* The flags that mark a descriptor available, or used, in the lap of its place. */
static inline uint32_t virtio_packed_avail(uint32_t entries, uint32_t place)
{
    return place & entries ? VIRTIO_PACKED_F_USED : VIRTIO_PACKED_F_AVAIL;
}

static inline uint32_t virtio_packed_used(uint32_t entries, uint32_t place)
{
    return place & entries ? 0 : VIRTIO_PACKED_F_MARK;
}

static inline uint64_t virtio_packed_rest(uint32_t len, uint32_t id, uint32_t flags)
{
    return len | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

static inline uint32_t virtio_packed_id(uint64_t rest)
{
    return (uint16_t)(rest >> 32);
}

static inline uint32_t virtio_packed_flags(uint64_t rest)
{
    return (uint32_t)(rest >> 48);
}

/* The event suppression structure that asks to be told at a place. */
static inline uint32_t virtio_packed_event(uint32_t entries, uint32_t place)
{
    uint32_t wrap = place & entries ? 0 : VIRTIO_PACKED_EVENT_WRAP;
    return (place & (entries - 1)) | wrap | VIRTIO_PACKED_EVENT_DESC << 16;
}

/*
 * Does the peer want to be told of the chains [old, new)? Its place is known modulo two laps, so
 * that of a sleeper which asks for one of the next `entries` places is never mistaken; as many
 * chains as fill two laps have passed every place. A word that means nothing asks for telling.
 */
static inline bool virtio_packed_event_passed(uint32_t event, uint32_t entries, uint32_t start,
                                              uint32_t new, uint32_t old)
{
    uint32_t flags = event >> 16 & VIRTIO_PACKED_EVENT_MASK;
    if (flags != VIRTIO_PACKED_EVENT_DESC)
        return flags != VIRTIO_PACKED_EVENT_DISABLE && new != old;
    if (new - old >= entries)
        return true;
    uint32_t lap = event & VIRTIO_PACKED_EVENT_WRAP ? 0 : entries;
    uint32_t place = (event & (entries - 1)) + lap;
    uint32_t since = (virtio_packed_place(start, new) - place - 1) & (2 * entries - 1);
    return since < VIRTIO_CHAIN * (new - old);
}

static inline int virtio_packed_front_init(struct virtio_packed_front *f,
                                           const struct ring_geometry *g, void *shared, void *priv)
{
    struct ring_footprint fp = {0};
    int error = virtio_packed_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.front);
    if (error != RING_OK)
        return error;

    struct virtio_buffers at = virtio_packed_buffers(g);
    uint8_t *region = (uint8_t *)shared;
    *f = (struct virtio_packed_front){
        .ring = (struct virtio_packed_desc *)shared,
        .own_event = (uint32_t *)(region + virtio_packed_driver_event_at(g->entries)),
        .peer_event = (uint32_t *)(region + virtio_packed_device_event_at(g->entries)),
        .requests = region + at.req_at,
        .responses = region + at.rsp_at,
        .chains = virtio_chains_init(priv, g->entries / VIRTIO_CHAIN),
        .req_at = at.req_at,
        .rsp_at = at.rsp_at,
        .req_stride = at.req_stride,
        .rsp_stride = at.rsp_stride,
        .req_size = g->req_size,
        .rsp_size = g->rsp_size,
        .entries = g->entries,
        .start = g->start};

    /* Zero is available in no lap (2.8.13: the ring is zero-initialised). */
    for (uint32_t i = 0; i < g->entries; i++) {
        ring_store(&f->ring[i].addr, 0);
        ring_store(&f->ring[i].rest, 0);
    }
    ring_store(f->own_event, virtio_packed_event(g->entries, g->start));
    ring_store_release(f->peer_event, virtio_packed_event(g->entries, g->start));
    return RING_OK;
}

static inline int virtio_packed_back_attach(struct virtio_packed_back *b,
                                            const struct ring_geometry *g, void *shared, void *priv)
{
    struct ring_footprint fp = {0};
    int error = virtio_packed_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.back);
    if (error != RING_OK)
        return error;

    uint8_t *region = (uint8_t *)shared;
    *b = (struct virtio_packed_back){
        .region = region,
        .ring = (struct virtio_packed_desc *)shared,
        .own_event = (uint32_t *)(region + virtio_packed_device_event_at(g->entries)),
        .peer_event = (uint32_t *)(region + virtio_packed_driver_event_at(g->entries)),
        .requests = virtio_requests_init(priv, g, fp.shared),
        .start = g->start};
    return RING_OK;
}

/* Chains come back with responses, which the front end has already seen: nothing shared is read. */
static inline int32_t virtio_packed_req_reserve(struct virtio_packed_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, f->chains.mask + 1 - (f->req_prod - f->rsp_cons));
}

RING_INLINE void virtio_packed_req_write(struct virtio_packed_front *f, uint32_t i, const void *src,
                                         uint32_t size)
{
    uint32_t chain = virtio_chain(&f->chains, f->req_prod + i);
    uint32_t place = virtio_packed_place(f->start, f->req_prod + i);
    struct virtio_packed_desc *readable = &f->ring[place & (f->entries - 1)];
    struct virtio_packed_desc *writable = &f->ring[(place + 1) & (f->entries - 1)];
    uint32_t head = VIRTIO_DESC_F_NEXT | virtio_packed_avail(f->entries, place);
    uint32_t tail = VIRTIO_DESC_F_WRITE | virtio_packed_avail(f->entries, place + 1);

    ring_copy_out(f->requests + (size_t)chain * f->req_stride, src, size);
    ring_store(&writable->addr, (uint64_t)f->rsp_at + chain * f->rsp_stride);
    ring_store(&writable->rest, virtio_packed_rest(f->rsp_size, chain, tail));
    ring_store(&readable->addr, (uint64_t)f->req_at + chain * f->req_stride);
    if (i == 0)
        f->first = virtio_packed_rest(f->req_size, chain, head);
    else
        ring_store(&readable->rest, virtio_packed_rest(f->req_size, chain, head));
}

static inline void virtio_packed_req_publish(struct virtio_packed_front *f, uint32_t n)
{
    if (n == 0)
        return;
    uint32_t place = virtio_packed_place(f->start, f->req_prod);
    virtio_chains_publish(f->chains, f->req_prod, n);
    f->req_prod += n;
    ring_store_release(&f->ring[place & (f->entries - 1)].rest, f->first);
}

static inline void virtio_packed_req_flush(struct virtio_packed_front *f)
{
    (void)f;
}

static inline bool virtio_packed_req_ask(struct virtio_packed_front *f)
{
    ring_fence_ask();
    uint32_t old = f->req_asked;
    f->req_asked = f->req_prod;
    return virtio_packed_event_passed(ring_load(f->peer_event), f->entries, f->start, f->req_prod,
                                      old);
}

/*
 * Takes at most n more used descriptors into private memory; false if one of them cannot be. There
 * are none to look for beyond what was published. The length counts only where the back end says
 * that it wrote something (2.8.4); NEXT and INDIRECT mean nothing in a used descriptor.
 */
static VIRTIO_FETCH bool virtio_packed_rsp_fetch(struct virtio_packed_front *f, uint32_t n)
{
    struct virtio_chains chains = f->chains;
    struct virtio_packed_desc *ring = f->ring;
    uint32_t entries = f->entries, start = f->start, rsp_size = f->rsp_size;
    uint32_t fetched = f->rsp_fetched;
    uint32_t end = fetched + ring_min(n, f->req_prod - fetched);
    for (; fetched != end; fetched++) {
        uint32_t place = virtio_packed_place(start, fetched);
        uint64_t rest = ring_load_acquire(&ring[place & (entries - 1)].rest);
        uint32_t flags = virtio_packed_flags(rest);
        if ((flags & VIRTIO_PACKED_F_MARK) != virtio_packed_used(entries, place))
            break;
        if ((flags & VIRTIO_DESC_F_WRITE && (uint32_t)rest > rsp_size) ||
            !virtio_chain_fetch(&chains, fetched, virtio_packed_id(rest)))
            return false;
    }
    f->rsp_fetched = fetched;
    return true;
}

static inline int32_t virtio_packed_rsp_peek(struct virtio_packed_front *f, uint32_t n)
{
    uint32_t ready = f->rsp_fetched - f->rsp_cons;
    if (f->broken || (ready < n && !virtio_packed_rsp_fetch(f, n - ready))) {
        f->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, f->rsp_fetched - f->rsp_cons);
}

RING_INLINE void virtio_packed_rsp_read(struct virtio_packed_front *f, uint32_t i, void *dst,
                                        uint32_t size)
{
    uint32_t chain = virtio_chain(&f->chains, f->rsp_cons + i);
    ring_copy_in(dst, f->responses + (size_t)chain * f->rsp_stride, size);
}

static inline void virtio_packed_rsp_release(struct virtio_packed_front *f, uint32_t n)
{
    f->rsp_cons += n;
}

/*
 * The after-th response from here is at a known place, so the threshold is exact. Used descriptors
 * appear in order except for the first of a batch, which comes last: seeing the after-th before it
 * only means to look again. Places that nothing was published at are not looked at: in the first
 * lap, their zeroes could be taken for used.
 */
static inline bool virtio_packed_rsp_arm(struct virtio_packed_front *f, uint32_t after)
{
    after = ring_min(after, f->chains.mask + 1);
    uint32_t place = virtio_packed_place(f->start, f->rsp_cons + after - 1);
    ring_store(f->own_event, virtio_packed_event(f->entries, place));
    ring_fence_arm();
    if (f->broken)
        return true;
    if (f->req_prod - f->rsp_cons < after)
        return false;
    uint32_t flags = virtio_packed_flags(ring_load(&f->ring[place & (f->entries - 1)].rest));
    return (flags & VIRTIO_PACKED_F_MARK) == virtio_packed_used(f->entries, place);
}

static inline void virtio_packed_rsp_disarm(struct virtio_packed_front *f)
{
    (void)f;
}

/* Reads the rest of request `count`, whose head is at a place, each half of a descriptor once, and
 * keeps what it says. The id is that of the last descriptor (2.8.6). */
static inline bool virtio_packed_chain_fetch(struct virtio_requests *requests, uint32_t count,
                                             struct virtio_packed_desc *ring, uint32_t place,
                                             uint64_t head)
{
    uint32_t entries = requests->entries;
    struct virtio_packed_desc *readable = &ring[place & (entries - 1)];
    struct virtio_packed_desc *writable = &ring[(place + 1) & (entries - 1)];
    uint32_t head_flags = VIRTIO_DESC_F_NEXT | virtio_packed_avail(entries, place);
    uint32_t tail_flags = VIRTIO_DESC_F_WRITE | virtio_packed_avail(entries, place + 1);
    uint64_t req_at = ring_load(&readable->addr);
    uint64_t rsp_at = ring_load(&writable->addr), tail = ring_load(&writable->rest);

    if (virtio_packed_flags(head) != head_flags || (uint32_t)head != requests->req_size ||
        virtio_packed_flags(tail) != tail_flags)
        return false;
    return virtio_request_fetch(requests, count, virtio_packed_id(tail), req_at, rsp_at,
                                (uint32_t)tail);
}

/*
 * Takes at most n more chains into private memory; false if one of them cannot be. With all chains
 * unanswered there is no room for another, so none is looked for.
 */
static VIRTIO_FETCH bool virtio_packed_req_fetch(struct virtio_packed_back *b, uint32_t n)
{
    struct virtio_requests requests = b->requests;
    struct virtio_packed_desc *ring = b->ring;
    uint32_t entries = requests.entries, start = b->start, fetched = b->req_fetched;
    uint32_t end = fetched + ring_min(n, requests.mask + 1 - (fetched - b->rsp_prod));
    for (; fetched != end; fetched++) {
        uint32_t place = virtio_packed_place(start, fetched);
        uint64_t head = ring_load_acquire(&ring[place & (entries - 1)].rest);
        if ((virtio_packed_flags(head) & VIRTIO_PACKED_F_MARK) !=
            virtio_packed_avail(entries, place))
            break;
        if (!virtio_packed_chain_fetch(&requests, fetched, ring, place, head))
            return false;
    }
    b->req_fetched = fetched;
    return true;
}

static inline int32_t virtio_packed_req_peek(struct virtio_packed_back *b, uint32_t n)
{
    uint32_t ready = b->req_fetched - b->req_cons;
    if (b->broken || (ready < n && !virtio_packed_req_fetch(b, n - ready))) {
        b->broken = true;
        return RING_EBROKEN;
    }
    return (int32_t)ring_min(n, b->req_fetched - b->req_cons);
}

RING_INLINE uint32_t virtio_packed_req_read(struct virtio_packed_back *b, uint32_t i, void *dst,
                                            uint32_t size)
{
    struct virtio_request request = virtio_request(&b->requests, b->req_cons + i);
    ring_copy_in(dst, b->region + request.req_at, size);
    return request.tag;
}

static inline void virtio_packed_req_release(struct virtio_packed_back *b, uint32_t n)
{
    b->req_cons += n;
}

/* As rsp_arm: the after-th chain from here begins at a known place. */
static inline bool virtio_packed_req_arm(struct virtio_packed_back *b, uint32_t after)
{
    uint32_t entries = b->requests.entries;
    after = ring_min(after, b->requests.mask + 1);
    uint32_t place = virtio_packed_place(b->start, b->req_cons + after - 1);
    ring_store(b->own_event, virtio_packed_event(entries, place));
    ring_fence_arm();
    uint32_t flags = virtio_packed_flags(ring_load(&b->ring[place & (entries - 1)].rest));
    return b->broken || (flags & VIRTIO_PACKED_F_MARK) == virtio_packed_avail(entries, place);
}

static inline void virtio_packed_req_disarm(struct virtio_packed_back *b)
{
    (void)b;
}

static inline int32_t virtio_packed_rsp_reserve(struct virtio_packed_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, b->req_cons - b->rsp_prod);
}

/* The tag is the caller's, from its own memory; one that is not in flight is a bug of the caller,
 * and ends the ring rather than the memory it would have written to. */
RING_INLINE void virtio_packed_rsp_write(struct virtio_packed_back *b, uint32_t i, uint32_t tag,
                                         const void *src, uint32_t size)
{
    uint32_t rsp_at = virtio_request_finish(&b->requests, tag);
    if (rsp_at == VIRTIO_IDLE) {
        b->broken = true;
        return;
    }
    uint32_t entries = b->requests.entries;
    uint32_t place = virtio_packed_place(b->start, b->rsp_prod + i);
    uint32_t flags = virtio_packed_used(entries, place) | (size != 0 ? VIRTIO_DESC_F_WRITE : 0);
    ring_copy_out(b->region + rsp_at, src, size);
    if (i == 0)
        b->first = virtio_packed_rest(size, tag, flags);
    else
        ring_store(&b->ring[place & (entries - 1)].rest, virtio_packed_rest(size, tag, flags));
}

static inline void virtio_packed_rsp_publish(struct virtio_packed_back *b, uint32_t n)
{
    if (n == 0 || b->broken)
        return;
    uint32_t place = virtio_packed_place(b->start, b->rsp_prod);
    b->rsp_prod += n;
    ring_store_release(&b->ring[place & (b->requests.entries - 1)].rest, b->first);
}

static inline void virtio_packed_rsp_flush(struct virtio_packed_back *b)
{
    (void)b;
}

static inline uint64_t virtio_packed_rsp_ask(struct virtio_packed_back *b)
{
    ring_fence_ask();
    uint32_t old = b->rsp_asked;
    b->rsp_asked = b->rsp_prod;
    bool passed = virtio_packed_event_passed(ring_load(b->peer_event), b->requests.entries,
                                             b->start, b->rsp_prod, old);
    return passed ? 1 : 0;
}

static inline uint64_t virtio_packed_rsp_reached(struct virtio_packed_back *b)
{
    (void)b;
    return 1;
}

#endif
