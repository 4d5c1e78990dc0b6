/* SPDX-License-Identifier: MIT */
/* The back end, of one ring or of several; compiled once a layout. */
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

static int32_t breaks(struct ring_run *run, const char *fault)
{
    run->broken = true;
    run->fault = fault;
    return RING_EBROKEN;
}

/* Requests arrive in the order in which they were sent. */
static bool expected(const struct ring_run *run, const uint64_t *words, uint32_t i)
{
    return words[0] == run->answered + i && ring_intact(words, REQUEST_WORDS);
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
    if (filled < 0)
        return breaks(run, ring_error_text(filled));
    if (filled == 0)
        return 0;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[REQUEST_WORDS];
        tags[i] = R(req_read)(&b->ring, i, words, REQUEST_SIZE);
        if (!expected(run, words, i))
            return breaks(run, "a request is damaged, or is not the next one");
        if (run->serve)
            run->serve();
        numbers[i] = words[0];
    }
    if (!RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);
    if (!answer(b, numbers, tags, (uint32_t)filled))
        return breaks(run, "there is no room for the answer to a request");
    if (RELEASE_FREES)
        R(req_release)(&b->ring, (uint32_t)filled);
    run->answered += (uint32_t)filled;
    return filled;
}

/* Answers what there is, and tells if that is wanted; how many it was, or RING_EBROKEN. */
RING_LOOP int32_t turn(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    int32_t n = serve(run, b);
    if (n > 0) {
        notify_busy(policy, &b->rx);
        act(run, b, notify_published(policy, &b->tx, (uint32_t)n, ring_now(policy)));
        ring_progress(run);
    }
    return n;
}

/* Nothing was found. May it sleep? */
RING_LOOP bool rests(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    uint64_t now = ring_now(policy);
    R(rsp_flush)(&b->ring);
    if (notify_deadline(policy, &b->tx) <= now)
        act(run, b, notify_flush(policy, &b->tx));
    enum notify_wait wait = notify_idle(policy, &b->rx, now);
    return wait != NOTIFY_SPIN && (wait != NOTIFY_ARM || !R(req_arm)(&b->ring, 1));
}

RING_LOOP void idle(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    if (!rests(run, b, policy)) {
        ring_spin(run);
        return;
    }
    ring_sleep(run, notify_deadline(policy, &b->tx));
    R(req_disarm)(&b->ring);
}

RING_LOOP void loop(struct ring_run *run, struct back *b, enum notify_policy policy)
{
    while (!ring_over(run)) {
        if (turn(run, b, policy) == 0)
            idle(run, b, policy);
    }
    /* The last ones may be held back, and nobody comes by again. */
    R(rsp_flush)(&b->ring);
    ring_tell(run);
}

/* false: nobody offered it until then. */
static bool attach(struct ring_run *run, struct back *b, ns_t deadline)
{
    struct ring_footprint footprint = {0};
    ring_require(run, R(footprint)(&run->geometry, &footprint));
    if (footprint.shared > run->channel.pages * PAGE_SIZE)
        power_panic("channel %s: expected %zu bytes, found %u pages", run->channel.name,
                    footprint.shared, run->channel.pages);
    if (!channel_attach(&run->channel, deadline))
        return false;
    ring_require(run, R(back_attach)(&b->ring, &run->geometry, run->channel.memory,
                                     ring_private(footprint.back)));
    notify_tx_init(&b->tx, &run->params);
    notify_rx_init(&b->rx, &run->params);
    return true;
}

void ring_back(struct ring_run *run)
{
    static struct back b;
    if (!attach(run, &b, NS(time_system().n + RING_PATIENCE))) {
        run->alone = true;
        return;
    }
    printf("ready\n");
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

/* ---- several */

struct served {
    struct ring_run *run;
    struct back *back;
};

static struct served all[RING_SHARED_MAX]; /* that are still open; the first one stays there */
static unsigned all_count;

/* Whose front end is late, or never comes, is waited for by nobody. */
static bool attached(const struct served *s)
{
    struct ring_run *run = s->run;
    if (run->channel.memory == NULL && run->channel.events != run->heard) {
        run->heard = run->channel.events;
        attach(run, s->back, NS(0));
    }
    return run->channel.memory != NULL;
}

/* At most a batch of each, so that none has the others wait for more. One that is broken is closed,
 * it alone: its front end sees that its port is. Was there anything? */
RING_LOOP bool turn_each(enum notify_policy policy)
{
    bool any = false;
    for (unsigned i = 0; i < all_count; i++) {
        struct served *s = &all[i];
        int32_t found = attached(s) ? turn(s->run, s->back, policy) : 0;
        any |= found != 0;
        if (found < 0) {
            channel_close(&s->run->channel);
            *s = all[--all_count];
        }
    }
    return any;
}

/* Nothing was found. Until when it may sleep; 0: not at all. */
RING_LOOP uint64_t rest_each(enum notify_policy policy)
{
    uint64_t until = NOTIFY_NEVER;
    for (unsigned i = 0; until > 0 && i < all_count; i++) {
        if (all[i].run->channel.memory == NULL)
            continue;
        bool may = rests(all[i].run, all[i].back, policy);
        uint64_t deadline = may ? notify_deadline(policy, &all[i].back->tx) : 0;
        until = deadline < until ? deadline : until;
    }
    return until;
}

static void disarm_each(void)
{
    for (unsigned i = 0; i < all_count; i++) {
        if (all[i].run->channel.memory != NULL)
            R(req_disarm)(&all[i].back->ring);
    }
}

/* The first one is asked for its other end even when the others never leave anything to be waited
 * for. */
RING_LOOP void loop_each(struct ring_run *first, enum notify_policy policy)
{
    while (!ring_over(first)) {
        uint64_t before = first->answered;
        if (turn_each(policy)) {
            if (first->answered == before)
                ring_spin(first);
            continue;
        }
        uint64_t until = rest_each(policy);
        if (until > 0)
            ring_sleep(first, until);
        else
            ring_spin(first);
        disarm_each();
    }
    if (!first->broken && first->channel.memory != NULL) {
        R(rsp_flush)(&all[0].back->ring);
        ring_tell(first);
    }
}

void ring_share(struct ring_run *runs, unsigned n)
{
    static struct back backs[RING_SHARED_MAX];
    for (all_count = 0; all_count < n; all_count++) {
        all[all_count] = (struct served){&runs[all_count], &backs[all_count]};
        runs[all_count].heard = UINT64_MAX; /* what was offered before we listened told nobody */
    }
    if (!attach(&runs[0], &backs[0], NS(time_system().n + RING_PATIENCE)))
        runs[0].alone = true;
    switch (runs[0].policy) {
#define RING_POLICY(id, name, summary)    \
    case NOTIFY_##id:                     \
        loop_each(&runs[0], NOTIFY_##id); \
        break;
#include "rings/policies.def"
#undef RING_POLICY
    default:
        break;
    }
}
