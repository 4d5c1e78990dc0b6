/* SPDX-License-Identifier: MIT */
/* A ring layout as a subject of measurement; compiled once a layout. */
#include "bench/native/subject.h"
#include "rings/layout.h"

#define A(op) RING_PASTE(RING_PASTE(adapter, RING_LAYOUT), op)

enum { RELEASE_FREES = (R(TRAITS) & RING_RELEASE_FREES) != 0 };

struct A(front) {
    struct R(front) ring;
};

struct A(back) {
    struct R(back) ring;
};

static struct ring_geometry geometry(const struct native_point *p)
{
    return (struct ring_geometry){.entries = p->entries,
                                  .req_size = p->req_size,
                                  .rsp_size = p->rsp_size,
                                  .fronts = p->fronts};
}

static const char *A(front_open)(struct A(front) * f, struct side *s)
{
    struct ring_geometry g = geometry(&s->exchange->point);
    struct ring_footprint fp;
    int error = R(footprint)(&g, &fp);
    if (error != RING_OK)
        return ring_error_text(error);
    void *priv = side_private(s, fp.front);
    if (s->index == 0)
        error = R(front_init)(&f->ring, &g, s->region, priv);
#ifdef RING_LAYOUT_JOINS
    else
        error = R(front_join)(&f->ring, &g, s->region, priv, s->index);
#else
    else
        error = RING_EFRONTS;
#endif
    return error == RING_OK ? NULL : ring_error_text(error);
}

static const char *A(back_open)(struct A(back) * b, struct side *s)
{
    struct ring_geometry g = geometry(&s->exchange->point);
    struct ring_footprint fp;
    int error = R(footprint)(&g, &fp);
    if (error == RING_OK)
        error = R(back_attach)(&b->ring, &g, s->region, side_private(s, fp.back));
    return error == RING_OK ? NULL : ring_error_text(error);
}

static uint32_t A(window)(const struct native_point *p)
{
    struct ring_geometry g = geometry(p);
    return R(capacity)(&g);
}

static size_t region(const struct native_point *p)
{
    struct ring_geometry g = geometry(p);
    struct ring_footprint fp = {0};
    R(footprint)(&g, &fp);
    return fp.shared;
}

#define INLINE static inline __attribute__((always_inline))

INLINE int32_t A(send)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n)
{
    int32_t granted = R(req_reserve)(&f->ring, n);
    if (granted <= 0)
        return granted;
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        uint64_t words[RING_SIZE_MAX / 8];
        item_fill(words, number + i, size);
        R(req_write)(&f->ring, i, words, size);
    }
    R(req_publish)(&f->ring, (uint32_t)granted);
    return granted;
}

INLINE int32_t A(collect)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n,
                          uint64_t *damage)
{
    int32_t filled = R(rsp_peek)(&f->ring, n);
    if (filled <= 0)
        return filled;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[RING_SIZE_MAX / 8];
        R(rsp_read)(&f->ring, i, words, size);
        *damage |= item_check(words, number + i, size);
    }
    R(rsp_release)(&f->ring, (uint32_t)filled);
    return filled;
}

/* Where slots come back with responses, one-way traffic takes back empty ones. */
INLINE int32_t A(reap)(struct A(front) * f, uint32_t n)
{
    if (RELEASE_FREES)
        return 0;
    int32_t filled = R(rsp_peek)(&f->ring, n);
    if (filled > 0)
        R(rsp_release)(&f->ring, (uint32_t)filled);
    return filled;
}

INLINE int32_t A(receive)(struct A(back) * b, uint64_t number, uint32_t size, uint32_t n,
                          uint64_t *damage)
{
    uint32_t tags[SIDE_BATCH_MAX];
    int32_t filled = R(req_peek)(&b->ring, n);
    if (filled <= 0)
        return filled;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[RING_SIZE_MAX / 8];
        tags[i] = R(req_read)(&b->ring, i, words, size);
        *damage |= item_check(words, R(TRAITS) & RING_MANY_FRONTS ? words[0] : number + i, size);
    }
    R(req_release)(&b->ring, (uint32_t)filled);
    if (RELEASE_FREES)
        return filled;

    int32_t granted = R(rsp_reserve)(&b->ring, (uint32_t)filled);
    if (granted != filled)
        return RING_EBROKEN; /* room for a response comes with its request */
    for (uint32_t i = 0; i < (uint32_t)filled; i++)
        R(rsp_write)(&b->ring, i, tags[i], tags, 0);
    R(rsp_publish)(&b->ring, (uint32_t)filled);
    return filled;
}

/* With several front ends the number of a request is checked by the front end that sent it. */
INLINE int32_t A(serve)(struct A(back) * b, uint64_t number, uint32_t req_size, uint32_t rsp_size,
                        uint32_t n, uint64_t *damage)
{
    uint64_t numbers[SIDE_BATCH_MAX];
    uint32_t tags[SIDE_BATCH_MAX];
    int32_t filled = R(req_peek)(&b->ring, n);
    if (filled <= 0)
        return filled;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[RING_SIZE_MAX / 8];
        words[0] = 0; /* for the analyzer; a whole clearing is paid for by each request */
        tags[i] = R(req_read)(&b->ring, i, words, req_size);
        numbers[i] = words[0];
        *damage |= item_check(words, words[0], req_size);
        if (!(R(TRAITS) & RING_MANY_FRONTS))
            *damage |= words[0] ^ (number + i);
    }
    if (!RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);

    int32_t granted = R(rsp_reserve)(&b->ring, (uint32_t)filled);
    if (granted != filled)
        return RING_EBROKEN; /* no correct front end lets responses run out of room */
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[RING_SIZE_MAX / 8];
        item_fill(words, numbers[i], rsp_size);
        R(rsp_write)(&b->ring, i, tags[i], words, rsp_size);
    }
    R(rsp_publish)(&b->ring, (uint32_t)filled);
    if (RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);
    return filled;
}

INLINE void A(front_flush)(struct A(front) * f)
{
    R(req_flush)(&f->ring);
}

INLINE void A(back_flush)(struct A(back) * b)
{
    R(rsp_flush)(&b->ring);
}

INLINE bool A(front_ask)(struct A(front) * f)
{
    return R(req_ask)(&f->ring);
}

INLINE uint64_t A(back_ask)(struct A(back) * b)
{
    return R(rsp_ask)(&b->ring);
}

INLINE uint64_t A(back_reached)(struct A(back) * b)
{
    return R(rsp_reached)(&b->ring);
}

INLINE bool A(front_arm)(struct A(front) * f, uint32_t after)
{
    return R(rsp_arm)(&f->ring, after);
}

INLINE bool A(back_arm)(struct A(back) * b)
{
    return R(req_arm)(&b->ring, 1);
}

INLINE void A(front_disarm)(struct A(front) * f)
{
    R(rsp_disarm)(&f->ring);
}

INLINE void A(back_disarm)(struct A(back) * b)
{
    R(req_disarm)(&b->ring);
}

#include "bench/native/loops.h"

const struct native_ops RING_PASTE(native_layout, RING_LAYOUT) = {
    .measures = SUBJECT_MEASURE(ONE_WAY) | SUBJECT_MEASURE(PAIRS) | SUBJECT_MEASURE(ROUND_TRIP) |
                SUBJECT_MEASURE(OFFERED_LOAD),
    .fronts_max = R(TRAITS) & RING_MANY_FRONTS ? RING_FRONTS_MAX : 1,
    .region = region,
    .window = A(window),
    .front = adapter_front,
    .back = adapter_back,
};
