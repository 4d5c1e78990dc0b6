/* SPDX-License-Identifier: MIT */
/*
 * The ring contract (rings/ring.h) as tests, for the layout that this file is compiled with. One
 * thread plays both ends; two that sleep are in sleep.c.
 *
 * A rig is a ring with a front and a back end and a model of what must be in it: each request has
 * an id, a state, and contents that follow from the id. The helpers assert on every step that
 * what comes out is what the model says; a test then is a sequence of steps.
 *
 * What the contract leaves open is left open here: a peek may find fewer than are there, a reserve
 * may grant fewer than are free, as long as neither says 0 for that.
 */
#include <stdlib.h>
#include <string.h>

#include "rings/layout.h"
#include "rings/notify.h"
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

static void *fenced_new(struct fenced *m, size_t size, size_t align)
{
    *m = (struct fenced){0};
    assert_true(fenced_alloc(m, size, align));
    return size == 0 ? NULL : m->at;
}

/* Memory and front end only. */
static void rig_prepare(struct rig *rig, const struct ring_geometry *g)
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

static void rig_attach_back(struct rig *rig)
{
    assert_int_equal(R(back_attach)(rig->b, &rig->g, rig->shared.at,
                                    rig->fp.back != 0 ? rig->back_priv.at : NULL),
                     RING_OK);
}

static void rig_open(struct rig *rig, const struct ring_geometry *g)
{
    rig_prepare(rig, g);
    rig_attach_back(rig);
}

static void rig_close(struct rig *rig)
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

static uint32_t outstanding(const struct rig *rig)
{
    return rig->sent - rig->done;
}

/* A write or read of a size that the compiler knows becomes other code: those sizes that have both.
 */
#define CONSTANT_SIZES(X) X(8) X(12) X(16) X(20) X(24) X(32) X(64) X(124) X(128) X(252) X(256)

static void write_request(struct rig *rig, uint32_t i, const void *src)
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

static uint32_t read_request(struct rig *rig, uint32_t i, void *dst)
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

static void write_response(struct rig *rig, uint32_t i, uint32_t tag, const void *src)
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

static void read_response(struct rig *rig, uint32_t i, void *dst)
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
static uint32_t front_send(struct rig *rig, uint32_t n)
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
static uint32_t front_send_all(struct rig *rig, uint32_t n)
{
    uint32_t total = 0, granted;
    while (total < n && (granted = front_send(rig, n - total)) != 0)
        total += granted;
    return total;
}

static void pool_add(struct rig *rig, struct pending p)
{
    assert_true(rig->pool_first + rig->pooled < IDS_MAX);
    rig->pool[rig->pool_first + rig->pooled++] = p;
}

/* The i-th of the pool; the first takes its place. */
static struct pending pool_take(struct rig *rig, uint32_t i)
{
    struct pending *first = &rig->pool[rig->pool_first];
    struct pending p = first[i];
    first[i] = first[0];
    rig->pool_first++;
    rig->pooled--;
    return p;
}

/* Entry i of the last request peek: the one at that place of the order, whole. */
static struct pending check_request(struct rig *rig, uint32_t i)
{
    uint8_t bytes[RING_SIZE_MAX];
    memset(bytes, 0, sizeof(bytes));
    uint32_t tag = read_request(rig, i, bytes);
    assert_int_equal(payload_id(bytes), rig->taken - rig->unreleased + i);
    assert_true(payload_ok(bytes, rig->req_bytes, PAYLOAD_REQUEST));
    return (struct pending){.id = payload_id(bytes), .tag = tag};
}

/* Peeks for n and takes what is found into the pool, unreleased; returns how many. */
static uint32_t back_take_held(struct rig *rig, uint32_t n)
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

static void back_release(struct rig *rig)
{
    if (rig->unreleased != 0)
        R(req_release)(rig->b, rig->unreleased);
    rig->unreleased = 0;
}

static uint32_t back_take(struct rig *rig, uint32_t n)
{
    uint32_t found = back_take_held(rig, n);
    back_release(rig);
    return found;
}

static uint32_t back_take_all(struct rig *rig)
{
    uint32_t total = 0, found;
    while ((found = back_take(rig, UNBOUNDED)) != 0)
        total += found;
    return total;
}

/* Answers up to n of the pool: in the order taken, or in any if rng is given. Returns how many. */
static uint32_t back_answer(struct rig *rig, uint32_t n, struct rng *rng)
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

static uint32_t back_answer_all(struct rig *rig, struct rng *rng)
{
    uint32_t total = 0, granted;
    while ((granted = back_answer(rig, rig->pooled, rng)) != 0)
        total += granted;
    return total;
}

/* Entry i of the last response peek: the one at that place of the order, whole. */
static void check_response(struct rig *rig, uint32_t i)
{
    uint8_t bytes[RING_SIZE_MAX];
    memset(bytes, 0, sizeof(bytes));
    read_response(rig, i, bytes);
    assert_int_equal(payload_id(bytes), rig->order[rig->done + i]);
    assert_true(payload_ok(bytes, rig->rsp_bytes, PAYLOAD_RESPONSE));
}

/* Peeks for n responses, checks and releases what is found; returns how many. */
static uint32_t front_collect(struct rig *rig, uint32_t n)
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

static uint32_t front_collect_all(struct rig *rig)
{
    uint32_t total = 0, found;
    while ((found = front_collect(rig, UNBOUNDED)) != 0)
        total += found;
    return total;
}

/* Brings everything home: afterwards nothing is outstanding and both ends have seen empty. */
static void rig_settle(struct rig *rig, struct rng *rng)
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
static uint32_t room(const struct rig *rig, uint32_t n)
{
    return ring_min(n, rig->capacity - outstanding(rig));
}

/* Random steps of both ends until `total` more requests were sent and answered. */
static void random_traffic(struct rig *rig, uint32_t total, uint64_t seed)
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

static const uint32_t bad_entries[] = {0, 1, 3, 6, 24, 32767, 65536, 0x80000000U, 0xffffffffU};
static const uint32_t bad_sizes[] = {0, 4, 7, 9, 10, 255, 257, 260, 0xfffffffcU};

/* Every call that takes a geometry refuses it with `error` and leaves its output and memory alone.
 */
static void check_refused(const struct ring_geometry *g, int error)
{
    struct ring_footprint fp, fp_before;
    memset(&fp, FENCED_FILL, sizeof(fp));
    fp_before = fp;
    assert_int_equal(R(footprint)(g, &fp), error);
    assert_memory_equal(&fp, &fp_before, sizeof(fp));

    static uint8_t memory[4096] __attribute__((aligned(RING_ALIGN)));
    static uint8_t before[sizeof(memory)];
    static struct R(front) f, f_before;
    static struct R(back) b, b_before;
    memset(memory, FENCED_FILL, sizeof(memory));
    memset(before, FENCED_FILL, sizeof(before));
    memset(&f, FENCED_FILL, sizeof(f));
    memset(&b, FENCED_FILL, sizeof(b));
    f_before = f;
    b_before = b;
    assert_int_equal(R(front_init)(&f, g, memory, memory), error);
    assert_int_equal(R(back_attach)(&b, g, memory, memory), error);
    assert_memory_equal(memory, before, sizeof(memory));
    assert_memory_equal(&f, &f_before, sizeof(f));
    assert_memory_equal(&b, &b_before, sizeof(b));
}

static void test_bad_geometry(void **state)
{
    (void)state;
    struct ring_geometry g;
    for (size_t i = 0; i < sizeof(bad_entries) / sizeof(bad_entries[0]); i++) {
        g = plain;
        g.entries = bad_entries[i];
        check_refused(&g, RING_EENTRIES);
    }
    for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
        g = plain;
        g.req_size = bad_sizes[i];
        check_refused(&g, RING_EREQSIZE);
        g = plain;
        g.rsp_size = bad_sizes[i];
        check_refused(&g, RING_ERSPSIZE);
    }
    g = plain;
    g.fronts = 0;
    check_refused(&g, RING_EFRONTS);
    g.fronts = (R(TRAITS) & RING_MANY_FRONTS) != 0 ? RING_FRONTS_MAX + 1 : 2;
    check_refused(&g, RING_EFRONTS);
    g.fronts = UINT32_MAX;
    check_refused(&g, RING_EFRONTS);

    /* Of several that are wrong, the first is named. */
    check_refused(&(struct ring_geometry){0}, RING_EENTRIES);
    check_refused(&(struct ring_geometry){.entries = 2}, RING_EREQSIZE);
    check_refused(&(struct ring_geometry){.entries = 2, .req_size = 8}, RING_ERSPSIZE);
}

static void test_error_texts(void **state)
{
    (void)state;
    for (int error = RING_EBROKEN; error <= RING_OK; error++) {
        assert_string_not_equal(ring_error_text(error), "");
        assert_string_not_equal(ring_error_text(error), ring_error_text(RING_EBROKEN - 1));
        for (int other = RING_EBROKEN; other < error; other++)
            assert_string_not_equal(ring_error_text(error), ring_error_text(other));
    }
}

/* What is wrong with the memory is found before any of it is written. */
static void test_bad_memory(void **state)
{
    (void)state;
    struct rig rig;
    rig_prepare(&rig, &plain);
    struct fenced spare;
    uint8_t *shared = (uint8_t *)fenced_new(&spare, rig.fp.shared + RING_ALIGN, RING_ALIGN);
    uint8_t *front_priv = rig.fp.front != 0 ? rig.front_priv.at : NULL;
    uint8_t *back_priv = rig.fp.back != 0 ? rig.back_priv.at : NULL;

    static const size_t off[] = {1, 4, 8, 64, 127};
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        assert_int_equal(R(front_init)(rig.f, &plain, shared + off[i], front_priv), RING_EALIGN);
        assert_int_equal(R(back_attach)(rig.b, &plain, shared + off[i], back_priv), RING_EALIGN);
    }
    assert_int_equal(R(front_init)(rig.f, &plain, NULL, front_priv), RING_EALIGN);
    assert_int_equal(R(back_attach)(rig.b, &plain, NULL, back_priv), RING_EALIGN);
    if (rig.fp.front != 0) {
        assert_int_equal(R(front_init)(rig.f, &plain, shared, NULL), RING_EALIGN);
        assert_int_equal(R(front_init)(rig.f, &plain, shared, front_priv + 4), RING_EALIGN);
    }
    if (rig.fp.back != 0) {
        assert_int_equal(R(back_attach)(rig.b, &plain, shared, NULL), RING_EALIGN);
        assert_int_equal(R(back_attach)(rig.b, &plain, shared, back_priv + 4), RING_EALIGN);
    }
    for (size_t i = 0; i < spare.size; i++)
        assert_int_equal(spare.at[i], FENCED_FILL);
    assert_true(fenced_free(&spare));
    rig_close(&rig);
}

/* All entries, each with small and large elements, filled to the brim and emptied three times. */
static void test_every_entries(void **state)
{
    (void)state;
    for (uint32_t entries = RING_ENTRIES_MIN; entries <= RING_ENTRIES_MAX; entries *= 2) {
        struct ring_geometry g = {
            .entries = entries, .req_size = 8, .rsp_size = 256, .fronts = 1, .start = entries - 1};
        if (entries % 3 == 1) { /* every other power of two */
            g.req_size = 256;
            g.rsp_size = 8;
        }
        struct rig rig;
        rig_open(&rig, &g);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
            rig_settle(&rig, NULL);
        }
        rig_close(&rig);
    }
}

/* All sizes in both directions, through the code for constants and for variables. */
static void test_every_size(void **state)
{
    (void)state;
    for (uint32_t size = RING_SIZE_MIN; size <= RING_SIZE_MAX; size += 4) {
        struct ring_geometry g = {.entries = 8,
                                  .req_size = size,
                                  .rsp_size = RING_SIZE_MAX + RING_SIZE_MIN - size,
                                  .fronts = 1,
                                  .start = size};
        struct rig rig;
        rig_open(&rig, &g);
        random_traffic(&rig, 60, size);
        rig_close(&rig);
    }
}

/* A request or response may be shorter than the geometry allows. */
static void test_short_elements(void **state)
{
    (void)state;
    struct ring_geometry g = plain;
    g.req_size = 252;
    g.rsp_size = 256;
    struct rig rig;
    rig_open(&rig, &g);
    for (uint32_t size = 4; size <= 252; size += 4) {
        rig.req_bytes = size;
        rig.rsp_bytes = 256 - size;
        random_traffic(&rig, 20, size);
    }
    rig_close(&rig);
}

/* Order, room and wrap-around */

static void test_fresh_ring_is_empty(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    assert_int_equal(R(req_peek)(rig.b, UNBOUNDED), 0);
    assert_int_equal(R(rsp_peek)(rig.f, UNBOUNDED), 0);
    assert_false(R(req_arm)(rig.b, 1));
    assert_false(R(rsp_arm)(rig.f, 1));
    assert_false(R(req_ask)(rig.f)); /* nothing was published */
    assert_true(R(rsp_ask)(rig.b) == 0);
    R(req_disarm)(rig.b);
    R(rsp_disarm)(rig.f);
    random_traffic(&rig, 100, 1);
    rig_close(&rig);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(front_send(&rig, 1), 1);
        R(req_flush)(rig.f);
        assert_int_equal(back_take(&rig, 1), 1);
        assert_int_equal(back_answer(&rig, 1, NULL), 1);
        R(rsp_flush)(rig.b);
        assert_int_equal(front_collect(&rig, 1), 1);
        assert_int_equal(back_take(&rig, 1), 0);
        assert_int_equal(front_collect(&rig, 1), 0);
    }
    rig_close(&rig);
}

/*
 * Fills the ring until nothing more is granted; returns how many. Where releasing frees, that may
 * be more than the capacity, which counts unanswered requests: used one-way there are none.
 */
static uint32_t fill_to_the_brim(struct rig *rig)
{
    uint32_t brim = front_send_all(rig, UNBOUNDED);
    assert_int_equal(front_send(rig, 1), 0);
    R(req_flush)(rig->f);
    assert_int_equal(front_send(rig, 1), 0);
    assert_int_equal(front_send(rig, UNBOUNDED), 0);
    return brim;
}

/* Empties the ring, one-way where that is native. */
static void empty(struct rig *rig, uint32_t n)
{
    R(req_flush)(rig->f);
    assert_int_equal(back_take_all(rig), n);
    if (release_frees)
        rig->pooled = 0; /* never answered */
    else
        rig_settle(rig, NULL);
}

/* The capacity fits, with its answers; a full ring refuses, and what it refused left no trace. */
static void test_full(void **state)
{
    (void)state;
    for (uint32_t entries = RING_ENTRIES_MIN; entries <= RING_ENTRIES_MAX; entries *= 4) {
        struct ring_geometry g = plain;
        g.entries = entries;
        g.start = 0xfffffffeU;
        struct rig rig;
        rig_open(&rig, &g);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
            R(req_flush)(rig.f);
            assert_int_equal(back_take_all(&rig), rig.capacity);
            assert_int_equal(back_answer_all(&rig, NULL), rig.capacity);
            R(rsp_flush)(rig.b);
            assert_int_equal(front_collect_all(&rig), rig.capacity);
            assert_int_equal(back_take(&rig, 1), 0);
            assert_int_equal(front_collect(&rig, 1), 0);
        }
        uint32_t brim = fill_to_the_brim(&rig);
        if (release_frees)
            assert_in_range(brim, rig.capacity, 2 * entries);
        else
            assert_int_equal(brim, rig.capacity);
        for (int round = 0; round < 3; round++) {
            empty(&rig, brim);
            assert_int_equal(fill_to_the_brim(&rig), brim);
        }
        rig_close(&rig);
    }
}

/* With `used` requests in the ring, a batch of any size larger than the rest gets just the rest. */
static void test_batch_beyond_free_space(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    uint32_t brim = fill_to_the_brim(&rig);
    empty(&rig, brim);
    for (uint32_t used = 0; used <= brim; used++) {
        uint32_t rest = brim - used;
        for (uint32_t more = 1; more <= 3; more++) {
            uint32_t ask = more == 3 ? UNBOUNDED : rest + more;
            assert_int_equal(front_send_all(&rig, used), used);
            assert_int_equal(front_send_all(&rig, ask), rest);
            empty(&rig, brim);
        }
    }
    rig_close(&rig);
}

/*
 * However few were released, a peek that found nothing has told of them: all room is there again.
 * In either direction; the ring is large enough for the largest control batch.
 */
static void test_late_release_is_told(void **state)
{
    (void)state;
    struct ring_geometry g = plain;
    g.entries = 256;
    struct rig rig;
    rig_open(&rig, &g);
    for (uint32_t n = 1; n <= 40; n++) {
        assert_int_equal(front_send_all(&rig, n), n);
        rig_settle(&rig, NULL);
        assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
        R(req_flush)(rig.f);
        assert_int_equal(back_take_all(&rig), rig.capacity);
        assert_int_equal(back_answer_all(&rig, NULL), rig.capacity);
        rig_settle(&rig, NULL);
    }
    uint32_t brim = fill_to_the_brim(&rig);
    empty(&rig, brim);
    for (uint32_t n = 1; n <= 40; n++) {
        assert_int_equal(front_send_all(&rig, n), n);
        empty(&rig, n);
        assert_int_equal(fill_to_the_brim(&rig), brim);
        empty(&rig, brim);
    }
    rig_close(&rig);
}

/* One slot comes free at a time, and each can be used at once by both directions. */
static void test_one_free_slot(void **state)
{
    (void)state;
    struct rig rig;
    struct rng rng = rng_seeded(7);
    rig_open(&rig, &plain);
    assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
    R(req_flush)(rig.f);
    back_take_all(&rig);
    for (uint32_t i = 0; i < 5 * plain.entries; i++) {
        assert_int_equal(back_answer(&rig, 1, &rng), 1);
        R(rsp_flush)(rig.b);
        assert_int_equal(front_collect_all(&rig), 1);
        assert_int_equal(front_send(&rig, 1), 1);
        R(req_flush)(rig.f);
        assert_int_equal(back_take_all(&rig), 1);
    }
    rig_settle(&rig, &rng);
    rig_close(&rig);
}

/* Starts just below the places where 16-bit and 32-bit indices, and their signed halves, wrap. */
static void test_wrap(void **state)
{
    (void)state;
    static const uint32_t wraps[] = {0, 1U << 15, 1U << 16, 1U << 31};
    for (size_t w = 0; w < sizeof(wraps) / sizeof(wraps[0]); w++) {
        for (uint32_t before = 0; before <= 5; before++) {
            for (uint32_t entries = 2; entries <= 32; entries *= 4) {
                struct ring_geometry g = plain;
                g.entries = entries;
                g.start = wraps[w] - before;
                struct rig rig;
                rig_open(&rig, &g);
                random_traffic(&rig, 200, w * 100 + (uint64_t)before * 10 + entries);
                rig_close(&rig);
            }
        }
    }
}

/* Long enough to pass 2^16 three times, with the ring at its smallest and its indices near 2^32. */
static void test_long_run(void **state)
{
    (void)state;
    static const struct {
        uint32_t entries, start;
    } cases[] = {{2, 0}, {4, 0xffff8000U}, {8, 0xfffffff0U}, {64, 0x0000fff0U}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ring_geometry g = plain;
        g.entries = cases[i].entries;
        g.start = cases[i].start;
        g.req_size = 12;
        g.rsp_size = 8;
        struct rig rig;
        rig_open(&rig, &g);
        random_traffic(&rig, 3 * 65536, i);
        rig_close(&rig);
    }
}

/* The largest ring, whose indices come round to the same 16 bits after two times its entries. */
static void test_largest_ring_wraps(void **state)
{
    (void)state;
    struct ring_geometry g = {.entries = RING_ENTRIES_MAX,
                              .req_size = 8,
                              .rsp_size = 8,
                              .fronts = 1,
                              .start = 0xffffffffU - RING_ENTRIES_MAX};
    struct rig rig;
    rig_open(&rig, &g);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
        rig_settle(&rig, NULL);
        random_traffic(&rig, rig.capacity / 3, (uint64_t)round);
    }
    rig_close(&rig);
}

/* Requests may be published before anyone is there to take them. */
static void test_late_back_end(void **state)
{
    (void)state;
    struct ring_geometry g = plain;
    g.start = 0xfffffffeU;
    struct rig rig;
    rig_prepare(&rig, &g);
    assert_int_equal(front_send_all(&rig, 5), 5);
    R(req_flush)(rig.f);
    rig_attach_back(&rig);
    assert_int_equal(back_take_all(&rig), 5);
    random_traffic(&rig, 100, 1);
    rig_close(&rig);
}

/* A region that was used before, with whatever is left in it, is laid out anew by front_init. */
static void test_second_life(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    random_traffic(&rig, 37, 1);
    assert_int_equal(front_send_all(&rig, 3), 3);
    R(req_flush)(rig.f);
    back_take(&rig, 1);

    rig.g.start = 12345;
    rig.sent = rig.taken = rig.answered = rig.done = rig.settled = 0;
    rig.pool_first = rig.pooled = 0;
    memset(rig.states, UNSENT, IDS_MAX);
    assert_int_equal(
        R(front_init)(rig.f, &rig.g, rig.shared.at, rig.fp.front != 0 ? rig.front_priv.at : NULL),
        RING_OK);
    rig_attach_back(&rig);
    assert_int_equal(R(req_peek)(rig.b, 1), 0);
    assert_int_equal(R(rsp_peek)(rig.f, 1), 0);
    random_traffic(&rig, 100, 2);
    rig_close(&rig);
}

/* Answers in the reverse order of all requests: each comes back under its own id. */
static void test_reversed_responses(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
        R(req_flush)(rig.f);
        back_take_all(&rig);
        for (uint32_t i = 0; i < rig.pooled / 2; i++) {
            struct pending *pool = &rig.pool[rig.pool_first], p = pool[i];
            pool[i] = pool[rig.pooled - 1 - i];
            pool[rig.pooled - 1 - i] = p;
        }
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/* One request stays unanswered while the ring goes round many times below it. */
static void test_straggler(void **state)
{
    (void)state;
    struct ring_geometry g = plain;
    g.start = 0xffe0;
    struct rig rig;
    struct rng rng = rng_seeded(3);
    rig_open(&rig, &g);
    assert_int_equal(front_send(&rig, 1), 1);
    R(req_flush)(rig.f);
    assert_int_equal(back_take(&rig, 1), 1);
    struct pending straggler = pool_take(&rig, 0);
    for (int round = 0; round < 50; round++) {
        uint32_t n = 1 + rng_below(&rng, rig.capacity - 1);
        assert_int_equal(front_send_all(&rig, n), n);
        R(req_flush)(rig.f);
        assert_int_equal(back_take_all(&rig), n);
        assert_int_equal(back_answer_all(&rig, &rng), n);
        R(rsp_flush)(rig.b);
        assert_int_equal(front_collect_all(&rig), n);
    }
    pool_add(&rig, straggler);
    rig_settle(&rig, &rng);
    rig_close(&rig);
}

/* Looking is not taking: peeks repeat, entries can be read in any order and again. */
static void test_peek_repeats(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (uint32_t n = 1; n <= rig.capacity; n++) {
        assert_int_equal(front_send_all(&rig, n), n);
        R(req_flush)(rig.f);
        int32_t found = 0;
        for (uint32_t ask = 1; ask <= n; ask++) {
            int32_t more = R(req_peek)(rig.b, ask);
            assert_true(more >= 1 && (uint32_t)more <= ask);
            assert_true(more >= found); /* what was seen once does not go away */
            found = more;
            for (uint32_t i = (uint32_t)found; i-- != 0;)
                check_request(&rig, i);
            check_request(&rig, 0);
        }
        back_take_all(&rig);
        back_answer_all(&rig, NULL);
        R(rsp_flush)(rig.b);
        for (uint32_t ask = 1; ask <= n; ask++) {
            found = R(rsp_peek)(rig.f, ask);
            assert_true(found >= 1 && (uint32_t)found <= ask);
            for (uint32_t i = (uint32_t)found; i-- != 0;)
                check_response(&rig, i);
            check_response(&rig, 0);
        }
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/* Part of a peek can be released; the rest is still there for the next one. */
static void test_partial_release(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (int round = 0; round < 10; round++) {
        front_send_all(&rig, rig.capacity);
        R(req_flush)(rig.f);
        int32_t found;
        while ((found = R(req_peek)(rig.b, UNBOUNDED)) > 0) {
            uint32_t part = ((uint32_t)found + 1) / 2;
            for (uint32_t i = 0; i < part; i++) {
                struct pending p = check_request(&rig, i);
                rig.states[p.id] = TAKEN;
                pool_add(&rig, p);
            }
            rig.taken += part;
            R(req_release)(rig.b, part);
        }
        assert_int_equal(found, 0);
        back_answer_all(&rig, NULL);
        R(rsp_flush)(rig.b);
        while ((found = R(rsp_peek)(rig.f, UNBOUNDED)) > 0) {
            uint32_t part = ((uint32_t)found + 1) / 2;
            for (uint32_t i = 0; i < part; i++) {
                check_response(&rig, i);
                rig.states[rig.order[rig.done + i]] = DONE;
            }
            rig.done += part;
            R(rsp_release)(rig.f, part);
        }
        assert_int_equal(found, 0);
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/* Whatever a layout holds back, flush and ask hand over, each alone. */
static void test_flush_and_ask_hand_over(void **state)
{
    (void)state;
    struct ring_geometry g = plain;
    g.entries = 256; /* room for the largest control batch */
    struct rig rig;
    rig_open(&rig, &g);
    for (int use_ask = 0; use_ask <= 1; use_ask++) {
        for (uint32_t n = 1; n <= 40; n++) {
            assert_int_equal(front_send_all(&rig, n), n);
            if (use_ask)
                R(req_ask)(rig.f);
            else
                R(req_flush)(rig.f);
            assert_int_equal(back_take_all(&rig), n);
            assert_int_equal(back_answer_all(&rig, NULL), n);
            if (use_ask)
                R(rsp_ask)(rig.b);
            else
                R(rsp_flush)(rig.b);
            assert_int_equal(front_collect_all(&rig), n);
        }
    }
    rig_close(&rig);
}

/* Traits */

/* RING_RELEASE_FREES: a request may be released after its response is out. */
static void test_late_release(void **state)
{
    (void)state;
    if (!release_frees)
        return; /* the other order is what every other test does */
    struct rig rig;
    rig_open(&rig, &plain);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
        R(req_flush)(rig.f);
        uint32_t found;
        while ((found = back_take_held(&rig, UNBOUNDED)) != 0) {
            assert_int_equal(back_answer_all(&rig, NULL), found);
            R(rsp_flush)(rig.b);
            assert_int_equal(front_collect_all(&rig), found);
            back_release(&rig);
        }
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/*
 * RING_RELEASE_FREES: requests flow for ever without a response. Otherwise a released request that
 * is not answered keeps its slot.
 */
static void test_one_way(void **state)
{
    (void)state;
    struct rig rig;
    struct rng rng = rng_seeded(11);
    rig_open(&rig, &plain);
    if (release_frees) {
        for (uint32_t i = 0; i < 500; i++) {
            uint32_t n = 1 + rng_below(&rng, rig.capacity);
            assert_int_equal(front_send_all(&rig, n), n);
            R(req_flush)(rig.f);
            assert_int_equal(back_take_all(&rig), n);
            rig.pooled = 0; /* never answered */
        }
    } else {
        assert_int_equal(front_send_all(&rig, rig.capacity), rig.capacity);
        R(req_flush)(rig.f);
        assert_int_equal(back_take_all(&rig), rig.capacity);
        assert_int_equal(front_send(&rig, 1), 0);
        assert_int_equal(front_collect(&rig, 1), 0);
        assert_int_equal(front_send(&rig, 1), 0);
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/* Asking and arming, in either direction. Positions count entries since the ring was made. */

enum direction { REQUESTS, RESPONSES };

struct news {
    struct rig *rig;
    enum direction direction;
    uint32_t published;
    uint32_t asked;    /* published at the last ask */
    uint32_t released; /* by the consumer */
};

static void news_publish(struct news *w, uint32_t n)
{
    struct rig *rig = w->rig;
    assert_int_equal(front_send_all(rig, n), n);
    if (w->direction == RESPONSES) {
        R(req_flush)(rig->f);
        assert_int_equal(back_take_all(rig), n);
        assert_int_equal(back_answer_all(rig, NULL), n);
    }
    w->published += n;
}

static void news_flush(struct news *w)
{
    if (w->direction == REQUESTS)
        R(req_flush)(w->rig->f);
    else
        R(rsp_flush)(w->rig->b);
}

static bool news_ask(struct news *w)
{
    w->asked = w->published;
    if (w->direction == REQUESTS)
        return R(req_ask)(w->rig->f);
    uint64_t fronts = R(rsp_ask)(w->rig->b);
    assert_true(fronts <= 1);
    return fronts != 0;
}

static bool news_arm(struct news *w, uint32_t after)
{
    return w->direction == REQUESTS ? R(req_arm)(w->rig->b, after) : R(rsp_arm)(w->rig->f, after);
}

static void news_disarm(struct news *w)
{
    if (w->direction == REQUESTS)
        R(req_disarm)(w->rig->b);
    else
        R(rsp_disarm)(w->rig->f);
}

/* Consumes and, in the direction of requests, brings the responses home: the ring is empty. */
static void news_consume(struct news *w)
{
    news_flush(w);
    rig_settle(w->rig, NULL);
    w->released = w->published;
}

static struct news news_open(struct rig *rig, enum direction direction)
{
    struct ring_geometry g = plain;
    g.entries = 64;
    g.start = 0xffffffe0U;
    rig_open(rig, &g);
    return (struct news){.rig = rig, .direction = direction};
}

/* arm says at once whether that many are there; where it can't count, whether any is. */
static void check_final_check(enum direction direction)
{
    struct rig rig;
    struct news w = news_open(&rig, direction);
    for (uint32_t there = 0; there <= 6; there++) {
        for (uint32_t after = 1; after <= 6; after++) {
            if (there != 0)
                news_publish(&w, there);
            news_flush(&w);
            bool already = news_arm(&w, after);
            if (there >= after)
                assert_true(already);
            else if (threshold || there == 0)
                assert_false(already);
            news_disarm(&w);
            news_consume(&w);
        }
    }
    rig_close(&rig);
}

static void test_arm_sees_what_is_there(void **state)
{
    (void)state;
    check_final_check(REQUESTS);
    check_final_check(RESPONSES);
}

/* RING_THRESHOLD or not: publications one by one, and when the first true comes. */
static void check_threshold(enum direction direction)
{
    struct rig rig;
    struct news w = news_open(&rig, direction);
    for (uint32_t after = 1; after <= rig.capacity; after += after < 5 ? 1 : 7) {
        assert_false(news_arm(&w, after));
        for (uint32_t n = 1; n <= rig.capacity; n++) {
            news_publish(&w, 1);
            bool wanted = news_ask(&w);
            if (threshold)
                assert_int_equal(wanted, n == after);
            else if (n == 1)
                assert_true(wanted);
            assert_false(news_ask(&w)); /* nothing new since */
        }
        news_disarm(&w);
        news_consume(&w);
    }
    rig_close(&rig);
}

static void test_threshold(void **state)
{
    (void)state;
    check_threshold(REQUESTS);
    check_threshold(RESPONSES);
}

/*
 * Random publications in random batches, asked about at random times. An index layout answers true
 * exactly when the event was passed since the last ask; a flag layout at least until it said so.
 */
static void check_no_false_negative(enum direction direction, uint64_t seed)
{
    struct rig rig;
    struct rng rng = rng_seeded(seed);
    struct news w = news_open(&rig, direction);
    for (int round = 0; round < 600; round++) {
        uint32_t early = rng_below(&rng, 4);
        bool early_visible = rng_one_in(&rng, 2);
        if (early != 0)
            news_publish(&w, early);
        if (early_visible)
            news_flush(&w);
        if (early != 0 && rng_one_in(&rng, 3))
            news_ask(&w); /* of a sleeper of an earlier round: any answer */

        uint32_t after = rng_batch(&rng, 8);
        uint32_t event = w.released + after;
        bool told = news_arm(&w, after);
        if (told)
            assert_true(early >= (threshold ? after : 1));
        while (w.published - w.released < rig.capacity - 8 && rng_below(&rng, 8) != 0) {
            news_publish(&w, 1 + rng_below(&rng, 4));
            if (rng_one_in(&rng, 2))
                continue;
            bool passed = w.asked < event && event <= w.published;
            bool fresh = w.asked != w.published;
            bool wanted = news_ask(&w);
            if (threshold)
                assert_int_equal(wanted, passed);
            else if (fresh && !told)
                assert_true(wanted);
            told |= wanted;
        }

        news_disarm(&w);
        if (!threshold) { /* a flag that was taken down asks for nothing */
            news_publish(&w, 1);
            assert_false(news_ask(&w));
        }
        news_consume(&w);
    }
    rig_close(&rig);
}

static void test_no_false_negative(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        check_no_false_negative(REQUESTS, seed);
        check_no_false_negative(RESPONSES, seed);
    }
}

/* reached names the front ends that something was published to, without asking. */
static void test_reached(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plain);
    for (uint32_t n = 1; n <= rig.capacity; n++) {
        assert_int_equal(front_send_all(&rig, n), n);
        R(req_flush)(rig.f);
        back_take_all(&rig);
        assert_int_equal(back_answer_all(&rig, NULL), n);
        assert_true(R(rsp_reached)(rig.b) == 1);
        rig_settle(&rig, NULL);
    }
    rig_close(&rig);
}

/*
 * Traffic under each policy: both ends do what rings/notify.h says, a step at a time in random
 * order, on a pretended clock. Looking, telling and arming are steps of their own, so that the
 * other end gets in between. An end that sleeps takes no step until it is told or its deadline has
 * come; telling is sticky.
 */

enum doing { LOOKING, TO_ACT, TO_ARM, ASLEEP };

struct follower {
    struct notify_tx tx;
    struct notify_rx rx;
    enum doing doing;
    enum notify_action action; /* what TO_ACT does */
    uint64_t deadline;         /* that ASLEEP ends at */
    bool armed;                /* ASLEEP with the layout armed */
    bool told;
    uint32_t publishes, tells, sleeps;

    /* The model of what the policy and the layout owe. Positions count entries from the start. */
    uint64_t idle_since; /* first look that found nothing, NOTIFY_NEVER if the last one did find */
    uint32_t held;       /* published since the last action */
    uint64_t held_since;
    uint32_t asked; /* published at the last ask */
    uint32_t event; /* the peer wants to be told of this many; 0: it never said */
    bool owed;      /* the peer's arm said that they were not there, and it was not told since */
    bool withdrawn; /* the peer took its flag down */
};

struct traffic {
    struct rig rig;
    struct rng rng;
    enum notify_policy policy;
    struct follower front, back;
    uint64_t now; /* ns */
    uint32_t target;
    uint32_t batch; /* entries in a step, at most */
    bool was_full, was_empty;
};

#define TRAFFIC_STEP_NS 40U /* a step takes less */
#define TRAFFIC_PHASE 32U   /* steps that one end is favoured for, or neither */
#define TRAFFIC_FAVOUR 16U  /* the other end has one step in as many */
#define TRAFFIC_COALESCE 5U

static const struct notify_params traffic_params = {
    .threshold = 1, .coalesce_n = TRAFFIC_COALESCE, .coalesce_ns = 1000, .spin_ns = 100};

/* What runs, for when a check fails anywhere below; teardown shows it. "" between runs. */
static char traffic_run[160];

static int show_traffic_run(void **state)
{
    (void)state;
    if (traffic_run[0] != '\0')
        print_message("# in this run: %s\n", traffic_run);
    traffic_run[0] = '\0';
    return 0;
}

static struct follower *peer_of(struct traffic *t, const struct follower *self)
{
    return self == &t->front ? &t->back : &t->front;
}

static uint32_t published_by(const struct traffic *t, const struct follower *self)
{
    return self == &t->front ? t->rig.sent : t->rig.answered;
}

static uint32_t released_by(const struct traffic *t, const struct follower *self)
{
    return self == &t->front ? t->rig.done : t->rig.taken;
}

static void follower_decided(struct traffic *t, struct follower *self, enum notify_action action)
{
    if (action == NOTIFY_NONE) {
        if (t->policy == NOTIFY_coalesce)
            assert_true(notify_deadline(t->policy, &self->tx) ==
                        self->held_since + traffic_params.coalesce_ns);
        return;
    }
    if (t->policy == NOTIFY_coalesce)
        assert_true(self->held >= traffic_params.coalesce_n ||
                    t->now - self->held_since >= traffic_params.coalesce_ns);
    self->held = 0;
    self->action = action;
    self->doing = TO_ACT;
}

static void follower_published(struct traffic *t, struct follower *self, uint32_t n)
{
    self->publishes++;
    if (self->held == 0)
        self->held_since = t->now;
    self->held += n;
    follower_decided(t, self, notify_published(t->policy, &self->tx, n, t->now));
}

/* Is news due that was held back? Then that is the step. */
static bool follower_due(struct traffic *t, struct follower *self)
{
    uint64_t due = notify_deadline(t->policy, &self->tx);
    if (due == NOTIFY_NEVER || due > t->now)
        return false;
    follower_decided(t, self, notify_flush(t->policy, &self->tx));
    return true;
}

/*
 * An index asks when it is passed, and a flag until it is taken down. An index that was left
 * standing may be passed again: virtio-packed's counts two laps, the others' go on to 2^16 or more.
 */
static void check_asked(struct traffic *t, struct follower *self, bool wanted)
{
    uint32_t published = published_by(t, self);
    bool passed = self->asked < self->event && self->event <= published;
    uint32_t laps = 2 * t->rig.capacity, ahead = 1024 * laps - self->event;
    bool comes_by = (published + ahead) / laps != (self->asked + ahead) / laps;
    bool index = threshold && self->event != 0;
    if (passed && (index || self->owed))
        assert_true(wanted);
    if (index && !comes_by)
        assert_false(wanted);
    if (self->withdrawn)
        assert_false(wanted);
    if (wanted)
        self->owed = false;
    self->asked = published;
}

static void follower_act(struct traffic *t, struct follower *self)
{
    struct rig *rig = &t->rig;
    bool front = self == &t->front, wanted;
    if (self->action == NOTIFY_ASK) {
        wanted = front ? R(req_ask)(rig->f) : R(rsp_ask)(rig->b) != 0;
        check_asked(t, self, wanted);
    } else if (front) {
        R(req_flush)(rig->f);
        wanted = true;
    } else {
        R(rsp_flush)(rig->b);
        wanted = R(rsp_reached)(rig->b) == 1;
        assert_true(wanted);
    }
    if (wanted) {
        self->tells++;
        peer_of(t, self)->told = true;
    }
    self->doing = LOOKING;
}

static void follower_sleep(struct traffic *t, struct follower *self, bool armed)
{
    self->doing = ASLEEP;
    self->armed = armed;
    self->deadline = notify_deadline(t->policy, &self->tx);
    self->sleeps++;
}

static void follower_disarm(struct traffic *t, struct follower *self)
{
    if (self == &t->front)
        R(rsp_disarm)(t->rig.f);
    else
        R(req_disarm)(t->rig.b);
    peer_of(t, self)->withdrawn = !threshold;
    peer_of(t, self)->owed = false;
}

static void follower_arm(struct traffic *t, struct follower *self)
{
    struct follower *peer = peer_of(t, self);
    bool front = self == &t->front;
    uint32_t after = notify_after(&self->rx, front ? outstanding(&t->rig) : 0);
    if (t->policy == NOTIFY_adaptive)
        assert_true(t->now - self->idle_since >= traffic_params.spin_ns);
    bool there = front ? R(rsp_arm)(t->rig.f, after) : R(req_arm)(t->rig.b, after);
    peer->event = released_by(t, self) + after;
    peer->owed = !there;
    peer->withdrawn = false;
    if (!there) {
        follower_sleep(t, self, true);
        return;
    }
    follower_disarm(t, self);
    self->doing = LOOKING;
}

static void follower_wake(struct traffic *t, struct follower *self)
{
    self->told = false;
    if (self->armed)
        follower_disarm(t, self);
    self->doing = LOOKING;
}

static void follower_busy(struct traffic *t, struct follower *self)
{
    notify_busy(t->policy, &self->rx);
    self->idle_since = NOTIFY_NEVER;
}

/* It has looked and found nothing. may_sleep: something will come that it can be told of. */
static void follower_idle(struct traffic *t, struct follower *self, bool may_sleep)
{
    if (self->idle_since == NOTIFY_NEVER)
        self->idle_since = t->now;
    if (self == &t->front)
        R(req_flush)(t->rig.f);
    else
        R(rsp_flush)(t->rig.b);
    enum notify_wait wait = notify_idle(t->policy, &self->rx, t->now);
    if (wait == NOTIFY_SPIN || !may_sleep)
        return;
    if (wait == NOTIFY_ARM)
        self->doing = TO_ARM;
    else
        follower_sleep(t, self, false);
}

static void front_look(struct traffic *t)
{
    struct rig *rig = &t->rig;
    uint32_t want = ring_min(rng_batch(&t->rng, t->batch), t->target - rig->sent), sent = 0;
    if (release_frees) /* else the ring itself knows */
        want = room(rig, want);
    if (rng_one_in(&t->rng, 4))
        want = 0;
    if (want != 0)
        sent = front_send(rig, want);
    t->was_full |= outstanding(rig) == rig->capacity;
    if (sent != 0)
        follower_published(t, &t->front, sent);
    else if (front_collect(rig, rng_batch(&t->rng, t->batch)) != 0)
        follower_busy(t, &t->front);
    else if (want == 0 || outstanding(rig) == rig->capacity) /* else it looks for room again */
        follower_idle(t, &t->front, outstanding(rig) != 0);
}

static void back_look(struct traffic *t)
{
    struct rig *rig = &t->rig;
    if (rig->unreleased != 0 || (rig->pooled != 0 && rng_one_in(&t->rng, 2))) {
        uint32_t answered = back_answer(rig, rng_batch(&t->rng, t->batch), &t->rng);
        back_release(rig);
        follower_published(t, &t->back, answered);
    } else if (back_take_held(rig, rng_batch(&t->rng, t->batch)) != 0) {
        if (!release_frees || rng_one_in(&t->rng, 2))
            back_release(rig);
        follower_busy(t, &t->back);
    } else {
        t->was_empty |= rig->taken == rig->sent;
        if (rig->pooled == 0)
            follower_idle(t, &t->back, true);
    }
}

static void follower_step(struct traffic *t, struct follower *self)
{
    switch (self->doing) {
    case TO_ACT:
        follower_act(t, self);
        return;
    case TO_ARM:
        follower_arm(t, self);
        return;
    case ASLEEP:
        follower_wake(t, self);
        return;
    case LOOKING:
        if (follower_due(t, self))
            return;
        if (self == &t->front)
            front_look(t);
        else
            back_look(t);
    }
}

/* Otherwise the front end sends whenever it can, and the ring would never run empty. */
static void traffic_next_lot(struct traffic *t, uint32_t total)
{
    if (t->rig.done == t->target)
        t->target = ring_min(t->target + 1 + rng_below(&t->rng, 3 * t->rig.capacity), total);
}

static bool is_up(const struct traffic *t, const struct follower *self)
{
    return self->doing != ASLEEP || self->told || self->deadline <= t->now;
}

/* Until all of `total` requests are sent and answered. */
static void traffic_steps(struct traffic *t, uint32_t total)
{
    uint32_t favoured = 0;
    uint32_t patience = 1000 * (total + 100);
    for (uint32_t step = 0; t->rig.done != total; step++) {
        if (step == patience)
            fail_msg("stuck: %u sent, %u taken, %u answered, %u done", t->rig.sent, t->rig.taken,
                     t->rig.answered, t->rig.done);
        if (step % TRAFFIC_PHASE == 0) {
            favoured = rng_below(&t->rng, 3);
            t->batch = rng_one_in(&t->rng, 2) ? 4 : t->rig.capacity + 3;
        }
        traffic_next_lot(t, total);
        t->now += rng_below(&t->rng, TRAFFIC_STEP_NS);
        bool front = is_up(t, &t->front), back = is_up(t, &t->back);
        if (!front && !back) {
            t->now = t->front.deadline < t->back.deadline ? t->front.deadline : t->back.deadline;
            if (t->now == NOTIFY_NEVER)
                fail_msg("both asleep: %u of %u sent, %u taken, %u answered, %u done", t->rig.sent,
                         total, t->rig.taken, t->rig.answered, t->rig.done);
            continue;
        }
        if (front && back) {
            uint32_t odds = favoured == 0 ? 2 : TRAFFIC_FAVOUR;
            front = rng_one_in(&t->rng, odds) == (favoured == 2);
        }
        follower_step(t, front ? &t->front : &t->back);
    }
}

static void check_promise(enum notify_policy policy, const struct follower *f)
{
    assert_true(f->publishes > 0);
    if (policy == NOTIFY_poll) {
        assert_int_equal(f->tells, 0);
        assert_int_equal(f->sleeps, 0);
        return;
    }
    assert_true(f->sleeps > 0);
    if (policy == NOTIFY_always) /* the last may be under way */
        assert_int_equal(f->tells, f->publishes - (f->doing == TO_ACT));
    else
        assert_true(f->tells <= f->publishes);
}

static void follower_init(struct follower *f, uint32_t sleep_for)
{
    struct notify_params params = traffic_params;
    params.threshold = sleep_for;
    *f = (struct follower){.idle_since = NOTIFY_NEVER};
    notify_tx_init(&f->tx, &params);
    notify_rx_init(&f->rx, &params);
}

static void check_traffic(enum notify_policy policy, const struct ring_geometry *g, uint32_t total,
                          uint32_t sleep_for, uint64_t seed)
{
    struct traffic t = {.policy = policy, .rng = rng_seeded(seed)};
    snprintf(traffic_run, sizeof(traffic_run),
             "%s, %u entries, sizes %u/%u, start %#x, %u requests, threshold %u, seed %ju",
             notify_name(policy), g->entries, g->req_size, g->rsp_size, g->start, total, sleep_for,
             (uintmax_t)seed);
    rig_open(&t.rig, g);
    follower_init(&t.front, sleep_for);
    follower_init(&t.back, sleep_for);
    traffic_steps(&t, total);
    check_promise(policy, &t.front);
    check_promise(policy, &t.back);
    assert_true(t.was_full);
    assert_true(t.was_empty);
    rig_settle(&t.rig, &t.rng);
    rig_close(&t.rig);
    traffic_run[0] = '\0';
}

/* Indices that begin at 0, and that pass 2^16 and 2^32 in the middle of a run. */
static void check_traffic_everywhere(enum notify_policy policy)
{
    static const uint32_t entries[] = {2, 4, 64}, middles[] = {0, 0x10000, 0};
    static const uint32_t sizes[][2] = {{8, 8}, {16, 24}, {256, 12}};
    uint64_t seed = 0;
    for (uint32_t e = 0; e < 3; e++) {
        for (uint32_t s = 0; s < 3; s++) {
            for (uint32_t m = 0; m < 3; m++) {
                uint32_t total = 200 + 6 * entries[e];
                struct ring_geometry g = {.entries = entries[e],
                                          .req_size = sizes[s][0],
                                          .rsp_size = sizes[s][1],
                                          .fronts = 1,
                                          .start = m == 0 ? 0 : middles[m] - total / 2};
                check_traffic(policy, &g, total, (s + m) % 2 == 0 ? 1 : 4, seed++);
            }
        }
    }
}

#define RING_POLICY(id, name, summary)          \
    static void test_traffic_##id(void **state) \
    {                                           \
        (void)state;                            \
        check_traffic_everywhere(NOTIFY_##id);  \
    }
#include "rings/policies.def"
#undef RING_POLICY

#define T(name)                              \
    {                                        \
#name, test_##name, NULL, NULL, NULL \
    }
static const struct CMUnitTest tests[] = {
    T(bad_geometry),
    T(error_texts),
    T(bad_memory),
    T(every_entries),
    T(every_size),
    T(short_elements),
    T(fresh_ring_is_empty),
    T(one_at_a_time),
    T(full),
    T(batch_beyond_free_space),
    T(late_release_is_told),
    T(one_free_slot),
    T(wrap),
    T(long_run),
    T(largest_ring_wraps),
    T(late_back_end),
    T(second_life),
    T(reversed_responses),
    T(straggler),
    T(peek_repeats),
    T(partial_release),
    T(flush_and_ask_hand_over),
    T(late_release),
    T(one_way),
    T(arm_sees_what_is_there),
    T(threshold),
    T(no_false_negative),
    T(reached),
};

extern const struct conformance_suite R(conformance);
const struct conformance_suite R(conformance) = {
    .tests = tests,
    .n = sizeof(tests) / sizeof(tests[0]),
    .traffic =
        {
#define RING_POLICY(id, name, summary) \
    [NOTIFY_##id] = {name " traffic", test_traffic_##id, NULL, show_traffic_run, NULL},
#include "rings/policies.def"
#undef RING_POLICY
        },
};
