/* SPDX-License-Identifier: MIT */
/*
 * `2l` and `2l-32`, the consuming half; two_level.c has the other, and the ordering.
 *
 * Words are visited in rotation, each once for every time its selector bit is taken, and what is
 * pending in a word is read once a visit. So a port that is sent to all the time is handed out
 * again only after every other that was pending when its word was visited.
 */
#include "consumer.h"
#include "word.h"

EVTCHN_WORD_FN uint32_t next(struct evtchn_consumer *c, uint32_t bits)
{
    for (;;) {
        while (c->found != 0) {
            uint32_t port = c->at * bits + (uint32_t)__builtin_ctzll(c->found);
            c->found &= c->found - 1;
            /* It may have been masked since, or become another vcpu's. */
            if (!word_test(c->mask, port, bits) &&
                (c->mine == NULL || word_test(c->mine, port, bits)) &&
                word_clear(c->pending, port, bits))
                return port;
        }
        if (c->selected == 0) {
            if (word_load(c->selector, 0, bits) == 0)
                return EVTCHN_NONE;
            c->selected = word_swap(c->selector, 0, 0, bits);
            if (c->selected == 0) /* somebody else took it, or scribbled */
                return EVTCHN_NONE;
        }
        uint64_t after = c->selected & (~1ULL << c->at);
        c->at = (uint32_t)__builtin_ctzll(after != 0 ? after : c->selected);
        c->selected &= ~(1ULL << c->at);
        c->found = word_load(c->pending, c->at, bits) & ~word_load(c->mask, c->at, bits);
        if (c->mine != NULL)
            c->found &= word_load(c->mine, c->at, bits);
        if (c->at == 0)
            c->found &= ~1ULL; /* port 0, were it scribbled upon, would look like the end */
    }
}

EVTCHN_WORD_FN enum evtchn_unmasked unmask(struct evtchn_consumer *c, uint32_t port, uint32_t bits)
{
    if (c->mine != NULL && !word_test(c->mine, port, bits))
        return EVTCHN_UNMASK_CALL;
    (void)word_clear(c->mask, port, bits);
    if (!word_test(c->pending, port, bits))
        return EVTCHN_UNMASKED;
    (void)word_set(c->selector, port / bits, bits);
    (void)evtchn_exchange(c->upcall, 1);
    return EVTCHN_UPCALL_DUE;
}

#define TWO_LEVEL(bits_, name_)                                                          \
    static uint32_t next_##bits_(struct evtchn_consumer *c)                              \
    {                                                                                    \
        return next(c, bits_);                                                           \
    }                                                                                    \
    static void mask_##bits_(struct evtchn_consumer *c, uint32_t port)                   \
    {                                                                                    \
        (void)word_set(c->mask, port, bits_);                                            \
    }                                                                                    \
    static enum evtchn_unmasked unmask_##bits_(struct evtchn_consumer *c, uint32_t port) \
    {                                                                                    \
        return unmask(c, port, bits_);                                                   \
    }                                                                                    \
    static bool is_pending_##bits_(const struct evtchn_consumer *c, uint32_t port)       \
    {                                                                                    \
        return word_test(c->pending, port, bits_);                                       \
    }                                                                                    \
    static void clear_pending_##bits_(struct evtchn_consumer *c, uint32_t port)          \
    {                                                                                    \
        (void)word_clear(c->pending, port, bits_);                                       \
    }                                                                                    \
    const struct evtchn_consumer_abi evtchn_two_level_##bits_##_consumer = {             \
        .name = name_,                                                                   \
        .ports = (bits_) * (bits_),                                                      \
        .next = next_##bits_,                                                            \
        .mask = mask_##bits_,                                                            \
        .unmask = unmask_##bits_,                                                        \
        .is_pending = is_pending_##bits_,                                                \
        .clear_pending = clear_pending_##bits_,                                          \
    }

TWO_LEVEL(64, "2l");
TWO_LEVEL(32, "2l-32");
