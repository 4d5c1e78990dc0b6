/* SPDX-License-Identifier: MIT */
/*
 * A rig: a ring with a front and a back end, played by one thread, and a model of what must be in
 * it: each request has an id, a state, and contents that follow from the id. The helpers assert on
 * every step that what comes out is what the model says; a test then is a sequence of steps. For
 * source that is compiled once a layout.
 *
 * What the contract leaves open is left open here: a peek may find fewer than are there, a reserve
 * may grant fewer than are free, as long as neither says 0 for that.
 */
#ifndef TESTS_UNIT_RIG_H
#define TESTS_UNIT_RIG_H

#include <stdlib.h>
#include <string.h>

#include "rings/layout.h"
#include "tests/unit/conformance.h"
#include "tests/unit/fenced.h"
#include "tests/unit/payload.h"

#define IDS_MAX (1U << 18)    /* requests in the life of a rig */
#define UNBOUNDED 0x7fffffffU /* the largest n that a grant can express */

static const bool release_frees = (R(TRAITS) & RING_RELEASE_FREES) != 0;
static const bool threshold = (R(TRAITS) & RING_THRESHOLD) != 0;

enum request_state { UNSENT, SENT, TAKEN, ANSWERED, DONE };

struct pending {
    uint32_t id, tag;
};

struct rig {
    struct ring_geometry g;
    struct ring_footprint fp;
    struct fenced shared, front_priv, back_priv, front, back;
    struct R(front) * f;
    struct R(back) * b;
    uint32_t capacity;
    uint32_t req_bytes, rsp_bytes; /* what is written and read: at most the geometry's */
    bool constant;                 /* use sizes known at compile time where there is one */

    uint32_t sent;        /* requests published */
    uint32_t taken;       /* read by the back end */
    uint32_t unreleased;  /* taken and not released: 0 between steps, except where a test says so */
    uint32_t answered;    /* responses published */
    uint32_t done;        /* responses read and released by the front end */
    uint32_t settled;     /* ids below are known to be DONE */
    uint8_t *states;      /* enum request_state, by id */
    uint32_t *order;      /* ids in the order of their responses */
    struct pending *pool; /* taken and not answered: from pool_first, `pooled` of them */
    uint32_t pool_first, pooled;
};

static const struct ring_geometry plain = {
    .entries = 16, .req_size = 24, .rsp_size = 16, .fronts = 1};

static inline void *fenced_new(struct fenced *m, size_t size, size_t align)
{
    *m = (struct fenced){0};
    assert_true(fenced_alloc(m, size, align));
    return size == 0 ? NULL : m->at;
}

/* Memory and front end only. */
static inline void rig_prepare(struct rig *rig, const struct ring_geometry *g)
{
    *rig = (struct rig){.g = *g, .req_bytes = g->req_size, .rsp_bytes = g->rsp_size};
    assert_int_equal(R(footprint)(g, &rig->fp), RING_OK);
    rig->capacity = R(capacity)(g);
    assert_in_range(rig->capacity, 1, UNBOUNDED);
    fenced_new(&rig->shared, rig->fp.shared, RING_ALIGN);
    fenced_new(&rig->front_priv, rig->fp.front, 8);
    fenced_new(&rig->back_priv, rig->fp.back, 8);
    rig->f = (struct R(front) *)fenced_new(&rig->front, sizeof(*rig->f), _Alignof(struct R(front)));
    rig->b = (struct R(back) *)fenced_new(&rig->back, sizeof(*rig->b), _Alignof(struct R(back)));
    rig->states = (uint8_t *)calloc(IDS_MAX, sizeof(*rig->states));
    rig->order = (uint32_t *)calloc(IDS_MAX, sizeof(*rig->order));
    rig->pool = (struct pending *)calloc(IDS_MAX, sizeof(*rig->pool));
    assert_true(rig->states != NULL && rig->order != NULL && rig->pool != NULL);
    assert_int_equal(
        R(front_init)(rig->f, g, rig->shared.at, rig->fp.front != 0 ? rig->front_priv.at : NULL),
        RING_OK);
}

static inline void rig_attach_back(struct rig *rig)
{
    assert_int_equal(R(back_attach)(rig->b, &rig->g, rig->shared.at,
                                    rig->fp.back != 0 ? rig->back_priv.at : NULL),
                     RING_OK);
}

static inline void rig_open(struct rig *rig, const struct ring_geometry *g)
{
    rig_prepare(rig, g);
    rig_attach_back(rig);
}

static inline void rig_close(struct rig *rig)
{
    assert_true(fenced_free(&rig->shared));
    assert_true(fenced_free(&rig->front_priv));
    assert_true(fenced_free(&rig->back_priv));
    assert_true(fenced_free(&rig->front));
    assert_true(fenced_free(&rig->back));
    free(rig->states);
    free(rig->order);
    free(rig->pool);
}

static inline uint32_t outstanding(const struct rig *rig)
{
    return rig->sent - rig->done;
}

/* A write or read of a size that the compiler knows becomes other code: those sizes that have both.
 */
#define CONSTANT_SIZES(X) X(8) X(12) X(16) X(20) X(24) X(32) X(64) X(124) X(128) X(252) X(256)

static inline void write_request(struct rig *rig, uint32_t i, const void *src)
{
    switch (rig->constant ? rig->req_bytes : 0) {
#define X(size)                             \
    case size:                              \
        R(req_write)(rig->f, i, src, size); \
        return;
        CONSTANT_SIZES(X)
#undef X
    default:
        R(req_write)(rig->f, i, src, rig->req_bytes);
    }
}

static inline uint32_t read_request(struct rig *rig, uint32_t i, void *dst)
{
    switch (rig->constant ? rig->req_bytes : 0) {
#define X(size) \
    case size:  \
        return R(req_read)(rig->b, i, dst, size);
        CONSTANT_SIZES(X)
#undef X
    default:
        return R(req_read)(rig->b, i, dst, rig->req_bytes);
    }
}

static inline void write_response(struct rig *rig, uint32_t i, uint32_t tag, const void *src)
{
    switch (rig->constant ? rig->rsp_bytes : 0) {
#define X(size)                                  \
    case size:                                   \
        R(rsp_write)(rig->b, i, tag, src, size); \
        return;
        CONSTANT_SIZES(X)
#undef X
    default:
        R(rsp_write)(rig->b, i, tag, src, rig->rsp_bytes);
    }
}

static inline void read_response(struct rig *rig, uint32_t i, void *dst)
{
    switch (rig->constant ? rig->rsp_bytes : 0) {
#define X(size)                            \
    case size:                             \
        R(rsp_read)(rig->f, i, dst, size); \
        return;
        CONSTANT_SIZES(X)
#undef X
    default:
        R(rsp_read)(rig->f, i, dst, rig->rsp_bytes);
    }
}

/* Reserves n, fills and publishes what was granted; returns how many. */
static inline uint32_t front_send(struct rig *rig, uint32_t n)
{
    int32_t granted = R(req_reserve)(rig->f, n);
    assert_true(granted >= 0 && (uint32_t)granted <= n);
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        uint8_t bytes[RING_SIZE_MAX];
        uint32_t id = rig->sent + i;
        assert_true(id < IDS_MAX);
        payload_fill(bytes, rig->req_bytes, PAYLOAD_REQUEST, id);
        write_request(rig, i, bytes);
        rig->states[id] = SENT;
    }
    if (granted > 0)
        R(req_publish)(rig->f, (uint32_t)granted);
    rig->sent += (uint32_t)granted;
    return (uint32_t)granted;
}

/* Sends until n are sent or nothing more is granted; returns how many. */
static inline uint32_t front_send_all(struct rig *rig, uint32_t n)
{
    uint32_t total = 0, granted;
    while (total < n && (granted = front_send(rig, n - total)) != 0)
        total += granted;
    return total;
}

static inline void pool_add(struct rig *rig, struct pending p)
{
    assert_true(rig->pool_first + rig->pooled < IDS_MAX);
    rig->pool[rig->pool_first + rig->pooled++] = p;
}

/* The i-th of the pool; the first takes its place. */
static inline struct pending pool_take(struct rig *rig, uint32_t i)
{
    struct pending *first = &rig->pool[rig->pool_first];
    struct pending p = first[i];
    first[i] = first[0];
    rig->pool_first++;
    rig->pooled--;
    return p;
}

/* Entry i of the last request peek: the one at that place of the order, whole. */
static inline struct pending check_request(struct rig *rig, uint32_t i)
{
    uint8_t bytes[RING_SIZE_MAX];
    memset(bytes, 0, sizeof(bytes));
    uint32_t tag = read_request(rig, i, bytes);
    assert_int_equal(payload_id(bytes), rig->taken - rig->unreleased + i);
    assert_true(payload_ok(bytes, rig->req_bytes, PAYLOAD_REQUEST));
    return (struct pending){.id = payload_id(bytes), .tag = tag};
}

/* Peeks for n and takes what is found into the pool, unreleased; returns how many. */
static inline uint32_t back_take_held(struct rig *rig, uint32_t n)
{
    assert_int_equal(rig->unreleased, 0);
    int32_t found = R(req_peek)(rig->b, n);
    assert_true(found >= 0 && (uint32_t)found <= n);
    assert_true((uint32_t)found <= rig->sent - rig->taken);
    for (uint32_t i = 0; i < (uint32_t)found; i++) {
        struct pending p = check_request(rig, i);
        assert_int_equal(rig->states[p.id], SENT);
        rig->states[p.id] = TAKEN;
        pool_add(rig, p);
    }
    rig->taken += (uint32_t)found;
    rig->unreleased = (uint32_t)found;
    return (uint32_t)found;
}

static inline void back_release(struct rig *rig)
{
    if (rig->unreleased != 0)
        R(req_release)(rig->b, rig->unreleased);
    rig->unreleased = 0;
}

static inline uint32_t back_take(struct rig *rig, uint32_t n)
{
    uint32_t found = back_take_held(rig, n);
    back_release(rig);
    return found;
}

static inline uint32_t back_take_all(struct rig *rig)
{
    uint32_t total = 0, found;
    while ((found = back_take(rig, UNBOUNDED)) != 0)
        total += found;
    return total;
}

/* Answers up to n of the pool: in the order taken, or in any if rng is given. Returns how many. */
static inline uint32_t back_answer(struct rig *rig, uint32_t n, struct rng *rng)
{
    n = ring_min(n, rig->pooled);
    if (n == 0)
        return 0;
    int32_t granted = R(rsp_reserve)(rig->b, n);
    assert_true(granted > 0 && (uint32_t)granted <= n); /* room for it came with the request */
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        uint8_t bytes[RING_SIZE_MAX];
        struct pending p = pool_take(rig, rng == NULL ? 0 : rng_below(rng, rig->pooled));
        payload_fill(bytes, rig->rsp_bytes, PAYLOAD_RESPONSE, p.id);
        write_response(rig, i, p.tag, bytes);
        assert_int_equal(rig->states[p.id], TAKEN);
        rig->states[p.id] = ANSWERED;
        rig->order[rig->answered + i] = p.id;
    }
    if (granted > 0)
        R(rsp_publish)(rig->b, (uint32_t)granted);
    rig->answered += (uint32_t)granted;
    return (uint32_t)granted;
}

static inline uint32_t back_answer_all(struct rig *rig, struct rng *rng)
{
    uint32_t total = 0, granted;
    while ((granted = back_answer(rig, rig->pooled, rng)) != 0)
        total += granted;
    return total;
}

/* Entry i of the last response peek: the one at that place of the order, whole. */
static inline void check_response(struct rig *rig, uint32_t i)
{
    uint8_t bytes[RING_SIZE_MAX];
    memset(bytes, 0, sizeof(bytes));
    read_response(rig, i, bytes);
    assert_int_equal(payload_id(bytes), rig->order[rig->done + i]);
    assert_true(payload_ok(bytes, rig->rsp_bytes, PAYLOAD_RESPONSE));
}

/* Peeks for n responses, checks and releases what is found; returns how many. */
static inline uint32_t front_collect(struct rig *rig, uint32_t n)
{
    int32_t found = R(rsp_peek)(rig->f, n);
    assert_true(found >= 0 && (uint32_t)found <= n);
    assert_true((uint32_t)found <= rig->answered - rig->done);
    for (uint32_t i = 0; i < (uint32_t)found; i++) {
        uint32_t id = rig->order[rig->done + i];
        check_response(rig, i);
        assert_int_equal(rig->states[id], ANSWERED);
        rig->states[id] = DONE;
    }
    if (found > 0)
        R(rsp_release)(rig->f, (uint32_t)found);
    rig->done += (uint32_t)found;
    return (uint32_t)found;
}

static inline uint32_t front_collect_all(struct rig *rig)
{
    uint32_t total = 0, found;
    while ((found = front_collect(rig, UNBOUNDED)) != 0)
        total += found;
    return total;
}

/* Brings everything home: afterwards nothing is outstanding and both ends have seen empty. */
static inline void rig_settle(struct rig *rig, struct rng *rng)
{
    uint32_t before;
    do {
        before = rig->taken + rig->answered + rig->done;
        back_release(rig);
        R(req_flush)(rig->f);
        back_take_all(rig);
        back_answer_all(rig, rng);
        R(rsp_flush)(rig->b);
        front_collect_all(rig);
    } while (rig->taken + rig->answered + rig->done != before);
    assert_int_equal(rig->taken, rig->sent);
    assert_int_equal(rig->answered, rig->sent);
    assert_int_equal(rig->done, rig->sent);
    for (; rig->settled < rig->sent; rig->settled++)
        assert_int_equal(rig->states[rig->settled], DONE);
}

/* At most what may be asked for without going beyond the capacity, which the user watches. */
static inline uint32_t room(const struct rig *rig, uint32_t n)
{
    return ring_min(n, rig->capacity - outstanding(rig));
}

/* Random steps of both ends until `total` more requests were sent and answered. */
static inline void random_traffic(struct rig *rig, uint32_t total, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    uint32_t target = rig->sent + total;
    uint32_t batch = rig->capacity + 3;
    uint64_t patience = 1000ULL * (total + 100);
    while (rig->done != target) {
        if (patience-- == 0)
            fail_msg("stuck: %u sent, %u taken, %u answered, %u done", rig->sent, rig->taken,
                     rig->answered, rig->done);
        uint32_t n = rng_batch(&rng, batch);
        rig->constant = rng_one_in(&rng, 2);
        switch (rng_below(&rng, 12)) {
        case 0:
        case 1:
        case 2:
            n = ring_min(n, target - rig->sent);
            if (release_frees)
                n = room(rig, n);
            if (n != 0)
                front_send(rig, n);
            break;
        case 3:
            R(req_flush)(rig->f);
            break;
        case 4:
        case 5:
            back_take(rig, n);
            break;
        case 6:
            back_take_held(rig, n);
            if (release_frees)
                back_answer(rig, rng_batch(&rng, batch), &rng);
            back_release(rig);
            break;
        case 7:
        case 8:
            back_answer(rig, n, &rng);
            break;
        case 9:
            R(rsp_flush)(rig->b);
            break;
        case 10:
            front_collect(rig, n);
            break;
        default:
            if (rng_one_in(&rng, 2)) {
                R(req_ask)(rig->f);
                R(rsp_ask)(rig->b);
            } else {
                R(req_arm)(rig->b, rng_batch(&rng, rig->capacity));
                R(rsp_arm)(rig->f, rng_batch(&rng, rig->capacity));
            }
        }
    }
    rig_settle(rig, &rng);
}

/* Geometry */

#endif
