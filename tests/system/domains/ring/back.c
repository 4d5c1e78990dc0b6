/* SPDX-License-Identifier: MIT */
/* The back end; compiled once a layout. */
#include "tests/system/domains/ring/ring.h"
#include "guest/lib/format.h"
#include "rings/layout.h"

#define REQUEST_SIZE (REQUEST_WORDS * 8)
#define RESPONSE_SIZE (RESPONSE_WORDS * 8)

/* More than a layout needs to find a single free slot: bqueue halves a span of up to 32768. */
#define RESERVES_IN_VAIN 64

enum { RELEASE_FREES = (R(TRAITS) & RING_RELEASE_FREES) != 0 };

struct back {
    struct R(back) ring;
    struct notify_tx tx;
    struct notify_rx rx;
};

RING_LOOP void act(struct ring_run *run, struct back *b, enum notify_action action)
{
    if (action == NOTIFY_TELL)
        R(rsp_flush)(&b->ring);
    if ((action == NOTIFY_TELL && R(rsp_reached)(&b->ring)) ||
        (action == NOTIFY_ASK && R(rsp_ask)(&b->ring)))
        ring_tell(run);
}

/* Requests arrive in the order in which they were sent. */
static void check(const struct ring_run *run, const uint64_t *words, uint32_t i)
{
    if (words[0] != run->answered + i || !ring_intact(words, REQUEST_WORDS))
        power_panic("request %lu: found %lx %lx %lx %lx", run->answered + i, words[0], words[1],
                    words[2], words[3]);
}

/*
 * Publishes the answers to n requests, the last one first. There is room for all of them in a ring
 * whose front end is correct, but a reserve may find it in pieces (rings/ring.h). false: there is
 * none.
 */
RING_LOOP bool answer(struct back *b, const uint64_t *numbers, const uint32_t *tags, uint32_t n)
{
    unsigned vain = 0;
    for (uint32_t left = n; left > 0;) {
        int32_t granted = R(rsp_reserve)(&b->ring, left);
        if (granted < 0 || (uint32_t)granted > left || (granted == 0 && ++vain > RESERVES_IN_VAIN))
            return false;
        for (uint32_t i = 0; i < (uint32_t)granted; i++) {
            uint64_t words[RESPONSE_WORDS];
            left--;
            ring_fill(words, numbers[left], RESPONSE_WORDS);
            R(rsp_write)(&b->ring, i, tags[left], words, RESPONSE_SIZE);
        }
        if (granted > 0)
            R(rsp_publish)(&b->ring, (uint32_t)granted);
    }
    return true;
}

/* Answers what there is; how many it was, or RING_EBROKEN. */
RING_LOOP int32_t serve(struct ring_run *run, struct back *b)
{
    uint64_t numbers[RING_BATCH_MAX];
    uint32_t tags[RING_BATCH_MAX];
    int32_t filled = R(req_peek)(&b->ring, run->batch);
    if (filled <= 0)
        return filled;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[REQUEST_WORDS];
        tags[i] = R(req_read)(&b->ring, i, words, REQUEST_SIZE);
        check(run, words, i);
        if (run->serve)
            run->serve();
        numbers[i] = words[0];
    }
    if (!RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);
    if (!answer(b, numbers, tags, (uint32_t)filled))
        return RING_EBROKEN;
    if (RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);
    run->answered += (uint32_t)filled;
    return filled;
}

RING_LOOP void idle(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    uint64_t now = ring_now(policy);
    R(rsp_flush)(&b->ring);
    if (notify_deadline(policy, &b->tx) <= now)
        act(run, b, notify_flush(policy, &b->tx));
    enum notify_wait wait = notify_idle(policy, &b->rx, now);
    if (wait == NOTIFY_SPIN || (wait == NOTIFY_ARM && R(req_arm)(&b->ring, 1))) {
        ring_spin(run);
        return;
    }
    ring_sleep(run, notify_deadline(policy, &b->tx));
    R(req_disarm)(&b->ring);
}

RING_LOOP void loop(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    while (!ring_over(run)) {
        int32_t n = serve(run, b);
        if (n < 0) {
            run->broken = true;
        } else if (n > 0) {
            notify_busy(policy, &b->rx);
            act(run, b, notify_published(policy, &b->tx, (uint32_t)n, ring_now(policy)));
            ring_progress(run);
        } else {
            idle(run, b, policy);
        }
    }
    /* The last ones may be held back, and nobody comes by again. */
    R(rsp_flush)(&b->ring);
    ring_tell(run);
}

void ring_back(struct ring_run *run)
{
    static struct back b;
    struct ring_footprint footprint = {0};
    ring_require(run, R(footprint)(&run->geometry, &footprint));
    if (footprint.shared > run->channel.pages * PAGE_SIZE)
        power_panic("channel %s: expected %zu bytes, found %u pages", run->channel.name,
                    footprint.shared, run->channel.pages);
    if (!channel_attach(&run->channel, NS(time_system().n + RING_PATIENCE))) {
        run->alone = true;
        return;
    }
    ring_require(run, R(back_attach)(&b.ring, &run->geometry, run->channel.memory,
                                     ring_private(footprint.back)));
    printf("ready\n");
    notify_tx_init(&b.tx, &run->params);
    notify_rx_init(&b.rx, &run->params);
    switch (run->policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        loop(run, &b, NOTIFY_##id);    \
        break;
#include "rings/policies.def"
#undef RING_POLICY
    default:
        break;
    }
}
