/* SPDX-License-Identifier: MIT */
/*
 * Peer: the macros of Xen's public io/ring.h, used as its comments say. Ring types are made at
 * compile time there, one for each slot size that is a power of two.
 */
#include <stddef.h>
#include <stdint.h>

/* Interfaces before 3.2.8 name the barriers otherwise; this is the current one. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00

/* On x86 loads keep their order and stores theirs; only the full barrier is an instruction. */
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#include <string.h>
#include <xen/io/ring.h>

#include "bench/native/subject.h"

#define A(op) macros_##op
#define ADAPTER_POLLS_ONLY

#define SLOT_SIZES(X) X(8) X(16) X(32) X(64) X(128) X(256)

#define DEFINE(size)                \
    typedef struct {                \
        uint64_t words[(size) / 8]; \
    } slot##size##_t;               \
    DEFINE_RING_TYPES(ring##size, slot##size##_t, slot##size##_t);
SLOT_SIZES(DEFINE)

#define FRONT_MEMBER(size) struct ring##size##_front_ring r##size;
#define BACK_MEMBER(size) struct ring##size##_back_ring r##size;

struct A(front) {
    union {
        SLOT_SIZES(FRONT_MEMBER)
    };
};

struct A(back) {
    union {
        SLOT_SIZES(BACK_MEMBER)
    };
};

static uint32_t A(window)(const struct native_point *p)
{
    return p->entries;
}

static size_t region(const struct native_point *p)
{
    return offsetof(struct ring8_sring, ring) + (size_t)p->entries * p->req_size;
}

static const char *refusal(const struct native_point *p)
{
    if (p->req_size != p->rsp_size || (p->req_size & (p->req_size - 1)) != 0)
        return "ring types are made at compile time: equal sizes, a power of two in 8..256 bytes";
    return NULL;
}

static const char *A(front_open)(struct A(front) * f, struct side *s)
{
    const struct native_point *p = &s->exchange->point;
    size_t bytes = region(p);
    switch (p->req_size) {
#define OPEN(size)                                                                 \
    case size: {                                                                   \
        struct ring##size##_sring *sring = (struct ring##size##_sring *)s->region; \
        SHARED_RING_INIT(sring);                                                   \
        FRONT_RING_INIT(&f->r##size, sring, bytes);                                \
        break;                                                                     \
    }
        SLOT_SIZES(OPEN)
#undef OPEN
    }
    return NULL;
}

static const char *A(back_open)(struct A(back) * b, struct side *s)
{
    const struct native_point *p = &s->exchange->point;
    size_t bytes = region(p);
    switch (p->req_size) {
#define OPEN(size)                                                                  \
    case size:                                                                      \
        BACK_RING_INIT(&b->r##size, (struct ring##size##_sring *)s->region, bytes); \
        break;
        SLOT_SIZES(OPEN)
#undef OPEN
    }
    return NULL;
}

#define INLINE static inline __attribute__((always_inline))

/* The operations for one slot size; the names are those of the adapter with the size behind. */
#define OPERATIONS(size)                                                                       \
    INLINE int32_t send_##size(struct ring##size##_front_ring *r, uint64_t number, uint32_t n) \
    {                                                                                          \
        uint32_t room = RING_FREE_REQUESTS(r);                                                 \
        if (n > room)                                                                          \
            n = room;                                                                          \
        for (uint32_t i = 0; i < n; i++)                                                       \
            item_fill(RING_GET_REQUEST(r, r->req_prod_pvt + i)->words, number + i, size);      \
        r->req_prod_pvt += n;                                                                  \
        RING_PUSH_REQUESTS(r);                                                                 \
        return (int32_t)n;                                                                     \
    }                                                                                          \
    INLINE int32_t take_##size(struct ring##size##_front_ring *r, uint64_t number, uint32_t n, \
                               uint64_t *damage)                                               \
    {                                                                                          \
        uint32_t filled = XEN_RING_NR_UNCONSUMED_RESPONSES(r);                                 \
        if (n > filled)                                                                        \
            n = filled;                                                                        \
        xen_rmb();                                                                             \
        for (uint32_t i = 0; damage != NULL && i < n; i++) {                                   \
            slot##size##_t slot;                                                               \
            RING_COPY_RESPONSE(r, r->rsp_cons + i, &slot);                                     \
            *damage |= item_check(slot.words, number + i, size);                               \
        }                                                                                      \
        r->rsp_cons += n;                                                                      \
        return (int32_t)n;                                                                     \
    }                                                                                          \
    INLINE int32_t serve_##size(struct ring##size##_back_ring *r, uint64_t number, uint32_t n, \
                                bool answer, uint64_t *damage)                                 \
    {                                                                                          \
        uint64_t numbers[SIDE_BATCH_MAX];                                                      \
        uint32_t filled = XEN_RING_NR_UNCONSUMED_REQUESTS(r);                                  \
        if (n > filled)                                                                        \
            n = filled;                                                                        \
        if (n == 0)                                                                            \
            return 0;                                                                          \
        xen_rmb();                                                                             \
        for (uint32_t i = 0; i < n; i++) {                                                     \
            slot##size##_t slot;                                                               \
            RING_COPY_REQUEST(r, r->req_cons + i, &slot);                                      \
            numbers[i] = slot.words[0];                                                        \
            *damage |= item_check(slot.words, number + i, size);                               \
        }                                                                                      \
        r->req_cons += n;                                                                      \
        for (uint32_t i = 0; answer && i < n; i++)                                             \
            item_fill(RING_GET_RESPONSE(r, r->rsp_prod_pvt + i)->words, numbers[i], size);     \
        r->rsp_prod_pvt += n;                                                                  \
        RING_PUSH_RESPONSES(r);                                                                \
        return (int32_t)n;                                                                     \
    }
SLOT_SIZES(OPERATIONS)

#define BY_SIZE(size_, call) \
    switch (size_) {         \
    case 8:                  \
        return call(8);      \
    case 16:                 \
        return call(16);     \
    case 32:                 \
        return call(32);     \
    case 64:                 \
        return call(64);     \
    case 128:                \
        return call(128);    \
    default:                 \
        return call(256);    \
    }

INLINE int32_t A(send)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n){
#define CALL(z) send_##z(&f->r##z, number, n)
    BY_SIZE(size, CALL)
#undef CALL
}

INLINE int32_t
    A(collect)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n, uint64_t *damage){
#define CALL(z) take_##z(&f->r##z, number, n, damage)
        BY_SIZE(size, CALL)
#undef CALL
    }

/* What reaping touches does not depend on the slots' size. */
INLINE int32_t A(reap)(struct A(front) * f, uint32_t n)
{
    return take_8(&f->r8, 0, n, NULL);
}

INLINE int32_t A(receive)(struct A(back) * b, uint64_t number, uint32_t size, uint32_t n,
                          uint64_t *damage){
#define CALL(z) serve_##z(&b->r##z, number, n, false, damage)
    BY_SIZE(size, CALL)
#undef CALL
}

INLINE int32_t A(serve)(struct A(back) * b, uint64_t number, uint32_t req_size, uint32_t rsp_size,
                        uint32_t n, uint64_t *damage)
{
    (void)rsp_size;
#define CALL(z) serve_##z(&b->r##z, number, n, true, damage)
    BY_SIZE(req_size, CALL)
#undef CALL
}

INLINE void A(front_flush)(struct A(front) * f)
{
    (void)f;
}

INLINE void A(back_flush)(struct A(back) * b)
{
    (void)b;
}

#include "bench/native/loops.h"

const struct native_ops native_xen_macros = {
    .measures = SUBJECT_MEASURE(ONE_WAY) | SUBJECT_MEASURE(PAIRS) | SUBJECT_MEASURE(ROUND_TRIP) |
                SUBJECT_MEASURE(OFFERED_LOAD),
    .fronts_max = 1,
    .refusal = refusal,
    .region = region,
    .window = A(window),
    .front = adapter_front,
    .back = adapter_back,
};
