/* SPDX-License-Identifier: MIT */
/*
 * One processor, and beside the victim a domain of the same weight that makes trouble: the victim
 * gets what it is entitled to, less 1 %, and does not wait longer than another one's turn lasts.
 * What is compared is the work that it did in a given time with what it does alone; so time that
 * the hypervisor spends for the other one, but charges to the victim, is seen, too.
 *
 * Under QEMU's -icount, where time is instructions: exact=1 says so.
 */
#include "tests/system/domains/pairs.h"
#include "dom0/run.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "tests/system/hostile/crew.h"

#define WINDOW 400U /* ms */
#define LESS 1U     /* % */

/* The longest that the victim does not run, in us: somebody else's turn, or two if there are two.
 */
#define GAP_ALONE 300U
#define TURN 11000U

struct result {
    uint64_t work, gap;
};

struct trouble {
    const char *by;
    const char *memory;
    unsigned vcpus; /* 0: 1 */
    unsigned gates; /* channels to the victim */
    unsigned parts; /* of the processor, of which the victim is entitled to one; 0: 2 */
};

static bool measure(const struct trouble *t, struct result *result)
{
    static char other[1024];
    size_t at = 0;
    other[0] = '\0';
    if (t)
        at = (size_t)snprintf(other, sizeof(other),
                              "domain other\n kernel antagonist\n memory %s\n vcpus %u\n cpus 0\n"
                              " arguments by=%s gates=%u\n",
                              t->memory ? t->memory : "4M", t->vcpus ? t->vcpus : 1, t->by,
                              t->gates);
    for (unsigned i = 0; t && i < t->gates; i++)
        at += (size_t)snprintf(other + at, sizeof(other) - at,
                               "channel gate%u\n front victim\n back other\n pages 1\n", i);
    listen();
    bool good = CHECK(crew_begin("domain victim\n kernel victim\n memory 4M\n cpus 0\n"
                                 " arguments for=%u gates=%u\n%s",
                                 WINDOW, t ? t->gates : 0, other)) &&
                CHECK_EQUAL(crew_wait(0, t ? 2 : 1, PATIENCE), SHUTDOWN_poweroff);
    /* It was there, in its way, while the victim was. */
    struct xen_domctl_getdomaininfo info = {0};
    if (t && CHECK_EQUAL(control_info(run_domain(1)->id, &info), 0)) {
        tap_note("%s: ran %lu us", t->by, info.cpu_time / NS_PER_US);
        good &= CHECK(info.cpu_time >= NS_PER_MS / 10);
    }
    good &= CHECK(crew_end());
    result->work = said_number("victim", "work ", 0);
    result->gap = said_number("victim", "gap ", UINT64_MAX);
    return good && victim_unharmed() && CHECK_EQUAL(said("other", "Bail out!"), 0);
}

static const struct result *alone(void)
{
    static struct result result;
    if (!result.work && !measure(NULL, &result))
        result.work = 0;
    return &result;
}

static void beside(const struct trouble *t)
{
    struct result result;
    if (!start_option_number("exact", 0) || cpu_count() > 1)
        SKIP("time is not exact");
    uint64_t whole = alone()->work;
    CHECK(whole > 0);
    if (whole == 0)
        return;
    unsigned parts = t->parts ? t->parts : 2;
    if (!measure(t, &result))
        return;
    uint64_t share = result.work * parts * 1000 / whole;
    tap_note("%s: %lu of 1000 of its share; at most %lu us without the processor", t->by, share,
             result.gap);
    CHECK(share >= 1000 - 10 * LESS);
    CHECK(result.gap <= TURN * (parts - 1));
}

TEST(share_alone)
{
    if (!start_option_number("exact", 0) || cpu_count() > 1)
        SKIP("time is not exact");
    REQUIRE(alone()->work > 0);
    CHECK(alone()->gap <= GAP_ALONE);
}

TEST(share_beside_hog)
{
    beside(&(struct trouble){.by = "hog"});
}

TEST(share_beside_events)
{
    beside(&(struct trouble){.by = "events", .gates = 1});
}

TEST(share_beside_events_of_many_ports)
{
    beside(&(struct trouble){.by = "events", .gates = 8});
}

TEST(share_beside_own_events)
{
    beside(&(struct trouble){.by = "own-events"});
}

TEST(share_beside_tables)
{
    beside(&(struct trouble){.by = "tables", .memory = "8M"});
}

TEST(share_beside_flushes)
{
    beside(&(struct trouble){.by = "flushes"});
}

TEST(share_beside_timers)
{
    beside(&(struct trouble){.by = "timers"});
}

TEST(share_beside_naps)
{
    beside(&(struct trouble){.by = "naps"});
}

TEST(share_beside_periodic_timers)
{
    beside(&(struct trouble){.by = "periodic", .vcpus = 32});
}

TEST(share_beside_yields)
{
    beside(&(struct trouble){.by = "yields"});
}

TEST(share_beside_balloon)
{
    beside(&(struct trouble){.by = "balloon", .memory = "8M"});
}

TEST(share_beside_grants)
{
    beside(&(struct trouble){.by = "grants"});
}

TEST(share_beside_multicalls)
{
    beside(&(struct trouble){.by = "multicalls", .memory = "16M"});
}

TEST(share_beside_exceptions)
{
    beside(&(struct trouble){.by = "exceptions"});
}

TEST(share_beside_debug_registers)
{
    beside(&(struct trouble){.by = "debug"});
}

TEST(share_beside_descriptors)
{
    beside(&(struct trouble){.by = "descriptors"});
}

/* Shares are of vcpus: this one has four of five. */
TEST(share_beside_vcpus_up_and_down)
{
    beside(&(struct trouble){.by = "vcpus", .vcpus = 4, .parts = 5});
}

/* The control domain, which shows what is written, is a third. */
TEST(share_beside_console)
{
    beside(&(struct trouble){.by = "console", .parts = 3});
}
