/* SPDX-License-Identifier: MIT */
/* What a description asks for is done. */
#include "tests/system/domains/pairs.h"

TEST(described_restarts_are_counted)
{
    uint64_t before = free_pages();
    listen();
    CHECK(run_text("domain one\n kernel hello\n memory 2M\n restart 2\n"
                   "domain two\n kernel hello\n memory 2M\n arguments then=reboot\n restart 1\n"));
    CHECK_EQUAL(said("one", "hello"), 3);
    CHECK_EQUAL(said("two", "hello"), 2);
    /* The first domains of all make the hypervisor keep a little: not a domain. */
    CHECK(free_again(before - 64));
}

TEST(described_restart_on_crash)
{
    listen();
    /* Not a crash: it stays away. And the run does not wait for the one that crashes for ever. */
    CHECK(run_text("domain one\n kernel hello\n memory 2M\n arguments then=reboot\n"
                   " restart on-crash\n"
                   "domain two\n kernel hello\n memory 2M\n arguments then=crash\n"
                   " restart on-crash\n"
                   "domain last\n kernel hello\n memory 2M\n restart 6\n"
                   "end one last\n"));
    CHECK_EQUAL(said("one", "hello"), 1);
    CHECK(said("two", "hello") >= 2);
    CHECK_EQUAL(said("last", "hello"), 7);
}

TEST(described_crash_is_a_failure)
{
    listen();
    CHECK(!run_text("domain one\n kernel hello\n memory 2M\n arguments then=crash\n"));
    CHECK(!run_text("domain one\n kernel hello\n memory 2M\n arguments then=crash\n restart 1\n"));
    CHECK_EQUAL(said("one", "hello"), 3);
}

TEST(described_limit)
{
    listen();
    ns_t start = time_system();
    CHECK(!run_text("domain one\n kernel hello\n memory 2M\n arguments then=spin\nlimit 1\n"));
    CHECK(time_system().n >= start.n + NS_PER_SECOND);
}

TEST(described_kernel_is_missing)
{
    uint64_t before = free_pages();
    CHECK(!run_text("domain one\n kernel hello\n memory 2M\ndomain two\n kernel no\n memory 2M\n"));
    CHECK(free_again(before));
}

static void ping(const char *events, unsigned back_cpu)
{
    listen();
    CHECK(run_pair(&(struct pair){.kernel = "ping",
                                  .channel = "ping",
                                  .arguments = "rounds=2000",
                                  .with = "a=1",
                                  .events = events,
                                  .pages = 1,
                                  .back_cpu = back_cpu}));
    CHECK_EQUAL(said_number("front", "rounds ", 0), 2000);
    CHECK_EQUAL(said_number("back", "rounds ", 0), 2000);
}

TEST(described_ping_2l)
{
    ping("2l", 0);
}

TEST(described_ping_fifo)
{
    ping("fifo", 0);
}

TEST(described_ping_two_processors)
{
    if (cpu_count() < 2)
        SKIP("there is one processor");
    ping("2l", 1);
    ping("fifo", 1);
}
