/* SPDX-License-Identifier: MIT */
/*
 * One channel between an end of ours and one that is not: what both have done so far, and the moves
 * that ends of ours make. The includer first defines RING_LAYOUT, struct peer (the foreign ends),
 * and EVENT_PERIOD(entries): how many requests apart two events look the same to the layout.
 *
 * Every move checks all that can be known of it from the counts: how many are granted or found,
 * that payloads are whole and each request is answered once, and whether ask and arm decide as they
 * must.
 */
#ifndef TESTS_INTEROP_INTEROP_H
#define TESTS_INTEROP_INTEROP_H

#include <stdlib.h>
#include <string.h>

#include "rings/layout.h"
#include "tests/unit/payload.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#define ENTRIES_MAX 64U
#define STEPS 8000U /* moves in one game */

static const uint32_t interop_sizes[] = {2, 8, ENTRIES_MAX};
static const uint32_t interop_starts[] = {0, 1, UINT16_MAX - 2, UINT32_MAX - 2};

#define INTEROP_SIZES (sizeof(interop_sizes) / sizeof(*interop_sizes))
#define INTEROP_STARTS (sizeof(interop_starts) / sizeof(*interop_starts))

struct pending {
    uint32_t id;  /* in the payload */
    uint32_t tag; /* what the back end must know to answer */
};

struct channel {
    struct ring_geometry geometry;
    size_t size; /* bytes of the region in use */
    uint32_t capacity;
    uint8_t *shared;
    void *front_private, *back_private;
    struct R(front) front;
    struct R(back) back;
    struct peer peer;

    /* Counts run from 0, ids are counts. */
    uint32_t sent, seen;                 /* requests published, taken by the back end */
    uint32_t done, got;                  /* responses published, taken by the front end */
    uint32_t req_event, rsp_event;       /* the counts that the sleepers want to be told of */
    struct pending pending[ENTRIES_MAX]; /* taken by the back end, not answered */
    uint32_t pendings;
    bool answered[ENTRIES_MAX * STEPS]; /* by id */
};

typedef void move_fn(struct channel *, struct rng *);

/* Exactly as many bytes as asked for, so that the address sanitizer sees the first beyond them. */
static inline void *exact_memory(size_t size)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, RING_ALIGN, size), 0);
    memset(memory, 0, size);
    return memory;
}

/* A new channel in place of the last one, with nothing initialised in the region. */
static inline struct channel *channel_open(const struct ring_geometry *geometry)
{
    static struct channel channel;
    struct channel *c = &channel;
    free(c->shared);
    free(c->front_private);
    free(c->back_private);
    memset(c, 0, sizeof(*c));
    struct ring_footprint fp = {0};
    assert_int_equal(R(footprint)(geometry, &fp), RING_OK);
    c->geometry = *geometry;
    c->size = fp.shared;
    c->shared = (uint8_t *)exact_memory(fp.shared);
    c->front_private = exact_memory(fp.front);
    c->back_private = exact_memory(fp.back);
    c->capacity = R(capacity)(geometry);
    c->req_event = c->rsp_event = 1;
    return c;
}

static inline void our_front_init(struct channel *c)
{
    assert_int_equal(R(front_init)(&c->front, &c->geometry, c->shared, c->front_private), RING_OK);
}

static inline void our_back_attach(struct channel *c)
{
    assert_int_equal(R(back_attach)(&c->back, &c->geometry, c->shared, c->back_private), RING_OK);
}

/* Is a sleeper to be told of the counts (old, new]? An event that was passed long ago comes round
 * again, as far as the layout can tell. */
static inline bool due(const struct channel *c, uint32_t event, uint32_t old, uint32_t new)
{
    uint64_t period = EVENT_PERIOD(c->geometry.entries), next = event;
    if (event <= old)
        next += ((old - event) / period + 1) * period;
    return next <= new;
}

static inline uint32_t front_room(const struct channel *c)
{
    return c->capacity - (c->sent - c->got);
}

static inline uint32_t some(const struct channel *c, struct rng *rng)
{
    return rng_batch(rng, c->capacity + 2);
}

/* The next request, to be put into the ring. */
static inline void next_request(struct channel *c, void *request)
{
    payload_fill(request, c->geometry.req_size, PAYLOAD_REQUEST, c->sent++);
}

/* A request that a back end took must be the next that was sent. */
static inline void took_request(struct channel *c, const void *request, uint32_t tag)
{
    assert_true(payload_ok(request, c->geometry.req_size, PAYLOAD_REQUEST));
    assert_int_equal(payload_id(request), c->seen);
    c->pending[c->pendings++] = (struct pending){.id = c->seen++, .tag = tag};
}

/* A response to one of the pending requests, often not to the oldest; its tag. */
static inline uint32_t next_response(struct channel *c, struct rng *rng, void *response)
{
    uint32_t at = rng_below(rng, c->pendings);
    struct pending pending = c->pending[at];
    c->pendings--;
    memmove(&c->pending[at], &c->pending[at + 1], (c->pendings - at) * sizeof(pending));
    payload_fill(response, c->geometry.rsp_size, PAYLOAD_RESPONSE, pending.id);
    c->done++;
    return pending.tag;
}

/* A response that a front end took must answer a request that was not answered. */
static inline void took_response(struct channel *c, const void *response)
{
    uint32_t id = payload_id(response);
    assert_true(payload_ok(response, c->geometry.rsp_size, PAYLOAD_RESPONSE));
    assert_true(id < c->sent);
    assert_false(c->answered[id]);
    c->answered[id] = true;
    c->got++;
}

static inline void our_requests(struct channel *c, struct rng *rng)
{
    uint32_t want = some(c, rng), old = c->sent;
    int32_t n = R(req_reserve)(&c->front, want);
    assert_int_equal(n, ring_min(want, front_room(c)));
    for (int32_t i = 0; i < n; i++) {
        uint8_t request[RING_SIZE_MAX];
        next_request(c, request);
        R(req_write)(&c->front, (uint32_t)i, request, c->geometry.req_size);
    }
    R(req_publish)(&c->front, (uint32_t)n);
    assert_int_equal(R(req_ask)(&c->front), due(c, c->req_event, old, c->sent));
}

static inline void our_takes_responses(struct channel *c, struct rng *rng)
{
    uint32_t want = some(c, rng);
    int32_t n = R(rsp_peek)(&c->front, want);
    assert_int_equal(n, ring_min(want, c->done - c->got));
    for (int32_t i = 0; i < n; i++) {
        uint8_t response[RING_SIZE_MAX];
        R(rsp_read)(&c->front, (uint32_t)i, response, c->geometry.rsp_size);
        took_response(c, response);
    }
    R(rsp_release)(&c->front, (uint32_t)n);
}

static inline void our_arms_responses(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    c->rsp_event = c->got + after;
    assert_int_equal(R(rsp_arm)(&c->front, after), c->done - c->got >= after);
}

static inline void our_takes_requests(struct channel *c, struct rng *rng)
{
    uint32_t want = some(c, rng);
    int32_t n = R(req_peek)(&c->back, want);
    assert_int_equal(n, ring_min(want, c->sent - c->seen));
    for (int32_t i = 0; i < n; i++) {
        uint8_t request[RING_SIZE_MAX];
        uint32_t tag = R(req_read)(&c->back, (uint32_t)i, request, c->geometry.req_size);
        took_request(c, request, tag);
    }
    R(req_release)(&c->back, (uint32_t)n);
}

static inline void our_responses(struct channel *c, struct rng *rng)
{
    uint32_t want = some(c, rng), old = c->done;
    int32_t n = R(rsp_reserve)(&c->back, want);
    assert_int_equal(n, ring_min(want, c->pendings));
    for (int32_t i = 0; i < n; i++) {
        uint8_t response[RING_SIZE_MAX];
        uint32_t tag = next_response(c, rng, response);
        R(rsp_write)(&c->back, (uint32_t)i, tag, response, c->geometry.rsp_size);
    }
    R(rsp_publish)(&c->back, (uint32_t)n);
    assert_int_equal(R(rsp_ask)(&c->back), due(c, c->rsp_event, old, c->done));
}

static inline void our_arms_requests(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    c->req_event = c->seen + after;
    assert_int_equal(R(req_arm)(&c->back, after), c->sent - c->seen >= after);
}

/* A game: random moves of one front end and one back end. */
static inline void play(struct channel *c, struct rng *rng, move_fn *const moves[6])
{
    for (uint32_t step = 0; step < STEPS; step++)
        moves[rng_below(rng, 6)](c, rng);
    assert_true(c->got > STEPS / 40);
}

#endif
