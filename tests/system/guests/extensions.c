/* SPDX-License-Identifier: MIT */
/* What Ringside has beyond Xen's ABI: hv/public/ringside.h. Skipped on any other hypervisor. */
#include "guest/cpuid.h"
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/support.h"

#define ELSEWHERE "this is not Ringside"

TEST(extension_version)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    CHECK_EQUAL(cpuid_forced(RINGSIDE_CPUID_LEAF, 0).a, RINGSIDE_VERSION);
}

static volatile unsigned fired;

static void count(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    fired++;
}

/* Virtual time: what the vcpu has run. */
static uint64_t ran(void)
{
    struct vcpu_runstate_info info = {0};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info.time[RUNSTATE_running];
}

static long set_virtual_timer(uint64_t timeout)
{
    struct ringside_virtual_timer timer = {.timeout_abs_ns = timeout};
    return hypercall_vcpu_op(VCPUOP_RINGSIDE_set_virtual_timer, 0, &timer);
}

static evtchn_port_t bind_virtual_timer(void)
{
    long port = event_bind_virq(VIRQ_RINGSIDE_VIRTUAL_TIMER, 0);
    CHECK(port > 0);
    fired = 0;
    event_handle((evtchn_port_t)port, count, NULL);
    event_unmask((evtchn_port_t)port);
    return (evtchn_port_t)port;
}

TEST(extension_virtual_timer_fires_and_not_too_early)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    uint64_t deadline = ran() + 2 * NS_PER_MS;
    CHECK_EQUAL(set_virtual_timer(deadline), 0);
    while (fired == 0)
        asm volatile("pause");
    CHECK(ran() >= deadline);
    CHECK_EQUAL(set_virtual_timer(1), 0); /* passed long ago */
    while (fired == 1)
        asm volatile("pause");
    event_drop(port);
}

/* While the vcpu is blocked its time stands still, and so does the timer. */
TEST(extension_virtual_timer_sleeps_with_its_vcpu)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    uint64_t deadline = ran() + 20 * NS_PER_MS;
    CHECK_EQUAL(set_virtual_timer(deadline), 0);
    time_sleep_until(NS(time_system().n + 40 * NS_PER_MS));
    bool early = fired != 0 && ran() < deadline;
    CHECK(!early);
    while (fired == 0)
        asm volatile("pause");
    CHECK(ran() >= deadline);
    event_drop(port);
}

TEST(extension_virtual_timer_can_be_taken_back)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    CHECK_EQUAL(set_virtual_timer(ran() + 3600 * NS_PER_SECOND), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_stop_virtual_timer, 0, NULL), 0);
    CHECK_EQUAL(set_virtual_timer(UINT64_MAX), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_stop_virtual_timer, 0, NULL), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_set_virtual_timer, 0, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(fired, 0);
    event_drop(port);
}
