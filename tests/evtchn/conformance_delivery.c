/* SPDX-License-Identifier: MIT */
/* What every delivery ABI has in common: who is told when, and what a scan then finds. */
#include "tests/evtchn/conformance.h"
#include "tests/unit/rng.h"

static struct world_domain w;
static struct evtchn_effect effect;

static void open_with(void **state, uint32_t vcpus, bool mine)
{
    world_open(&w, (struct world_config){.abi = *state, .id = 1, .vcpus = vcpus, .mine = mine});
}

static void open_one(void **state)
{
    open_with(state, 1, false);
}

static struct evtchn_consumer *consumer(uint32_t vcpu)
{
    return &w.vcpu[vcpu].c;
}

static void test_a_send_tells_once(void **state)
{
    open_one(state);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    assert_nothing(&w, 0);
    assert_tells(send(&w, one), &w, 0);
    assert_tells_nobody(send(&w, one), 0);
    assert_tells_nobody(send(&w, two), EVTCHN_IS_PENDING);
    assert_true(evtchn_is_pending(&w.d, one));
    assert_true(evtchn_consumer_is_pending(consumer(0), one));
    assert_scan(&w, 0, one, two);
    assert_false(evtchn_is_pending(&w.d, one));
    assert_false(evtchn_consumer_is_pending(consumer(0), one));
    assert_int_equal(*w.vcpu[0].upcall, 0);
    assert_nothing(&w, 0);
    assert_tells(send(&w, one), &w, 0);
    assert_scan(&w, 0, one);
    world_close(&w);
}

static void test_upcall_due_already(void **state)
{
    open_one(state);
    uint32_t port = open_ipi(&w, 0);
    *w.vcpu[0].upcall = 1; /* as after an upcall that was not handled */
    assert_tells_nobody(send(&w, port), EVTCHN_IS_PENDING);
    assert_scan(&w, 0, port);
    world_close(&w);
}

static void test_a_masked_port_waits(void **state)
{
    open_one(state);
    uint32_t port = open_ipi(&w, 0);
    evtchn_consumer_mask(consumer(0), port);
    assert_tells_nobody(send(&w, port), EVTCHN_IS_PENDING);
    assert_tells_nobody(send(&w, port), 0);
    assert_true(evtchn_is_pending(&w.d, port));
    assert_true(evtchn_consumer_is_pending(consumer(0), port));
    assert_int_equal(*w.vcpu[0].upcall, 0);
    assert_nothing(&w, 0);
    assert_ok(evtchn_unmask(&w.d, port, &effect));
    assert_tells(effect, &w, 0);
    assert_scan(&w, 0, port);
    assert_ok(evtchn_unmask(&w.d, port, &effect));
    assert_tells_nobody(effect, 0);
    world_close(&w);
}

static void test_unmask_an_idle_port(void **state)
{
    open_one(state);
    uint32_t port = open_ipi(&w, 0);
    evtchn_consumer_mask(consumer(0), port);
    assert_ok(evtchn_unmask(&w.d, port, &effect));
    assert_tells_nobody(effect, 0);
    assert_tells(send(&w, port), &w, 0);
    assert_scan(&w, 0, port);
    evtchn_consumer_mask(consumer(0), port);
    assert_int_equal(evtchn_consumer_unmask(consumer(0), port), EVTCHN_UNMASKED);
    assert_int_equal(evtchn_consumer_unmask(consumer(0), port), EVTCHN_UNMASKED);
    assert_int_equal(*w.vcpu[0].upcall, 0);
    assert_tells(send(&w, port), &w, 0);
    assert_scan(&w, 0, port);
    world_close(&w);
}

static void unmask_as_told(uint32_t vcpu, uint32_t port, uint32_t target)
{
    *w.vcpu[target].upcall = 0;
    switch (evtchn_consumer_unmask(consumer(vcpu), port)) {
    case EVTCHN_UPCALL_DUE:
        assert_int_equal(*w.vcpu[vcpu].upcall, 1);
        assert_int_equal(vcpu, target);
        break;
    case EVTCHN_UNMASK_CALL:
        assert_ok(evtchn_unmask(&w.d, port, &effect));
        assert_tells(effect, &w, target);
        break;
    default:
        fail_msg("a pending port was unmasked, and nobody needs to look");
    }
}

static void test_unmask_by_the_guest(void **state)
{
    open_one(state);
    uint32_t port = open_ipi(&w, 0);
    evtchn_consumer_mask(consumer(0), port);
    (void)send(&w, port);
    unmask_as_told(0, port, 0);
    assert_scan(&w, 0, port);

    /* Masked only after it was sent to, and after a scan that left it alone. */
    (void)send(&w, port);
    evtchn_consumer_mask(consumer(0), port);
    assert_nothing(&w, 0);
    assert_true(evtchn_is_pending(&w.d, port));
    unmask_as_told(0, port, 0);
    assert_scan(&w, 0, port);
    world_close(&w);
}

/* What another vcpu serves, only a call can unmask. */
static void test_unmask_for_another_vcpu(void **state)
{
    open_with(state, 2, true);
    uint32_t port = open_ipi(&w, 1);
    evtchn_consumer_mask(consumer(0), port);
    assert_tells_nobody(send(&w, port), EVTCHN_IS_PENDING);
    unmask_as_told(0, port, 1);
    assert_nothing(&w, 0);
    assert_scan(&w, 1, port);
    world_close(&w);
}

static void test_clear_pending(void **state)
{
    open_one(state);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    (void)send(&w, one);
    (void)send(&w, two);
    evtchn_consumer_clear_pending(consumer(0), one);
    assert_false(evtchn_is_pending(&w.d, one));
    assert_scan(&w, 0, two);
    assert_tells(send(&w, one), &w, 0);
    assert_scan(&w, 0, one);
    world_close(&w);
}

static void test_closing_takes_the_event_along(void **state)
{
    open_one(state);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    (void)send(&w, two);
    (void)send(&w, one);
    assert_ok(evtchn_close(&w.d, one));
    assert_false(evtchn_is_pending(&w.d, one));
    assert_scan(&w, 0, two);
    assert_int_equal(open_ipi(&w, 0), one);
    assert_false(evtchn_is_pending(&w.d, one));
    assert_nothing(&w, 0);
    assert_tells(send(&w, one), &w, 0);
    assert_scan(&w, 0, one);
    world_close(&w);
}

/* From the next send on: what is on its way arrives at the old vcpu, or at the new one. */
static void test_bind_vcpu(void **state)
{
    open_with(state, 3, false);
    struct pair p = open_pair(&w);
    for (uint32_t v = 0; v < 3; v++) {
        assert_ok(evtchn_bind_vcpu(&w.d, p.to, v));
        assert_tells(send(&w, p.from), &w, v);
        assert_scan(&w, v, p.to);
    }
    assert_tells(send(&w, p.from), &w, 2);
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, 1));
    assert_tells_nobody(send(&w, p.from), 0);
    assert_scan(&w, 2, p.to);
    assert_tells(send(&w, p.from), &w, 1);
    assert_scan(&w, 1, p.to);
    world_close(&w);
}

/* With bitmaps: masked, moved, noted, unmasked. Nothing stays behind with the old vcpu. */
static void test_bind_vcpu_with_bitmaps(void **state)
{
    open_with(state, 2, true);
    struct pair p = open_pair(&w);
    assert_tells(send(&w, p.from), &w, 0);
    evtchn_consumer_mask(consumer(0), p.to);
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, 1));
    world_note_mine(&w, p.to, 1);
    assert_int_equal(evtchn_consumer_unmask(consumer(0), p.to), EVTCHN_UNMASK_CALL);
    assert_ok(evtchn_unmask(&w.d, p.to, &effect));
    static struct got got;
    uint32_t found = scan(&w, 0, &got)->n;
    if (found == 0) /* fifo: where it is queued already, there it is found */
        assert_scan(&w, 1, p.to);
    else
        assert_true(world_is_fifo(w.config.abi));
    assert_false(evtchn_is_pending(&w.d, p.to));
    world_close(&w);
}

static void test_mine_is_served_alone(void **state)
{
    open_with(state, 2, true);
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 1), three = open_ipi(&w, 0);
    (void)send(&w, three);
    (void)send(&w, two);
    (void)send(&w, one);
    static struct got got;
    scan(&w, 1, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.port[0], two);
    assert_int_equal(scan(&w, 0, &got)->n, 2);
    world_close(&w);
}

static void test_vcpu_moves(void **state)
{
    open_one(state);
    struct world_vcpu *v = &w.vcpu[0];
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 0);
    uint8_t new_upcall = 0;
    uint64_t new_selector = 0;
    (void)send(&w, one);
    effect = evtchn_vcpu_move(&v->v, &new_upcall, &new_selector);
    assert_ptr_equal(effect.upcall, &v->v);
    assert_int_equal(effect.what, 0);
    assert_int_equal(new_upcall, 1);
    v->c.upcall = &new_upcall;
    v->c.selector = &new_selector;
    assert_scan(&w, 0, one);
    assert_int_equal(new_upcall, 0);

    *v->upcall = 0;
    *v->selector = 0;
    effect = send(&w, two);
    assert_ptr_equal(effect.upcall, &v->v);
    assert_int_equal(new_upcall, 1);
    assert_int_equal(*v->upcall, 0);
    assert_int_equal(*v->selector, 0);
    assert_scan(&w, 0, two);
    world_close(&w);
}

static void count(void *arg, uint32_t port)
{
    assert_int_not_equal(port, EVTCHN_NONE);
    (*(uint32_t *)arg)++;
}

static void test_stopping_early(void **state)
{
    open_one(state);
    uint32_t ports[40], served = 0;
    for (uint32_t i = 0; i < 40; i++)
        ports[i] = open_ipi(&w, 0);
    for (uint32_t i = 0; i < 40; i++)
        (void)send(&w, ports[i]);
    assert_int_equal(evtchn_scan(consumer(0), 0, count, &served), 0);
    for (uint32_t left = 40; left > 0;) {
        uint32_t n = evtchn_scan(consumer(0), 7, count, &served);
        assert_int_equal(n, left < 7 ? left : 7);
        left -= n;
    }
    assert_int_equal(served, 40);
    assert_int_equal(evtchn_scan(consumer(0), 7, count, &served), 0);
    assert_tells(send(&w, ports[3]), &w, 0);
    world_close(&w);
}

/* A port that is sent to without end does not keep the others from their turn. `flat` does not
 * promise so much. */
static void test_each_in_its_turn(void **state)
{
    const struct world_abi *abi = *state;
    if (abi->producer == &evtchn_flat_producer)
        return;
    open_one(state);
    uint32_t served[61] = {0}, first = 0;
    for (uint32_t i = 1; i <= 60; i++)
        assert_int_equal(open_ipi(&w, 0), i);
    for (uint32_t i = 1; i <= 60; i++)
        (void)send(&w, i);
    evtchn_consumer_begin(consumer(0));
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t port = evtchn_consumer_next(consumer(0));
        assert_in_range(port, 1, 60);
        if (i == 0)
            first = port;
        served[port]++;
        (void)send(&w, first);
    }
    for (uint32_t i = 1; i <= 60; i++)
        assert_int_equal(served[i], 1);
    assert_scan(&w, 0, first);
    world_close(&w);
}

/* Many ports over the whole table, each found once. */
static void test_each_once(void **state)
{
    const struct world_abi *abi = *state;
    struct rng rng = rng_seeded(3);
    static bool sent[4096];
    static struct got got;
    open_one(state);
    uint32_t ports = abi->ports < 4096 ? abi->ports : 4096;
    for (uint32_t want = 1; want < ports; want++)
        assert_int_equal(open_ipi(&w, 0), want);
    for (int round = 0; round < 50; round++) {
        uint32_t n = 0;
        for (uint32_t i = rng_below(&rng, 300); i > 0; i--) {
            uint32_t port = 1 + rng_below(&rng, ports - 1);
            n += !sent[port];
            sent[port] = true;
            (void)send(&w, port);
        }
        assert_int_equal(scan(&w, 0, &got)->n, n);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(sent[got.port[i]]);
            sent[got.port[i]] = false;
        }
    }
    world_close(&w);
}

/* Events of two domains do not meet. */
static void test_domains_are_apart(void **state)
{
    struct world_domain other;
    open_one(state);
    world_open(&other, (struct world_config){.abi = *state, .id = 2});
    uint32_t mine = open_ipi(&w, 0), its = open_ipi(&other, 0);
    (void)open_ipi(&w, 0);
    size_t size;
    void *before = world_snapshot(&other, &size);
    (void)send(&w, mine);
    evtchn_consumer_mask(consumer(0), mine);
    assert_nothing(&w, 0);
    assert_ok(evtchn_unmask(&w.d, mine, &effect));
    assert_true(world_is_as(&other, before, size));
    free(before);
    (void)send(&other, its);
    assert_scan(&other, 0, its);
    assert_scan(&w, 0, mine);
    world_close(&other);
    world_close(&w);
}

/* Regression: a scribbled bit of port 0, which is never used, looked like the end of a scan, and
 * what came after it waited for another event. */
static void test_port_0_is_never_handed_out(void **state)
{
    open_one(state);
    uint32_t port = open_ipi(&w, 0);
    if (world_is_fifo(w.config.abi))
        *world_word(&w, 0) |= EVTCHN_PENDING;
    else
        *(uint8_t *)w.pending |= 1;
    (void)send(&w, port);
    assert_scan(&w, 0, port);
    world_close(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_send_tells_once),
    cmocka_unit_test(test_upcall_due_already),
    cmocka_unit_test(test_a_masked_port_waits),
    cmocka_unit_test(test_unmask_an_idle_port),
    cmocka_unit_test(test_unmask_by_the_guest),
    cmocka_unit_test(test_unmask_for_another_vcpu),
    cmocka_unit_test(test_clear_pending),
    cmocka_unit_test(test_closing_takes_the_event_along),
    cmocka_unit_test(test_bind_vcpu),
    cmocka_unit_test(test_bind_vcpu_with_bitmaps),
    cmocka_unit_test(test_mine_is_served_alone),
    cmocka_unit_test(test_vcpu_moves),
    cmocka_unit_test(test_stopping_early),
    cmocka_unit_test(test_each_in_its_turn),
    cmocka_unit_test(test_each_once),
    cmocka_unit_test(test_domains_are_apart),
    cmocka_unit_test(test_port_0_is_never_handed_out),
};

const struct conformance_suite conformance_delivery = {tests, sizeof(tests) / sizeof(*tests)};
