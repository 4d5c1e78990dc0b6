/* SPDX-License-Identifier: MIT */
/*
 * One end of a ring between two domains, over a channel `ring` (guest/channel.h): the front end
 * sends requests and matches responses to them by number, the back end answers each batch in the
 * reverse order. All that arrives is checked, word by word. One image each layout.
 *
 *   count=N      requests; 0: until the other end is gone
 *   yield=1      who looks without finding anything gives the processor away: both ends share one
 *   ring.policy=NAME, ring.entries=N, ring.batch=N, and ring.threshold=, ring.coalesce_n=,
 *   ring.coalesce_ns=, ring.spin_ns= (rings/notify.h); ring.window=N requests on their way
 *
 * The last line that an end prints begins with `done` or, if the other end went away, `alone`, and
 * says how many requests were answered. What should not happen ends the run with a crash.
 */
#ifndef TESTS_DOMAINS_RING_H
#define TESTS_DOMAINS_RING_H

#include "guest/address.h"
#include "guest/channel.h"
#include "guest/power.h"
#include "rings/notify.h"
#include "rings/ring.h"

#define RING_BATCH_MAX 64U
#define RING_SHARED_MAX 16U /* rings of one back end */
#define REQUEST_WORDS 4U    /* of 8 bytes */
#define RESPONSE_WORDS 2U

#define RING_PATIENCE (20 * NS_PER_SECOND) /* without any progress: something is lost */
#define RING_LOOK (50 * NS_PER_MS)         /* how often a sleeper asks whether the other end is */
#define RING_SPINS 1024U                   /* and who looks all the time, after so many looks */

struct ring_run {
    struct channel channel;
    struct ring_geometry geometry;
    struct notify_params params;
    enum notify_policy policy;
    uint32_t batch;
    uint32_t window; /* requests on their way, at most; also as many as the ring takes */
    uint64_t count;  /* UINT64_MAX: without end */
    bool yields;

    uint64_t sent; /* front end */
    uint64_t answered;
    uint64_t out_of_order; /* responses that came before an older one */
    uint64_t sleeps;
    uint64_t tells;

    /* For who measures. */
    uint64_t mark;     /* ring_reached() is told when so many were answered; UINT64_MAX: never */
    uint64_t *sent_at; /* front end, RING_ENTRIES_MAX of them; NULL: nobody asks */

    /* Front end, open loop: when each of `count` requests is due, in ns since the other end is
     * there, rising; that is when it was sent for who measures, however late it is. NULL: as soon
     * as there is room. */
    const uint64_t *due;
    uint64_t due_from; /* ns */

    /* Back end: what each request takes; NULL: nothing. */
    void (*serve)(void);

    uint64_t progress_at; /* when something was found last, ns; 0: look at the clock */
    uint32_t spins;
    bool gone;  /* the other end is; what it left is there still */
    bool alone; /* and nothing is left */
    bool broken;
    const char *fault; /* back end: why it is broken */
    uint64_t heard;    /* one of several: events, when it was last tried to attach */
};

/* What is to be done, by the command line. The channel is open. */
void ring_options(struct ring_run *run);

/* Does it; and gives the channel back. */
void ring_work(struct ring_run *run);
void ring_close(struct ring_run *run);

/* What the image does with it, if it asked: `mark` is reached; a request was answered. */
void ring_reached(struct ring_run *run);
void ring_answered(struct ring_run *run, uint64_t sent_at);

/* The two ends, each compiled with its layout: lay out or attach, and run. */
void ring_front(struct ring_run *run);
void ring_back(struct ring_run *run);

/*
 * A back end of `n` rings, RING_SHARED_MAX at most, all by the first one's policy: until that is
 * over. The others may come later, or never; who breaks one of them has it closed, and the rest go
 * on. A broken one that was closed has no channel any more.
 */
void ring_share(struct ring_run *runs, unsigned n);

/* Word `i` of what carries a number, beyond word 0, which is the number. */
static inline uint64_t ring_word(uint64_t number, unsigned i)
{
    return (number ^ (uint64_t)i << 56) * 0x9e3779b97f4a7c15UL;
}

static inline void ring_fill(uint64_t *words, uint64_t number, unsigned n)
{
    words[0] = number;
    for (unsigned i = 1; i < n; i++)
        words[i] = ring_word(number, i);
}

static inline bool ring_intact(const uint64_t *words, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        if (words[i] != ring_word(words[0], i))
            return false;
    }
    return true;
}

/* ---- waiting, in ring.c */

/* Something was found. */
static inline void ring_progress(struct ring_run *run)
{
    run->progress_at = 0;
    run->spins = 0;
    if (run->answered >= run->mark)
        ring_reached(run);
}

void ring_tell(struct ring_run *run);

/* Looked, and found nothing. */
void ring_spin(struct ring_run *run);

/* Sleeps until told, at most until `deadline`, and not for ever. */
void ring_sleep(struct ring_run *run, uint64_t deadline);

/* Front end: waits until the other end has attached itself. */
void ring_await(struct ring_run *run);

/* Ends the run unless the ring could be set up. */
void ring_require(const struct ring_run *run, int error);

/* Private memory of an end. */
void *ring_private(size_t size);

static inline bool ring_over(const struct ring_run *run)
{
    return run->answered == run->count || run->alone || run->broken;
}

#define RING_LOOP static inline __attribute__((always_inline))

RING_LOOP uint64_t ring_now(enum notify_policy policy)
{
    return notify_uses_clock(policy) ? time_system().n : 0;
}

#endif
