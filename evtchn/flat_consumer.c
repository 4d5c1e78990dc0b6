/* SPDX-License-Identifier: MIT */
/* `flat`, the consuming half; flat.c has the other, and the ordering. */
#include "consumer.h"

static bool test(const uint64_t *word, uint32_t port)
{
    return (evtchn_load(word) >> port & 1) != 0;
}

static uint32_t flat_next(struct evtchn_consumer *c)
{
    uint64_t *pending = c->pending;
    uint64_t mine = c->mine == NULL ? ~0ULL : evtchn_load((uint64_t *)c->mine);
    uint64_t found;
    mine &= ~1ULL; /* port 0, were it scribbled upon, would look like the end */
    while ((found = evtchn_load(pending) & ~evtchn_load((uint64_t *)c->mask) & mine) != 0) {
        uint32_t port = (uint32_t)__builtin_ctzll(found);
        if (evtchn_clear_bit(pending, port))
            return port;
    }
    return EVTCHN_NONE;
}

static void flat_mask(struct evtchn_consumer *c, uint32_t port)
{
    (void)evtchn_set_bit((uint64_t *)c->mask, port);
}

static enum evtchn_unmasked flat_unmask(struct evtchn_consumer *c, uint32_t port)
{
    if (c->mine != NULL && !test(c->mine, port))
        return EVTCHN_UNMASK_CALL;
    (void)evtchn_clear_bit((uint64_t *)c->mask, port);
    if (!test(c->pending, port))
        return EVTCHN_UNMASKED;
    (void)evtchn_exchange(c->upcall, 1);
    return EVTCHN_UPCALL_DUE;
}

static bool flat_is_pending(const struct evtchn_consumer *c, uint32_t port)
{
    return test(c->pending, port);
}

static void flat_clear_pending(struct evtchn_consumer *c, uint32_t port)
{
    (void)evtchn_clear_bit((uint64_t *)c->pending, port);
}

const struct evtchn_consumer_abi evtchn_flat_consumer = {
    .name = "flat",
    .ports = 64,
    .next = flat_next,
    .mask = flat_mask,
    .unmask = flat_unmask,
    .is_pending = flat_is_pending,
    .clear_pending = flat_clear_pending,
};
