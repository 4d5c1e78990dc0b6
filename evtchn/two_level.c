/* SPDX-License-Identifier: MIT */
/*
 * `2l` and `2l-32`, the producing half: Xen's 2-level ABI (xen/xen.h, struct shared_info and struct
 * vcpu_info), for guests of 64-bit and of 32-bit words.
 *
 * Ordering. What a side writes, it writes by a read-modify-write, a full barrier, before it reads
 * what the other side wrote:
 *   producer  sets pending, then reads mask, then sets the selector's bit, then the upcall flag
 *   consumer  clears the upcall flag, then takes the selector, then reads pending and mask;
 *             clears mask, then reads pending (unmask)
 * If the producer finds the mask set, whoever clears it finds pending set. If it finds the
 * selector's bit set, whoever takes the selector finds pending set, and is under way: somebody set
 * the bit before, and sets the flag after that.
 */
#include "abi.h"
#include "word.h"

EVTCHN_WORD_FN struct evtchn_effect select(struct evtchn *e, uint32_t bits)
{
    struct evtchn_vcpu *v = evtchn_vcpu_of(e);
    if (word_set(evtchn_load(&v->selector), e->port / bits, bits))
        return (struct evtchn_effect){NULL, EVTCHN_IS_PENDING};
    return evtchn_tell(v);
}

EVTCHN_WORD_FN struct evtchn_effect set_pending(struct evtchn *e, uint32_t bits)
{
    const struct evtchn_domain *d = e->domain;
    if (word_set(d->pending, e->port, bits))
        return EVTCHN_NO_EFFECT;
    if (word_test(d->mask, e->port, bits))
        return (struct evtchn_effect){NULL, EVTCHN_IS_PENDING};
    return select(e, bits);
}

EVTCHN_WORD_FN struct evtchn_effect unmask(struct evtchn *e, uint32_t bits)
{
    const struct evtchn_domain *d = e->domain;
    if (!word_clear(d->mask, e->port, bits) || !word_test(d->pending, e->port, bits))
        return EVTCHN_NO_EFFECT;
    return select(e, bits);
}

#define TWO_LEVEL(bits_, name_)                                                        \
    static struct evtchn_effect set_pending_##bits_(struct evtchn *e)                  \
    {                                                                                  \
        return set_pending(e, bits_);                                                  \
    }                                                                                  \
    static void clear_pending_##bits_(struct evtchn *e)                                \
    {                                                                                  \
        (void)word_clear(e->domain->pending, e->port, bits_);                          \
    }                                                                                  \
    static bool is_pending_##bits_(const struct evtchn *e)                             \
    {                                                                                  \
        return word_test(e->domain->pending, e->port, bits_);                          \
    }                                                                                  \
    static struct evtchn_effect unmask_##bits_(struct evtchn *e)                       \
    {                                                                                  \
        return unmask(e, bits_);                                                       \
    }                                                                                  \
    static void select_all_##bits_(struct evtchn_vcpu *v)                              \
    {                                                                                  \
        (void)word_swap(evtchn_load(&v->selector), 0, ~0ULL, bits_);                   \
    }                                                                                  \
    const struct evtchn_abi evtchn_two_level_##bits_##_producer = {                    \
        .name = name_,                                                                 \
        .ports = (bits_) * (bits_), /* a bit of the selector for each word of ports */ \
        .set_pending = set_pending_##bits_,                                            \
        .clear_pending = clear_pending_##bits_,                                        \
        .is_pending = is_pending_##bits_,                                              \
        .unmask = unmask_##bits_,                                                      \
        .select_all = select_all_##bits_,                                              \
    }

TWO_LEVEL(64, "2l");
TWO_LEVEL(32, "2l-32");
