/* SPDX-License-Identifier: MIT */
/* What a domain leaves behind is nobody's to find; and what it may have is what it gets. */
#include "guest/lib/format.h"
#include "tests/system/domains/pairs.h"
#include "tests/system/hostile/crew.h"

#define SPARE (4UL << 20) /* bytes that stay the hypervisor's: tables, vcpus, grants */

/* One after the other, each with all memory that there is. */
TEST(leak_from_the_one_before)
{
    struct domain_setup setup = small("spy", "spy");
    uint64_t free = free_pages() * 4096;
    REQUIRE(free > 2 * SPARE);
    setup.memory = (free - SPARE) & ~(SPARE - 1);
    for (unsigned round = 0; round < 2; round++) {
        struct domain domain;
        listen();
        REQUIRE(start(&domain, &setup, "leave=1"));
        CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
        CHECK(destroy(&domain));
        CHECK(said_number("spy", "marked ", 0) > setup.memory / 4096 / 2);
        CHECK(free_again(free / 4096 - 64)); /* what the first of all makes the hypervisor keep */
        REQUIRE(start(&domain, &setup, ""));
        CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
        CHECK(destroy(&domain));
        CHECK_EQUAL(said_number("spy", "found ", 1), 0);
    }
}

TEST(memory_within_its_maximum)
{
    struct domain_setup setup = small("greedy", "greedy");
    struct domain domain;
    if (cpu_count() < 2)
        SKIP("there is one processor");
    setup.vcpus = 2;
    setup.memory = 4UL << 20;
    listen();
    REQUIRE(start(&domain, &setup, ""));
    CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
    CHECK(destroy(&domain));
    CHECK(said_number("greedy", "exchanged ", 0) > 0);
    CHECK_EQUAL(said_number("greedy", "over ", 1), 0);
}
