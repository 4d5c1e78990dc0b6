/* SPDX-License-Identifier: MIT */
/*
 * rings/mpsc.h with 1, 2, 3 and 64 front ends, by one thread: claims and publications in any order,
 * responses to their own front end only, the event word, room, and peers that lie.
 *
 * What only two processors can do to each other within one call is done here by a hook in front of
 * the access in question: see `race`.
 */
#include <ring_atomic.h>

#include <stddef.h>

/* Called before a claim's compare-and-swap, and before tail is read for a claim. Either may change
 * the ring, as another processor would. */
static struct {
    void (*before_claim)(void *);
    void (*before_tail)(void *);
    const uint32_t *tail;
    void *context;
} race;

static inline uint32_t plain_load_acquire(const uint32_t *word)
{
    return ring_load_acquire(word);
}

static inline bool plain_cas(uint32_t *word, uint32_t *old, uint32_t new)
{
    return ring_cas(word, old, new);
}

static inline uint32_t raced_load_acquire(const uint32_t *word)
{
    if (word == race.tail && race.before_tail != NULL)
        race.before_tail(race.context);
    return plain_load_acquire(word);
}

static inline bool raced_cas(uint32_t *word, uint32_t *old, uint32_t new)
{
    if (race.before_claim != NULL)
        race.before_claim(race.context);
    return plain_cas(word, old, new);
}

#undef ring_load_acquire
#undef ring_cas
#define ring_load_acquire(p) raced_load_acquire(p)
#define ring_cas(p, old, new) raced_cas((p), (old), (new))

#include "rings/mpsc.h"

#include "tests/many/many.h"
#include "tests/unit/rng.h"

enum { A, B, C };

#define WRAP(before) (UINT32_MAX - (before) + 1) /* `before` positions below 2^32 */

static uint32_t claim(struct many *m, uint32_t front, uint32_t n, uint32_t first_number)
{
    int32_t granted = mpsc_req_reserve(&m->front[front], n);
    assert_true(granted >= 0);
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        struct item item = item_make(front, first_number + i);
        mpsc_req_write(&m->front[front], i, &item, sizeof(item));
    }
    return (uint32_t)granted;
}

static void publish(struct many *m, uint32_t front, uint32_t n)
{
    mpsc_req_publish(&m->front[front], n);
}

static void send(struct many *m, uint32_t front, uint32_t n, uint32_t first_number)
{
    assert_int_equal(claim(m, front, n, first_number), n);
    publish(m, front, n);
}

/* The back end reads entry i of its last peek, and it is this one. */
static uint32_t expect_request(struct many *m, uint32_t i, uint32_t front, uint32_t number)
{
    struct item item;
    uint32_t tag = mpsc_req_read(&m->back, i, &item, sizeof(item));
    assert_int_equal(tag, front);
    assert_int_equal(item.front, front);
    assert_int_equal(item.number, number);
    assert_true(item_whole(&item));
    return tag;
}

static void expect_requests(struct many *m, uint32_t n, uint32_t front, uint32_t first_number)
{
    assert_int_equal(mpsc_req_peek(&m->back, n), n);
    for (uint32_t i = 0; i < n; i++)
        expect_request(m, i, front, first_number + i);
    mpsc_req_release(&m->back, n);
}

static void answer(struct many *m, uint32_t front, uint32_t n, uint32_t first_number)
{
    assert_int_equal(mpsc_rsp_reserve(&m->back, n), n);
    for (uint32_t i = 0; i < n; i++) {
        struct item item = item_make(front, first_number + i);
        mpsc_rsp_write(&m->back, i, front, &item, sizeof(item));
    }
    mpsc_rsp_publish(&m->back, n);
    mpsc_rsp_flush(&m->back);
}

/* Exactly n responses are there, numbered from first_number. */
static void expect_responses(struct many *m, uint32_t front, uint32_t n, uint32_t first_number)
{
    assert_int_equal(mpsc_rsp_peek(&m->front[front], n + 1), n);
    for (uint32_t i = 0; i < n; i++) {
        struct item item;
        mpsc_rsp_read(&m->front[front], i, &item, sizeof(item));
        assert_int_equal(item.front, front);
        assert_int_equal(item.number, first_number + i);
        assert_true(item_whole(&item));
    }
    mpsc_rsp_release(&m->front[front], n);
}

/* ---- attaching ------------------------------------------------------------------------------ */

static void test_limits(void **state)
{
    (void)state;
    struct many *m = many_open(3, 4, 0);
    struct mpsc_front f;
    struct mpsc_back b;
    struct ring_footprint fp, untouched;
    struct ring_geometry g = m->g;

    assert_int_equal(mpsc_front_join(&f, &g, m->shared, NULL, 2), RING_OK);
    assert_int_equal(mpsc_front_join(&f, &g, m->shared, NULL, 3), RING_EFRONT);
    assert_int_equal(mpsc_front_join(&f, &g, m->shared, NULL, UINT32_MAX), RING_EFRONT);
    assert_int_equal(mpsc_front_join(&f, &g, (uint8_t *)m->shared + 64, NULL, 1), RING_EALIGN);
    assert_int_equal(mpsc_front_join(&f, &g, NULL, NULL, 1), RING_EALIGN);
    assert_int_equal(mpsc_back_attach(&b, &g, m->shared, NULL), RING_EALIGN);
    assert_int_equal(mpsc_back_attach(&b, &g, m->shared, (uint8_t *)m->back_private + 4),
                     RING_EALIGN);

    memset(&fp, 0x5a, sizeof(fp));
    untouched = fp;
    for (uint32_t fronts = 0; fronts <= RING_FRONTS_MAX + 1; fronts += RING_FRONTS_MAX + 1) {
        g.fronts = fronts;
        assert_int_equal(mpsc_footprint(&g, &fp), RING_EFRONTS);
        assert_int_equal(mpsc_front_init(&f, &g, m->shared, NULL), RING_EFRONTS);
        assert_int_equal(mpsc_front_join(&f, &g, m->shared, NULL, 0), RING_EFRONTS);
        assert_int_equal(mpsc_back_attach(&b, &g, m->shared, m->back_private), RING_EFRONTS);
    }
    assert_memory_equal(&fp, &untouched, sizeof(fp));
    g.fronts = RING_FRONTS_MAX;
    assert_int_equal(mpsc_footprint(&g, &fp), RING_OK);
    many_close(m);
}

/* ---- order of claims and publications ---------------------------------------------------------
 */

static void test_published_out_of_order(void **state)
{
    (void)state;
    const uint32_t starts[] = {0, WRAP(6), WRAP(4), WRAP(1), WRAP(8)};
    for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
        struct many *m = many_open(3, 16, starts[s]);
        assert_int_equal(claim(m, A, 4, 100), 4);
        assert_int_equal(claim(m, B, 4, 200), 4);
        assert_int_equal(claim(m, C, 2, 300), 2);
        publish(m, B, 4);
        assert_int_equal(mpsc_req_peek(&m->back, 16), 0);
        publish(m, C, 2);
        assert_int_equal(mpsc_req_peek(&m->back, 16), 0);
        publish(m, A, 4);
        assert_int_equal(mpsc_req_peek(&m->back, 16), 10);
        for (uint32_t i = 0; i < 4; i++) {
            expect_request(m, i, A, 100 + i);
            expect_request(m, 4 + i, B, 200 + i);
        }
        expect_request(m, 8, C, 300);
        expect_request(m, 9, C, 301);
        many_close(m);
    }
}

/* A grant handed over in two parts: the first part is seen alone. */
static void test_published_in_parts(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, WRAP(2));
    assert_int_equal(claim(m, A, 4, 0), 4);
    publish(m, A, 1);
    send(m, B, 2, 50);
    expect_requests(m, 1, A, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 8), 0);
    publish(m, A, 3);
    expect_requests(m, 3, A, 1);
    expect_requests(m, 2, B, 50);
    many_close(m);
}

/* ---- room ---------------------------------------------------------------------------------------
 */

static void test_full_and_empty(void **state)
{
    (void)state;
    const uint32_t starts[] = {0, WRAP(3), WRAP(8)};
    for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
        struct many *m = many_open(3, 8, starts[s]);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
        assert_int_equal(mpsc_rsp_peek(&m->front[A], 1), 0);

        send(m, A, 3, 0);
        assert_int_equal(claim(m, B, 8, 0), 5); /* what is left of it */
        assert_int_equal(claim(m, C, 1, 0), 0); /* claimed is taken, published or not */
        publish(m, B, 5);
        assert_int_equal(claim(m, A, 1, 0), 0);

        expect_requests(m, 3, A, 0);
        assert_int_equal(claim(m, C, 8, 70), 3);
        publish(m, C, 3);
        expect_requests(m, 5, B, 0);
        expect_requests(m, 3, C, 70);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
        send(m, B, 8, 5);
        expect_requests(m, 8, B, 5);
        many_close(m);
    }
}

/* Batch control may keep released positions back, but not past a peek that finds nothing. */
static void test_held_room_comes_back(void **state)
{
    (void)state;
    struct many *m = many_open(2, 256, 0);
    send(m, A, 256, 0);
    expect_requests(m, 255, A, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 1), 1);
    mpsc_req_release(&m->back, 1);
    assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
    send(m, B, 256, 0);

    /* nor past arm */
    expect_requests(m, 251, B, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 5), 5);
    mpsc_req_release(&m->back, 5);
    assert_false(mpsc_req_arm(&m->back, 1));
    assert_int_equal(claim(m, A, 256, 0), 256);
    many_close(m);
}

/*
 * Each front end may have `entries` requests outstanding whatever the others do, and while its
 * batch control holds back releases: room for their responses is always there.
 */
static void test_room_for_each_response(void **state)
{
    (void)state;
    struct many *m = many_open(3, 256, WRAP(100));
    uint32_t capacity = mpsc_capacity(&m->g);
    assert_int_equal(capacity, 256);
    uint32_t number = 0;
    for (uint32_t front = A; front <= C; front++) {
        send(m, front, capacity, number);
        expect_requests(m, capacity, front, number);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
    }
    for (uint32_t front = A; front <= C; front++)
        answer(m, front, capacity, number);
    for (uint32_t front = A; front <= C; front++)
        expect_responses(m, front, capacity, number);

    /* Consumed by 255, so that the last release is always one that is held back. */
    for (uint32_t round = 0; round < 40; round++) {
        number += capacity;
        send(m, B, capacity, number);
        expect_requests(m, capacity, B, number);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
        answer(m, B, capacity, number);
        assert_int_equal(mpsc_rsp_peek(&m->front[B], capacity), capacity);
        mpsc_rsp_release(&m->front[B], 255);
        assert_int_equal(mpsc_rsp_peek(&m->front[B], 1), 1);
        mpsc_rsp_release(&m->front[B], 1);
    }
    many_close(m);
}

/* One that has more outstanding than it may is held back; nothing of it, or of others, is lost. */
static void test_more_outstanding_than_allowed(void **state)
{
    (void)state;
    const uint32_t entries = 4, lane = entries * MPSC_LANE_SHARE;
    struct many *m = many_open(2, entries, 0);
    for (uint32_t number = 0; number < 3 * entries; number += entries) {
        send(m, A, entries, number);
        expect_requests(m, entries, A, number);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
    }
    assert_int_equal(mpsc_rsp_reserve(&m->back, 3 * entries), lane);
    answer(m, A, lane, 0);
    assert_int_equal(mpsc_rsp_reserve(&m->back, 1), 0);
    expect_responses(m, A, lane, 0);
    answer(m, A, entries, lane);
    expect_responses(m, A, entries, lane);
    assert_int_equal(mpsc_rsp_reserve(&m->back, 1), 0); /* nothing left to answer */
    many_close(m);
}

/* Requests that want no response leave the ring as good as new, as often as one likes. */
static void test_one_way_then_answered(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, WRAP(20));
    for (uint32_t number = 0; number < 400; number += 8) {
        send(m, A, 8, number);
        expect_requests(m, 8, A, number);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
    }
    send(m, B, 3, 7);
    expect_requests(m, 3, B, 7);
    answer(m, B, 3, 7);
    expect_responses(m, B, 3, 7);
    expect_responses(m, A, 0, 0);
    many_close(m);
}

/* ---- telling ------------------------------------------------------------------------------------
 */

static void test_asks_for_its_own_positions(void **state)
{
    (void)state;
    struct many *m = many_open(2, 16, WRAP(3));
    assert_false(mpsc_req_arm(&m->back, 1));
    assert_false(mpsc_req_ask(&m->front[A])); /* nothing published */
    send(m, A, 1, 0);
    assert_true(mpsc_req_ask(&m->front[A]));
    assert_false(mpsc_req_ask(&m->front[A])); /* that was told */
    send(m, B, 2, 0);
    assert_false(mpsc_req_ask(&m->front[B])); /* the word is passed already */
    assert_true(mpsc_req_arm(&m->back, 1));   /* final check */

    /* Asked once for several grants, with those of another between them. */
    expect_requests(m, 1, A, 0);
    expect_requests(m, 2, B, 0);
    assert_false(mpsc_req_arm(&m->back, 5));
    send(m, A, 1, 1);
    send(m, B, 1, 2);
    assert_false(mpsc_req_ask(&m->front[B]));
    send(m, A, 3, 2); /* the fifth is among these */
    assert_true(mpsc_req_ask(&m->front[A]));
    assert_false(mpsc_req_ask(&m->front[A]));

    assert_int_equal(mpsc_req_peek(&m->back, 16), 5);
    mpsc_req_release(&m->back, 5);
    assert_false(mpsc_req_arm(&m->back, 1));
    send(m, A, 1, 5); /* this one */
    send(m, B, 1, 3);
    send(m, A, 1, 6);
    assert_true(mpsc_req_ask(&m->front[A]));
    many_close(m);
}

/* The first example of the header. */
static void test_waits_for_one_published_late(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, WRAP(2));
    claim(m, A, 4, 0);
    claim(m, B, 4, 0);
    assert_false(mpsc_req_arm(&m->back, 1));
    publish(m, B, 4);
    assert_false(mpsc_req_ask(&m->front[B]));
    assert_int_equal(mpsc_req_peek(&m->back, 8), 0);
    publish(m, A, 4);
    assert_true(mpsc_req_ask(&m->front[A]));
    assert_int_equal(mpsc_req_peek(&m->back, 8), 8);
    many_close(m);
}

/* The second: told early, the back end must not wait for what was told already. */
static void test_waits_for_the_hole(void **state)
{
    (void)state;
    const uint32_t starts[] = {0, WRAP(1), WRAP(4), WRAP(7), WRAP(8)};
    for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
        struct many *m = many_open(3, 8, starts[s]);
        claim(m, A, 2, 0);
        claim(m, B, 2, 0);
        claim(m, C, 4, 0);
        assert_false(mpsc_req_arm(&m->back, 8));
        publish(m, C, 4);
        assert_true(mpsc_req_ask(&m->front[C]));
        assert_int_equal(mpsc_req_peek(&m->back, 8), 0);

        assert_false(mpsc_req_arm(&m->back, 8)); /* now for position 0 */
        publish(m, A, 2);
        assert_true(mpsc_req_ask(&m->front[A]));
        assert_false(mpsc_req_arm(&m->back, 8)); /* now for position 2 */
        publish(m, B, 2);
        assert_true(mpsc_req_ask(&m->front[B]));
        assert_true(mpsc_req_arm(&m->back, 8));
        assert_int_equal(mpsc_req_peek(&m->back, 8), 8);
        many_close(m);
    }
}

static uint64_t bit(uint32_t front)
{
    return UINT64_C(1) << front;
}

/* A batch of responses to several: those who asked are told, and nobody else. */
static void test_tells_who_asked(void **state)
{
    (void)state;
    const uint32_t armed[] = {3, 40, 63}, answered[] = {0, 3, 31, 63};
    struct many *m = many_open(64, 128, 0);
    for (uint32_t f = 0; f < 64; f++) {
        send(m, f, 2, 0);
        expect_requests(m, 2, f, 0);
    }
    assert_int_equal(mpsc_rsp_ask(&m->back), 0);
    assert_int_equal(mpsc_rsp_reached(&m->back), 0);

    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t f = 0; f < 64; f++) /* none of them waits for the first any more */
            assert_int_equal(mpsc_rsp_peek(&m->front[f], 1), 0);
        for (size_t i = 0; i < 3; i++)
            assert_false(mpsc_rsp_arm(&m->front[armed[i]], 1));
        if (round == 0) { /* all start armed at their first entry: see the lane's init */
            for (uint32_t f = 0; f < 64; f++)
                answer(m, f, 1, 100);
            assert_true(mpsc_rsp_ask(&m->back) == UINT64_MAX);
            for (uint32_t f = 0; f < 64; f++)
                expect_responses(m, f, 1, 100);
            continue;
        }
        assert_int_equal(mpsc_rsp_reserve(&m->back, 4), 4);
        for (uint32_t i = 0; i < 4; i++) {
            struct item item = item_make(answered[i], 101);
            mpsc_rsp_write(&m->back, i, answered[i], &item, sizeof(item));
        }
        mpsc_rsp_publish(&m->back, 4);
        assert_true(mpsc_rsp_ask(&m->back) == (bit(3) | bit(63)));
        for (size_t i = 0; i < 4; i++)
            expect_responses(m, answered[i], 1, 101);
        expect_responses(m, 40, 0, 0);
        assert_int_equal(mpsc_rsp_ask(&m->back), 0);
        assert_int_equal(mpsc_rsp_reached(&m->back), 0);
    }

    /* Telling without asking names all that were published to. */
    answer(m, 5, 1, 7);
    assert_int_equal(mpsc_rsp_reserve(&m->back, 1), 1);
    struct item item = item_make(62, 8);
    mpsc_rsp_write(&m->back, 0, 62, &item, sizeof(item));
    mpsc_rsp_publish(&m->back, 1);
    mpsc_rsp_flush(&m->back);
    assert_true(mpsc_rsp_reached(&m->back) == (bit(5) | bit(62)));
    assert_int_equal(mpsc_rsp_reached(&m->back), 0);
    expect_responses(m, 5, 1, 7);
    expect_responses(m, 62, 1, 8);
    many_close(m);
}

/* ---- exchanges at random, against a model
 * -------------------------------------------------------- */

#define BACKLOG 4096U

struct model {
    struct many *m;
    struct rng rng;
    /* by position: who claimed it, with which number, and is it published */
    struct {
        uint32_t front, number;
        bool published;
    } claims[BACKLOG];
    uint32_t claimed, released; /* positions since start */
    struct {
        uint32_t front, number;
    } backlog[BACKLOG]; /* released and not answered, in any order */
    uint32_t unanswered;
    struct {
        uint32_t sent;                /* requests written */
        uint32_t granted, first;      /* of the grant not yet published: size, position */
        uint32_t outstanding;         /* reserved, responses not released */
        uint32_t answers[BACKLOG];    /* numbers, in the order in which they were answered */
        uint32_t answered, collected; /* in answers[], free-running */
    } front[RING_FRONTS_MAX];
};

static void model_claim(struct model *d, uint32_t f)
{
    struct many *m = d->m;
    uint32_t room = mpsc_capacity(&m->g) - d->front[f].outstanding;
    if (d->front[f].granted != 0 || room == 0)
        return;
    uint32_t n = rng_batch(&d->rng, room);
    uint32_t granted = claim(m, f, n, d->front[f].sent);
    uint32_t free = m->g.entries - (d->claimed - d->released);
    uint32_t held = cached_batch(m->g.entries) - 1;
    assert_true(granted <= ring_min(n, free));
    assert_true(granted >= ring_min(n, free > held ? free - held : 0));

    d->front[f].granted = granted;
    d->front[f].first = d->claimed;
    d->front[f].outstanding += granted;
    for (uint32_t i = 0; i < granted; i++, d->claimed++) {
        d->claims[d->claimed % BACKLOG].front = f;
        d->claims[d->claimed % BACKLOG].number = d->front[f].sent++;
        d->claims[d->claimed % BACKLOG].published = false;
    }
}

static void model_publish(struct model *d, uint32_t f)
{
    if (d->front[f].granted == 0)
        return;
    uint32_t n = 1 + rng_below(&d->rng, d->front[f].granted);
    publish(d->m, f, n);
    d->front[f].granted -= n;
    for (uint32_t i = 0; i < n; i++)
        d->claims[d->front[f].first++ % BACKLOG].published = true;
}

static void model_receive(struct model *d)
{
    struct many *m = d->m;
    uint32_t n = rng_batch(&d->rng, m->g.entries), there = 0;
    while (there < n && d->released + there != d->claimed &&
           d->claims[(d->released + there) % BACKLOG].published)
        there++;
    assert_int_equal(mpsc_req_peek(&m->back, n), there);
    if (there == 0)
        return;
    uint32_t taken = rng_below(&d->rng, there + 1);
    for (uint32_t i = 0; i < taken; i++) {
        uint32_t at = (d->released + i) % BACKLOG;
        expect_request(m, i, d->claims[at].front, d->claims[at].number);
        d->backlog[d->unanswered].front = d->claims[at].front;
        d->backlog[d->unanswered].number = d->claims[at].number;
        d->unanswered++;
    }
    mpsc_req_release(&m->back, taken);
    d->released += taken;
}

static void model_answer(struct model *d)
{
    struct mpsc_back *b = &d->m->back;
    if (d->unanswered == 0)
        return;
    uint32_t n = rng_batch(&d->rng, d->unanswered);
    assert_int_equal(mpsc_rsp_reserve(b, n), n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t picked = rng_below(&d->rng, d->unanswered);
        uint32_t f = d->backlog[picked].front, number = d->backlog[picked].number;
        d->backlog[picked] = d->backlog[--d->unanswered];
        struct item item = item_make(f, number);
        mpsc_rsp_write(b, i, f, &item, sizeof(item));
        d->front[f].answers[d->front[f].answered++ % BACKLOG] = number;
    }
    mpsc_rsp_publish(b, n);
}

static void model_collect(struct model *d, uint32_t f, bool flushed)
{
    struct mpsc_front *front = &d->m->front[f];
    uint32_t there = d->front[f].answered - d->front[f].collected;
    int32_t n = mpsc_rsp_peek(front, d->m->g.entries);
    assert_true(n >= 0 && (uint32_t)n <= there);
    if (flushed)
        assert_int_equal(n, there);
    uint32_t taken = flushed ? (uint32_t)n : rng_below(&d->rng, (uint32_t)n + 1);
    for (uint32_t i = 0; i < taken; i++) {
        struct item item;
        mpsc_rsp_read(front, i, &item, sizeof(item));
        assert_int_equal(item.front, f);
        assert_int_equal(item.number, d->front[f].answers[d->front[f].collected++ % BACKLOG]);
        assert_true(item_whole(&item));
    }
    mpsc_rsp_release(front, taken);
    d->front[f].outstanding -= taken;
}

static void check_exchange(uint32_t fronts, uint32_t entries, uint32_t start, uint64_t seed)
{
    const uint32_t steps = 20000 + 2000 * fronts; /* so that each gets its turns */
    struct model *d = (struct model *)calloc(1, sizeof(*d));
    assert_non_null(d);
    d->m = many_open(fronts, entries, start);
    d->rng = rng_seeded(seed);
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t f = rng_below(&d->rng, fronts);
        switch (rng_below(&d->rng, 6)) {
        case 0:
            model_claim(d, f);
            break;
        case 1:
            model_publish(d, f);
            break;
        case 2:
            model_receive(d);
            break;
        case 3:
            model_answer(d);
            break;
        case 4:
            model_collect(d, f, false);
            break;
        case 5:
            mpsc_rsp_flush(&d->m->back);
            model_collect(d, f, true);
            break;
        }
    }

    for (uint32_t f = 0; f < fronts; f++) {
        while (d->front[f].granted != 0)
            model_publish(d, f);
    }
    while (d->released != d->claimed)
        model_receive(d);
    while (d->unanswered != 0)
        model_answer(d);
    mpsc_rsp_flush(&d->m->back);
    for (uint32_t f = 0; f < fronts; f++) {
        model_collect(d, f, true);
        assert_int_equal(d->front[f].collected, d->front[f].sent);
        assert_int_equal(d->front[f].outstanding, 0);
    }
    assert_true(d->claimed > 4 * entries); /* and went round the ring */
    many_close(d->m);
    free(d);
}

static void check_exchanges(uint32_t fronts)
{
    const uint32_t all_entries[] = {2, 8, 64}, starts[] = {0, WRAP(5), WRAP(200), 0xfffd};
    uint64_t seed = fronts;
    for (size_t e = 0; e < 3; e++) {
        for (size_t s = 0; s < 4; s++)
            check_exchange(fronts, all_entries[e], starts[s], seed++);
    }
}

static void test_exchange_1(void **state)
{
    (void)state;
    check_exchanges(1);
}

static void test_exchange_2(void **state)
{
    (void)state;
    check_exchanges(2);
}

static void test_exchange_3(void **state)
{
    (void)state;
    check_exchanges(3);
}

static void test_exchange_64(void **state)
{
    (void)state;
    check_exchanges(64);
}

/* ---- races within one call ----------------------------------------------------------------------
 */

static void other_claims_first(void *context)
{
    race.before_claim = NULL;
    send((struct many *)context, B, 3, 0);
}

static void test_loses_a_claim_and_goes_on(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, WRAP(1));
    race.context = m;
    race.before_claim = other_claims_first;
    assert_int_equal(claim(m, A, 8, 0), 5); /* not 8: what the other has left */
    publish(m, A, 5);
    expect_requests(m, 3, B, 0);
    expect_requests(m, 5, A, 0);
    many_close(m);
}

static uint32_t claims_lost;

static void other_always_claims(void *context)
{
    struct many *m = (struct many *)context;
    uint32_t *head = &m->front[A].shared->head;
    uint32_t *tail = &m->front[A].shared->tail;
    ring_store(head, ring_load(head) + 1);
    ring_store(tail, ring_load(tail) + 1);
    claims_lost++;
}

static void test_gives_up_in_bounded_time(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, 0);
    race.context = m;
    race.before_claim = other_always_claims;
    claims_lost = 0;
    assert_int_equal(mpsc_req_reserve(&m->front[A], 1), 0);
    race.before_claim = NULL;
    assert_int_equal(claims_lost, RING_FRONTS_MAX);
    assert_int_equal(mpsc_req_reserve(&m->front[A], 1), 1); /* not broken, and there is room */
    many_close(m);
}

static void other_is_served(void *context)
{
    struct many *m = (struct many *)context;
    race.before_tail = NULL;
    send(m, B, 8, 0);
    expect_requests(m, 8, B, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
}

/* Between its reading of head and of tail both went on: tail is beyond that head, and that is fine.
 */
static void test_tail_overtakes_an_old_head(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, WRAP(4));
    race.context = m;
    race.tail = &m->front[A].shared->tail;
    race.before_tail = other_is_served;
    send(m, A, 8, 0);
    expect_requests(m, 8, A, 0);
    many_close(m);
}

/* ---- peers that lie -----------------------------------------------------------------------------
 */

static struct mpsc_slot *slot_at(struct many *m, uint32_t position)
{
    return mpsc_slot(m->back.shared, m->g.entries, m->back.stride, position);
}

static void expect_back_broken(struct many *m)
{
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(mpsc_req_peek(&m->back, 1), RING_EBROKEN);
        assert_int_equal(mpsc_rsp_reserve(&m->back, 1), RING_EBROKEN);
        assert_true(mpsc_req_arm(&m->back, 1));
    }
}

static void expect_front_broken(struct mpsc_front *f)
{
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(mpsc_req_reserve(f, 1), RING_EBROKEN);
        assert_int_equal(mpsc_rsp_peek(f, 1), RING_EBROKEN);
        assert_true(mpsc_rsp_arm(f, 1));
    }
}

static void test_front_that_does_not_exist(void **state)
{
    (void)state;
    const uint32_t liars[] = {3, 64, 255, 256, 1U << 31, UINT32_MAX};
    for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
        struct many *m = many_open(3, 8, 0);
        send(m, A, 2, 0);
        assert_int_equal(claim(m, B, 1, 0), 1);
        ring_store(&slot_at(m, 2)->front, liars[i]);
        publish(m, B, 1);
        assert_int_equal(mpsc_req_peek(&m->back, 2), 2); /* those before it are good */
        assert_int_equal(mpsc_req_peek(&m->back, 3), RING_EBROKEN);
        expect_back_broken(m);
        many_close(m);
    }
}

/* What was checked is what is used. */
static void test_number_changed_after_the_check(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, 0);
    send(m, B, 1, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 1), 1);
    ring_store(&slot_at(m, 0)->front, UINT32_MAX);
    struct item item;
    assert_int_equal(mpsc_req_read(&m->back, 0, &item, sizeof(item)), B);
    many_close(m);
}

static void test_sequence_out_of_order(void **state)
{
    (void)state;
    const uint32_t offsets[] = {2, 8, 9, 17, 1U << 31, WRAP(8), WRAP(6), WRAP(15), 0};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct many *m = many_open(2, 8, WRAP(1));
        ring_store(&slot_at(m, m->g.start)->sequence, m->g.start + offsets[i]);
        assert_true(mpsc_req_arm(&m->back, 1)); /* nobody would tell */
        assert_int_equal(mpsc_req_peek(&m->back, 1), RING_EBROKEN);
        expect_back_broken(m);
        many_close(m);
    }
}

/* However full the slots say the ring is, no more is read than fits. */
static void test_more_than_fits(void **state)
{
    (void)state;
    struct many *m = many_open(2, 8, 0);
    send(m, A, 8, 0);
    assert_int_equal(mpsc_req_peek(&m->back, 8), 8);
    for (uint32_t p = 8; p < 16; p++)
        ring_store(&slot_at(m, p)->sequence, p + 1);
    assert_int_equal(mpsc_req_peek(&m->back, UINT32_MAX), 8);
    many_close(m);
}

static void test_index_of_a_lane(void **state)
{
    (void)state;
    struct many *m = many_open(2, 2, 0);
    struct cached_lane *lane = m->back.lanes[B].tx.lane;

    /* Its front end says that it consumed what was never sent: seen once its lane's room is used.
     */
    ring_store(&lane->tail, 77);
    for (uint32_t number = 0; number < 6; number += 2) {
        send(m, B, 2, number);
        expect_requests(m, 2, B, number);
        assert_int_equal(mpsc_req_peek(&m->back, 1), 0);
        if (number < 4)
            answer(m, B, 2, number);
    }
    assert_int_equal(mpsc_rsp_reserve(&m->back, 1), RING_EBROKEN);
    expect_back_broken(m);

    ring_store(&lane->head, 77);
    assert_int_equal(mpsc_rsp_peek(&m->front[B], 5), RING_EBROKEN);
    expect_front_broken(&m->front[B]);
    assert_int_equal(mpsc_rsp_peek(&m->front[A], 1), 0);
    many_close(m);
}

static void test_tail_beyond_head(void **state)
{
    (void)state;
    const uint32_t tails[] = {1, 1U << 31, WRAP(9)}; /* one claim more, far off, too far behind */
    for (size_t i = 0; i < 3; i++) {
        struct many *m = many_open(2, 8, 0);
        ring_store(&m->back.shared->tail, tails[i]);
        assert_int_equal(mpsc_req_reserve(&m->front[A], 1), RING_EBROKEN);
        ring_store(&m->back.shared->tail, 0);
        expect_front_broken(&m->front[A]);
        assert_int_equal(mpsc_req_reserve(&m->front[B], 1), 1); /* saw nothing wrong */
        many_close(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_published_out_of_order),
        cmocka_unit_test(test_published_in_parts),
        cmocka_unit_test(test_full_and_empty),
        cmocka_unit_test(test_held_room_comes_back),
        cmocka_unit_test(test_room_for_each_response),
        cmocka_unit_test(test_more_outstanding_than_allowed),
        cmocka_unit_test(test_one_way_then_answered),
        cmocka_unit_test(test_asks_for_its_own_positions),
        cmocka_unit_test(test_waits_for_one_published_late),
        cmocka_unit_test(test_waits_for_the_hole),
        cmocka_unit_test(test_tells_who_asked),
        cmocka_unit_test(test_exchange_1),
        cmocka_unit_test(test_exchange_2),
        cmocka_unit_test(test_exchange_3),
        cmocka_unit_test(test_exchange_64),
        cmocka_unit_test(test_loses_a_claim_and_goes_on),
        cmocka_unit_test(test_gives_up_in_bounded_time),
        cmocka_unit_test(test_tail_overtakes_an_old_head),
        cmocka_unit_test(test_front_that_does_not_exist),
        cmocka_unit_test(test_number_changed_after_the_check),
        cmocka_unit_test(test_sequence_out_of_order),
        cmocka_unit_test(test_more_than_fits),
        cmocka_unit_test(test_index_of_a_lane),
        cmocka_unit_test(test_tail_beyond_head),
    };
    return tap_run("mpsc", tests, sizeof(tests) / sizeof(tests[0]));
}
