/* SPDX-License-Identifier: MIT */
/* A domain's life: it starts, speaks, and ends as it wants or as the control domain does. */
#include "tests/system/domains/support.h"
#include "guest/control.h"

TEST(life_hello_from_two)
{
    struct domain_setup setups[] = {small("one", "hello"), small("two", "hello")};
    struct domain domains[2];
    listen();
    REQUIRE(start(&domains[0], &setups[0], "a=1"));
    if (CHECK(start(&domains[1], &setups[1], "b=2 events=fifo"))) {
        CHECK(domains[0].id != domains[1].id);
        CHECK_EQUAL(wait_end(&domains[1]), SHUTDOWN_poweroff);
        CHECK(destroy(&domains[1]));
    }
    CHECK_EQUAL(wait_end(&domains[0]), SHUTDOWN_poweroff);
    CHECK(destroy(&domains[0]));
    CHECK_EQUAL(said("one", "hello, a=1"), 1);
    CHECK_EQUAL(said("two", "hello, b=2 events=fifo"), 1);
}

TEST(life_reasons_for_an_end)
{
    static const struct {
        const char *arguments;
        unsigned reason;
    } cases[] = {
        {"then=crash", SHUTDOWN_crash},
        {"then=reboot", SHUTDOWN_reboot},
        {"then=nothing", SHUTDOWN_poweroff},
    };
    struct domain_setup setup = small("one", "hello");
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct domain domain;
        REQUIRE(start(&domain, &setup, cases[i].arguments));
        CHECK_EQUAL(wait_end(&domain), cases[i].reason);
        /* It stays until it is destroyed. */
        unsigned reason = NOT_ENDED;
        CHECK_EQUAL(domain_state(&domain, &reason), DOMAIN_ENDED);
        CHECK_EQUAL(reason, cases[i].reason);
        domid_t id = domain.id;
        REQUIRE(destroy(&domain));
        struct xen_domctl_getdomaininfo info;
        CHECK_EQUAL(control_info(id, &info), -XEN_ESRCH);
    }
}

/* A command line that fills its place to the last byte arrives as it is. */
TEST(life_command_line_of_greatest_length)
{
    static char line[MAX_GUEST_CMDLINE];
    for (unsigned i = 0; i < sizeof(line) - 1; i++)
        line[i] = i % 10 == 9 ? ' ' : 'a';
    struct domain_setup setup = small("one", "hello");
    struct domain domain;
    listen();
    REQUIRE(start(&domain, &setup, line));
    CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
    CHECK(destroy(&domain));
    CHECK(said("one", "hello, aaaaaaaaa aaaaaaaaa") == 1);
    CHECK_EQUAL(said_number("one", "length ", 0), sizeof(line) - 1);
}

/* Longer, and it is refused with words; nothing is left. */
TEST(life_command_line_too_long)
{
    static char line[MAX_GUEST_CMDLINE + 1];
    for (unsigned i = 0; i < sizeof(line) - 1; i++)
        line[i] = 'a';
    struct domain_setup setup = small("one", "hello");
    struct domain domain;
    struct problem problem = {""};
    REQUIRE(domain_create(&domain, &setup, &problem));
    CHECK(!domain_build(&domain, line, &problem));
    CHECK(problem.text[0] != '\0');
    CHECK(destroy(&domain));
}

/* Memory that its kernel does not fit into. */
TEST(life_memory_too_small)
{
    struct domain_setup setup = small("one", "hello");
    setup.memory = 16 * 4096;
    struct domain domain;
    struct problem problem;
    REQUIRE(domain_create(&domain, &setup, &problem));
    CHECK(!domain_build(&domain, "", &problem));
    CHECK(destroy(&domain));
}

/* More than there is: what was got comes back. */
TEST(life_memory_too_large)
{
    uint64_t before = free_pages();
    struct domain_setup setup = small("one", "hello");
    setup.memory = (before + 1024) * 4096;
    struct domain domain;
    struct problem problem;
    REQUIRE(domain_create(&domain, &setup, &problem));
    CHECK(!domain_build(&domain, "", &problem));
    CHECK(destroy(&domain));
    CHECK(free_again(before));
}

/* What counts while it may: told by a counter on its console. */
static uint64_t cpu_time(const struct domain *domain)
{
    struct xen_domctl_getdomaininfo info;
    return control_info(domain->id, &info) ? 0 : info.cpu_time;
}

TEST(life_pause_stops_it)
{
    struct domain_setup setup = small("one", "hello");
    struct domain domain;
    struct problem problem;
    REQUIRE(start(&domain, &setup, "then=spin"));
    /* It has begun to compute... */
    ns_t deadline = deadline_in(PATIENCE);
    while (cpu_time(&domain) < 5 * NS_PER_MS && time_system().n < deadline.n)
        watch_wait(deadline_in(NS(NS_PER_MS)));
    CHECK(cpu_time(&domain) >= 5 * NS_PER_MS);
    CHECK(domain_pause(&domain, &problem));
    uint64_t paused = cpu_time(&domain);
    watch_wait(deadline_in(NS(30 * NS_PER_MS)));
    CHECK_EQUAL(cpu_time(&domain), paused);
    /* ... goes on where it was... */
    CHECK(domain_unpause(&domain, &problem));
    deadline = deadline_in(PATIENCE);
    while (cpu_time(&domain) == paused && time_system().n < deadline.n)
        watch_wait(deadline_in(NS(NS_PER_MS)));
    CHECK(cpu_time(&domain) > paused);
    /* ... and is destroyed as it runs. */
    CHECK(destroy(&domain));
}

/* Pauses are counted. */
TEST(life_pauses_are_counted)
{
    struct domain_setup setup = small("one", "hello");
    struct domain domain;
    struct problem problem;
    REQUIRE(domain_create(&domain, &setup, &problem));
    CHECK(domain_pause(&domain, &problem));
    CHECK(domain_build(&domain, "", &problem));
    CHECK(domain_unpause(&domain, &problem));
    unsigned reason;
    struct domain *const domains[] = {&domain};
    CHECK_EQUAL(watch_end(domains, 1, deadline_in(NS(50 * NS_PER_MS)), &reason), -1);
    CHECK(domain_unpause(&domain, &problem));
    CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
    CHECK(destroy(&domain));
}

/* A domain with several vcpus brings them up itself. */
TEST(life_vcpus)
{
    struct domain_setup setup = small("one", "hello");
    struct domain domain;
    setup.vcpus = 4;
    listen();
    REQUIRE(start(&domain, &setup, "then=vcpus"));
    CHECK_EQUAL(wait_end(&domain), SHUTDOWN_poweroff);
    CHECK(destroy(&domain));
    CHECK_EQUAL(said_number("one", "vcpus ", 0), 4);
}
