/* SPDX-License-Identifier: MIT */
/*
 * `fifo`, the consuming half; fifo.c has the other, and the ordering; memory.h draws a word.
 *
 * Only this side takes ports off, so it keeps the head of each queue for itself and looks into the
 * control block when that is 0: the queue was empty, and a producer that finds so writes a new
 * head.
 */
#include "consumer.h"

/* How long BUSY is waited for. A producer holds it for a few instructions; if it lost its processor
 * meanwhile, the unmask call does it instead. */
#define BUSY_SPINS 64

static uint32_t *word_of(const struct evtchn_consumer *c, uint32_t port)
{
    return evtchn_word(c->array, port);
}

/* Takes the port off its queue: the next one, or 0. false: it was in none. */
static bool take_off(uint32_t *word, uint32_t *next)
{
    uint32_t seen = evtchn_load(word);
    do {
        if ((seen & EVTCHN_LINKED) == 0)
            return false;
    } while (!evtchn_cas(word, &seen, seen & ~(EVTCHN_LINKED | EVTCHN_LINK)));
    *next = seen & EVTCHN_LINK;
    return true;
}

static uint32_t give_up(struct evtchn_consumer *c, uint32_t queue)
{
    c->head[queue] = 0;
    c->selected &= ~(1ULL << queue);
    return EVTCHN_BROKEN_QUEUE;
}

static uint32_t fifo_next(struct evtchn_consumer *c)
{
    for (;;) {
        /* Anew each time: what has a higher priority goes first. */
        if (evtchn_load(&c->control->ready) != 0)
            c->selected |= evtchn_exchange(&c->control->ready, 0) & ((1U << EVTCHN_QUEUES) - 1);
        if (c->selected == 0)
            return EVTCHN_NONE;
        uint32_t queue = (uint32_t)__builtin_ctzll(c->selected);
        uint32_t port = c->head[queue];
        if (port == 0)
            port = evtchn_load(&c->control->head[queue]);
        if (port == 0 || port > EVTCHN_LINK)
            return give_up(c, queue);
        uint32_t *word = word_of(c, port);
        if (word == NULL || !take_off(word, &c->head[queue]))
            return give_up(c, queue);
        if (c->head[queue] == 0)
            c->selected &= ~(1ULL << queue);
        if ((evtchn_load(word) & (EVTCHN_PENDING | EVTCHN_MASKED)) == EVTCHN_PENDING &&
            evtchn_clear_bit(word, EVTCHN_PENDING_BIT))
            return port;
    }
}

static void fifo_mask(struct evtchn_consumer *c, uint32_t port)
{
    (void)evtchn_set_bit(word_of(c, port), EVTCHN_MASKED_BIT);
}

static enum evtchn_unmasked fifo_unmask(struct evtchn_consumer *c, uint32_t port)
{
    uint32_t *word = word_of(c, port);
    uint32_t seen = evtchn_load(word);
    for (int spins = 0; spins < BUSY_SPINS; spins++) {
        if ((seen & EVTCHN_MASKED) == 0)
            return EVTCHN_UNMASKED;
        if ((seen & EVTCHN_PENDING) != 0)
            return EVTCHN_UNMASK_CALL;
        seen &= ~EVTCHN_BUSY;
        if (evtchn_cas(word, &seen, seen & ~EVTCHN_MASKED))
            return EVTCHN_UNMASKED;
        evtchn_pause();
    }
    return EVTCHN_UNMASK_CALL;
}

static bool fifo_is_pending(const struct evtchn_consumer *c, uint32_t port)
{
    return (evtchn_load(word_of(c, port)) & EVTCHN_PENDING) != 0;
}

static void fifo_clear_pending(struct evtchn_consumer *c, uint32_t port)
{
    (void)evtchn_clear_bit(word_of(c, port), EVTCHN_PENDING_BIT);
}

const struct evtchn_consumer_abi evtchn_fifo_consumer = {
    .name = "fifo",
    .ports = 1U << EVTCHN_LINK_BITS,
    .next = fifo_next,
    .mask = fifo_mask,
    .unmask = fifo_unmask,
    .is_pending = fifo_is_pending,
    .clear_pending = fifo_clear_pending,
};
