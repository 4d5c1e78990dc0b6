/* SPDX-License-Identifier: MIT */
/* One end of a ring is destroyed in mid-flight: the other one notices, and nothing is left behind.
 */
#include "tests/system/domains/pairs.h"
#include "dom0/run.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "rings/notify.h"

#define KILL_PAGES 8U

static const char *const layouts[] = {
#define RING_LAYOUT(id, name, without, why) #id,
#include "rings/layouts.def"
#undef RING_LAYOUT
};

static const unsigned withouts[] = {
#define RING_LAYOUT(id, name, without, why) (without),
#include "rings/layouts.def"
#undef RING_LAYOUT
};

/* Shows consoles until the back end has said that it is there, and then for a while longer. */
static bool wait_in_flight(uint64_t longer)
{
    ns_t deadline = deadline_in(PATIENCE);
    struct domain *const both[] = {run_domain(PAIR_FRONT), run_domain(PAIR_BACK)};
    unsigned reason;
    while (!said("back", "ready") && time_system().n < deadline.n) {
        if (watch_end(both, 2, deadline_in(NS(NS_PER_MS)), &reason) >= 0)
            return false;
    }
    return said("back", "ready") && watch_end(both, 2, deadline_in(NS(longer)), &reason) < 0;
}

/* How many requests the survivor saw answered; NOT_ENDED + ... of any kind is a failed check. */
static uint64_t kill_one(unsigned n)
{
    unsigned victim = n % 2;
    unsigned layout = n / 2 % LENGTH(layouts);
    unsigned policy = (n / 2 + n / 2 / LENGTH(layouts)) % NOTIFY_POLICIES;
    unsigned back_cpu = cpu_count() > 1 ? n / 4 % 2 : 0;
    char kernel_name[48];
    char with[64];
    if (withouts[layout] >> policy & 1)
        policy = NOTIFY_always;
    snprintf(kernel_name, sizeof(kernel_name), "ring-%s", layouts[layout]);
    snprintf(with, sizeof(with), "policy=%s", notify_name(policy));
    listen();
    tap_note("%s %s, back end on CPU %u, the %s end is destroyed", layouts[layout],
             notify_name(policy), back_cpu, victim == PAIR_FRONT ? "front" : "back");
    const struct pair pair = {.kernel = kernel_name,
                              .channel = "ring",
                              .arguments = back_cpu ? "count=0" : "count=0 yield=1",
                              .with = with,
                              .events = n % 4 < 2 ? "2l" : "fifo",
                              .pages = KILL_PAGES,
                              .back_cpu = back_cpu};
    if (CHECK(begin_pair(&pair)) && CHECK(wait_in_flight(n * 7919 % 8 * NS_PER_MS / 2)) &&
        CHECK(destroy(run_domain(victim)))) {
        CHECK_EQUAL(wait_end(run_domain(!victim)), SHUTDOWN_poweroff);
    }
    CHECK(end_pair());
    CHECK_EQUAL(said(victim == PAIR_FRONT ? "back" : "front", "alone "), 1);
    return said_number(victim == PAIR_FRONT ? "back" : "front", "alone ", 0);
}

TEST(kill_one_end)
{
    unsigned count = (unsigned)start_option_number("kills", 2 * LENGTH(layouts));
    uint64_t answered = kill_one(0);
    uint64_t before = free_pages();
    for (unsigned n = 1; n < count; n++)
        answered += kill_one(n);
    CHECK(answered > 0);
    CHECK(free_again(before));
}
