/* SPDX-License-Identifier: MIT */
/*
 * xen: one array of slots, shared by requests and the responses that replace them.
 *
 * Source: xen/io/ring.h of Xen's public headers (struct __name##_sring and the RING_ macros);
 * P. Barham et al., "Xen and the Art of Virtualization", SOSP 2003, section 3.2 and figure 2.
 * Byte-compatible with DEFINE_RING_TYPES: a slot is the union of request and response.
 *
 *   offset  size            written by  what
 *   0       4               front       req_prod: requests published, free-running
 *   4       4               back        req_event: tell me when req_prod passes this
 *   8       4               back        rsp_prod: responses published, free-running
 *   12      4               front       rsp_event: tell me when rsp_prod passes this
 *   16      48              -           pvt and padding of the public header, not used
 *   64      entries*stride  both        slots; stride = max(request, response)
 *
 * All four indices lie in one line, which both sides write: that is the published layout.
 *
 * Who owns a slot: free -> front (reserved) -> back (published) -> front (answered) -> free. The
 * back end fills slots with responses in its own order, so a response overwrites the slot of a
 * request that was released, not necessarily of the one that it answers.
 *
 * Ordering:
 *   req_publish  store-release req_prod -> req_peek's load-acquire: request before index.
 *   rsp_publish  store-release rsp_prod -> rsp_peek's load-acquire: response before index, and the
 *                request was read out before its slot is seen to be free again.
 *   ask/arm      x_prod=; fence; x_event?  against  x_event=; fence; x_prod?  (Dekker; see
 *                lamport.h)
 */
#ifndef RING_XEN_H
#define RING_XEN_H

#include "ring.h"

enum { xen_TRAITS = RING_THRESHOLD };

struct xen_shared {
    uint32_t req_prod, req_event;
    uint32_t rsp_prod, rsp_event;
    uint8_t pad[48];
    uint8_t slots[];
};

struct xen_front {
    struct xen_shared *shared;
    uint32_t entries;
    uint32_t stride;
    uint32_t req_prod;  /* published; what shared->req_prod holds */
    uint32_t req_asked; /* req_prod at the last ask */
    uint32_t rsp_cons;  /* responses released */
    uint32_t rsp_seen;  /* rsp_prod as last read and checked */
    struct ring_ahead ahead;
    bool broken;
};

struct xen_back {
    struct xen_shared *shared;
    uint32_t entries;
    uint32_t stride;
    uint32_t req_cons;  /* requests released */
    uint32_t req_seen;  /* req_prod as last read and checked */
    uint32_t rsp_prod;  /* published; what shared->rsp_prod holds */
    uint32_t rsp_asked; /* rsp_prod at the last ask */
    struct ring_ahead ahead;
    bool broken;
};

static inline uint32_t xen_stride(const struct ring_geometry *g)
{
    return g->req_size > g->rsp_size ? g->req_size : g->rsp_size;
}

static inline int xen_footprint(const struct ring_geometry *g, struct ring_footprint *fp)
{
    int error = ring_geometry_check(g, 1);
    if (error != RING_OK)
        return error;
    *fp = (struct ring_footprint){.shared = sizeof(struct xen_shared) +
                                            (size_t)g->entries * xen_stride(g)};
    return RING_OK;
}

static inline uint32_t xen_capacity(const struct ring_geometry *g)
{
    return g->entries;
}

static inline int xen_front_init(struct xen_front *f, const struct ring_geometry *g, void *shared,
                                 void *priv)
{
    (void)priv;
    int error = ring_geometry_check(g, 1);
    if (error == RING_OK)
        error = ring_memory_check(shared, NULL, 0);
    if (error != RING_OK)
        return error;

    struct xen_shared *s = (struct xen_shared *)shared;
    ring_store(&s->req_prod, g->start);
    ring_store(&s->rsp_prod, g->start);
    ring_store(&s->req_event, g->start + 1);
    ring_store_release(&s->rsp_event, g->start + 1);
    *f = (struct xen_front){.shared = s,
                            .entries = g->entries,
                            .stride = xen_stride(g),
                            .req_prod = g->start,
                            .req_asked = g->start,
                            .rsp_cons = g->start,
                            .rsp_seen = g->start,
                            .ahead = ring_ahead_init(g->start, xen_stride(g))};
    return RING_OK;
}

static inline int xen_back_attach(struct xen_back *b, const struct ring_geometry *g, void *shared,
                                  void *priv)
{
    (void)priv;
    int error = ring_geometry_check(g, 1);
    if (error == RING_OK)
        error = ring_memory_check(shared, NULL, 0);
    if (error != RING_OK)
        return error;

    *b = (struct xen_back){.shared = (struct xen_shared *)shared,
                           .entries = g->entries,
                           .stride = xen_stride(g),
                           .req_cons = g->start,
                           .req_seen = g->start,
                           .rsp_prod = g->start,
                           .rsp_asked = g->start,
                           .ahead = ring_ahead_init(g->start, xen_stride(g))};
    return RING_OK;
}

static inline uint8_t *xen_slot(struct xen_shared *shared, uint32_t entries, uint32_t stride,
                                uint32_t index)
{
    return shared->slots + (size_t)(index & (entries - 1)) * stride;
}

/* Slots come back with responses, which the front end has already seen: nothing shared is read. */
RING_INLINE int32_t xen_req_reserve(struct xen_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, f->entries - (f->req_prod - f->rsp_cons));
}

RING_INLINE void xen_req_write(struct xen_front *f, uint32_t i, const void *src, uint32_t size)
{
    ring_copy_out(xen_slot(f->shared, f->entries, f->stride, f->req_prod + i), src, size);
}

RING_INLINE void xen_req_publish(struct xen_front *f, uint32_t n)
{
    f->req_prod += n;
    ring_store_release(&f->shared->req_prod, f->req_prod);
}

RING_INLINE void xen_req_flush(struct xen_front *f)
{
    (void)f;
}

static inline bool xen_req_ask(struct xen_front *f)
{
    ring_fence_ask();
    uint32_t old = f->req_asked;
    f->req_asked = f->req_prod;
    return ring_event_passed(ring_load(&f->shared->req_event), f->req_prod, old);
}

RING_INLINE int32_t xen_rsp_peek(struct xen_front *f, uint32_t n)
{
    uint32_t filled = f->rsp_seen - f->rsp_cons;
    f->ahead.batch = n;
    if ((int32_t)(filled - n) >= 0) /* signed: a release after RING_EBROKEN makes it negative */
        return (int32_t)n;
    uint32_t now_filled = ring_load_acquire(&f->shared->rsp_prod) - f->rsp_cons;
    if (now_filled > f->req_prod - f->rsp_cons || now_filled < filled || f->broken) {
        f->broken = true;
        f->rsp_seen = f->rsp_cons;
        return RING_EBROKEN;
    }
    f->rsp_seen = f->rsp_cons + now_filled;
    return (int32_t)ring_min(n, now_filled);
}

RING_INLINE void xen_rsp_read(struct xen_front *f, uint32_t i, void *dst, uint32_t size)
{
    ring_look_ahead(&f->ahead, i, f->shared->slots, f->entries, f->stride, f->rsp_cons,
                    f->rsp_seen - f->rsp_cons);
    ring_copy_in(dst, xen_slot(f->shared, f->entries, f->stride, f->rsp_cons + i), size);
}

RING_INLINE void xen_rsp_release(struct xen_front *f, uint32_t n)
{
    f->rsp_cons += n;
}

static inline bool xen_rsp_arm(struct xen_front *f, uint32_t after)
{
    ring_store(&f->shared->rsp_event, f->rsp_cons + after);
    ring_fence_arm();
    return f->broken || ring_load(&f->shared->rsp_prod) - f->rsp_cons >= after;
}

static inline void xen_rsp_disarm(struct xen_front *f)
{
    (void)f;
}

RING_INLINE int32_t xen_req_peek(struct xen_back *b, uint32_t n)
{
    uint32_t filled = b->req_seen - b->req_cons;
    b->ahead.batch = n;
    if ((int32_t)(filled - n) >= 0) /* signed: a release after RING_EBROKEN makes it negative */
        return (int32_t)n;
    uint32_t unanswered = b->req_cons - b->rsp_prod;
    uint32_t now_filled = ring_load_acquire(&b->shared->req_prod) - b->req_cons;
    if (now_filled > b->entries - unanswered || now_filled < filled || b->broken) {
        b->broken = true;
        b->req_seen = b->req_cons;
        return RING_EBROKEN;
    }
    b->req_seen = b->req_cons + now_filled;
    return (int32_t)ring_min(n, now_filled);
}

RING_INLINE uint32_t xen_req_read(struct xen_back *b, uint32_t i, void *dst, uint32_t size)
{
    ring_look_ahead(&b->ahead, i, b->shared->slots, b->entries, b->stride, b->req_cons,
                    b->req_seen - b->req_cons);
    ring_copy_in(dst, xen_slot(b->shared, b->entries, b->stride, b->req_cons + i), size);
    return 0;
}

RING_INLINE void xen_req_release(struct xen_back *b, uint32_t n)
{
    b->req_cons += n;
}

static inline bool xen_req_arm(struct xen_back *b, uint32_t after)
{
    ring_store(&b->shared->req_event, b->req_cons + after);
    ring_fence_arm();
    return b->broken || ring_load(&b->shared->req_prod) - b->req_cons >= after;
}

static inline void xen_req_disarm(struct xen_back *b)
{
    (void)b;
}

RING_INLINE int32_t xen_rsp_reserve(struct xen_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    return (int32_t)ring_min(n, b->req_cons - b->rsp_prod);
}

RING_INLINE void xen_rsp_write(struct xen_back *b, uint32_t i, uint32_t tag, const void *src,
                               uint32_t size)
{
    (void)tag;
    ring_copy_out(xen_slot(b->shared, b->entries, b->stride, b->rsp_prod + i), src, size);
}

RING_INLINE void xen_rsp_publish(struct xen_back *b, uint32_t n)
{
    b->rsp_prod += n;
    ring_store_release(&b->shared->rsp_prod, b->rsp_prod);
}

RING_INLINE void xen_rsp_flush(struct xen_back *b)
{
    (void)b;
}

static inline uint64_t xen_rsp_ask(struct xen_back *b)
{
    ring_fence_ask();
    uint32_t old = b->rsp_asked;
    b->rsp_asked = b->rsp_prod;
    return ring_event_passed(ring_load(&b->shared->rsp_event), b->rsp_prod, old) ? 1 : 0;
}

static inline uint64_t xen_rsp_reached(struct xen_back *b)
{
    (void)b;
    return 1;
}

#endif
