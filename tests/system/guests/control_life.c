/* SPDX-License-Identifier: MIT */
/* domctl: domains that run, are stopped, and die. */
#include "guest/time.h"
#include "tests/system/guests/tiny.h"

TINY_PROGRAM(ends, TINY_SHUTDOWN);
/* Counts in the data page, for ever. */
TINY_PROGRAM(counts, "1: incq 8(%rbx); jmp 1b");
/* Crashes: an exception, and nobody to take it. */
TINY_PROGRAM(crashes, "ud2");

TEST(control_domain_runs_and_ends)
{
    struct tiny t;
    REQUIRE(tiny_load(&t, ends_start, ends_end));
    CHECK_EQUAL(tiny_flags(t.id) & 0xff, XEN_DOMINF_paused);
    REQUIRE(tiny_start(&t));
    CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_poweroff);
    CHECK(!(tiny_flags(t.id) & XEN_DOMINF_dying));
    tiny_destroy(&t);
}

#define CRASHES 12U

/* Characters that the hypervisor's console has had, wherever they begin. */
static uint32_t console_position(void)
{
    static char text[64];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole,
                            .u.readconsole = {.count = sizeof(text), .incremental = 1}};
    set_xen_guest_handle(op.u.readconsole.buffer, text);
    do
        op.u.readconsole.count = sizeof(text);
    while (CHECK_EQUAL(control_system(&op), 0) && op.u.readconsole.count != 0);
    return op.u.readconsole.index;
}

/* Domains that crash one after the other do not have the console for as long as they like. */
TEST(control_crashes_are_shown_in_moderation)
{
    if (!start_on_ringside())
        SKIP("Xen shows all of them");
    struct tiny t;
    uint32_t first = console_position();
    uint32_t most = 0;
    for (unsigned i = 0; i < CRASHES; i++) {
        uint32_t before = console_position();
        REQUIRE(tiny_load(&t, crashes_start, crashes_end));
        CHECK(tiny_start(&t));
        CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_crash);
        tiny_destroy(&t);
        uint32_t shown = console_position() - before;
        most = shown > most ? shown : most;
    }
    uint32_t all = console_position() - first;
    tap_note("%u characters of %u crashes, %u of one", all, CRASHES, most);
    CHECK(all <= CRASHES / 2 * most);
}

TEST(control_domain_crashes)
{
    struct tiny t;
    REQUIRE(tiny_load(&t, crashes_start, crashes_end));
    REQUIRE(tiny_start(&t));
    CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_crash);
    tiny_destroy(&t);
}

static volatile unsigned told;

static void count(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    told++;
}

static bool is_told(void)
{
    uint64_t end = time_system().n + 2000 * NS_PER_MS;
    while (told == 0 && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return told != 0;
}

TEST(control_is_told_of_an_end)
{
    struct tiny t;
    long port = event_bind_virq(VIRQ_DOM_EXC, 0);
    REQUIRE(port > 0);
    told = 0;
    event_handle((evtchn_port_t)port, count, NULL);
    event_unmask((evtchn_port_t)port);
    if (tiny_load(&t, ends_start, ends_end) && tiny_start(&t)) {
        CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_poweroff);
        CHECK(is_told());
        told = 0;
        tiny_destroy(&t);
        CHECK(is_told());
    }
    event_drop((evtchn_port_t)port);
}

/* Whether what a domain counts goes on. */
static bool goes_on(const volatile uint64_t *counter)
{
    uint64_t before = *counter;
    uint64_t end = time_system().n + 2000 * NS_PER_MS;
    while (*counter == before && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return *counter != before;
}

static bool stands_still(const volatile uint64_t *counter)
{
    uint64_t before = *counter;
    time_sleep_until(NS(time_system().n + 20 * NS_PER_MS));
    return *counter == before;
}

TEST(control_pause_stops)
{
    struct tiny t;
    REQUIRE(tiny_load(&t, counts_start, counts_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(data && tiny_start(&t));
    CHECK(goes_on(&data[1]));
    CHECK_EQUAL(control_pause(t.id), 0);
    CHECK(stands_still(&data[1]));
    CHECK_EQUAL(control_unpause(t.id), 0);
    CHECK(goes_on(&data[1]));
    tiny_unmap((void *)data);
    tiny_destroy(&t); /* while it runs */
}

/* What is mapped by others outlives the domain, which keeps its number until then. */
TEST(control_death_waits_for_mappings)
{
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    time_sleep_until(NS(time_system().n + NS_PER_MS)); /* the first port of all takes memory */
    uint64_t before = tiny_free_frames();
    REQUIRE(tiny_load(&t, counts_start, counts_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(data && tiny_start(&t));
    CHECK(goes_on(&data[1]));
    CHECK_EQUAL(control_destroy(t.id), 0);
    CHECK(stands_still(&data[1]));
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK(info.flags & XEN_DOMINF_dying);
    CHECK_EQUAL(info.tot_pages, 1);
    CHECK_EQUAL(control_destroy(t.id), 0);
    /* It is not to be had for anything any more. */
    uint64_t frame = 0;
    struct evtchn_alloc_unbound unbound = {.dom = t.id, .remote_dom = DOMID_SELF};
    CHECK_EQUAL(control_pause(t.id), 0);
    CHECK_EQUAL(control_unpause(t.id), 0);
    CHECK_EQUAL(control_populate(t.id, &frame, 1), 0);
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &unbound), -XEN_EINVAL);
    if (start_on_ringside()) {
        struct vcpu_guest_context *c = &t.context;
        uint64_t cpus = 1;
        CHECK_EQUAL(control_set_context(t.id, 0, c), -XEN_EINVAL);
        CHECK_EQUAL(control_max_vcpus(t.id, 1), -XEN_EINVAL);
        CHECK_EQUAL(control_affinity(t.id, 0, cpus), -XEN_ESRCH);
    }
    data[1] = 1;
    tiny_unmap((void *)data);
    uint64_t end = time_system().n + 2000 * NS_PER_MS;
    while (control_info(t.id, &info) == 0 && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQUAL(control_info(t.id, &info), -XEN_ESRCH);
    CHECK(tiny_free_frames_again(before) >= before);
}

TEST(control_loads_and_kills_in_a_row)
{
    struct tiny t;
    uint64_t before = tiny_free_frames();
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(tiny_load(&t, counts_start, counts_end));
        REQUIRE(tiny_start(&t));
        hypercall_sched_op(SCHEDOP_yield, NULL);
        tiny_destroy(&t);
    }
    CHECK(tiny_free_frames_again(before) >= before);
}
