/* SPDX-License-Identifier: MIT */
/* `fifo`: its order, what it holds back for want of memory, ports that are still queued, and queues
 * that ports leave for others. */
#include "tests/evtchn/conformance.h"
#include "tests/unit/rng.h"

static struct world_domain w;
static struct evtchn_effect effect;

static void open_with(void **state, uint32_t vcpus, bool late)
{
    world_open(&w, (struct world_config){.abi = *state, .id = 1, .vcpus = vcpus, .late = late});
}

static uint32_t word(uint32_t port)
{
    return *world_word(&w, port);
}

/* ---- order ---- */

static void test_in_order_of_sending(void **state)
{
    open_with(state, 1, false);
    for (uint32_t want = 1; want <= 5; want++)
        assert_int_equal(open_ipi(&w, 0), want);
    static const uint32_t order[] = {4, 2, 5, 1, 3};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5; i++)
            (void)send(&w, order[i]);
        assert_scan(&w, 0, 4, 2, 5, 1, 3);
    }
    for (uint32_t port = 1; port <= 5; port++)
        assert_int_equal(word(port), 0);
    world_close(&w);
}

/* All 16 priorities, several ports each, sent to in random order and between takings. */
static void test_priorities(void **state)
{
    struct rng rng = rng_seeded(5);
    struct {
        uint32_t port[64], from, to;
    } queue[EVTCHN_QUEUES] = {0};
    open_with(state, 1, false);
    for (uint32_t want = 1; want <= 48; want++) {
        assert_int_equal(open_ipi(&w, 0), want);
        assert_ok(evtchn_set_priority(&w.d, want, want % EVTCHN_QUEUES));
    }
    for (uint32_t step = 0; step < 20000; step++) {
        if (rng_below(&rng, 5) < 2) {
            uint32_t port = 1 + rng_below(&rng, 48), q = port % EVTCHN_QUEUES;
            if ((send(&w, port).what & EVTCHN_IS_PENDING) != 0)
                queue[q].port[queue[q].to++ % 64] = port;
            continue;
        }
        uint32_t q = 0, want = EVTCHN_NONE;
        while (q < EVTCHN_QUEUES && queue[q].from == queue[q].to)
            q++;
        if (q < EVTCHN_QUEUES)
            want = queue[q].port[queue[q].from++ % 64];
        evtchn_consumer_begin(&w.vcpu[0].c);
        assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), want);
    }
    world_close(&w);
}

static void test_urgent_overtakes(void **state)
{
    open_with(state, 1, false);
    uint32_t low = open_ipi(&w, 0), also = open_ipi(&w, 0), urgent = open_ipi(&w, 0);
    assert_ok(evtchn_set_priority(&w.d, urgent, EVTCHN_PRIORITY_HIGHEST));
    (void)send(&w, low);
    (void)send(&w, also);
    evtchn_consumer_begin(&w.vcpu[0].c);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), low);
    (void)send(&w, urgent);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), urgent);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), also);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), EVTCHN_NONE);
    world_close(&w);
}

/* ---- busy ports ---- */

static void test_a_queued_port_is_not_reopened(void **state)
{
    open_with(state, 1, false);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    (void)send(&w, one);
    (void)send(&w, two);
    assert_ok(evtchn_close(&w.d, one));
    assert_int_equal(word(one), EVTCHN_LINKED | two);
    assert_int_equal(open_ipi(&w, 0), 3);
    assert_scan(&w, 0, two);
    assert_int_equal(open_ipi(&w, 0), one);
    assert_nothing(&w, 0);
    world_close(&w);
}

static void test_all_closed_ports_are_busy(void **state)
{
    world_open(&w, (struct world_config){.abi = *state, .id = 1, .ports_max = 70});
    uint32_t none;
    for (uint32_t port = 1; port < EVTCHN_BUCKET_PORTS; port++) {
        assert_int_equal(open_ipi(&w, 0), port);
        (void)send(&w, port);
    }
    for (uint32_t port = 1; port < EVTCHN_BUCKET_PORTS; port++)
        assert_ok(evtchn_close(&w.d, port));
    assert_true(evtchn_wants_bucket(&w.d));
    assert_refused(&w, EVTCHN_ENOMEM, evtchn_bind_ipi(&w.d, 0, &none));
    for (uint32_t port = EVTCHN_BUCKET_PORTS; port < 70; port++)
        assert_int_equal(open_ipi(&w, 0), port);
    assert_false(evtchn_wants_bucket(&w.d));
    assert_refused(&w, EVTCHN_ENOSPC, evtchn_bind_ipi(&w.d, 0, &none));
    assert_nothing(&w, 0);
    assert_int_equal(open_ipi(&w, 0), 1);
    world_close(&w);
}

/* ---- what is held back ---- */

static void test_held_for_a_page(void **state)
{
    open_with(state, 1, true);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    assert_ok(world_give_control(&w, 0, 0));
    assert_tells_nobody(send(&w, one), EVTCHN_IS_PENDING);
    assert_tells_nobody(send(&w, one), 0);
    assert_true(evtchn_is_pending(&w.d, one));
    assert_false(evtchn_is_pending(&w.d, two));
    assert_nothing(&w, 0);
    assert_ok(evtchn_unmask(&w.d, one, &effect));
    assert_tells_nobody(effect, 0);
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 1);
    assert_scan(&w, 0, one);
    assert_false(evtchn_is_pending(&w.d, one));
    assert_int_equal(world_release(&w), 0);
    assert_tells(send(&w, two), &w, 0);
    assert_scan(&w, 0, two);
    world_close(&w);
}

static void test_held_for_a_control_block(void **state)
{
    open_with(state, 2, true);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 1);
    assert_ok(world_give_control(&w, 0, 0));
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 0);
    assert_tells_nobody(send(&w, two), EVTCHN_IS_PENDING);
    assert_tells(send(&w, one), &w, 0);
    assert_scan(&w, 0, one);
    assert_int_equal(world_release(&w), 0);
    assert_true(evtchn_is_pending(&w.d, two));
    assert_ok(world_give_control(&w, 1, EVTCHN_PAGE_SIZE - sizeof(struct evtchn_control)));
    assert_int_equal(world_release(&w), 1);
    assert_scan(&w, 1, two);
    world_close(&w);
}

static void test_held_for_both(void **state)
{
    open_with(state, 2, true);
    uint32_t port = open_ipi(&w, 1);
    assert_ok(world_give_control(&w, 0, 0));
    assert_tells_nobody(send(&w, port), EVTCHN_IS_PENDING);
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 0);
    assert_true(evtchn_is_pending(&w.d, port));
    assert_ok(world_give_control(&w, 1, 0));
    assert_int_equal(world_release(&w), 1);
    assert_scan(&w, 1, port);
    world_close(&w);
}

static void test_held_and_masked(void **state)
{
    open_with(state, 2, true);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 1);
    assert_ok(world_give_control(&w, 0, 0));
    (void)send(&w, one);
    assert_ok(world_give_page(&w));
    evtchn_consumer_mask(&w.vcpu[0].c, one);
    (void)send(&w, two);
    evtchn_consumer_mask(&w.vcpu[0].c, two);
    assert_int_equal(world_release(&w), 0);
    assert_nothing(&w, 0);
    assert_int_equal(evtchn_consumer_unmask(&w.vcpu[0].c, one), EVTCHN_UNMASK_CALL);
    assert_ok(evtchn_unmask(&w.d, one, &effect));
    assert_tells(effect, &w, 0);
    assert_scan(&w, 0, one);
    assert_ok(world_give_control(&w, 1, 0));
    assert_int_equal(world_release(&w), 0);
    assert_ok(evtchn_unmask(&w.d, two, &effect));
    assert_tells(effect, &w, 1);
    assert_scan(&w, 1, two);
    world_close(&w);
}

static void test_held_and_closed(void **state)
{
    open_with(state, 1, true);
    uint32_t port = open_ipi(&w, 0);
    assert_ok(world_give_control(&w, 0, 0));
    (void)send(&w, port);
    assert_ok(evtchn_close(&w.d, port));
    uint32_t again;
    assert_ok(evtchn_bind_ipi(&w.d, 0, &again));
    assert_int_equal(again, port);
    assert_false(evtchn_is_pending(&w.d, port));
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 0);
    assert_nothing(&w, 0);
    world_close(&w);
}

/* The guest, that can see the event in its word, does not want it any more. */
static void test_held_and_cleared(void **state)
{
    open_with(state, 2, true);
    uint32_t port = open_ipi(&w, 1);
    assert_ok(world_give_control(&w, 0, 0));
    assert_ok(world_give_page(&w));
    assert_tells_nobody(send(&w, port), EVTCHN_IS_PENDING);
    evtchn_consumer_clear_pending(&w.vcpu[0].c, port);
    assert_ok(world_give_control(&w, 1, 0));
    assert_int_equal(world_release(&w), 0);
    assert_int_equal(word(port), 0);
    assert_tells(send(&w, port), &w, 1);
    assert_scan(&w, 1, port);
    world_close(&w);
}

/* Regression: a port that waited for its vcpu's control block, and was bound to a vcpu that has
 * one, waited on. */
static void test_moved_while_held(void **state)
{
    open_with(state, 2, true);
    uint32_t to, from;
    assert_ok(evtchn_alloc_unbound(&w.d, 1, &to));
    assert_ok(evtchn_bind_interdomain(&w.d, &w.d, to, &from, &effect));
    assert_scan(&w, 0, from);
    assert_ok(evtchn_bind_vcpu(&w.d, to, 1));
    assert_ok(world_give_control(&w, 0, 0));
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 0);
    assert_tells_nobody(send(&w, from), EVTCHN_IS_PENDING);
    assert_ok(evtchn_bind_vcpu(&w.d, to, 0));
    uint32_t at = to;
    assert_tells(evtchn_release_held(&w.d, &at), &w, 0);
    assert_scan(&w, 0, to);
    world_close(&w);
}

/* ---- entering and leaving the ABI ---- */

static void test_pending_is_carried_over(void **state)
{
    open_with(state, 2, true);
    for (uint32_t want = 1; want <= 130; want++)
        assert_int_equal(open_ipi(&w, want % 2), want);
    (void)send(&w, 130);
    (void)send(&w, 4);
    (void)send(&w, 65);
    assert_ok(world_give_control(&w, 0, 16));
    assert_ptr_equal(w.d.abi, &evtchn_fifo_producer);
    for (size_t at = 0; at < w.bitmap_size; at++)
        assert_int_equal(((uint8_t *)w.pending)[at], 0);
    assert_true(evtchn_is_pending(&w.d, 4));
    assert_true(evtchn_is_pending(&w.d, 65));
    assert_false(evtchn_is_pending(&w.d, 5));
    *w.vcpu[0].upcall = *w.vcpu[1].upcall = 0;
    assert_nothing(&w, 0);
    assert_ok(world_give_page(&w));
    assert_int_equal(world_release(&w), 1);
    assert_scan(&w, 0, 4, 130);
    assert_ok(world_give_control(&w, 1, 0));
    assert_int_equal(world_release(&w), 1);
    assert_scan(&w, 1, 65);
    assert_nothing(&w, 0);
    world_close(&w);
}

static void test_one_control_block_each(void **state)
{
    open_with(state, 2, false);
    uint64_t page[EVTCHN_PAGE_SIZE / 8] = {0};
    assert_refused(&w, EVTCHN_EINVAL, evtchn_init_control(&w.d, 0, page, 0));
    assert_refused(&w, EVTCHN_EINVAL, evtchn_init_control(&w.d, 1, page, 8));
    world_close(&w);
}

static void test_array_has_an_end(void **state)
{
    open_with(state, 1, false);
    while (w.pages < EVTCHN_ARRAY_PAGES)
        assert_ok(world_give_page(&w));
    uint64_t page[EVTCHN_PAGE_SIZE / 8] = {0};
    assert_refused(&w, EVTCHN_ENOSPC, evtchn_expand_array(&w.d, page));
    world_close(&w);
}

/* With queues that are not empty, and other pages the next time. */
static void test_leaving_and_entering_again(void **state)
{
    open_with(state, 2, false);
    for (int round = 0; round < 3; round++) {
        for (uint32_t want = 1; want <= 6; want++)
            assert_int_equal(open_ipi(&w, want % 2), want);
        (void)send(&w, 5);
        (void)send(&w, 2);
        (void)send(&w, 4);
        for (uint32_t port = 1; port <= 6; port++)
            assert_ok(evtchn_close(&w.d, port));
        assert_ok(evtchn_reset(&w.d));
        assert_ptr_equal(w.d.abi, w.begins->producer);
        world_begin_anew(&w); /* frees the pages: none is looked at any more */
        assert_int_equal(open_ipi(&w, 0), 1);
        assert_tells(send(&w, 1), &w, 0);
        assert_scan(&w, 0, 1);
        assert_ok(evtchn_close(&w.d, 1));
        assert_ok(world_give_control(&w, 1, 64));
        assert_ok(world_give_control(&w, 0, 0));
    }
    world_close(&w);
}

/* ---- queues that are left for others ---- */

static void test_moved_while_queued(void **state)
{
    open_with(state, 2, false);
    struct pair p = open_pair(&w), q = open_pair(&w);
    (void)send(&w, p.from);
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, 1));
    assert_ok(evtchn_set_priority(&w.d, p.to, 3));
    assert_tells_nobody(send(&w, q.from), EVTCHN_IS_PENDING); /* behind it, in the old queue */
    assert_nothing(&w, 1);
    assert_scan(&w, 0, p.to, q.to);
    assert_tells(send(&w, p.from), &w, 1);
    assert_scan(&w, 1, p.to);
    world_close(&w);
}

/* Another vcpu, the same priority. */
static void test_bind_vcpu_keeps_the_priority(void **state)
{
    open_with(state, 2, false);
    struct pair p = open_pair(&w), q = open_pair(&w);
    assert_ok(evtchn_set_priority(&w.d, p.to, EVTCHN_PRIORITY_LOWEST));
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, 1));
    assert_ok(evtchn_bind_vcpu(&w.d, q.to, 1));
    (void)send(&w, p.from);
    (void)send(&w, q.from);
    assert_scan(&w, 1, q.to, p.to);
    world_close(&w);
}

/* The last of a queue leaves it for another one: nothing is linked to it there any more. */
static void test_moved_tail(void **state)
{
    open_with(state, 2, false);
    struct pair p = open_pair(&w), q = open_pair(&w);
    (void)send(&w, p.from);
    assert_scan(&w, 0, p.to);
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, 1));
    assert_tells(send(&w, p.from), &w, 1);
    assert_tells(send(&w, q.from), &w, 0);
    assert_int_equal(word(p.to), EVTCHN_PENDING | EVTCHN_LINKED);
    assert_scan(&w, 0, q.to);
    assert_scan(&w, 1, p.to);
    world_close(&w);
}

static void test_moved_from_the_middle(void **state)
{
    open_with(state, 2, false);
    struct pair p = open_pair(&w), q = open_pair(&w), r = open_pair(&w);
    (void)send(&w, p.from);
    (void)send(&w, q.from);
    (void)send(&w, r.from);
    assert_ok(evtchn_bind_vcpu(&w.d, q.to, 1));
    evtchn_consumer_begin(&w.vcpu[0].c);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), p.to);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), q.to);
    assert_tells(send(&w, q.from), &w, 1);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), r.to);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), EVTCHN_NONE);
    assert_scan(&w, 1, q.to);
    (void)send(&w, r.from);
    assert_scan(&w, 0, r.to);
    world_close(&w);
}

/* The tail itself is sent to again after it was taken off. */
static void test_tail_again(void **state)
{
    open_with(state, 1, false);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    (void)send(&w, one);
    (void)send(&w, two);
    evtchn_consumer_begin(&w.vcpu[0].c);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), one);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), two);
    assert_tells(send(&w, two), &w, 0);
    assert_int_equal(word(two), EVTCHN_PENDING | EVTCHN_LINKED);
    assert_tells_nobody(send(&w, one), EVTCHN_IS_PENDING);
    assert_int_equal(word(two), EVTCHN_PENDING | EVTCHN_LINKED | one);
    assert_scan(&w, 0, two, one);
    world_close(&w);
}

/* Masked while queued: it leaves the queue pending, and comes back with its unmasking. */
static void test_masked_while_queued(void **state)
{
    open_with(state, 1, false);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    (void)send(&w, one);
    evtchn_consumer_mask(&w.vcpu[0].c, one);
    (void)send(&w, two);
    assert_int_equal(evtchn_consumer_unmask(&w.vcpu[0].c, one), EVTCHN_UNMASK_CALL);
    assert_ok(evtchn_unmask(&w.d, one, &effect)); /* still queued: nobody need be told */
    assert_tells_nobody(effect, EVTCHN_IS_PENDING);
    evtchn_consumer_mask(&w.vcpu[0].c, one);
    assert_scan(&w, 0, two);
    assert_int_equal(word(one), EVTCHN_PENDING | EVTCHN_MASKED);
    assert_ok(evtchn_unmask(&w.d, one, &effect));
    assert_tells(effect, &w, 0);
    assert_scan(&w, 0, one);
    world_close(&w);
}

/* A link to nowhere, to itself, to what is not queued, or a head that is none: the queue is given
 * up and the others go on. */
static void test_broken_queues(void **state)
{
    static const uint32_t links[] = {1, 2, 5, 1023, 1024, EVTCHN_LINK};
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
        open_with(state, 1, false);
        struct evtchn_consumer *c = &w.vcpu[0].c;
        uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0), urgent = open_ipi(&w, 0);
        assert_ok(evtchn_set_priority(&w.d, urgent, 15));
        (void)send(&w, one);
        (void)send(&w, two);
        (void)send(&w, urgent);
        bool whole = links[i] == two;
        *world_word(&w, one) = (word(one) & ~EVTCHN_LINK) | links[i];
        evtchn_consumer_begin(c);
        assert_int_equal(evtchn_consumer_next(c), one);
        assert_int_equal(evtchn_consumer_next(c), whole ? two : EVTCHN_BROKEN_QUEUE);
        assert_int_equal(evtchn_consumer_next(c), urgent);
        assert_int_equal(evtchn_consumer_next(c), EVTCHN_NONE);
        world_close(&w);
    }
    static const uint32_t heads[] = {0, 5, 1023, 1024, EVTCHN_LINK, EVTCHN_LINK + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        open_with(state, 1, false);
        struct evtchn_consumer *c = &w.vcpu[0].c;
        (void)send(&w, open_ipi(&w, 0));
        c->control->head[EVTCHN_PRIORITY_DEFAULT] = heads[i];
        c->control->ready |= ~0xffffU;
        evtchn_consumer_begin(c);
        assert_int_equal(evtchn_consumer_next(c), EVTCHN_BROKEN_QUEUE);
        assert_int_equal(evtchn_consumer_next(c), EVTCHN_NONE);
        world_close(&w);
    }
}

static void count_port(void *arg, uint32_t port)
{
    assert_in_range(port, 1, 2);
    (*(uint32_t *)arg)++;
}

/* Regression: evtchn_scan() handed EVTCHN_BROKEN_QUEUE to serve(), as if it were a port. */
static void test_a_broken_queue_is_no_port(void **state)
{
    open_with(state, 1, false);
    uint32_t one = open_ipi(&w, 0), other = open_ipi(&w, 0), served = 0;
    assert_ok(evtchn_set_priority(&w.d, other, EVTCHN_PRIORITY_LOWEST));
    (void)send(&w, one);
    (void)send(&w, other);
    *world_word(&w, one) = (word(one) & ~EVTCHN_LINK) | one;
    assert_int_equal(evtchn_scan(&w.vcpu[0].c, 10, count_port, &served), 2);
    assert_int_equal(served, 2);
    world_close(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_in_order_of_sending),
    cmocka_unit_test(test_priorities),
    cmocka_unit_test(test_urgent_overtakes),
    cmocka_unit_test(test_a_queued_port_is_not_reopened),
    cmocka_unit_test(test_all_closed_ports_are_busy),
    cmocka_unit_test(test_held_for_a_page),
    cmocka_unit_test(test_held_for_a_control_block),
    cmocka_unit_test(test_held_for_both),
    cmocka_unit_test(test_held_and_masked),
    cmocka_unit_test(test_held_and_closed),
    cmocka_unit_test(test_held_and_cleared),
    cmocka_unit_test(test_moved_while_held),
    cmocka_unit_test(test_pending_is_carried_over),
    cmocka_unit_test(test_one_control_block_each),
    cmocka_unit_test(test_array_has_an_end),
    cmocka_unit_test(test_leaving_and_entering_again),
    cmocka_unit_test(test_moved_while_queued),
    cmocka_unit_test(test_bind_vcpu_keeps_the_priority),
    cmocka_unit_test(test_moved_tail),
    cmocka_unit_test(test_moved_from_the_middle),
    cmocka_unit_test(test_tail_again),
    cmocka_unit_test(test_masked_while_queued),
    cmocka_unit_test(test_broken_queues),
    cmocka_unit_test(test_a_broken_queue_is_no_port),
};

const struct conformance_suite conformance_fifo = {tests, sizeof(tests) / sizeof(*tests)};
