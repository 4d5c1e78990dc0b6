/* SPDX-License-Identifier: MIT */
/*
 * The xen layout against the macros of the public header, <xen/io/ring.h>: our front end with its
 * back end, its front end with ours, and both pairs side by side, which must leave the same bytes
 * in shared memory and decide alike whether to notify.
 */
#define RING_LAYOUT xen
#define EVENT_PERIOD(entries) ((void)(entries), 1ULL << 32)

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00 /* of Xen 4.17: the barriers are ours to define */
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#include <xen/io/ring.h>

/* Three shapes: equal, one like a block request, and one whose slots are not a multiple of 8. */
struct small_req {
    uint64_t word[1];
};
struct small_rsp {
    uint64_t word[1];
};
struct block_req {
    uint64_t word[14];
};
struct block_rsp {
    uint64_t word[2];
};
struct odd_req {
    uint32_t word[3];
};
struct odd_rsp {
    uint32_t word[2];
};
DEFINE_RING_TYPES(small, struct small_req, struct small_rsp);
DEFINE_RING_TYPES(block, struct block_req, struct block_rsp);
DEFINE_RING_TYPES(odd, struct odd_req, struct odd_rsp);

union public_end {
    small_front_ring_t small_front;
    small_back_ring_t small_back;
    block_front_ring_t block_front;
    block_back_ring_t block_back;
    odd_front_ring_t odd_front;
    odd_back_ring_t odd_back;
};

struct shape;

struct peer {
    const struct shape *shape;
    union public_end front, back;
};

#include "tests/interop/interop.h"

/* The macros for one shape, as functions; each does what a driver written on the header does. */
struct shape {
    uint32_t req_size, rsp_size;
    size_t entry_size, ring_at;
    void (*shared_init)(void *shared, uint32_t start);
    void (*front_attach)(union public_end *, void *shared, uint32_t start, size_t size);
    uint32_t (*front_room)(const union public_end *);
    void (*put_request)(union public_end *, const void *src);
    bool (*push_requests)(union public_end *);
    bool (*take_response)(union public_end *, void *dst);
    bool (*final_check_responses)(union public_end *);
    void (*back_attach)(union public_end *, void *shared, uint32_t start, size_t size);
    bool (*take_request)(union public_end *, void *dst);
    void (*put_response)(union public_end *, const void *src);
    bool (*push_responses)(union public_end *);
    bool (*final_check_requests)(union public_end *);
};

/* clang-format off */
#define SHAPE(id)                                                                                  \
    static void id##_shared_init(void *shared, uint32_t start)                                     \
    {                                                                                              \
        struct id##_sring *s = (struct id##_sring *)shared;                                        \
        SHARED_RING_INIT(s);                                                                       \
        s->req_prod += start, s->rsp_prod += start;                                                \
        s->req_event += start, s->rsp_event += start;                                              \
    }                                                                                              \
    static void id##_front_attach(union public_end *e, void *shared, uint32_t start, size_t size)  \
    {                                                                                              \
        struct id##_sring *s = (struct id##_sring *)shared;                                        \
        FRONT_RING_ATTACH(&e->id##_front, s, start, size);                                         \
    }                                                                                              \
    static uint32_t id##_front_room(const union public_end *e)                                     \
    {                                                                                              \
        return RING_FREE_REQUESTS(&e->id##_front);                                                 \
    }                                                                                              \
    static void id##_put_request(union public_end *e, const void *src)                             \
    {                                                                                              \
        id##_front_ring_t *r = &e->id##_front;                                                     \
        assert_false(RING_FULL(r));                                                                \
        memcpy(RING_GET_REQUEST(r, r->req_prod_pvt), src, sizeof(struct id##_req));                \
        r->req_prod_pvt++;                                                                         \
    }                                                                                              \
    static bool id##_push_requests(union public_end *e)                                            \
    {                                                                                              \
        bool notify;                                                                               \
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&e->id##_front, notify);                               \
        return notify;                                                                             \
    }                                                                                              \
    static bool id##_take_response(union public_end *e, void *dst)                                 \
    {                                                                                              \
        id##_front_ring_t *r = &e->id##_front;                                                     \
        RING_IDX prod = r->sring->rsp_prod;                                                        \
        xen_rmb();                                                                                 \
        assert_false(RING_RESPONSE_PROD_OVERFLOW(r, prod));                                        \
        if (prod == r->rsp_cons)                                                                   \
            return false;                                                                          \
        RING_COPY_RESPONSE(r, r->rsp_cons, (struct id##_rsp *)dst);                                \
        r->rsp_cons++;                                                                             \
        return true;                                                                               \
    }                                                                                              \
    static bool id##_final_check_responses(union public_end *e)                                    \
    {                                                                                              \
        bool work;                                                                                 \
        RING_FINAL_CHECK_FOR_RESPONSES(&e->id##_front, work);                                      \
        return work;                                                                               \
    }                                                                                              \
    static void id##_back_attach(union public_end *e, void *shared, uint32_t start, size_t size)   \
    {                                                                                              \
        struct id##_sring *s = (struct id##_sring *)shared;                                        \
        BACK_RING_ATTACH(&e->id##_back, s, start, size);                                           \
    }                                                                                              \
    static bool id##_take_request(union public_end *e, void *dst)                                  \
    {                                                                                              \
        id##_back_ring_t *r = &e->id##_back;                                                       \
        RING_IDX prod = r->sring->req_prod;                                                        \
        xen_rmb();                                                                                 \
        assert_false(RING_REQUEST_PROD_OVERFLOW(r, prod));                                         \
        if (prod == r->req_cons || RING_REQUEST_CONS_OVERFLOW(r, r->req_cons))                     \
            return false;                                                                          \
        RING_COPY_REQUEST(r, r->req_cons, (struct id##_req *)dst);                                 \
        r->req_cons++;                                                                             \
        return true;                                                                               \
    }                                                                                              \
    static void id##_put_response(union public_end *e, const void *src)                            \
    {                                                                                              \
        id##_back_ring_t *r = &e->id##_back;                                                       \
        memcpy(RING_GET_RESPONSE(r, r->rsp_prod_pvt), src, sizeof(struct id##_rsp));               \
        r->rsp_prod_pvt++;                                                                         \
    }                                                                                              \
    static bool id##_push_responses(union public_end *e)                                           \
    {                                                                                              \
        bool notify;                                                                               \
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&e->id##_back, notify);                               \
        return notify;                                                                             \
    }                                                                                              \
    static bool id##_final_check_requests(union public_end *e)                                     \
    {                                                                                              \
        bool work;                                                                                 \
        RING_FINAL_CHECK_FOR_REQUESTS(&e->id##_back, work);                                        \
        return work;                                                                               \
    }                                                                                              \
    static const struct shape id##_shape = {                                                       \
        sizeof(struct id##_req), sizeof(struct id##_rsp),                                          \
        sizeof(union id##_sring_entry), offsetof(struct id##_sring, ring),                         \
        id##_shared_init, id##_front_attach, id##_front_room, id##_put_request,                    \
        id##_push_requests, id##_take_response, id##_final_check_responses,                        \
        id##_back_attach, id##_take_request, id##_put_response, id##_push_responses,               \
        id##_final_check_requests,                                                                 \
    }
/* clang-format on */

SHAPE(small);
SHAPE(block);
SHAPE(odd);

static const struct shape *const shapes[] = {&small_shape, &block_shape, &odd_shape};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

static struct ring_geometry shape_geometry(const struct shape *shape, uint32_t entries,
                                           uint32_t start)
{
    return (struct ring_geometry){.entries = entries,
                                  .req_size = shape->req_size,
                                  .rsp_size = shape->rsp_size,
                                  .fronts = 1,
                                  .start = start};
}

/* The moves of the public header's ends. */

static void public_requests(struct channel *c, struct rng *rng)
{
    const struct shape *shape = c->peer.shape;
    uint32_t old = c->sent;
    assert_int_equal(shape->front_room(&c->peer.front), front_room(c));
    for (uint32_t n = ring_min(some(c, rng), front_room(c)); n != 0; n--) {
        uint8_t request[RING_SIZE_MAX];
        next_request(c, request);
        shape->put_request(&c->peer.front, request);
    }
    assert_int_equal(shape->push_requests(&c->peer.front), due(c, c->req_event, old, c->sent));
}

static void public_takes_responses(struct channel *c, struct rng *rng)
{
    _Alignas(8) uint8_t response[RING_SIZE_MAX];
    for (uint32_t n = ring_min(some(c, rng), c->done - c->got); n != 0; n--) {
        assert_true(c->peer.shape->take_response(&c->peer.front, response));
        took_response(c, response);
    }
    if (c->done == c->got)
        assert_false(c->peer.shape->take_response(&c->peer.front, response));
}

/* The macro leaves the event as it is when work is there; so it does for requests. */
static void public_arms_responses(struct channel *c, struct rng *rng)
{
    (void)rng;
    if (c->done == c->got)
        c->rsp_event = c->got + 1;
    assert_int_equal(c->peer.shape->final_check_responses(&c->peer.front), c->done != c->got);
}

static void public_takes_requests(struct channel *c, struct rng *rng)
{
    _Alignas(8) uint8_t request[RING_SIZE_MAX];
    for (uint32_t n = ring_min(some(c, rng), c->sent - c->seen); n != 0; n--) {
        assert_true(c->peer.shape->take_request(&c->peer.back, request));
        took_request(c, request, 0);
    }
    if (c->sent == c->seen)
        assert_false(c->peer.shape->take_request(&c->peer.back, request));
}

static void public_responses(struct channel *c, struct rng *rng)
{
    uint32_t old = c->done;
    for (uint32_t n = ring_min(some(c, rng), c->pendings); n != 0; n--) {
        uint8_t response[RING_SIZE_MAX];
        next_response(c, rng, response);
        c->peer.shape->put_response(&c->peer.back, response);
    }
    assert_int_equal(c->peer.shape->push_responses(&c->peer.back),
                     due(c, c->rsp_event, old, c->done));
}

static void public_arms_requests(struct channel *c, struct rng *rng)
{
    (void)rng;
    if (c->sent == c->seen)
        c->req_event = c->seen + 1;
    assert_int_equal(c->peer.shape->final_check_requests(&c->peer.back), c->sent != c->seen);
}

#define GAMES (SHAPES * INTEROP_SIZES * INTEROP_STARTS)

static struct ring_geometry game_geometry(size_t game)
{
    return shape_geometry(shapes[game % SHAPES], interop_sizes[game / SHAPES % INTEROP_SIZES],
                          interop_starts[game / SHAPES / INTEROP_SIZES]);
}

static void test_our_front_public_back(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (size_t game = 0; game < GAMES; game++) {
        struct ring_geometry geometry = game_geometry(game);
        struct channel *c = channel_open(&geometry);
        c->peer.shape = shapes[game % SHAPES];
        our_front_init(c);
        c->peer.shape->back_attach(&c->peer.back, c->shared, geometry.start, c->size);
        play(c, &rng,
             (move_fn *const[]){our_requests, our_takes_responses, our_arms_responses,
                                public_takes_requests, public_responses, public_arms_requests});
    }
}

static void test_public_front_our_back(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(2);
    for (size_t game = 0; game < GAMES; game++) {
        struct ring_geometry geometry = game_geometry(game);
        struct channel *c = channel_open(&geometry);
        c->peer.shape = shapes[game % SHAPES];
        c->peer.shape->shared_init(c->shared, geometry.start);
        c->peer.shape->front_attach(&c->peer.front, c->shared, geometry.start, c->size);
        our_back_attach(c);
        play(c, &rng,
             (move_fn *const[]){public_requests, public_takes_responses, public_arms_responses,
                                our_takes_requests, our_responses, our_arms_requests});
    }
}

#define REGION_MAX (64 + ENTRIES_MAX * 112)

/* A ring of each kind, fed the same. */
struct twins {
    const struct shape *shape;
    struct ring_geometry geometry;
    _Alignas(RING_ALIGN) uint8_t ours[REGION_MAX];
    _Alignas(RING_ALIGN) uint8_t public[REGION_MAX];
    struct xen_front front;
    struct xen_back back;
    union public_end public_front, public_back;
    uint32_t sent, seen, done, got;
};

static void twins_request(struct twins *t, uint32_t n)
{
    uint8_t request[RING_SIZE_MAX];
    assert_int_equal(xen_req_reserve(&t->front, n), n);
    for (uint32_t i = 0; i < n; i++) {
        payload_fill(request, t->shape->req_size, PAYLOAD_REQUEST, t->sent++);
        xen_req_write(&t->front, i, request, t->shape->req_size);
        t->shape->put_request(&t->public_front, request);
    }
    xen_req_publish(&t->front, n);
    assert_int_equal(xen_req_ask(&t->front), t->shape->push_requests(&t->public_front));
}

static void twins_take_requests(struct twins *t, uint32_t n)
{
    _Alignas(8) uint8_t request[RING_SIZE_MAX];
    assert_int_equal(xen_req_peek(&t->back, n), n);
    xen_req_release(&t->back, n);
    for (t->seen += n; n != 0; n--)
        assert_true(t->shape->take_request(&t->public_back, request));
}

static void twins_respond(struct twins *t, uint32_t n)
{
    uint8_t response[RING_SIZE_MAX];
    assert_int_equal(xen_rsp_reserve(&t->back, n), n);
    for (uint32_t i = 0; i < n; i++) {
        payload_fill(response, t->shape->rsp_size, PAYLOAD_RESPONSE, t->done++);
        xen_rsp_write(&t->back, i, 0, response, t->shape->rsp_size);
        t->shape->put_response(&t->public_back, response);
    }
    xen_rsp_publish(&t->back, n);
    assert_int_equal(xen_rsp_ask(&t->back), t->shape->push_responses(&t->public_back));
}

static void twins_take_responses(struct twins *t, uint32_t n)
{
    _Alignas(8) uint8_t response[RING_SIZE_MAX];
    assert_int_equal(xen_rsp_peek(&t->front, n), n);
    xen_rsp_release(&t->front, n);
    for (t->got += n; n != 0; n--)
        assert_true(t->shape->take_response(&t->public_front, response));
}

/* The macro leaves the event as it is when work is there, so sleepers have emptied the ring. */
static void twins_arm(struct twins *t)
{
    if (t->sent == t->seen)
        assert_int_equal(xen_req_arm(&t->back, 1), t->shape->final_check_requests(&t->public_back));
    if (t->done == t->got)
        assert_int_equal(xen_rsp_arm(&t->front, 1),
                         t->shape->final_check_responses(&t->public_front));
}

static void test_same_bytes_and_decisions(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(3);
    static struct twins twins;
    for (size_t game = 0; game < GAMES; game++) {
        struct twins *t = &twins;
        memset(t, 0, sizeof(*t));
        t->shape = shapes[game % SHAPES];
        t->geometry = game_geometry(game);
        uint32_t start = t->geometry.start, entries = t->geometry.entries;
        struct ring_footprint fp = {0};
        assert_int_equal(xen_footprint(&t->geometry, &fp), RING_OK);
        assert_int_equal(xen_front_init(&t->front, &t->geometry, t->ours, NULL), RING_OK);
        assert_int_equal(xen_back_attach(&t->back, &t->geometry, t->ours, NULL), RING_OK);
        t->shape->shared_init(t->public, start);
        t->shape->front_attach(&t->public_front, t->public, start, fp.shared);
        t->shape->back_attach(&t->public_back, t->public, start, fp.shared);
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t n = rng_batch(&rng, entries);
            switch (rng_below(&rng, 5)) {
            case 0:
                twins_request(t, ring_min(n, entries - (t->sent - t->got)));
                break;
            case 1:
                twins_take_requests(t, ring_min(n, t->sent - t->seen));
                break;
            case 2:
                twins_respond(t, ring_min(n, t->seen - t->done));
                break;
            case 3:
                twins_take_responses(t, ring_min(n, t->done - t->got));
                break;
            default:
                twins_arm(t);
            }
            assert_memory_equal(t->ours, t->public, fp.shared);
        }
        assert_true(t->got > STEPS / 40);
    }
}

/* Offsets, slot sizes, and how many entries the header's own arithmetic finds in our footprint. */
static void test_shape(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct xen_shared, req_prod), offsetof(small_sring_t, req_prod));
    assert_int_equal(offsetof(struct xen_shared, req_event), offsetof(small_sring_t, req_event));
    assert_int_equal(offsetof(struct xen_shared, rsp_prod), offsetof(small_sring_t, rsp_prod));
    assert_int_equal(offsetof(struct xen_shared, rsp_event), offsetof(small_sring_t, rsp_event));
    assert_int_equal(sizeof(((struct xen_shared *)0)->req_prod), sizeof(RING_IDX));
    for (size_t i = 0; i < SHAPES; i++) {
        assert_int_equal(offsetof(struct xen_shared, slots), shapes[i]->ring_at);
        for (uint32_t entries = RING_ENTRIES_MIN; entries <= ENTRIES_MAX; entries *= 2) {
            struct ring_geometry geometry = shape_geometry(shapes[i], entries, 0);
            struct channel *c = channel_open(&geometry);
            assert_int_equal(xen_stride(&c->geometry), shapes[i]->entry_size);
            assert_int_equal(c->size, shapes[i]->ring_at + entries * shapes[i]->entry_size);
            shapes[i]->front_attach(&c->peer.front, c->shared, 0, c->size);
            assert_int_equal(shapes[i]->front_room(&c->peer.front), entries);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_our_front_public_back),
        cmocka_unit_test(test_public_front_our_back),
        cmocka_unit_test(test_same_bytes_and_decisions),
    };
    return tap_run("interop xen", tests, sizeof(tests) / sizeof(*tests));
}
