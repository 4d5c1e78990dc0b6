/* SPDX-License-Identifier: MIT */
/*
 * uring: io_uring's pair of rings: submissions by index into an array of entries, completions by
 * value. The front end is the application, the back end is the kernel.
 *
 * Source: J. Axboe, "Efficient IO with io_uring", 2019, sections 4 and 5; io_uring(7) and
 * io_uring_setup(2) of liburing; struct io_sqring_offsets and io_cqring_offsets of
 * linux/io_uring.h. The words and their meaning are the kernel's; where they lie is told by the
 * offsets in io_uring_setup's result, so any place is legal. The kernel packs them into two or
 * three lines; here words with different writers lie apart.
 *
 *   offset  size            written by  what
 *   0       4               back        sq.head: submissions consumed, free-running      own line
 *   128     4               front       sq.tail: submissions published, free-running     own line
 *   256     4               back        sq.flags: IORING_SQ_NEED_WAKEUP                  own line
 *   384     4               front       cq.head: completions consumed, free-running      own line
 *   512     4               back        cq.tail: completions published, free-running     own line
 *   640     4               front       cq.flags: IORING_CQ_EVENTFD_DISABLED             own line
 *   768     12              (setup)     sq.ring_mask, sq.ring_entries, sq.dropped
 *   780     12              (setup)     cq.ring_mask, cq.ring_entries, cq.overflow
 *   896     entries*4       front       sq.array: which SQE a submission is
 *   S       entries*sqe     front       SQEs; sqe = request size rounded up to 8
 *   C       2*entries*cqe   back        CQEs; cqe = response size rounded up to 8
 *
 * S and C are the next multiples of 128. Masks and sizes are there for whoever inspects the region;
 * neither end trusts them. There are twice as many CQEs as SQEs, the kernel's default.
 *
 * Index array. The front end writes the identity once and reuses the SQE of a consumed submission,
 * so the lines of the array stay shared in both caches. The back end takes any order: it reads each
 * index once, in peek, and keeps the checked copy in private memory. An index out of range breaks
 * the ring; the kernel counts it in sq.dropped and goes on, which would leave the front end waiting
 * for a response that never comes. So dropped stays 0.
 *
 * Capacity. A submission's slot is free as soon as it is consumed, so requests outstanding are
 * bounded by completions, not by submissions: 2*entries would fit. Promised are entries, as the
 * layouts with one slot a request have it, so that they are compared with the same number
 * outstanding. A front end that has more makes rsp_reserve grant less; the back end never writes
 * over a completion that is not consumed (the kernel would hold it back in memory of its own,
 * IORING_FEAT_NODROP), so overflow stays 0.
 *
 * Notification. Both words are flags, and both ends tell at the first entry: NEED_WAKEUP is set
 * while the back end sleeps, EVENTFD_DISABLED is clear while the front end does. Where the kernel's
 * flag means only that its polling thread sleeps, telling is io_uring_enter(2).
 *
 * Ordering:
 *   req_publish  store-release sq.tail -> req_peek's load-acquire: SQE (and index) before tail.
 *   req_release  store-release sq.head -> req_reserve's load-acquire: SQE read before it is reused.
 *   rsp_publish  store-release cq.tail -> rsp_peek's load-acquire: CQE before tail.
 *   rsp_release  store-release cq.head -> rsp_reserve's load-acquire: CQE read before it is reused.
 *   ask/arm      tail=; fence; flags?  against  flags=; fence; tail?  (Dekker; see lamport.h).
 *                liburing's io_uring_smp_mb() before it looks at NEED_WAKEUP is the same fence.
 * A side reads the peer's index only when its copy, which can only understate, is used up.
 */
#ifndef RING_URING_H
#define RING_URING_H

#include "ring.h"

enum { uring_TRAITS = RING_RELEASE_FREES };

#define URING_SQ_NEED_WAKEUP (1U << 0)      /* IORING_SQ_NEED_WAKEUP */
#define URING_CQ_EVENTFD_DISABLED (1U << 0) /* IORING_CQ_EVENTFD_DISABLED */
#define URING_CQ_SHARE 2U                   /* CQEs for each SQE */

struct uring_shared {
    uint32_t sq_head __attribute__((aligned(RING_APART)));
    uint32_t sq_tail __attribute__((aligned(RING_APART)));
    uint32_t sq_flags __attribute__((aligned(RING_APART)));
    uint32_t cq_head __attribute__((aligned(RING_APART)));
    uint32_t cq_tail __attribute__((aligned(RING_APART)));
    uint32_t cq_flags __attribute__((aligned(RING_APART)));
    uint32_t sq_ring_mask __attribute__((aligned(RING_APART)));
    uint32_t sq_ring_entries, sq_dropped;
    uint32_t cq_ring_mask, cq_ring_entries, cq_overflow;
    uint32_t sq_array[] __attribute__((aligned(RING_APART)));
};

struct uring_front {
    struct uring_shared *shared;
    uint8_t *sqes, *cqes;
    uint32_t entries;
    uint32_t sqe_stride, cqe_stride;
    uint32_t sq_tail;  /* published; what shared->sq_tail holds */
    uint32_t sq_head;  /* shared->sq_head as last read and checked */
    uint32_t sq_asked; /* sq_tail at the last ask */
    uint32_t cq_head;  /* released; what shared->cq_head holds */
    uint32_t cq_tail;  /* shared->cq_tail as last read and checked */
    bool broken;
};

struct uring_back {
    struct uring_shared *shared;
    uint8_t *sqes, *cqes;
    uint16_t *indices; /* private: checked copies of sq_array for [sq_head, sq_fetched) */
    uint32_t entries;
    uint32_t sqe_stride, cqe_stride;
    uint32_t sq_head;    /* released; what shared->sq_head holds */
    uint32_t sq_fetched; /* sq_head <= sq_fetched <= sq_tail */
    uint32_t sq_tail;    /* shared->sq_tail as last read and checked */
    uint32_t cq_tail;    /* published; what shared->cq_tail holds */
    uint32_t cq_head;    /* shared->cq_head as last read and checked */
    uint32_t cq_asked;   /* cq_tail at the last ask */
    bool broken;
};

static inline size_t uring_sqes_at(const struct ring_geometry *g)
{
    return sizeof(struct uring_shared) +
           ring_round_up((size_t)g->entries * sizeof(uint32_t), RING_APART);
}

static inline size_t uring_cqes_at(const struct ring_geometry *g)
{
    return uring_sqes_at(g) +
           ring_round_up((size_t)g->entries * ring_stride(g->req_size), RING_APART);
}

static inline int uring_footprint(const struct ring_geometry *g, struct ring_footprint *fp)
{
    int error = ring_geometry_check(g, 1);
    if (error != RING_OK)
        return error;
    size_t cqes = (size_t)g->entries * URING_CQ_SHARE * ring_stride(g->rsp_size);
    *fp = (struct ring_footprint){.shared = uring_cqes_at(g) + cqes,
                                  .back = (size_t)g->entries * sizeof(uint16_t)};
    return RING_OK;
}

static inline uint32_t uring_capacity(const struct ring_geometry *g)
{
    return g->entries;
}

static inline int uring_front_init(struct uring_front *f, const struct ring_geometry *g,
                                   void *shared, void *priv)
{
    (void)priv;
    int error = ring_geometry_check(g, 1);
    if (error == RING_OK)
        error = ring_memory_check(shared, NULL, 0);
    if (error != RING_OK)
        return error;

    struct uring_shared *s = (struct uring_shared *)shared;
    for (uint32_t i = 0; i < g->entries; i++)
        ring_store(&s->sq_array[i], i);
    ring_store(&s->sq_ring_mask, g->entries - 1);
    ring_store(&s->sq_ring_entries, g->entries);
    ring_store(&s->sq_dropped, 0);
    ring_store(&s->cq_ring_mask, g->entries * URING_CQ_SHARE - 1);
    ring_store(&s->cq_ring_entries, g->entries * URING_CQ_SHARE);
    ring_store(&s->cq_overflow, 0);
    ring_store(&s->sq_head, g->start);
    ring_store(&s->sq_tail, g->start);
    ring_store(&s->cq_head, g->start);
    ring_store(&s->cq_tail, g->start);
    ring_store(&s->sq_flags, 0);
    ring_store_release(&s->cq_flags, URING_CQ_EVENTFD_DISABLED);
    *f = (struct uring_front){.shared = s,
                              .sqes = (uint8_t *)shared + uring_sqes_at(g),
                              .cqes = (uint8_t *)shared + uring_cqes_at(g),
                              .entries = g->entries,
                              .sqe_stride = ring_stride(g->req_size),
                              .cqe_stride = ring_stride(g->rsp_size),
                              .sq_tail = g->start,
                              .sq_head = g->start,
                              .sq_asked = g->start,
                              .cq_head = g->start,
                              .cq_tail = g->start};
    return RING_OK;
}

static inline int uring_back_attach(struct uring_back *b, const struct ring_geometry *g,
                                    void *shared, void *priv)
{
    struct ring_footprint fp;
    int error = uring_footprint(g, &fp);
    if (error == RING_OK)
        error = ring_memory_check(shared, priv, fp.back);
    if (error != RING_OK)
        return error;

    *b = (struct uring_back){.shared = (struct uring_shared *)shared,
                             .sqes = (uint8_t *)shared + uring_sqes_at(g),
                             .cqes = (uint8_t *)shared + uring_cqes_at(g),
                             .indices = (uint16_t *)priv,
                             .entries = g->entries,
                             .sqe_stride = ring_stride(g->req_size),
                             .cqe_stride = ring_stride(g->rsp_size),
                             .sq_head = g->start,
                             .sq_fetched = g->start,
                             .sq_tail = g->start,
                             .cq_tail = g->start,
                             .cq_head = g->start,
                             .cq_asked = g->start};
    return RING_OK;
}

/* ---- front end ------------------------------------------------------------------------------ */

RING_INLINE int32_t uring_req_reserve(struct uring_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    uint32_t used = f->sq_tail - f->sq_head;
    if (f->entries - used >= n)
        return (int32_t)n;

    uint32_t head = ring_load_acquire(&f->shared->sq_head);
    uint32_t now_used = f->sq_tail - head;
    if (now_used > used) {
        f->broken = true;
        return RING_EBROKEN;
    }
    f->sq_head = head;
    return (int32_t)ring_min(n, f->entries - now_used);
}

RING_INLINE void uring_req_write(struct uring_front *f, uint32_t i, const void *src, uint32_t size)
{
    size_t sqe = (f->sq_tail + i) & (f->entries - 1); /* sq_array is the identity */
    ring_copy_out(f->sqes + sqe * f->sqe_stride, src, size);
}

RING_INLINE void uring_req_publish(struct uring_front *f, uint32_t n)
{
    f->sq_tail += n;
    ring_store_release(&f->shared->sq_tail, f->sq_tail);
}

RING_INLINE void uring_req_flush(struct uring_front *f)
{
    (void)f;
}

static inline bool uring_req_ask(struct uring_front *f)
{
    ring_fence_ask();
    bool news = f->sq_asked != f->sq_tail;
    f->sq_asked = f->sq_tail;
    return news && (ring_load(&f->shared->sq_flags) & URING_SQ_NEED_WAKEUP) != 0;
}

RING_INLINE int32_t uring_rsp_peek(struct uring_front *f, uint32_t n)
{
    if (f->broken)
        return RING_EBROKEN;
    uint32_t filled = f->cq_tail - f->cq_head;
    if (filled >= n)
        return (int32_t)n;

    uint32_t now_filled = ring_load_acquire(&f->shared->cq_tail) - f->cq_head;
    if (now_filled > f->entries * URING_CQ_SHARE || now_filled < filled) {
        f->broken = true;
        return RING_EBROKEN;
    }
    f->cq_tail = f->cq_head + now_filled;
    return (int32_t)ring_min(n, now_filled);
}

RING_INLINE void uring_rsp_read(struct uring_front *f, uint32_t i, void *dst, uint32_t size)
{
    size_t cqe = (f->cq_head + i) & (f->entries * URING_CQ_SHARE - 1);
    ring_copy_in(dst, f->cqes + cqe * f->cqe_stride, size);
}

RING_INLINE void uring_rsp_release(struct uring_front *f, uint32_t n)
{
    f->cq_head += n;
    ring_store_release(&f->shared->cq_head, f->cq_head);
}

static inline bool uring_rsp_arm(struct uring_front *f, uint32_t after)
{
    (void)after; /* a flag: told at the first entry */
    ring_store(&f->shared->cq_flags, 0);
    ring_fence_arm();
    return f->broken || ring_load(&f->shared->cq_tail) != f->cq_head;
}

static inline void uring_rsp_disarm(struct uring_front *f)
{
    ring_store(&f->shared->cq_flags, URING_CQ_EVENTFD_DISABLED);
}

/* ---- back end ------------------------------------------------------------------------------- */

RING_INLINE int32_t uring_req_peek(struct uring_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    uint32_t filled = b->sq_tail - b->sq_head;
    if (filled < n) {
        uint32_t now_filled = ring_load_acquire(&b->shared->sq_tail) - b->sq_head;
        if (now_filled > b->entries || now_filled < filled) {
            b->broken = true;
            return RING_EBROKEN;
        }
        b->sq_tail = b->sq_head + now_filled;
        n = ring_min(n, now_filled);
    }
    for (; b->sq_fetched - b->sq_head < n; b->sq_fetched++) {
        uint32_t slot = b->sq_fetched & (b->entries - 1);
        uint32_t index = ring_load(&b->shared->sq_array[slot]);
        if (index >= b->entries) {
            b->broken = true;
            return RING_EBROKEN;
        }
        b->indices[slot] = (uint16_t)index;
    }
    return (int32_t)n;
}

RING_INLINE uint32_t uring_req_read(struct uring_back *b, uint32_t i, void *dst, uint32_t size)
{
    size_t sqe = b->indices[(b->sq_head + i) & (b->entries - 1)];
    ring_copy_in(dst, b->sqes + sqe * b->sqe_stride, size);
    return 0;
}

RING_INLINE void uring_req_release(struct uring_back *b, uint32_t n)
{
    b->sq_head += n;
    ring_store_release(&b->shared->sq_head, b->sq_head);
}

static inline bool uring_req_arm(struct uring_back *b, uint32_t after)
{
    (void)after; /* a flag: told at the first entry */
    ring_store(&b->shared->sq_flags, URING_SQ_NEED_WAKEUP);
    ring_fence_arm();
    return b->broken || ring_load(&b->shared->sq_tail) != b->sq_head;
}

static inline void uring_req_disarm(struct uring_back *b)
{
    ring_store(&b->shared->sq_flags, 0);
}

RING_INLINE int32_t uring_rsp_reserve(struct uring_back *b, uint32_t n)
{
    if (b->broken)
        return RING_EBROKEN;
    uint32_t used = b->cq_tail - b->cq_head;
    uint32_t cq_entries = b->entries * URING_CQ_SHARE;
    if (cq_entries - used >= n)
        return (int32_t)n;

    uint32_t head = ring_load_acquire(&b->shared->cq_head);
    uint32_t now_used = b->cq_tail - head;
    if (now_used > used) {
        b->broken = true;
        return RING_EBROKEN;
    }
    b->cq_head = head;
    return (int32_t)ring_min(n, cq_entries - now_used);
}

RING_INLINE void uring_rsp_write(struct uring_back *b, uint32_t i, uint32_t tag, const void *src,
                                 uint32_t size)
{
    (void)tag;
    size_t cqe = (b->cq_tail + i) & (b->entries * URING_CQ_SHARE - 1);
    ring_copy_out(b->cqes + cqe * b->cqe_stride, src, size);
}

RING_INLINE void uring_rsp_publish(struct uring_back *b, uint32_t n)
{
    b->cq_tail += n;
    ring_store_release(&b->shared->cq_tail, b->cq_tail);
}

RING_INLINE void uring_rsp_flush(struct uring_back *b)
{
    (void)b;
}

static inline uint64_t uring_rsp_ask(struct uring_back *b)
{
    ring_fence_ask();
    bool news = b->cq_asked != b->cq_tail;
    b->cq_asked = b->cq_tail;
    return news && (ring_load(&b->shared->cq_flags) & URING_CQ_EVENTFD_DISABLED) == 0 ? 1 : 0;
}

static inline uint64_t uring_rsp_reached(struct uring_back *b)
{
    (void)b;
    return 1;
}

#endif
