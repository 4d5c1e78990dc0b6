/* SPDX-License-Identifier: MIT */
/*
 * The ring contract (rings/ring.h) as tests, for the layout that this file is compiled with: moving
 * entries. conformance_tell.c has asking and arming, conformance_traffic.c both under a policy;
 * two threads that sleep are in sleep.c.
 */
#include "rings/layout.h"
#include "tests/unit/rig.h"

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

static const struct CMUnitTest tests[] = {
    CONFORMANCE_TEST(bad_geometry),
    CONFORMANCE_TEST(error_texts),
    CONFORMANCE_TEST(bad_memory),
    CONFORMANCE_TEST(every_entries),
    CONFORMANCE_TEST(every_size),
    CONFORMANCE_TEST(short_elements),
    CONFORMANCE_TEST(fresh_ring_is_empty),
    CONFORMANCE_TEST(one_at_a_time),
    CONFORMANCE_TEST(full),
    CONFORMANCE_TEST(batch_beyond_free_space),
    CONFORMANCE_TEST(late_release_is_told),
    CONFORMANCE_TEST(one_free_slot),
    CONFORMANCE_TEST(wrap),
    CONFORMANCE_TEST(long_run),
    CONFORMANCE_TEST(largest_ring_wraps),
    CONFORMANCE_TEST(late_back_end),
    CONFORMANCE_TEST(second_life),
    CONFORMANCE_TEST(reversed_responses),
    CONFORMANCE_TEST(straggler),
    CONFORMANCE_TEST(peek_repeats),
    CONFORMANCE_TEST(partial_release),
    CONFORMANCE_TEST(flush_and_ask_hand_over),
    CONFORMANCE_TEST(late_release),
    CONFORMANCE_TEST(one_way),
};

extern const struct conformance_part R(conformance);
const struct conformance_part R(conformance) = {tests, sizeof(tests) / sizeof(tests[0])};
