/* SPDX-License-Identifier: MIT */
/*
 * `flat`, the producing half: one word of pending bits and one of masks, as in P. Barham et al.,
 * "Xen and the Art of Virtualization", SOSP 2003, section 3.2 (control transfer): the bits lie
 * where `2l` has the first 64 of its ports.
 *
 * Ordering: the pending bit is set by a read-modify-write, a full barrier, before the mask and the
 * upcall flag are looked at; the consumer clears the flag, and the mask, by one before it looks at
 * the pending bits.
 */
#include "abi.h"

static uint64_t *pending(const struct evtchn *e)
{
    return e->domain->pending;
}

static uint64_t *mask(const struct evtchn *e)
{
    return e->domain->mask;
}

static bool test(const uint64_t *word, uint32_t port)
{
    return (evtchn_load(word) >> port & 1) != 0;
}

static struct evtchn_effect flat_set_pending(struct evtchn *e)
{
    if (evtchn_set_bit(pending(e), e->port))
        return EVTCHN_NO_EFFECT;
    if (test(mask(e), e->port))
        return (struct evtchn_effect){NULL, EVTCHN_IS_PENDING};
    return evtchn_tell(evtchn_vcpu_of(e));
}

static void flat_clear_pending(struct evtchn *e)
{
    (void)evtchn_clear_bit(pending(e), e->port);
}

static bool flat_is_pending(const struct evtchn *e)
{
    return test(pending(e), e->port);
}

static struct evtchn_effect flat_unmask(struct evtchn *e)
{
    if (!evtchn_clear_bit(mask(e), e->port) || !test(pending(e), e->port))
        return EVTCHN_NO_EFFECT;
    return evtchn_tell(evtchn_vcpu_of(e));
}

const struct evtchn_abi evtchn_flat_producer = {
    .name = "flat",
    .ports = 64,
    .set_pending = flat_set_pending,
    .clear_pending = flat_clear_pending,
    .is_pending = flat_is_pending,
    .unmask = flat_unmask,
};
