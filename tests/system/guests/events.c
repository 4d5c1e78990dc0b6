/* SPDX-License-Identifier: MIT */
/* event_channel_op: ports of all kinds, their states, and when upcalls come. */
#include "tests/system/guests/support.h"

static volatile unsigned upcalls;
static volatile evtchn_port_t last_port;

static void count(evtchn_port_t port, void *data)
{
    CHECK_EQUAL((uintptr_t)data, 0x1234);
    CHECK(vcpu_masked());
    upcalls++;
    last_port = port;
}

/*
 * Two ends of a channel from the domain to itself; both masked, the counter on the second, neither
 * pending: binding makes the new end so (event_bind_interdomain_tells_the_binder).
 */
static void make_pair(evtchn_port_t ends[2])
{
    long first = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    CHECK(first > 0);
    long second = event_bind_interdomain(DOMID_SELF, (evtchn_port_t)first);
    CHECK(second > 0);
    ends[0] = (evtchn_port_t)first;
    ends[1] = (evtchn_port_t)second;
    event_clear(ends[1]);
    event_handle(ends[1], count, (void *)0x1234);
    upcalls = 0;
}

static void drop_pair(const evtchn_port_t ends[2])
{
    event_drop(ends[0]);
    event_drop(ends[1]);
}

static struct evtchn_status status_of(evtchn_port_t port)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = port, .status = 99};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), 0);
    return status;
}

TEST(event_arrives)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    event_unmask(ends[1]);
    CHECK_EQUAL(event_send(ends[0]), 0);
    CHECK_EQUAL(upcalls, 1); /* before the hypercall returned */
    CHECK_EQUAL(last_port, ends[1]);
    CHECK(!event_pending(ends[1]));
    CHECK_EQUAL(event_send(ends[0]), 0);
    CHECK_EQUAL(upcalls, 2);
    drop_pair(ends);
}

TEST(event_waits_for_the_upcall_mask)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    event_unmask(ends[1]);
    vcpu_mask();
    CHECK_EQUAL(event_send(ends[0]), 0);
    CHECK_EQUAL(event_send(ends[0]), 0); /* two sends, one event */
    CHECK(vcpu_pending());
    CHECK(event_pending(ends[1]));
    CHECK_EQUAL(upcalls, 0);
    vcpu_unmask();
    CHECK_EQUAL(upcalls, 1);
    drop_pair(ends);
}

TEST(event_waits_for_the_ports_mask)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    CHECK_EQUAL(event_send(ends[0]), 0);
    CHECK(event_pending(ends[1]));
    CHECK_EQUAL(upcalls, 0);
    event_unmask(ends[1]);
    CHECK_EQUAL(upcalls, 1);
    drop_pair(ends);
}

TEST(event_unmask_by_hypercall)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    CHECK_EQUAL(event_send(ends[0]), 0);
    struct evtchn_unmask unmask = {.port = ends[1]};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_unmask, &unmask), 0);
    CHECK_EQUAL(upcalls, 1);
    CHECK(!event_masked(ends[1]));
    unmask.port = 1U << 20;
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_unmask, &unmask), -XEN_EINVAL);
    drop_pair(ends);
}

TEST(event_states)
{
    long free = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    REQUIRE(free > 0);
    evtchn_port_t port = (evtchn_port_t)free;
    CHECK_EQUAL(status_of(port).status, EVTCHNSTAT_unbound);
    evtchn_port_t other = (evtchn_port_t)event_bind_interdomain(DOMID_SELF, port);
    struct evtchn_status status = status_of(port);
    CHECK_EQUAL(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQUAL(status.u.interdomain.port, other);
    status = status_of(other);
    CHECK_EQUAL(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQUAL(status.u.interdomain.port, port);
    CHECK_EQUAL(event_close(other), 0);
    CHECK_EQUAL(status_of(port).status, EVTCHNSTAT_unbound); /* the peer can be bound again */
    CHECK_EQUAL(status_of(other).status, EVTCHNSTAT_closed);
    CHECK_EQUAL(event_close(port), 0);
    CHECK_EQUAL(status_of(port).status, EVTCHNSTAT_closed);
}

TEST(event_lowest_free_port_is_next)
{
    long first = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    long second = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    CHECK_EQUAL(event_close((evtchn_port_t)first), 0);
    CHECK_EQUAL(event_alloc_unbound(DOMID_SELF, DOMID_SELF), first);
    CHECK_EQUAL(event_close((evtchn_port_t)first), 0);
    CHECK_EQUAL(event_close((evtchn_port_t)second), 0);
}

TEST(event_ipi)
{
    long port = event_bind_ipi(0);
    REQUIRE(port > 0);
    struct evtchn_status status = status_of((evtchn_port_t)port);
    CHECK_EQUAL(status.status, EVTCHNSTAT_ipi);
    CHECK_EQUAL(status.vcpu, 0);
    upcalls = 0;
    event_handle((evtchn_port_t)port, count, (void *)0x1234);
    event_unmask((evtchn_port_t)port);
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
    CHECK_EQUAL(upcalls, 1);
    event_drop((evtchn_port_t)port);
    CHECK_EQUAL(event_bind_ipi(VCPU_MAX), -XEN_ENOENT);
}

TEST(event_virq)
{
    long port = event_bind_virq(VIRQ_DEBUG, 0);
    REQUIRE(port > 0);
    struct evtchn_status status = status_of((evtchn_port_t)port);
    CHECK_EQUAL(status.status, EVTCHNSTAT_virq);
    CHECK_EQUAL(status.u.virq, VIRQ_DEBUG);
    CHECK_EQUAL(event_bind_virq(VIRQ_DEBUG, 0), -XEN_EEXIST);
    CHECK_EQUAL(event_send((evtchn_port_t)port), -XEN_EINVAL); /* not a guest's to send */
    event_drop((evtchn_port_t)port);
    port = event_bind_virq(VIRQ_DEBUG, 0);
    CHECK(port > 0);
    event_drop((evtchn_port_t)port);
    CHECK_EQUAL(event_bind_virq(NR_VIRQS, 0), -XEN_EINVAL);
    CHECK_EQUAL(event_bind_virq(VIRQ_DEBUG, VCPU_MAX), -XEN_ENOENT);
    CHECK_EQUAL(event_bind_virq(VIRQ_CONSOLE, 1), -XEN_EINVAL); /* global ones start at vcpu 0 */
}

TEST(event_bind_vcpu_refuses)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    CHECK_EQUAL(event_bind_vcpu(ends[0], 0), 0);
    CHECK_EQUAL(event_bind_vcpu(ends[0], VCPU_MAX), -XEN_ENOENT);
    long virq = event_bind_virq(VIRQ_DEBUG, 0);
    CHECK_EQUAL(event_bind_vcpu((evtchn_port_t)virq, 0), -XEN_EINVAL); /* a vcpu's own */
    event_drop((evtchn_port_t)virq);
    drop_pair(ends);
}

TEST(event_send_refuses)
{
    long port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    REQUIRE(port > 0);
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0); /* nobody there: lost */
    CHECK_EQUAL(event_close((evtchn_port_t)port), 0);
    CHECK_EQUAL(event_send((evtchn_port_t)port), -XEN_EINVAL);
    CHECK_EQUAL(event_send(0), -XEN_EINVAL);
    CHECK_EQUAL(event_send(1U << 20), -XEN_EINVAL);
}

TEST(event_close_refuses)
{
    long port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    REQUIRE(port > 0);
    CHECK_EQUAL(event_close((evtchn_port_t)port), 0);
    CHECK_EQUAL(event_close((evtchn_port_t)port), -XEN_EINVAL);
    CHECK_EQUAL(event_close(0), -XEN_EINVAL);
    CHECK_EQUAL(event_close(1U << 20), -XEN_EINVAL);
}

/* What was sent before there was anybody to tell is not lost: the new end starts pending. */
TEST(event_bind_interdomain_tells_the_binder)
{
    long first = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    REQUIRE(first > 0);
    long second = event_bind_interdomain(DOMID_SELF, (evtchn_port_t)first);
    REQUIRE(second > 0);
    CHECK(event_pending((evtchn_port_t)second));
    CHECK(!event_pending((evtchn_port_t)first));
    event_drop((evtchn_port_t)second);
    event_drop((evtchn_port_t)first);
}

TEST(event_bind_interdomain_refuses)
{
    evtchn_port_t ends[2];
    make_pair(ends);
    CHECK_EQUAL(event_bind_interdomain(DOMID_SELF, ends[0]), -XEN_EINVAL); /* bound already */
    CHECK_EQUAL(event_bind_interdomain(DOMID_SELF, 1U << 20), -XEN_EINVAL);
    CHECK_EQUAL(event_bind_interdomain(DOMAIN_NOBODY, 1), -XEN_ESRCH);
    long port = event_alloc_unbound(DOMID_SELF, DOMAIN_NOBODY);
    REQUIRE(port > 0); /* it may come to be */
    CHECK_EQUAL(event_bind_interdomain(DOMID_SELF, (evtchn_port_t)port), -XEN_EINVAL);
    CHECK_EQUAL(event_close((evtchn_port_t)port), 0);
    drop_pair(ends);
}

TEST(event_refuses_domains_and_pointers)
{
    struct evtchn_status status = {.dom = DOMAIN_NOBODY, .port = 1};
    CHECK_EQUAL(event_alloc_unbound(DOMAIN_NOBODY, DOMID_SELF), -XEN_ESRCH);
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), -XEN_ESRCH);
    status = (struct evtchn_status){.dom = DOMID_SELF, .port = 1U << 20};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), -XEN_EINVAL);
    for (int cmd = EVTCHNOP_bind_interdomain; cmd <= EVTCHNOP_set_priority; cmd++)
        CHECK_EQUAL(hypercall_event_channel_op(cmd, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_event_channel_op(77, NULL), -XEN_ENOSYS);
}

/* Of what fifo can carry a few pages are tried; of the others everything. */
TEST(event_many_ports)
{
    static evtchn_port_t ports[EVENT_PORTS_2L];
    unsigned n = 0;
    long port = 0;
    while (n < LENGTH(ports) && (port = event_alloc_unbound(DOMID_SELF, DOMID_SELF)) > 0)
        ports[n++] = (evtchn_port_t)port;
    if (event_is_fifo())
        CHECK_EQUAL(n, LENGTH(ports));
    else
        CHECK_EQUAL(port, -XEN_ENOSPC);
    CHECK(n > (event_ports() < LENGTH(ports) ? event_ports() : LENGTH(ports)) / 2);
    unsigned closed = 0;
    for (unsigned i = 0; i < n; i++)
        closed += event_close(ports[i]) == 0;
    CHECK_EQUAL(closed, n);
}

static evtchn_port_t arrived[8];
static unsigned arrivals;

static void note_arrival(evtchn_port_t port, void *data)
{
    (void)data;
    arrived[arrivals++ % LENGTH(arrived)] = port;
}

/* All that was sent while upcalls were masked comes in one go. */
TEST(event_many_at_once)
{
    evtchn_port_t ports[6];
    for (unsigned i = 0; i < LENGTH(ports); i++) {
        ports[i] = (evtchn_port_t)event_bind_ipi(0);
        event_handle(ports[i], note_arrival, NULL);
        event_unmask(ports[i]);
    }
    arrivals = 0;
    vcpu_mask();
    for (unsigned i = LENGTH(ports); i-- > 0;)
        CHECK_EQUAL(event_send(ports[i]), 0);
    vcpu_unmask();
    CHECK_EQUAL(arrivals, LENGTH(ports));
    if (event_is_fifo()) { /* in the order of sending */
        for (unsigned i = 0; i < LENGTH(ports); i++)
            CHECK_EQUAL(arrived[i], ports[LENGTH(ports) - 1 - i]);
    }
    for (unsigned i = 0; i < LENGTH(ports); i++)
        event_drop(ports[i]);
}

static long set_priority(evtchn_port_t port, unsigned priority)
{
    struct evtchn_set_priority set = {.port = port, .priority = priority};
    return hypercall_event_channel_op(EVTCHNOP_set_priority, &set);
}

TEST(event_priorities)
{
    evtchn_port_t ports[3];
    for (unsigned i = 0; i < LENGTH(ports); i++) {
        ports[i] = (evtchn_port_t)event_bind_ipi(0);
        event_handle(ports[i], note_arrival, NULL);
        event_unmask(ports[i]);
    }
    if (event_is_fifo()) {
        CHECK_EQUAL(set_priority(ports[0], EVTCHN_FIFO_PRIORITY_MIN), 0);
        CHECK_EQUAL(set_priority(ports[2], EVTCHN_FIFO_PRIORITY_MAX), 0);
        CHECK_EQUAL(set_priority(ports[1], EVTCHN_FIFO_PRIORITY_MIN + 1), -XEN_EINVAL);
        CHECK_EQUAL(set_priority(1U << 20, EVTCHN_FIFO_PRIORITY_MAX), -XEN_EINVAL);
        arrivals = 0;
        vcpu_mask();
        for (unsigned i = 0; i < LENGTH(ports); i++)
            CHECK_EQUAL(event_send(ports[i]), 0);
        vcpu_unmask();
        CHECK_EQUAL(arrivals, LENGTH(ports));
        for (unsigned i = 0; i < LENGTH(ports); i++)
            CHECK_EQUAL(arrived[i], ports[LENGTH(ports) - 1 - i]);
    } else {
        CHECK_EQUAL(set_priority(ports[0], EVTCHN_FIFO_PRIORITY_MAX), -XEN_ENOSYS);
    }
    for (unsigned i = 0; i < LENGTH(ports); i++)
        event_drop(ports[i]);
}

TEST(event_fifo_refuses)
{
    uint64_t *page = page_alloc();
    struct evtchn_expand_array expand = {.array_gfn = page_mfn(page).n};
    if (!event_is_fifo()) {
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_expand_array, &expand), -XEN_EOPNOTSUPP);
    } else {
        expand.array_gfn = FRAME_BEYOND.n;
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_expand_array, &expand), -XEN_EINVAL);
        expand.array_gfn = frame_of_hypervisor().n;
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_expand_array, &expand), -XEN_EINVAL);
        expand.array_gfn = table_root_mfn().n;
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_expand_array, &expand), -XEN_EINVAL);
    }
    struct evtchn_init_control init = {.control_gfn = page_mfn(page).n, .vcpu = VCPU_MAX};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_init_control, &init), -XEN_ENOENT);
    init.vcpu = 0;
    init.offset = PAGE_SIZE - 8; /* crosses the page's end */
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    init.offset = 4; /* misaligned */
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    page_free(page);
}
