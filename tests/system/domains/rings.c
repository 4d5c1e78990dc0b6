/* SPDX-License-Identifier: MIT */
/*
 * A ring between two domains: each layout with each policy that it carries and each event ABI, on
 * one processor and on two. From the lists of rings/ and evtchn/: what is added to them is tested
 * here for nothing.
 */
#include "tests/system/domains/pairs.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "rings/notify.h"

#define RING_PAGES 8U /* more than any layout needs for 64 entries */

static const char *const event_abis[] = {
#define EVTCHN_ABI(id, name, ports) name,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

static void run_ring(const char *layout, enum notify_policy policy, const char *events,
                     unsigned back_cpu)
{
    char kernel_name[48];
    char with[64];
    char arguments[64];
    uint64_t count = start_option_number("requests", 500);
    bool together = back_cpu == 0;
    snprintf(kernel_name, sizeof(kernel_name), "ring-%s", layout);
    snprintf(with, sizeof(with), "policy=%s", notify_name(policy));
    snprintf(arguments, sizeof(arguments), "count=%lu yield=%u", count, together);
    listen();
    tap_note("%s %s %s, back end on CPU %u", layout, notify_name(policy), events, back_cpu);
    CHECK(run_pair(&(struct pair){.kernel = kernel_name,
                                  .channel = "ring",
                                  .arguments = arguments,
                                  .with = with,
                                  .events = events,
                                  .pages = RING_PAGES,
                                  .back_cpu = back_cpu}));
    CHECK_EQUAL(said_number("front", "done ", 0), count);
    CHECK_EQUAL(said_number("back", "done ", 0), count);
    if (start_on_ringside()) /* which refuses no ABI */
        CHECK_EQUAL(said("front", "# events=") + said("back", "# events="), 0);
}

static void run_layout(const char *layout, unsigned without)
{
    unsigned cpus = cpu_count() < 2 ? 1 : 2;
    for (unsigned policy = 0; policy < NOTIFY_POLICIES; policy++) {
        for (unsigned back_cpu = 0; !(without >> policy & 1) && back_cpu < cpus; back_cpu++) {
            for (unsigned i = 0; i < LENGTH(event_abis); i++)
                run_ring(layout, policy, event_abis[i], back_cpu);
        }
    }
}

#define RING_LAYOUT(id, name, without, why) \
    TEST(ring_##id)                         \
    {                                       \
        run_layout(#id, without);           \
    }
#include "rings/layouts.def"
#undef RING_LAYOUT
