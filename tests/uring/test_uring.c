/* SPDX-License-Identifier: MIT */
/*
 * rings/uring.h beyond the contract: the index array in any order and with lies in it, the flags as
 * linux/io_uring.h numbers them, and twice as many completions as submissions.
 */
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>

#include "rings/uring.h"

#include "tests/unit/tap.h"

#define WRAP(before) (UINT32_MAX - (before) + 1) /* `before` entries below 2^32 */

struct pair {
    struct ring_geometry g;
    void *shared, *back_private;
    struct uring_front front;
    struct uring_back back;
};

static struct pair pair_open(uint32_t entries, uint32_t start)
{
    const unsigned char rubbish = 0xa5;
    struct pair p = {
        .g = {.entries = entries, .req_size = 16, .rsp_size = 8, .fronts = 1, .start = start}};
    struct ring_footprint fp;
    if (uring_footprint(&p.g, &fp) != RING_OK || fp.front != 0 || fp.back == 0)
        abort();
    p.shared = aligned_alloc(RING_ALIGN, ring_round_up(fp.shared, RING_ALIGN));
    p.back_private = malloc(fp.back);
    if (p.shared == NULL || p.back_private == NULL)
        abort();
    memset(p.shared, rubbish, fp.shared);
    memset(p.back_private, rubbish, fp.back);
    if (uring_front_init(&p.front, &p.g, p.shared, NULL) != RING_OK ||
        uring_back_attach(&p.back, &p.g, p.shared, p.back_private) != RING_OK)
        abort();
    return p;
}

static void pair_close(struct pair *p)
{
    free(p->back_private);
    free(p->shared);
}

static struct uring_shared *words(struct pair *p)
{
    return (struct uring_shared *)p->shared;
}

/* Sends n requests, numbered from first. */
static void send(struct pair *p, uint32_t n, uint64_t first)
{
    assert_int_equal(uring_req_reserve(&p->front, n), n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t request[2] = {first + i, ~(first + i)};
        uring_req_write(&p->front, i, request, sizeof(request));
    }
    uring_req_publish(&p->front, n);
}

static void expect_request(struct pair *p, uint32_t i, uint64_t number)
{
    uint64_t request[2];
    uring_req_read(&p->back, i, request, sizeof(request));
    assert_int_equal(request[0], number);
    assert_int_equal(request[1], ~number);
}

static void take(struct pair *p, uint32_t n)
{
    assert_int_equal(uring_req_peek(&p->back, n), n);
    uring_req_release(&p->back, n);
}

static void answer(struct pair *p, uint32_t n, uint64_t first)
{
    assert_int_equal(uring_rsp_reserve(&p->back, n), n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t number = first + i;
        uring_rsp_write(&p->back, i, 0, &number, sizeof(number));
    }
    uring_rsp_publish(&p->back, n);
}

static void collect(struct pair *p, uint32_t n, uint64_t first)
{
    assert_int_equal(uring_rsp_peek(&p->front, n + 1), n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t number;
        uring_rsp_read(&p->front, i, &number, sizeof(number));
        assert_int_equal(number, first + i);
    }
    uring_rsp_release(&p->front, n);
}

static void test_setup(void **state)
{
    (void)state;
    struct pair p = pair_open(8, 3);
    const struct uring_shared *s = words(&p);
    assert_int_equal(s->sq_ring_mask, 7);
    assert_int_equal(s->sq_ring_entries, 8);
    assert_int_equal(s->cq_ring_mask, 15);
    assert_int_equal(s->cq_ring_entries, 16);
    assert_int_equal(s->sq_dropped, 0);
    assert_int_equal(s->cq_overflow, 0);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(s->sq_array[i], i);
    assert_int_equal(s->sq_head, 3);
    assert_int_equal(s->sq_tail, 3);
    assert_int_equal(s->cq_head, 3);
    assert_int_equal(s->cq_tail, 3);
    pair_close(&p);
}

/* A front end may submit its SQEs in any order, and one of them more than once. */
static void test_index_array_in_any_order(void **state)
{
    (void)state;
    struct pair p = pair_open(4, WRAP(2));
    send(&p, 4, 100); /* positions 2^32 - 2 to 1 lie in SQEs and array entries 2, 3, 0, 1 */
    uint32_t *array = words(&p)->sq_array;
    array[2] = 0;
    array[3] = 3;
    array[0] = 3;
    array[1] = 2;
    assert_int_equal(uring_req_peek(&p.back, 4), 4);
    expect_request(&p, 0, 102);
    expect_request(&p, 1, 101);
    expect_request(&p, 2, 101);
    expect_request(&p, 3, 100);
    pair_close(&p);
}

static void test_index_out_of_range(void **state)
{
    (void)state;
    const uint32_t lies[] = {4, 5, 0x10000, 0x10001, 1U << 31, UINT32_MAX};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct pair p = pair_open(4, 0);
        send(&p, 3, 0);
        words(&p)->sq_array[2] = lies[i];
        assert_int_equal(uring_req_peek(&p.back, 2), 2); /* those before it are good */
        expect_request(&p, 1, 1);
        assert_int_equal(uring_req_peek(&p.back, 3), RING_EBROKEN);
        words(&p)->sq_array[2] = 2;
        assert_int_equal(uring_req_peek(&p.back, 1), RING_EBROKEN);
        assert_int_equal(uring_rsp_reserve(&p.back, 1), RING_EBROKEN);
        words(&p)->sq_tail = 0; /* nothing there: nobody would tell */
        assert_true(uring_req_arm(&p.back, 1));
        pair_close(&p);
    }
}

/* What was checked is what is used, and it is fetched once, however often it is peeked at. */
static void test_index_changed_after_the_check(void **state)
{
    (void)state;
    struct pair p = pair_open(4, 0);
    send(&p, 2, 70);
    assert_int_equal(uring_req_peek(&p.back, 1), 1);
    words(&p)->sq_array[0] = UINT32_MAX;
    assert_int_equal(uring_req_peek(&p.back, 2), 2);
    expect_request(&p, 0, 70);
    expect_request(&p, 1, 71);
    pair_close(&p);
}

static void test_flags(void **state)
{
    (void)state;
    struct pair p = pair_open(4, WRAP(1));
    const struct uring_shared *s = words(&p);
    assert_int_equal(s->sq_flags, 0);
    assert_int_equal(s->cq_flags, IORING_CQ_EVENTFD_DISABLED);
    send(&p, 1, 0);
    assert_false(uring_req_ask(&p.front));
    take(&p, 1);

    assert_false(uring_req_arm(&p.back, 3)); /* a flag tells at the first, and checks for it */
    assert_int_equal(s->sq_flags, IORING_SQ_NEED_WAKEUP);
    assert_false(uring_req_ask(&p.front)); /* nothing published since */
    send(&p, 1, 1);
    assert_true(uring_req_arm(&p.back, 3));
    assert_true(uring_req_ask(&p.front));
    uring_req_disarm(&p.back);
    assert_int_equal(s->sq_flags, 0);
    send(&p, 1, 2);
    assert_false(uring_req_ask(&p.front));
    take(&p, 2);

    answer(&p, 1, 0);
    assert_int_equal(uring_rsp_ask(&p.back), 0);
    collect(&p, 1, 0);
    assert_false(uring_rsp_arm(&p.front, 2));
    assert_int_equal(s->cq_flags, 0);
    assert_int_equal(uring_rsp_ask(&p.back), 0);
    answer(&p, 1, 1);
    assert_true(uring_rsp_arm(&p.front, 2));
    assert_int_equal(uring_rsp_ask(&p.back), 1);
    uring_rsp_disarm(&p.front);
    assert_int_equal(s->cq_flags, IORING_CQ_EVENTFD_DISABLED);
    answer(&p, 1, 2);
    assert_int_equal(uring_rsp_ask(&p.back), 0);
    pair_close(&p);
}

/* Submissions come back at once, so a front end can have more outstanding than fit: it is the back
 * end that does not write over what was not consumed. */
static void test_completions_never_overflow(void **state)
{
    (void)state;
    struct pair p = pair_open(4, WRAP(6));
    for (uint64_t number = 0; number < 12; number += 4) {
        send(&p, 4, number);
        take(&p, 4);
    }
    assert_int_equal(uring_rsp_reserve(&p.back, 12), 8);
    answer(&p, 8, 0);
    assert_int_equal(uring_rsp_reserve(&p.back, 4), 0);
    collect(&p, 8, 0);
    answer(&p, 4, 8);
    collect(&p, 4, 8);
    assert_int_equal(words(&p)->cq_overflow, 0);
    pair_close(&p);
}

/* Every index that a peer writes: one too far, and one back from where it was seen. */
static void test_index_beyond_the_ring(void **state)
{
    (void)state;
    for (uint32_t back = 0; back < 2; back++) {
        struct pair p = pair_open(4, 0);
        send(&p, 3, 0);
        take(&p, 2);
        assert_int_equal(uring_req_reserve(&p.front, 4), 3); /* sees that head is 2 */
        answer(&p, 2, 0);
        assert_int_equal(uring_rsp_peek(&p.front, 3), 2); /* that tail is 2 */

        words(&p)->sq_head = back ? 1 : 4;
        assert_int_equal(uring_req_reserve(&p.front, 4), RING_EBROKEN);
        assert_int_equal(uring_rsp_peek(&p.front, 1), RING_EBROKEN);
        words(&p)->cq_tail = 0;
        assert_true(uring_rsp_arm(&p.front, 1));
        pair_close(&p);

        p = pair_open(4, 0);
        send(&p, 2, 0);
        take(&p, 2);
        answer(&p, 2, 0);
        assert_int_equal(uring_rsp_peek(&p.front, 3), 2);
        words(&p)->cq_tail = back ? 1 : 9;
        assert_int_equal(uring_rsp_peek(&p.front, 3), RING_EBROKEN);
        assert_int_equal(uring_req_reserve(&p.front, 1), RING_EBROKEN);
        pair_close(&p);

        p = pair_open(4, 0);
        send(&p, 2, 0);
        assert_int_equal(uring_req_peek(&p.back, 4), 2);
        words(&p)->sq_tail = back ? 1 : 5;
        assert_int_equal(uring_req_peek(&p.back, 4), RING_EBROKEN);
        assert_int_equal(uring_rsp_reserve(&p.back, 1), RING_EBROKEN);
        pair_close(&p);

        p = pair_open(2, 0);
        send(&p, 2, 0);
        take(&p, 2);
        answer(&p, 2, 0);
        collect(&p, 2, 0);
        send(&p, 1, 2);
        take(&p, 1);
        answer(&p, 1, 2);
        assert_int_equal(uring_rsp_reserve(&p.back, 4), 3); /* sees that head is 2 */
        words(&p)->cq_head = back ? 1 : 4;
        assert_int_equal(uring_rsp_reserve(&p.back, 4), RING_EBROKEN);
        assert_int_equal(uring_req_peek(&p.back, 1), RING_EBROKEN);
        pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setup),
        cmocka_unit_test(test_index_array_in_any_order),
        cmocka_unit_test(test_index_out_of_range),
        cmocka_unit_test(test_index_changed_after_the_check),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_completions_never_overflow),
        cmocka_unit_test(test_index_beyond_the_ring),
    };
    return tap_run("uring", tests, sizeof(tests) / sizeof(tests[0]));
}
