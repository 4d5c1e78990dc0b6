/* SPDX-License-Identifier: MIT */
/*
 * Who gets how much of a processor: vcpus 1 and 2 compute without end, vcpu 0 sets their weights
 * and sleeps. Made for one processor (`dom0_max_vcpus=3`) and QEMU's -icount, where time is
 * instructions and every run is the same.
 *
 *   ms=2000   how long is measured
 */
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/support.h"

#define HOGS 2U
#define LIGHT 128UL
#define HEAVY (3 * LIGHT)

/* What a policy owes from before the weights changed is paid by then. */
#define SETTLED (200 * NS_PER_MS)

/* credit is no more exact than its slices are short; the 30 ms that it begins with are more than
 * one percent of what is measured. */
#define TIMESLICE (2 * NS_PER_MS)
#define TICK (NS_PER_MS)

static volatile bool stop;

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
static void compute(void)
{
    while (!stop)
        asm volatile(".rept 400; nop; .endr");
}

/* Running time of each hog. */
static void ran(uint64_t to[HOGS])
{
    for (unsigned i = 0; i < HOGS; i++) {
        struct vcpu_runstate_info info = {0};
        CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, i + 1, &info), 0);
        to[i] = info.time[RUNSTATE_running];
    }
}

static long set(unsigned vcpu, const char *name, uint64_t value)
{
    struct ringside_sched_value a = {.vcpu = vcpu, .value = value};
    memcpy(a.name, name, strlen(name) + 1);
    return HYPERCALL(ringside, RINGSIDE_sched_set, &a, 0, 0, 0);
}

/* The heavy one's part of what both had, in hundredths of a percent. */
static uint64_t measure(unsigned heavy)
{
    uint64_t before[HOGS];
    uint64_t after[HOGS];
    uint64_t ms = start_option_number("ms", 2000);
    for (unsigned i = 0; i < HOGS; i++)
        CHECK_EQUAL(set(i + 1, "weight", i == heavy ? HEAVY : LIGHT), 0);
    time_sleep_until(NS(time_system().n + SETTLED));
    ran(before);
    time_sleep_until(NS(time_system().n + ms * NS_PER_MS));
    ran(after);
    uint64_t light = after[!heavy] - before[!heavy];
    uint64_t both = after[heavy] - before[heavy] + light;
    tap_note("%lu ms: the heavy one ran %lu us, the light one %lu us", ms,
             (both - light) / NS_PER_US, light / NS_PER_US);
    /* Nobody else wants the processor. */
    CHECK(both * 100 >= ms * NS_PER_MS * 98);
    return both == 0 ? 0 : (both - light) * 10000 / both;
}

/* One hog alone, that may not have all of the processor although nobody else wants it: in between
 * the processor is idle, and nothing but the policy's timer brings it back. */
static void check_limit(unsigned percent)
{
    uint64_t before[HOGS];
    uint64_t after[HOGS];
    uint64_t ms = start_option_number("ms", 2000);
    stop = false;
    REQUIRE(vcpu_up(1, compute) == 0);
    time_sleep_until(NS(time_system().n + SETTLED));
    ran(before);
    time_sleep_until(NS(time_system().n + ms * NS_PER_MS));
    ran(after);
    uint64_t part = (after[0] - before[0]) * 100 / (ms * NS_PER_MS / 100);
    tap_note("it ran %lu us of %lu ms", (after[0] - before[0]) / NS_PER_US, ms);
    CHECK(part >= (percent - 1) * 100 && part <= (percent + 1) * 100);
    stop = true;
    while (vcpu_is_up(1) != 0)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

TEST(hog_has_no_more_than_its_cap)
{
    if (set(1, "cap", 40) != 0)
        SKIP("the policy knows no caps");
    check_limit(40);
    CHECK_EQUAL(set(1, "cap", 0), 0);
}

TEST(hog_has_no_more_than_its_reservation)
{
    if (set(1, "slice", 30 * NS_PER_MS) != 0)
        SKIP("the policy knows no reservations");
    CHECK_EQUAL(set(1, "extra", 0), 0);
    check_limit(30);
}

/* Three to one, within one percent of the processor, and again when it is the other one. */
TEST(hogs_share_by_weight)
{
    REQUIRE(vcpu_count() > HOGS);
    if (set(1, "weight", LIGHT) != 0)
        SKIP("the policy knows no weights");
    stop = false;
    if (set(RINGSIDE_SCHED_WHOLE, "tick", TICK) == 0)
        CHECK_EQUAL(set(RINGSIDE_SCHED_WHOLE, "timeslice", TIMESLICE), 0);
    for (unsigned i = 1; i <= HOGS; i++)
        REQUIRE(vcpu_up(i, compute) == 0);
    for (unsigned heavy = 0; heavy < HOGS; heavy++) {
        uint64_t part = measure(heavy);
        CHECK(part >= 7400 && part <= 7600);
    }
    stop = true;
    for (unsigned i = 1; i <= HOGS; i++) {
        while (vcpu_is_up(i) != 0)
            hypercall_sched_op(SCHEDOP_yield, NULL);
    }
}
