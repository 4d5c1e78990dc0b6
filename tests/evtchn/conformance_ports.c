/* SPDX-License-Identifier: MIT */
/* The port table: what each operation does, and every error that evtchn.h documents. */
#include "tests/evtchn/conformance.h"

#define OTHER_ID 7

#define BEYOND (EVTCHN_PORTS_MAX + 5) /* no table has this port */

static struct world_domain a, b; /* domains 1 and 2 */
static struct evtchn_effect effect;
static uint32_t port;

static void open_both(void **state)
{
    const struct world_abi *abi = *state;
    world_open(&a, (struct world_config){.abi = abi, .id = 1, .vcpus = 3, .ports_max = 60});
    world_open(&b, (struct world_config){.abi = abi, .id = 2, .vcpus = 2, .ports_max = 60});
    effect = (struct evtchn_effect){NULL, 0};
    port = 0;
}

static void close_both(void)
{
    world_close(&a);
    world_close(&b);
}

static struct evtchn_info status(struct world_domain *w, uint32_t of)
{
    struct evtchn_info info = {.state = EVTCHN_RESERVED};
    assert_ok(evtchn_status(&w->d, of, &info));
    return info;
}

static void assert_closed(struct world_domain *w, uint32_t of)
{
    struct evtchn_info none = {.state = EVTCHN_CLOSED}, info = status(w, of);
    assert_memory_equal(&info, &none, sizeof(none));
}

static void test_lowest_closed_port_first(void **state)
{
    open_both(state);
    static const uint32_t order[] = {9, 3, 20, 1, 19};
    for (uint32_t want = 1; want <= 20; want++)
        assert_int_equal(open_ipi(&a, 0), want);
    for (size_t i = 0; i < 5; i++)
        assert_ok(evtchn_close(&a.d, order[i]));
    static const uint32_t rising[] = {1, 3, 9, 19, 20, 21};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(open_ipi(&a, 0), rising[i]);
    close_both();
}

static void test_alloc_unbound(void **state)
{
    open_both(state);
    assert_ok(evtchn_alloc_unbound(&a.d, OTHER_ID, &port));
    struct evtchn_info info = status(&a, port);
    assert_int_equal(info.state, EVTCHN_UNBOUND);
    assert_int_equal(info.source, OTHER_ID);
    assert_int_equal(info.vcpu, 0);
    assert_int_equal(evtchn_next_open(&a.d, 0), port);
    assert_int_equal(evtchn_next_open(&a.d, port), port);
    assert_int_equal(evtchn_next_open(&a.d, port + 1), 0);
    assert_int_equal(evtchn_next_open(&a.d, BEYOND), 0);
    assert_int_equal(evtchn_next_open(&a.d, UINT32_MAX), 0);
    assert_ok(evtchn_close(&a.d, port));
    assert_closed(&a, port);
    close_both();
}

static void test_send_to_unbound_tells_nobody(void **state)
{
    open_both(state);
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &port));
    assert_tells_nobody(send(&a, port), 0);
    assert_false(evtchn_is_pending(&a.d, port));
    assert_nothing(&a, 0);
    close_both();
}

static void test_bind_interdomain(void **state)
{
    open_both(state);
    uint32_t local;
    (void)open_ipi(&b, 0); /* so that the numbers differ */
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &port));
    assert_ok(evtchn_bind_interdomain(&b.d, &a.d, port, &local, &effect));
    assert_int_equal(local, 2);
    assert_tells(effect, &b, 0); /* the new one is pending */
    assert_scan(&b, 0, local);
    assert_nothing(&a, 0);

    struct evtchn_info info = status(&a, port);
    assert_int_equal(info.state, EVTCHN_INTERDOMAIN);
    assert_int_equal(info.remote, 2);
    assert_int_equal(info.remote_port, local);
    info = status(&b, local);
    assert_int_equal(info.state, EVTCHN_INTERDOMAIN);
    assert_int_equal(info.remote, 1);
    assert_int_equal(info.remote_port, port);
    assert_ptr_equal(evtchn_peer(&a.d, port), evtchn_at(&b.d, local));
    assert_ptr_equal(evtchn_peer(&b.d, local), evtchn_at(&a.d, port));

    assert_tells(send(&a, port), &b, 0);
    assert_tells(send(&b, local), &a, 0);
    assert_scan(&b, 0, local);
    assert_scan(&a, 0, port);
    close_both();
}

static void test_bind_interdomain_refused(void **state)
{
    open_both(state);
    uint32_t other, bound, local;
    assert_ok(evtchn_alloc_unbound(&a.d, OTHER_ID, &other));
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &bound));
    assert_ok(evtchn_bind_interdomain(&b.d, &a.d, bound, &local, &effect));
    uint32_t ipi = open_ipi(&a, 0);
    const uint32_t wrong[] = {0, other, bound, ipi, 50, 60, BEYOND, UINT32_MAX};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_refused(&a, EVTCHN_EINVAL,
                       evtchn_bind_interdomain(&b.d, &a.d, wrong[i], &port, &effect));
        assert_refused(&b, EVTCHN_EINVAL,
                       evtchn_bind_interdomain(&b.d, &a.d, wrong[i], &port, &effect));
    }
    assert_null(evtchn_peer(&a.d, other));
    assert_null(evtchn_peer(&a.d, 0));
    assert_null(evtchn_peer(&a.d, BEYOND));
    close_both();
}

static void connect_ends(uint32_t *of_a, uint32_t *of_b)
{
    assert_ok(evtchn_alloc_unbound(&a.d, 2, of_a));
    assert_ok(evtchn_bind_interdomain(&b.d, &a.d, *of_a, of_b, &effect));
}

/* Whichever end is closed, the other one waits for its domain again. */
static void close_from(struct world_domain *w, uint32_t closed, struct world_domain *rw,
                       uint32_t left)
{
    assert_ok(evtchn_close(&w->d, closed));
    assert_closed(w, closed);
    assert_false(evtchn_is_pending(&w->d, closed));
    struct evtchn_info info = status(rw, left);
    assert_int_equal(info.state, EVTCHN_UNBOUND);
    assert_int_equal(info.source, w->d.id);
    assert_tells_nobody(send(rw, left), 0);
    assert_ok(evtchn_bind_interdomain(&w->d, &rw->d, left, &port, &effect));
    assert_int_equal(status(rw, left).state, EVTCHN_INTERDOMAIN);
    (void)send(rw, left);
    assert_scan(w, 0, port);
}

static void test_close_from_either_side(void **state)
{
    open_both(state);
    uint32_t of_a, of_b;
    connect_ends(&of_a, &of_b);
    close_from(&a, of_a, &b, of_b);
    of_a = port;
    close_from(&b, of_b, &a, of_a);
    assert_ok(evtchn_close(&a.d, of_a));
    assert_ok(evtchn_close(&b.d, port));
    assert_int_equal(evtchn_next_open(&a.d, 1), 0);
    assert_int_equal(evtchn_next_open(&b.d, 1), 0);
    close_both();
}

/* What the end that stays has pending is not taken from it. */
static void test_close_leaves_what_the_peer_has_pending(void **state)
{
    open_both(state);
    uint32_t of_a, of_b;
    connect_ends(&of_a, &of_b);
    (void)send(&b, of_b);
    assert_ok(evtchn_close(&b.d, of_b));
    assert_true(evtchn_is_pending(&a.d, of_a));
    assert_scan(&a, 0, of_a);
    close_both();
}

static void test_loopback(void **state)
{
    open_both(state);
    uint32_t one, two;
    assert_ok(evtchn_alloc_unbound(&a.d, 1, &one));
    assert_ok(evtchn_bind_interdomain(&a.d, &a.d, one, &two, &effect));
    assert_int_equal(two, one + 1);
    assert_scan(&a, 0, two);
    (void)send(&a, one);
    assert_scan(&a, 0, two);
    (void)send(&a, two);
    assert_scan(&a, 0, one);
    assert_ok(evtchn_close(&a.d, one));
    struct evtchn_info info = status(&a, two);
    assert_int_equal(info.state, EVTCHN_UNBOUND);
    assert_int_equal(info.source, 1);
    assert_ok(evtchn_bind_interdomain(&a.d, &a.d, two, &port, &effect));
    assert_int_equal(port, one);
    assert_ok(evtchn_close(&a.d, two));
    assert_ok(evtchn_close(&a.d, one));
    close_both();
}

static void test_bind_virq(void **state)
{
    open_both(state);
    uint32_t global = 2, own = 0; /* VIRQ_CONSOLE, VIRQ_TIMER */
    uint32_t timer[3], console;
    for (uint32_t v = 0; v < 3; v++) {
        assert_int_equal(evtchn_virq_port(&a.d, own, v), 0);
        assert_ok(evtchn_bind_virq(&a.d, own, v, &timer[v]));
        world_note_mine(&a, timer[v], v);
        assert_int_equal(evtchn_virq_port(&a.d, own, v), timer[v]);
        assert_int_equal(status(&a, timer[v]).vcpu, v);
        assert_int_equal(status(&a, timer[v]).state, EVTCHN_VIRQ);
        assert_int_equal(status(&a, timer[v]).source, own);
    }
    assert_ok(evtchn_bind_virq(&a.d, global, 0, &console));
    assert_int_equal(evtchn_virq_port(&a.d, global, 0), console);
    assert_int_equal(evtchn_virq_port(&a.d, EVTCHN_VIRQS, 0), 0);
    assert_int_equal(evtchn_virq_port(&a.d, own, 3), 0);
    assert_int_equal(evtchn_virq_port(&a.d, own, UINT32_MAX), 0);

    assert_ok(evtchn_raise_virq(&a.d, timer[2], own, &effect));
    assert_tells(effect, &a, 2);
    assert_scan(&a, 2, timer[2]);
    assert_ok(evtchn_raise_virq(&a.d, console, global, &effect));
    assert_tells(effect, &a, 0);
    assert_scan(&a, 0, console);
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_virq(&a.d, console, own, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_pirq(&a.d, console, global, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_virq(&a.d, 0, own, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_virq(&a.d, BEYOND, own, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_send(&a.d, console, &effect));

    assert_refused(&a, EVTCHN_EEXIST, evtchn_bind_virq(&a.d, own, 1, &port));
    assert_refused(&a, EVTCHN_EEXIST, evtchn_bind_virq(&a.d, global, 0, &port));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_virq(&a.d, global, 1, &port));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_virq(&a.d, EVTCHN_VIRQS, 0, &port));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_virq(&a.d, UINT32_MAX, 0, &port));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_virq(&a.d, own, 3, &port));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_virq(&a.d, own, WORLD_VCPUS, &port));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_virq(&a.d, own, UINT32_MAX, &port));

    /* The domain's VIRQ may move, and stays noted where it was bound. */
    assert_ok(evtchn_bind_vcpu(&a.d, console, 1));
    world_note_mine(&a, console, 1);
    assert_int_equal(evtchn_virq_port(&a.d, global, 0), console);
    assert_ok(evtchn_raise_virq(&a.d, console, global, &effect));
    assert_tells(effect, &a, 1);
    assert_ok(evtchn_close(&a.d, console));
    assert_int_equal(evtchn_virq_port(&a.d, global, 0), 0);
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_virq(&a.d, console, global, &effect));
    assert_ok(evtchn_bind_virq(&a.d, global, 0, &port));
    assert_int_equal(status(&a, port).vcpu, 0);

    assert_ok(evtchn_close(&a.d, timer[1]));
    assert_int_equal(evtchn_virq_port(&a.d, own, 1), 0);
    assert_int_equal(evtchn_virq_port(&a.d, own, 2), timer[2]);
    assert_ok(evtchn_bind_virq(&a.d, own, 1, &timer[1]));
    close_both();
}

static void test_bind_ipi(void **state)
{
    open_both(state);
    for (uint32_t v = 0; v < 3; v++) {
        port = open_ipi(&a, v);
        assert_int_equal(status(&a, port).state, EVTCHN_IPI);
        assert_int_equal(status(&a, port).vcpu, v);
        assert_tells(send(&a, port), &a, v);
        assert_scan(&a, v, port);
    }
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_ipi(&a.d, 3, &port));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_ipi(&a.d, WORLD_VCPUS, &port));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_ipi(&a.d, UINT32_MAX, &port));
    close_both();
}

static void test_bind_pirq(void **state)
{
    open_both(state);
    uint32_t last = WORLD_PIRQS - 1;
    assert_int_equal(evtchn_pirq_port(&a.d, last), 0);
    assert_ok(evtchn_bind_pirq(&a.d, last, &port));
    assert_int_equal(status(&a, port).state, EVTCHN_PIRQ);
    assert_int_equal(status(&a, port).source, last);
    assert_int_equal(evtchn_pirq_port(&a.d, last), port);
    assert_int_equal(evtchn_pirq_port(&a.d, WORLD_PIRQS), 0);
    assert_ok(evtchn_raise_pirq(&a.d, port, last, &effect));
    assert_tells(effect, &a, 0);
    assert_scan(&a, 0, port);
    uint32_t none;
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_pirq(&a.d, port, last - 1, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_raise_virq(&a.d, port, last, &effect));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_send(&a.d, port, &effect));
    assert_refused(&a, EVTCHN_EEXIST, evtchn_bind_pirq(&a.d, last, &none));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_pirq(&a.d, WORLD_PIRQS, &none));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_pirq(&a.d, UINT32_MAX, &none));
    assert_ok(evtchn_close(&a.d, port));
    assert_int_equal(evtchn_pirq_port(&a.d, last), 0);
    assert_ok(evtchn_bind_pirq(&a.d, last, &port));
    close_both();
}

static void test_no_such_port(void **state)
{
    open_both(state);
    struct evtchn_info info;
    uint32_t closed = open_ipi(&a, 0);
    assert_ok(evtchn_close(&a.d, closed));
    const uint32_t none[] = {0, closed, closed + 1, 64, BEYOND, UINT32_MAX};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        assert_refused(&a, EVTCHN_EINVAL, evtchn_close(&a.d, none[i]));
        assert_refused(&a, EVTCHN_EINVAL, evtchn_send(&a.d, none[i], &effect));
        assert_refused(&a, EVTCHN_EINVAL, evtchn_unmask(&a.d, none[i], &effect));
        assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_vcpu(&a.d, none[i], 0));
        assert_refused(&a, EVTCHN_EINVAL,
                       evtchn_set_priority(&a.d, none[i], EVTCHN_PRIORITY_DEFAULT));
        assert_false(evtchn_is_pending(&a.d, none[i]));
        if (none[i] < 64)
            assert_closed(&a, none[i]);
        else
            assert_refused(&a, EVTCHN_EINVAL, evtchn_status(&a.d, none[i], &info));
    }
    assert_null(evtchn_at(&a.d, 64));
    assert_null(evtchn_at(&a.d, UINT32_MAX));
    close_both();
}

static void test_bind_vcpu_refused(void **state)
{
    open_both(state);
    uint32_t ipi = open_ipi(&a, 1), timer, unbound;
    assert_ok(evtchn_bind_virq(&a.d, 0, 1, &timer));
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &unbound));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_vcpu(&a.d, ipi, 0));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_bind_vcpu(&a.d, timer, 0));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_vcpu(&a.d, unbound, 3));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_bind_vcpu(&a.d, unbound, UINT32_MAX));
    assert_ok(evtchn_bind_vcpu(&a.d, unbound, 2));
    assert_int_equal(status(&a, unbound).vcpu, 2);
    close_both();
}

/* A port that is opened again goes to vcpu 0. */
static void test_bind_vcpu_ends_with_closing(void **state)
{
    open_both(state);
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &port));
    assert_ok(evtchn_bind_vcpu(&a.d, port, 2));
    assert_ok(evtchn_close(&a.d, port));
    assert_ok(evtchn_alloc_unbound(&a.d, 2, &port));
    assert_int_equal(status(&a, port).vcpu, 0);
    close_both();
}

static void test_set_priority(void **state)
{
    const struct world_abi *abi = *state;
    open_both(state);
    port = open_ipi(&a, 1);
    if (!abi->producer->prioritises) {
        assert_refused(&a, EVTCHN_ENOSYS, evtchn_set_priority(&a.d, port, 0));
    } else {
        assert_ok(evtchn_set_priority(&a.d, port, EVTCHN_PRIORITY_HIGHEST));
        assert_ok(evtchn_set_priority(&a.d, port, EVTCHN_PRIORITY_LOWEST));
        assert_int_equal(status(&a, port).vcpu, 1);
        assert_refused(&a, EVTCHN_EINVAL,
                       evtchn_set_priority(&a.d, port, EVTCHN_PRIORITY_LOWEST + 1));
        assert_refused(&a, EVTCHN_EINVAL, evtchn_set_priority(&a.d, port, UINT32_MAX));
    }
    close_both();
}

static void test_fifo_wants_fifo(void **state)
{
    open_both(state);
    uint64_t page[EVTCHN_PAGE_SIZE / 8] = {0};
    if (a.d.abi != &evtchn_fifo_producer)
        assert_refused(&a, EVTCHN_EOPNOTSUPP, evtchn_expand_array(&a.d, page));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_init_control(&a.d, 3, page, 0));
    assert_refused(&a, EVTCHN_ENOENT, evtchn_init_control(&a.d, WORLD_VCPUS, page, 0));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_init_control(&a.d, 0, page, 4));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_init_control(&a.d, 0, page, 4096 - 64));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_init_control(&a.d, 0, page, 4096));
    assert_refused(&a, EVTCHN_EINVAL, evtchn_init_control(&a.d, 0, page, UINT32_MAX - 7));
    close_both();
}

/* Each way to open a port. */
static void refuse_opening(struct world_domain *w, int error)
{
    uint32_t none, unbound;
    assert_ok(evtchn_alloc_unbound(&b.d, w->d.id, &unbound));
    assert_refused(w, error, evtchn_alloc_unbound(&w->d, 1, &none));
    assert_refused(w, error, evtchn_bind_ipi(&w->d, 0, &none));
    assert_refused(w, error, evtchn_bind_virq(&w->d, 0, 0, &none));
    assert_refused(w, error, evtchn_bind_pirq(&w->d, 0, &none));
    assert_refused(w, error, evtchn_bind_interdomain(&w->d, &b.d, unbound, &none, &effect));
    assert_refused(&b, error, evtchn_bind_interdomain(&w->d, &b.d, unbound, &none, &effect));
    assert_ok(evtchn_close(&b.d, unbound));
}

static void test_table_of_any_size(void **state)
{
    static const uint32_t sizes[] = {2, 3, 63, 64, 65, 100, 128, 129};
    const struct world_abi *abi = *state;
    open_both(state);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct world_domain w;
        uint32_t end = sizes[i] < abi->ports ? sizes[i] : abi->ports;
        world_open(&w, (struct world_config){.abi = abi, .id = 3, .ports_max = sizes[i]});
        for (uint32_t want = 1; want < end; want++)
            assert_int_equal(open_ipi(&w, 0), want);
        assert_false(evtchn_wants_bucket(&w.d));
        refuse_opening(&w, EVTCHN_ENOSPC);
        for (uint32_t sent = 1; sent < end; sent++)
            (void)send(&w, sent);
        static struct got got;
        assert_int_equal(scan(&w, 0, &got)->n, end - 1);
        assert_ok(evtchn_close(&w.d, end - 1));
        assert_int_equal(open_ipi(&w, 0), end - 1);
        world_close(&w);
    }
    close_both();
}

static void test_bucket_wanted(void **state)
{
    const struct world_abi *abi = *state;
    open_both(state);
    struct world_domain w;
    world_open(&w, (struct world_config){.abi = abi, .id = 3, .ports_max = 130});
    for (uint32_t want = 1; want < EVTCHN_BUCKET_PORTS; want++)
        assert_int_equal(open_ipi(&w, 0), want);
    if (abi->ports > EVTCHN_BUCKET_PORTS) {
        assert_true(evtchn_wants_bucket(&w.d));
        refuse_opening(&w, EVTCHN_ENOMEM);
        world_grow(&w);
        assert_false(evtchn_wants_bucket(&w.d));
        assert_int_equal(open_ipi(&w, 0), EVTCHN_BUCKET_PORTS);
        assert_ok(evtchn_close(&w.d, 10)); /* there is room: none is wanted */
        assert_int_equal(open_ipi(&w, 0), 10);
    } else {
        assert_false(evtchn_wants_bucket(&w.d));
        refuse_opening(&w, EVTCHN_ENOSPC);
    }
    world_close(&w);
    close_both();
}

static void test_last_port_of_the_abi(void **state)
{
    const struct world_abi *abi = *state;
    struct world_domain w;
    open_both(state);
    world_open(&w, (struct world_config){.abi = abi, .id = 3});
    uint32_t last = abi->ports - 1;
    for (uint32_t want = 1; want <= last; want++)
        assert_int_equal(open_ipi(&w, 0), want);
    refuse_opening(&w, EVTCHN_ENOSPC);
    assert_int_equal(evtchn_next_open(&w.d, last), last);
    assert_int_equal(evtchn_next_open(&w.d, last + 1), 0);
    assert_tells(send(&w, last), &w, 0);
    assert_true(evtchn_is_pending(&w.d, last));
    assert_scan(&w, 0, last);
    evtchn_consumer_mask(&w.vcpu[0].c, last);
    (void)send(&w, last);
    assert_nothing(&w, 0);
    assert_ok(evtchn_unmask(&w.d, last, &effect));
    assert_scan(&w, 0, last);
    assert_ok(evtchn_close(&w.d, last / 2));
    assert_int_equal(open_ipi(&w, 0), last / 2);
    for (uint32_t next = 1; next <= last; next++) {
        assert_int_equal(evtchn_next_open(&w.d, 1), next);
        assert_ok(evtchn_close(&w.d, next));
    }
    assert_ok(evtchn_reset(&w.d));
    world_close(&w);
    close_both();
}

static void test_reset(void **state)
{
    const struct world_abi *abi = *state;
    open_both(state);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(open_ipi(&a, 0), 1);
        assert_int_equal(open_ipi(&a, 1), 2);
        assert_tells(send(&a, 2), &a, 1);
        assert_tells(send(&a, 1), &a, 0);
        assert_refused(&a, EVTCHN_EBUSY, evtchn_reset(&a.d));
        assert_ok(evtchn_close(&a.d, 1));
        assert_refused(&a, EVTCHN_EBUSY, evtchn_reset(&a.d));
        assert_ok(evtchn_close(&a.d, 2));
        assert_ok(evtchn_reset(&a.d));
        assert_ptr_equal(a.d.abi, a.begins->producer);
        world_begin_anew(&a);
        for (uint32_t v = 0; v < 3 && world_is_fifo(abi); v++)
            assert_ok(world_give_control(&a, v, 8));
    }
    close_both();
}

/* Of every ABI to every other, and back by a reset. */
static void test_set_abi(void **state)
{
    const struct world_abi *abi = *state;
    open_both(state);
    for (size_t i = 0; i < world_n_abis; i++) {
        const struct world_abi *next = &world_abis[i];
        if (world_is_fifo(next)) {
            assert_refused(&a, EVTCHN_EINVAL, evtchn_set_abi(&a.d, next->producer));
            continue;
        }
        if (world_is_fifo(abi)) { /* control blocks have been given */
            assert_refused(&a, EVTCHN_EBUSY, evtchn_set_abi(&a.d, next->producer));
            continue;
        }
        assert_int_equal(open_ipi(&a, 0), 1);
        if (next == abi)
            assert_ok(evtchn_set_abi(&a.d, next->producer));
        else
            assert_refused(&a, EVTCHN_EBUSY, evtchn_set_abi(&a.d, next->producer));
        assert_ok(evtchn_close(&a.d, 1));
        assert_ok(evtchn_set_abi(&a.d, next->producer));
        assert_ptr_equal(a.d.abi, next->producer);
        assert_ok(evtchn_reset(&a.d));
        assert_ptr_equal(a.d.abi, a.begins->producer);
    }
    close_both();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_set_abi),
    cmocka_unit_test(test_lowest_closed_port_first),
    cmocka_unit_test(test_alloc_unbound),
    cmocka_unit_test(test_send_to_unbound_tells_nobody),
    cmocka_unit_test(test_bind_interdomain),
    cmocka_unit_test(test_bind_interdomain_refused),
    cmocka_unit_test(test_close_from_either_side),
    cmocka_unit_test(test_close_leaves_what_the_peer_has_pending),
    cmocka_unit_test(test_loopback),
    cmocka_unit_test(test_bind_virq),
    cmocka_unit_test(test_bind_ipi),
    cmocka_unit_test(test_bind_pirq),
    cmocka_unit_test(test_no_such_port),
    cmocka_unit_test(test_bind_vcpu_refused),
    cmocka_unit_test(test_bind_vcpu_ends_with_closing),
    cmocka_unit_test(test_set_priority),
    cmocka_unit_test(test_fifo_wants_fifo),
    cmocka_unit_test(test_table_of_any_size),
    cmocka_unit_test(test_bucket_wanted),
    cmocka_unit_test(test_last_port_of_the_abi),
    cmocka_unit_test(test_reset),
};

const struct conformance_suite conformance_ports = {tests, sizeof(tests) / sizeof(*tests)};
