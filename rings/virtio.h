/* SPDX-License-Identifier: MIT */
/*
 * What the two virtqueue formats (virtio_split.h, virtio_packed.h) have in common: framing, where
 * buffers lie, and how a front end keeps track of them.
 *
 * Source: "Virtual I/O Device (VIRTIO) Version 1.2", OASIS, 2022, sections 2.6 to 2.8. Fields are
 * little-endian and so is every processor that this runs on.
 *
 * Framing. The standard leaves it to the device type; here a request is a chain of exactly two
 * descriptors: a device-readable one of req_size bytes, then a device-writable one of at least
 * rsp_size. A ring of `entries` descriptors carries entries / 2 chains. Indirect descriptors are
 * not offered. A back end takes any other chain for the work of a broken front end.
 *
 * Addresses. The bus address space of this device is the shared region and nothing else: a
 * descriptor's addr is an offset in it. A front end of ours keeps its buffers behind the rings, and
 * they never move; a foreign one may place them anywhere in the region.
 *
 *   offset             size               written by  what
 *   rings              chains*req_stride  front       request buffers, one a chain
 *   (next multiple     chains*rsp_stride  back        response buffers, one a chain
 *   of 128)
 *
 * where `rings` is the size of the format's own part, and strides are sizes rounded up to 8.
 */
#ifndef RING_VIRTIO_H
#define RING_VIRTIO_H

#include "ring.h"

#define VIRTIO_DESC_F_NEXT 1U
#define VIRTIO_DESC_F_WRITE 2U

#define VIRTIO_CHAIN 2U /* descriptors in a chain */

struct virtio_buffers {
    uint32_t req_at; /* offset of chain 0's request buffer */
    uint32_t rsp_at; /* offset of chain 0's response buffer */
    uint32_t req_stride;
    uint32_t rsp_stride;
    uint32_t region; /* bytes of the whole region: below 16 MiB, so offsets fit 32 bits */
};

static inline struct virtio_buffers virtio_buffers(const struct ring_geometry *g, size_t rings)
{
    struct virtio_buffers at = {.req_at = (uint32_t)ring_round_up(rings, RING_APART),
                                .req_stride = ring_stride(g->req_size),
                                .rsp_stride = ring_stride(g->rsp_size)};
    uint32_t chains = g->entries / VIRTIO_CHAIN;
    at.rsp_at = (uint32_t)ring_round_up(at.req_at + chains * at.req_stride, RING_APART);
    at.region = at.rsp_at + chains * at.rsp_stride;
    return at;
}

/*
 * The loops that take entries of the peer into private memory run once for a batch. Out of line
 * they have all registers to themselves; inlined into a user's loop they would spill most of them.
 */
#define VIRTIO_FETCH __attribute__((noinline))

/*
 * The chains of a front end, in its private memory. Requests and responses are counted from where
 * the ring started. order[k % chains] is
 *
 *   for counts in [responses released, responses fetched)   the chain that response k came in
 *   for counts in [requests written, responses released + chains)  the free chain for request k
 *
 * so one array is the list of what was fetched and, without a copy, the free list behind it: a
 * response that is released becomes the last of the free. First in, first out, because then chains
 * go round in ring order for as long as responses come in the order of requests, and buffers are
 * walked upwards. No count in one range shares its place with one of the other: at most `chains`
 * requests are outstanding, and a response is fetched only for a request that was published.
 */
struct virtio_chains {
    uint16_t *order;
    uint8_t *in_flight; /* by chain: published, response not yet fetched */
    uint32_t mask;      /* chains - 1 */
};

static inline size_t virtio_chains_footprint(uint32_t chains)
{
    return ring_round_up(chains * (sizeof(uint16_t) + sizeof(uint8_t)), 8);
}

static inline struct virtio_chains virtio_chains_init(void *priv, uint32_t chains)
{
    struct virtio_chains c = {.order = (uint16_t *)priv,
                              .in_flight = (uint8_t *)priv + chains * sizeof(uint16_t),
                              .mask = chains - 1};
    for (uint32_t i = 0; i < chains; i++) {
        c.order[i] = (uint16_t)i;
        c.in_flight[i] = 0;
    }
    return c;
}

static inline uint32_t virtio_chain(const struct virtio_chains *c, uint32_t count)
{
    return c->order[count & c->mask];
}

/* Requests [count, count + n) are handed to the device. Here and below, loops take these structures
 * by value: a store through a byte pointer would have them reloaded each time. */
static inline void virtio_chains_publish(struct virtio_chains c, uint32_t count, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        c.in_flight[virtio_chain(&c, count + i)] = 1;
}

/* Response `count` came in `chain`, says the device. False if that cannot be. */
static inline bool virtio_chain_fetch(struct virtio_chains *c, uint32_t count, uint32_t chain)
{
    if (chain > c->mask || !c->in_flight[chain])
        return false;
    c->in_flight[chain] = 0;
    c->order[count & c->mask] = (uint16_t)chain;
    return true;
}

/*
 * What a back end keeps of a chain, in its private memory: descriptors are read once, checked, and
 * not looked at again. The tag is the head descriptor's number, or the packed format's id.
 */
struct virtio_request {
    uint32_t req_at; /* offset of the readable buffer */
    uint32_t tag;
};

#define VIRTIO_IDLE UINT32_MAX

struct virtio_requests {
    struct virtio_request *order; /* order[k % chains]: request k, from fetch to release */
    uint32_t *rsp_at;             /* by tag: offset of the writable buffer, from fetch to answer;
                                   * else VIRTIO_IDLE */
    uint32_t entries;
    uint32_t mask; /* chains - 1 */

    /* What every chain is held against. */
    uint32_t req_size;   /* of the readable buffer, exactly */
    uint32_t rsp_size;   /* of the writable buffer, at least */
    uint32_t region;     /* bytes of the region, in which both must lie */
    uint32_t req_at_max; /* region - req_size */
};

static inline size_t virtio_requests_footprint(uint32_t entries)
{
    return entries / VIRTIO_CHAIN * sizeof(struct virtio_request) + entries * sizeof(uint32_t);
}

static inline struct virtio_requests virtio_requests_init(void *priv, const struct ring_geometry *g,
                                                          size_t region)
{
    uint32_t chains = g->entries / VIRTIO_CHAIN;
    struct virtio_requests r = {.order = (struct virtio_request *)priv,
                                .rsp_at = (uint32_t *)((struct virtio_request *)priv + chains),
                                .entries = g->entries,
                                .mask = chains - 1,
                                .req_size = g->req_size,
                                .rsp_size = g->rsp_size,
                                .region = (uint32_t)region,
                                .req_at_max = (uint32_t)region - g->req_size};
    for (uint32_t i = 0; i < g->entries; i++)
        r.rsp_at[i] = VIRTIO_IDLE;
    return r;
}

static inline struct virtio_request virtio_request(const struct virtio_requests *r, uint32_t count)
{
    return r->order[count & r->mask];
}

/*
 * Request `count` has this tag, a readable buffer of req_size bytes at req_at, and a writable one
 * of rsp_len bytes at rsp_at, all of which the peer says. False if that cannot be: buffers must lie
 * in the region, and a tag that is in flight is not the front end's to use again.
 */
static inline bool virtio_request_fetch(struct virtio_requests *r, uint32_t count, uint32_t tag,
                                        uint64_t req_at, uint64_t rsp_at, uint32_t rsp_len)
{
    if (tag >= r->entries || r->rsp_at[tag] != VIRTIO_IDLE)
        return false;
    if (req_at > r->req_at_max || rsp_at > r->region || rsp_len < r->rsp_size ||
        rsp_at + rsp_len > r->region)
        return false;
    r->order[count & r->mask] = (struct virtio_request){.req_at = (uint32_t)req_at, .tag = tag};
    r->rsp_at[tag] = (uint32_t)rsp_at;
    return true;
}

/* Ends a request: its writable buffer's offset, or VIRTIO_IDLE if the tag is not in flight. */
static inline uint32_t virtio_request_finish(struct virtio_requests *r, uint32_t tag)
{
    if (tag >= r->entries)
        return VIRTIO_IDLE;
    uint32_t rsp_at = r->rsp_at[tag];
    r->rsp_at[tag] = VIRTIO_IDLE;
    return rsp_at;
}

#endif
