/* SPDX-License-Identifier: MIT */
/* Clocks and timers. Nothing here asks for a time to be met, only for none to come early. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

static volatile unsigned ticks;

static void tick(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    ticks++;
}

/* Blocks until `n` timer events have come. */
static void wait_for_ticks(unsigned n)
{
    vcpu_mask();
    while (ticks < n) {
        hypercall_sched_op(SCHEDOP_block, NULL);
        vcpu_mask();
    }
    vcpu_unmask();
}

TEST(time_does_not_go_backwards)
{
    ns_t last = time_system();
    for (unsigned i = 0; i < 10000; i++) {
        ns_t now = time_system();
        REQUIRE(now.n >= last.n);
        last = now;
    }
}

TEST(time_parameters_are_whole)
{
    struct vcpu_time_info now = time_parameters(&vcpu_self()->info->time);
    CHECK_EQUAL(now.version & 1, 0);
    CHECK(now.version > 0);
    CHECK(now.tsc_timestamp <= time_tsc());
    CHECK(now.system_time <= time_system().n);
    CHECK(now.tsc_to_system_mul != 0);
    CHECK(now.tsc_shift > -32 && now.tsc_shift < 32);
}

TEST(time_wall_clock)
{
    const uint64_t year_2020 = 1577836800;
    const uint64_t year_2100 = 4102444800;
    ns_t first = time_wall();
    CHECK(first.n / NS_PER_SECOND > year_2020);
    CHECK(first.n / NS_PER_SECOND < year_2100);
    CHECK(time_wall().n >= first.n);
    CHECK_EQUAL(shared_info->wc_version & 1, 0);
}

TEST(timer_fires_and_not_too_early)
{
    for (uint64_t wait = 10 * NS_PER_US; wait <= 10 * NS_PER_MS; wait *= 10) {
        ns_t deadline = NS(time_system().n + wait);
        ticks = 0;
        time_on_timer(tick, NULL);
        CHECK_EQUAL(hypercall_set_timer_op(deadline.n), 0);
        wait_for_ticks(1);
        CHECK(time_system().n >= deadline.n);
        time_on_timer(NULL, NULL);
    }
}

TEST(timer_in_the_past_fires_at_once)
{
    ticks = 0;
    time_on_timer(tick, NULL);
    CHECK_EQUAL(hypercall_set_timer_op(1), 0);
    wait_for_ticks(1);
    time_on_timer(NULL, NULL);
}

/* One that will not fire in this life does not keep others from it. */
TEST(timer_far_away)
{
    static const uint64_t far[] = {1UL << 62, 1UL << 63, UINT64_MAX};
    for (unsigned i = 0; i < LENGTH(far); i++) {
        CHECK_EQUAL(hypercall_set_timer_op(far[i]), 0);
        struct sched_poll poll = {.timeout = time_system().n + NS_PER_MS};
        CHECK_EQUAL(hypercall_sched_op(SCHEDOP_poll, &poll), 0);
        CHECK(time_system().n >= poll.timeout);
        CHECK_EQUAL(hypercall_set_timer_op(0), 0);
    }
}

TEST(timer_can_be_moved_and_taken_back)
{
    const uint64_t far = 3600 * NS_PER_SECOND;
    ticks = 0;
    time_on_timer(tick, NULL);
    CHECK_EQUAL(hypercall_set_timer_op(time_system().n + far), 0);
    CHECK_EQUAL(hypercall_set_timer_op(time_system().n + NS_PER_MS), 0);
    wait_for_ticks(1); /* the later one did not stay */
    CHECK_EQUAL(hypercall_set_timer_op(time_system().n + far), 0);
    CHECK_EQUAL(hypercall_set_timer_op(0), 0);
    CHECK_EQUAL(ticks, 1);
    time_on_timer(NULL, NULL);
}

static long set_periodic(uint64_t period)
{
    struct vcpu_set_periodic_timer set = {.period_ns = period};
    return hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &set);
}

/* Awake, because Xen stops the periodic timer of a vcpu that blocks. */
TEST(timer_periodic)
{
    ticks = 0;
    time_on_timer(tick, NULL);
    ns_t start = time_system();
    CHECK_EQUAL(set_periodic(2 * NS_PER_MS), 0);
    while (ticks < 5)
        asm volatile("pause");
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    CHECK(time_system().n - start.n >= 4 * 2 * NS_PER_MS);
    time_on_timer(NULL, NULL);
}

TEST(timer_periodic_refuses)
{
    CHECK_EQUAL(set_periodic(NS_PER_MS - 1), -XEN_EINVAL);
    CHECK_EQUAL(set_periodic(0), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, POINTER_BAD), -XEN_EFAULT);
}

TEST(timer_singleshot)
{
    struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = time_system().n + NS_PER_MS};
    ticks = 0;
    time_on_timer(tick, NULL);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &set), 0);
    wait_for_ticks(1);
    CHECK(time_system().n >= set.timeout_abs_ns);
    set.timeout_abs_ns = time_system().n + 3600 * NS_PER_SECOND;
    set.flags = VCPU_SSHOTTMR_future;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &set), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    CHECK_EQUAL(ticks, 1);
    time_on_timer(NULL, NULL);
}

TEST(timer_singleshot_refuses)
{
    struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future};
    long past = hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &set);
    CHECK(past == -XEN_ETIME || past == 0); /* the flag is a wish, which Xen ignores */
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, POINTER_BAD), -XEN_EFAULT);
}

/* A second copy of the parameters, where a program may have it. */
TEST(time_second_copy)
{
    static struct vcpu_time_info copy;
    struct vcpu_register_time_memory_area area = {.addr.v = &copy};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
    time_sleep_until(NS(time_system().n + NS_PER_MS)); /* written when this vcpu is scheduled */
    struct vcpu_time_info second = time_parameters(&copy);
    struct vcpu_time_info first = time_parameters(&vcpu_self()->info->time);
    CHECK_EQUAL(second.tsc_to_system_mul, first.tsc_to_system_mul);
    CHECK_EQUAL(second.tsc_shift, first.tsc_shift);
    CHECK(second.system_time > 0 && second.system_time <= first.system_time);
    area.addr.v = NULL;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
}
