/* SPDX-License-Identifier: MIT */
/*
 * Random hypercalls from an unprivileged domain, beside a victim that plays with a partner: none of
 * its results change.
 *
 *   seeds=2      so many, one after the other
 *   calls=20000  each
 *   lives=8      of a domain that may end itself, by any of its calls
 */
#include "dom0/run.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "tests/system/hostile/crew.h"
#include "tests/system/domains/pairs.h"

#define GATES 2U
#define LIFE NS(300 * NS_PER_MS) /* of one that has taken its own ground from under it */
#define CALLS_PATIENCE NS(3600 * NS_PER_SECOND) /* the run as a whole has its limit */

enum { VICTIM, PARTNER, CALLER };

#define VICTIM_AND_PARTNER                                                 \
    "domain victim\n kernel victim\n memory 4M\n arguments gates=%u\n"     \
    "domain partner\n kernel victim\n memory 4M\n arguments events=fifo\n" \
    "channel ball\n front victim\n back partner\n pages 1\n"

/* Both end when the victim is told; it says what it found. */
static bool end_victim(unsigned count)
{
    event_send(run_domain(VICTIM)->console.port);
    return CHECK_EQUAL(crew_wait(VICTIM, count, PATIENCE), SHUTDOWN_poweroff) &&
           CHECK_EQUAL(crew_wait(PARTNER, count, PATIENCE), SHUTDOWN_poweroff) &&
           victim_unharmed() && CHECK(said_number("victim", "rounds ", 0) > 0);
}

static void beside(uint64_t seed, unsigned vcpus)
{
    uint64_t calls = start_option_number("calls", 20000);
    /* Numbers follow each other, as a rule. */
    listen();
    if (CHECK(crew_begin(VICTIM_AND_PARTNER
                         "domain caller\n kernel caller\n memory 4M\n vcpus %u\n"
                         " arguments only=random_hypercalls calls=%lu seed=%lu"
                         " vcpus=%u gates=%u others=1,2,3,4,5\n"
                         "channel gate0\n front victim\n back caller\n pages 1\n"
                         "channel gate1\n front victim\n back caller\n pages 2\n",
                         GATES, vcpus, calls / vcpus, seed, vcpus, GATES))) {
        CHECK_EQUAL(crew_wait(CALLER, 3, CALLS_PATIENCE), SHUTDOWN_poweroff);
        CHECK_EQUAL(said("caller", "ok 1 "), 1);
        end_victim(3);
    }
    CHECK(crew_end());
}

TEST(random_beside_a_victim)
{
    uint64_t seeds = start_option_number("seeds", 2);
    beside(1, 1);
    uint64_t before = free_pages();
    for (uint64_t seed = 1; seed <= seeds; seed++)
        beside(seed, seed % 2 ? 1 : 2);
    CHECK(free_again(before));
}

/* Each of its lives ends as it likes; if it goes on, for example because it waits for nothing, it
 * is destroyed. */
TEST(random_lives)
{
    uint64_t lives = start_option_number("lives", 8);
    uint64_t calls = start_option_number("calls", 20000);
    uint64_t before = free_pages();
    listen();
    if (CHECK(crew_begin(VICTIM_AND_PARTNER, 0U))) {
        struct domain_setup setup = small("wild", "caller");
        setup.memory = 4UL << 20;
        setup.vcpus = 2;
        for (uint64_t seed = 1; seed <= lives; seed++) {
            struct domain domain;
            char line[128];
            snprintf(line, sizeof(line),
                     "only=random_hypercalls wild=1 seed=%lu calls=%lu others=1,2,3,4,5 vcpus=%u",
                     seed, calls, seed % 2 ? 1 : 2);
            if (!CHECK(start(&domain, &setup, line)))
                break;
            struct domain *const all[] = {&domain, run_domain(VICTIM), run_domain(PARTNER)};
            unsigned reason = NOT_ENDED;
            int ended = watch_end(all, 3, deadline_in(LIFE), &reason);
            CHECK(ended <= 0);
            CHECK(destroy(&domain));
        }
        end_victim(2);
    }
    CHECK(crew_end());
    CHECK(free_again(before - 64)); /* what the hypervisor keeps for a table that grew */
}
