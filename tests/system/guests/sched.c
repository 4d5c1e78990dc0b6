/* SPDX-License-Identifier: MIT */
/* sched_op: yield, block, poll. Shutdown is how every run ends. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

static void ignore(evtchn_port_t port, void *data)
{
    (void)port;
    (*(volatile unsigned *)data)++;
}

TEST(sched_yield)
{
    for (unsigned i = 0; i < 100; i++)
        REQUIRE(hypercall_sched_op(SCHEDOP_yield, NULL) == 0);
}

/* Blocking takes the upcall mask off in one: what is pending already is not slept through. */
TEST(sched_block_with_an_event_pending)
{
    volatile unsigned calls = 0;
    long port = event_bind_ipi(0);
    REQUIRE(port > 0);
    event_handle((evtchn_port_t)port, ignore, (void *)&calls);
    event_unmask((evtchn_port_t)port);
    vcpu_mask();
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
    CHECK_EQUAL(calls, 0);
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQUAL(calls, 1);
    CHECK(!vcpu_masked());
    event_drop((evtchn_port_t)port);
}

static long poll(evtchn_port_t *ports, unsigned n, uint64_t timeout)
{
    struct sched_poll poll = {.ports = {ports}, .nr_ports = n, .timeout = timeout};
    return hypercall_sched_op(SCHEDOP_poll, &poll);
}

/* A port is polled masked: pending is enough, and stays. */
TEST(sched_poll_pending_port)
{
    long ipi = event_bind_ipi(0);
    REQUIRE(ipi > 0);
    evtchn_port_t port = (evtchn_port_t)ipi;
    vcpu_mask();
    CHECK_EQUAL(event_send(port), 0);
    CHECK_EQUAL(poll(&port, 1, 0), 0);
    CHECK(event_pending(port));
    CHECK(vcpu_masked());
    vcpu_unmask();
    event_clear(port);
    event_drop(port);
}

TEST(sched_poll_times_out)
{
    long ipi = event_bind_ipi(0);
    REQUIRE(ipi > 0);
    evtchn_port_t port = (evtchn_port_t)ipi;
    ns_t deadline = NS(time_system().n + 2 * NS_PER_MS);
    vcpu_mask();
    CHECK_EQUAL(poll(&port, 1, deadline.n), 0);
    CHECK(time_system().n >= deadline.n);
    deadline = NS(time_system().n + NS_PER_MS);
    CHECK_EQUAL(poll(NULL, 0, deadline.n), 0);
    CHECK(time_system().n >= deadline.n);
    vcpu_unmask();
    event_drop(port);
}

/* Nothing else wakes it: the poll ends when the timer's own port, masked, is pending. */
TEST(sched_poll_is_woken_by_its_port)
{
    evtchn_port_t port = time_on_timer(NULL, NULL);
    ns_t deadline = NS(time_system().n + 2 * NS_PER_MS);
    event_mask(port);
    vcpu_mask();
    CHECK_EQUAL(hypercall_set_timer_op(deadline.n), 0);
    CHECK_EQUAL(poll(&port, 1, deadline.n + 3600 * NS_PER_SECOND), 0);
    CHECK(time_system().n >= deadline.n);
    CHECK(event_pending(port));
    vcpu_unmask();
    event_unmask(port);
}

TEST(sched_poll_refuses)
{
    evtchn_port_t bad = 1U << 20;
    CHECK_EQUAL(poll(&bad, 1, 1), -XEN_EINVAL);
    CHECK_EQUAL(poll(&bad, 129, 1), -XEN_EINVAL);
    CHECK_EQUAL(poll(POINTER_BAD, 1, 1), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_poll, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_sched_op(77, NULL), -XEN_ENOSYS);
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_shutdown, POINTER_BAD), -XEN_EFAULT);
}

/* Far enough away that only a broken one fires. */
TEST(sched_watchdog)
{
    struct sched_watchdog dog = {.id = 0, .timeout = 3600};
    long id = hypercall_sched_op(SCHEDOP_watchdog, &dog);
    REQUIRE(id > 0);
    dog.id = (uint32_t)id;
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_watchdog, &dog), 0);
    dog.timeout = 0;
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_watchdog, &dog), 0);
    dog.timeout = 3600;
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_watchdog, &dog), -XEN_EINVAL); /* there is none */
    dog.id = 99;
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_watchdog, &dog), -XEN_EINVAL);
}

TEST(sched_shutdown_code)
{
    struct sched_shutdown code = {.reason = SHUTDOWN_poweroff};
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_shutdown_code, POINTER_BAD), -XEN_EFAULT);
    if (!start_option("end", &(size_t){0})) /* what the run ends with is latched */
        CHECK_EQUAL(hypercall_sched_op(SCHEDOP_shutdown_code, &code), 0);
}
