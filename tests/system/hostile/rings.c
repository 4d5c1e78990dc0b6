/* SPDX-License-Identifier: MIT */
/*
 * A hostile ring breaks only itself: of each layout a back end serves a ring whose requests and
 * responses are all checked, and five of one other domain, which is correct for 100 requests on
 * each and then breaks it in another way (rogue.c). Whatever it does there, the first ring misses
 * nothing; where it can be told from a correct front end, that ring is closed.
 *
 * Under QEMU's -icount, where the other domain has always come to its end before the first ring
 * does: exact=1 says so.
 */
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/start.h"
#include "rings/notify.h"
#include "tests/system/domains/pairs.h"
#include "tests/system/hostile/crew.h"

#define REQUESTS 60000U
#define WAYS 5U

enum { FRONT, BACK, OTHER };

#define RING_PAGES 8U /* more than any layout needs for 64 entries */
#define WITH "policy=%s entries=64 batch=8 window=32"

/*
 * By the way in which a ring is broken (rogue.c: it rewinds, claims too much, damages a request,
 * sets all bits, scribbles), what closes it: `b`, the layout's own checks; `d`, the back end's look
 * at the request, because a slot's own flag is all that says that there is one; `-`, nothing,
 * because it looks like a front end that sends nothing.
 */
#define FOUND "bbdbb"

static const struct {
    const char *layout;
    const char *found;
} others[] = {
    {"virtio_packed", "-bd--"}, /* most flags say: not yet the back end's */
    {"fastforward", "-dddd"},
    {"bqueue", "-dddd"},
    {"vmbus", "b-dbb"}, /* who reserved no bytes hands over none */
};

static const char *found(const char *layout)
{
    for (unsigned i = 0; i < LENGTH(others); i++)
        if (!strcmp(others[i].layout, layout))
            return others[i].found;
    return FOUND;
}

static void check_found(const char *layout, unsigned way, char by)
{
    char closed[96];
    const char *why = by == 'b'   ? "ring broken by its peer"
                      : by == 'd' ? "a request is damaged"
                                  : "";
    snprintf(closed, sizeof(closed), "ring%u: closed after %s%s", way,
             by == '-' ? "" : "100 requests: ", why);
    tap_note("%s: %s%s", layout, by == '-' ? "never " : "", closed);
    CHECK_EQUAL(said("back", closed), by != '-');
}

static void hostile_rings(const char *layout, unsigned without)
{
    static char rings[1024];
    const char *policy = without >> NOTIFY_event_index & 1 ? "always" : "event-index";
    size_t at = 0;
    if (!start_option_number("exact", 0) || cpu_count() > 1)
        SKIP("time is not exact");
    for (unsigned i = 1; i <= WAYS; i++)
        at += (size_t)snprintf(rings + at, sizeof(rings) - at,
                               "channel ring%u\n front other\n back back\n pages %u\n with " WITH
                               "\n",
                               i, RING_PAGES, policy);
    listen();
    if (CHECK(crew_begin("domain front\n kernel ring-%s\n memory 4M\n arguments count=%u\n"
                         "domain back\n kernel serve-%s\n memory 4M\n arguments count=%u rings=%u\n"
                         "domain other\n kernel rogue-%s\n memory 4M\n"
                         " arguments by=breaks pause=2 patience=4\n"
                         "channel ring\n front front\n back back\n pages %u\n with " WITH "\n%s",
                         layout, REQUESTS, layout, REQUESTS, 1 + WAYS, layout, RING_PAGES, policy,
                         rings))) {
        CHECK_EQUAL(crew_wait(OTHER, 3, PATIENCE), SHUTDOWN_poweroff);
        CHECK_EQUAL(said("front", "done "), 0); /* or nothing was beside it at the end */
        CHECK_EQUAL(crew_wait(FRONT, 2, PATIENCE), SHUTDOWN_poweroff);
        CHECK_EQUAL(crew_wait(BACK, 2, PATIENCE), SHUTDOWN_poweroff);
        CHECK_EQUAL(said_number("front", "done ", 0), REQUESTS);
        for (unsigned i = 1; i <= WAYS; i++)
            check_found(layout, i, found(layout)[i - 1]);
    }
    CHECK(crew_end());
}

#define RING_LAYOUT(id, name, without, why) \
    TEST(hostile_ring_##id)                 \
    {                                       \
        hostile_rings(#id, without);        \
    }
#include "rings/layouts.def"
#undef RING_LAYOUT
