/* SPDX-License-Identifier: MIT */
/*
 * A front end that is no good neighbour to those it shares a back end with; compiled once a layout.
 *
 *   by=flood    over the channel `ring1`: hands over all that fits, again as soon as there is room,
 *               without end
 *   by=breaks   over `ring1`, `ring2`, ..., one after another: is correct for a while, then breaks
 *               the protocol, on each ring in another way (`ways` below), and tells of it until the
 *               back end has closed that ring, or for
 *   patience=MS   default 20; and begins with the next one
 *   pause=MS      later, default 5
 *
 * What the back end is to find is what no correct front end does; payload that it did not expect is
 * for the back end's own code to find, which checks all of it.
 */
#include "guest/channel.h"
#include "guest/heap.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "rings/layout.h"
#include "tests/system/domains/ring/ring.h"

#define RIGHT 100U /* requests before anything is wrong */
#define PATIENCE NS(20 * NS_PER_SECOND)

struct rogue {
    struct channel channel;
    struct ring_geometry geometry;
    struct ring_footprint footprint;
    struct R(front) ring;
    uint64_t sent, answered;
    void *before; /* what the region held when nothing had been sent */
};

static uint64_t ms_option(const char *name, uint64_t otherwise)
{
    return start_option_number(name, otherwise) * NS_PER_MS;
}

static void begin(struct rogue *r, const char *name)
{
    channel_open(&r->channel, name);
    r->geometry = (struct ring_geometry){
        .entries = (uint32_t)channel_option_number(&r->channel, "entries", 64),
        .req_size = REQUEST_WORDS * 8,
        .rsp_size = RESPONSE_WORDS * 8,
        .fronts = 1,
    };
    int error = R(footprint)(&r->geometry, &r->footprint);
    size_t own = (r->footprint.front + PAGE_SIZE - 1) / PAGE_SIZE;
    if (error == RING_OK)
        error = R(front_init)(&r->ring, &r->geometry, r->channel.memory,
                              own == 0 ? NULL : page_alloc_run(own));
    r->before = malloc(r->footprint.shared);
    if (error != RING_OK || !r->before || r->footprint.shared > r->channel.pages * PAGE_SIZE)
        power_panic("channel %s: %s", name, error ? ring_error_text(error) : "too small");
    memcpy(r->before, r->channel.memory, r->footprint.shared);
    channel_offer(&r->channel);
    ns_t deadline = NS(time_system().n + PATIENCE.n);
    while (r->channel.events == 0) {
        if (time_system().n >= deadline.n)
            power_panic("channel %s: nobody is at the other end", name);
        channel_wait(&r->channel, deadline);
    }
}

/* ---- as it should be */

/* So many requests at most, each as the back end expects it, or `damaged`. How many it was. */
static uint32_t send(struct rogue *r, uint32_t most, bool damaged)
{
    int32_t granted = R(req_reserve)(&r->ring, most);
    for (int32_t i = 0; i < granted; i++) {
        uint64_t words[REQUEST_WORDS];
        ring_fill(words, r->sent++, REQUEST_WORDS);
        words[REQUEST_WORDS - 1] ^= damaged;
        R(req_write)(&r->ring, (uint32_t)i, words, sizeof(words));
    }
    if (granted <= 0)
        return 0;
    R(req_publish)(&r->ring, (uint32_t)granted);
    if (R(req_ask)(&r->ring))
        channel_send(&r->channel);
    return (uint32_t)granted;
}

static uint32_t collect(struct rogue *r)
{
    int32_t n = R(rsp_peek)(&r->ring, RING_BATCH_MAX);
    if (n <= 0)
        return 0;
    R(rsp_release)(&r->ring, (uint32_t)n);
    r->answered += (uint32_t)n;
    return (uint32_t)n;
}

/* Nothing could be done: waits to be told that something can. */
static void wait(struct rogue *r)
{
    if (!R(rsp_arm)(&r->ring, 1))
        channel_wait(&r->channel, NS(time_system().n + NS_PER_MS));
    R(rsp_disarm)(&r->ring);
}

static void be_right(struct rogue *r)
{
    ns_t deadline = NS(time_system().n + PATIENCE.n);
    while (r->answered < RIGHT) {
        bool moved = r->sent < RIGHT && send(r, RIGHT - (uint32_t)r->sent, false) > 0;
        moved |= collect(r) > 0;
        if (!moved && time_system().n >= deadline.n)
            power_panic("channel %s: %lu of %lu answered", r->channel.name, r->answered, r->sent);
        if (!moved)
            wait(r);
    }
}

/* ---- and as it should not */

static void rewind(struct rogue *r)
{
    memcpy(r->channel.memory, r->before, r->footprint.shared);
}

static void claim(struct rogue *r)
{
    R(req_publish)(&r->ring, r->geometry.entries);
    R(req_flush)(&r->ring);
}

static void damage(struct rogue *r)
{
    send(r, 1, true);
    R(req_flush)(&r->ring);
}

static void fill_with_ones(struct rogue *r)
{
    memset(r->channel.memory, 0xff, r->footprint.shared);
}

/* xorshift64 (G. Marsaglia, 2003): the same in each run. */
static void scribble(struct rogue *r)
{
    static uint64_t x = 0x2545f4914f6cdd1dUL;
    volatile uint64_t *words = r->channel.memory;
    for (size_t i = 0; i < r->footprint.shared / sizeof(*words); i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        words[i] = x;
    }
}

static const struct {
    const char *name;
    void (*once)(struct rogue *r);
} ways[] = {
    {"indices go back to where they began", rewind},
    {"more is handed over than there is room for", claim},
    {"a request is damaged", damage},
    {"all bits are set", fill_with_ones},
    {"anything is written anywhere", scribble},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static bool breaks(unsigned i)
{
    static struct rogue rogues[WAYS];
    static char names[WAYS][8];
    struct rogue *r = &rogues[i];
    snprintf(names[i], sizeof(names[i]), "ring%u", i + 1);
    begin(r, names[i]);
    be_right(r);
    uint64_t deadline = time_system().n + ms_option("patience", 20);
    bool closed = false;
    while (!closed && time_system().n < deadline) {
        ways[i].once(r);
        channel_send(&r->channel);
        closed = channel_peer_gone(&r->channel);
    }
    return closed;
}

static void break_all(void)
{
    uint64_t pause = ms_option("pause", 5);
    bool closed[WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        time_sleep_until(NS(time_system().n + pause));
        closed[i] = breaks(i);
    }
    for (unsigned i = 0; i < WAYS; i++)
        printf("ring%u: %s: %s\n", i + 1, ways[i].name, closed[i] ? "closed" : "still open");
}

static void flood(void)
{
    static struct rogue r;
    begin(&r, "ring1");
    for (;;) {
        bool moved = send(&r, r.geometry.entries, false) > 0;
        moved |= collect(&r) > 0;
        if (!moved)
            wait(&r);
    }
}

void guest_main(void)
{
    size_t length;
    const char *by = start_option("by", &length);
    if (by && length == 5 && !strncmp(by, "flood", length))
        flood();
    else if (by && length == 6 && !strncmp(by, "breaks", length))
        break_all();
    else
        power_panic("by=: expected flood or breaks, found `%.*s'", by ? (int)length : 0,
                    by ? by : "");
}
