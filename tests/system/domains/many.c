/* SPDX-License-Identifier: MIT */
/* Many domains, one after another and all at once. */
#include "tests/system/domains/support.h"
#include "guest/heap.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"

/* One that was there before, so that what the first one makes the hypervisor keep is kept. */
static bool warm_up(const struct domain_setup *setup)
{
    struct domain domain;
    return start(&domain, setup, "") && wait_end(&domain) == SHUTDOWN_poweroff && destroy(&domain);
}

TEST(many_in_a_row)
{
    uint64_t count = start_option_number("row", 20);
    struct domain_setup setup = small("row", "hello");
    REQUIRE(warm_up(&setup));
    uint64_t before = free_pages();
    uint64_t good = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct domain domain;
        REQUIRE(start(&domain, &setup, ""));
        good += wait_end(&domain) == SHUTDOWN_poweroff;
        REQUIRE(destroy(&domain));
    }
    CHECK_EQUAL(good, count);
    CHECK(free_again(before));
}

/* Started, but destroyed in whatever state they are. */
TEST(many_destroyed_as_they_start)
{
    uint64_t count = start_option_number("row", 20);
    struct domain_setup setup = small("row", "hello");
    REQUIRE(warm_up(&setup));
    uint64_t before = free_pages();
    for (uint64_t i = 0; i < count; i++) {
        struct domain domain;
        REQUIRE(start(&domain, &setup, "then=spin"));
        for (unsigned j = 0; j < i % 8; j++) /* a little further each time */
            watch_wait(deadline_in(NS(j * 20 * NS_PER_US)));
        REQUIRE(destroy(&domain));
    }
    CHECK(free_again(before));
}

#define AT_ONCE_MAX 1024U

struct crowd {
    unsigned count;
    struct domain *domains;
    struct domain **pointers;
};

/* All come up; each is told to end, by an event, and does. */
static void come_and_go(const struct crowd *crowd, const struct domain_setup *setup)
{
    unsigned started = 0;
    while (started < crowd->count && start(&crowd->domains[started], setup, "then=stay"))
        started++;
    CHECK_EQUAL(started, crowd->count);
    for (unsigned i = 0; i < started; i++)
        event_send(crowd->domains[i].console.port);
    unsigned ended = 0;
    for (; ended < started; ended++) {
        unsigned reason = NOT_ENDED;
        int n = watch_end(crowd->pointers, started, deadline_in(PATIENCE), &reason);
        if (n < 0 || !CHECK_EQUAL(reason, SHUTDOWN_poweroff) || !CHECK(destroy(crowd->pointers[n])))
            break;
    }
    CHECK_EQUAL(ended, started);
    for (unsigned i = 0; i < started; i++)
        destroy(&crowd->domains[i]);
}

/* Twice, because tables that grew for as many ports and domains stay. */
TEST(many_at_once)
{
    unsigned count = (unsigned)start_option_number("at-once", 24);
    struct domain_setup setup = small("many", "hello");
    REQUIRE(count <= AT_ONCE_MAX);
    struct crowd crowd = {count, calloc(count, sizeof(*crowd.domains)),
                          calloc(count, sizeof(*crowd.pointers))};
    if (crowd.domains == NULL || crowd.pointers == NULL)
        power_panic("no memory for %u domains", count);
    for (unsigned i = 0; i < count; i++)
        crowd.pointers[i] = &crowd.domains[i];
    come_and_go(&crowd, &setup);
    uint64_t before = free_pages();
    come_and_go(&crowd, &setup);
    CHECK(free_again(before));
    free(crowd.pointers);
    free(crowd.domains);
}
