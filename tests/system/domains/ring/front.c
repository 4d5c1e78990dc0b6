/* SPDX-License-Identifier: MIT */
/* The front end; compiled once a layout. */
#include "tests/system/domains/ring/ring.h"
#include "rings/layout.h"

#define REQUEST_SIZE (REQUEST_WORDS * 8)
#define RESPONSE_SIZE (RESPONSE_WORDS * 8)

/* Which numbers are on their way: by number modulo the window, number + 1; 0 is none. */
static uint64_t pending[RING_ENTRIES_MAX];

struct front {
    struct R(front) ring;
    struct notify_tx tx;
    struct notify_rx rx;
    uint32_t window;
    uint64_t sent;
    uint64_t expected; /* the oldest number without a response */
};

RING_LOOP void act(struct ring_run *run, struct front *f, enum notify_action action)
{
    if (action == NOTIFY_TELL)
        R(req_flush)(&f->ring);
    if (action == NOTIFY_TELL || (action == NOTIFY_ASK && R(req_ask)(&f->ring)))
        ring_tell(run);
}

/* Has it a place? A slot of the window may wait for a late one. */
RING_LOOP bool fits(const struct ring_run *run, const struct front *f, uint64_t number)
{
    return number < run->count && number - run->answered < f->window &&
           pending[number % f->window] == 0;
}

/* How many may be sent. */
RING_LOOP uint32_t sendable(const struct ring_run *run, const struct front *f)
{
    uint64_t since = run->due ? time_system().n - run->due_from : 0;
    uint32_t n = 0;
    while (n < run->batch && fits(run, f, f->sent + n) &&
           (!run->due || run->due[f->sent + n] <= since))
        n++;
    return n;
}

/* When there is something to send again, if nothing is answered before. */
RING_LOOP uint64_t next_due(const struct ring_run *run, const struct front *f)
{
    return run->due && fits(run, f, f->sent) ? run->due_from + run->due[f->sent] : NOTIFY_NEVER;
}

/* How many were sent, or RING_EBROKEN. */
RING_LOOP int32_t send(struct ring_run *run, struct front *f, uint32_t n, enum notify_policy policy)
{
    int32_t granted = R(req_reserve)(&f->ring, n);
    if (granted <= 0)
        return granted;
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        uint64_t words[REQUEST_WORDS];
        ring_fill(words, f->sent, REQUEST_WORDS);
        pending[f->sent % f->window] = f->sent + 1;
        if (run->sent_at)
            run->sent_at[f->sent % f->window] =
                run->due ? run->due_from + run->due[f->sent] : time_system().n;
        R(req_write)(&f->ring, i, words, REQUEST_SIZE);
        f->sent++;
    }
    run->sent = f->sent;
    R(req_publish)(&f->ring, (uint32_t)granted);
    act(run, f, notify_published(policy, &f->tx, (uint32_t)granted, ring_now(policy)));
    return granted;
}

static void take(struct ring_run *run, struct front *f, const uint64_t *words)
{
    uint64_t number = words[0];
    if (!ring_intact(words, RESPONSE_WORDS))
        power_panic("response %lu: damaged: %lx", number, words[1]);
    if (pending[number % f->window] != number + 1)
        power_panic("response %lu: to no request, of %lu sent and %lu answered", number, f->sent,
                    run->answered);
    pending[number % f->window] = 0;
    if (run->sent_at)
        ring_answered(run, run->sent_at[number % f->window]);
    run->out_of_order += number != f->expected;
    run->answered++;
    while (f->expected < f->sent && pending[f->expected % f->window] != f->expected + 1)
        f->expected++;
}

RING_LOOP int32_t collect(struct ring_run *run, struct front *f)
{
    int32_t filled = R(rsp_peek)(&f->ring, run->batch);
    if (filled <= 0)
        return filled;
    for (uint32_t i = 0; i < (uint32_t)filled; i++) {
        uint64_t words[RESPONSE_WORDS];
        R(rsp_read)(&f->ring, i, words, RESPONSE_SIZE);
        take(run, f, words);
    }
    R(rsp_release)(&f->ring, (uint32_t)filled);
    return filled;
}

RING_LOOP void idle(struct ring_run *run, struct front *f, enum notify_policy policy)
{
    uint64_t now = ring_now(policy);
    R(req_flush)(&f->ring);
    if (notify_deadline(policy, &f->tx) <= now)
        act(run, f, notify_flush(policy, &f->tx));
    enum notify_wait wait = notify_idle(policy, &f->rx, now);
    uint32_t after = notify_after(&f->rx, (uint32_t)(f->sent - run->answered));
    if (wait == NOTIFY_SPIN || (wait == NOTIFY_ARM && R(rsp_arm)(&f->ring, after))) {
        ring_spin(run);
        return;
    }
    uint64_t deadline = notify_deadline(policy, &f->tx);
    uint64_t due = next_due(run, f);
    ring_sleep(run, due < deadline ? due : deadline);
    R(rsp_disarm)(&f->ring);
}

RING_LOOP void loop(struct ring_run *run, struct front *f, enum notify_policy policy)
{
    while (!ring_over(run)) {
        uint32_t wanted = sendable(run, f);
        int32_t sent = wanted > 0 ? send(run, f, wanted, policy) : 0;
        int32_t collected = sent < 0 ? sent : collect(run, f);
        if (collected < 0) {
            run->broken = true;
        } else if (collected > 0 || sent > 0) {
            notify_busy(policy, &f->rx); /* what was sent is waited for anew */
            ring_progress(run);
        } else if (wanted > 0) { /* room is a late release away, which nobody tells of */
            R(req_flush)(&f->ring);
            ring_spin(run);
        } else {
            idle(run, f, policy);
        }
    }
}

void ring_front(struct ring_run *run)
{
    static struct front f;
    struct ring_footprint footprint = {0};
    ring_require(run, R(footprint)(&run->geometry, &footprint));
    if (footprint.shared > run->channel.pages * PAGE_SIZE)
        power_panic("channel %s: expected %zu bytes, found %u pages", run->channel.name,
                    footprint.shared, run->channel.pages);
    ring_require(run, R(front_init)(&f.ring, &run->geometry, run->channel.memory,
                                    ring_private(footprint.front)));
    f.window = R(capacity)(&run->geometry);
    if (f.window > run->window)
        f.window = run->window;
    notify_tx_init(&f.tx, &run->params);
    notify_rx_init(&f.rx, &run->params);
    channel_offer(&run->channel);
    if (run->due) {
        ring_await(run);
        run->due_from = time_system().n;
    }
    switch (run->policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        loop(run, &f, NOTIFY_##id);    \
        break;
#include "rings/policies.def"
#undef RING_POLICY
    default:
        break;
    }
}
