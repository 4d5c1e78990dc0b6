/* SPDX-License-Identifier: MIT */
/*
 * What the producing half of a delivery ABI supplies. For the ABIs and the port table; embedders
 * need evtchn.h alone.
 *
 * Called with the locks of the operation that they serve (evtchn.h); set_pending, is_pending and
 * unmask run on any number of processors at once, on the same port too.
 */
#ifndef EVTCHN_ABI_H
#define EVTCHN_ABI_H

#include "evtchn.h"

struct evtchn_abi {
    const char *name;
    uint32_t ports; /* how many it can carry, port 0 included */
    bool prioritises;

    /* The port has something for its domain, which is told unless it masked the port. */
    struct evtchn_effect (*set_pending)(struct evtchn *e);

    /* The port is being closed. */
    void (*clear_pending)(struct evtchn *e);

    bool (*is_pending)(const struct evtchn *e);

    /* Removes the mask; the domain is told if the port is pending. */
    struct evtchn_effect (*unmask)(struct evtchn *e);

    /* All that may wait for this vcpu is looked at in its next upcall. NULL: it is anyway. */
    void (*select_all)(struct evtchn_vcpu *v);

    /* Is a closed port still in the guest's hands? It is not opened again until it is not. NULL:
     * never. */
    bool (*is_busy)(const struct evtchn *e);
};

#define EVTCHN_ABI(id, name, ports) extern const struct evtchn_abi evtchn_##id##_producer;
#include "abis.def"
#undef EVTCHN_ABI

#define EVTCHN_NO_EFFECT ((struct evtchn_effect){NULL, 0})

/* What is pending, and held back: for evtchn_release_held(). In fifo.c. */
bool evtchn_fifo_release(struct evtchn *e, struct evtchn_effect *effect);

static inline struct evtchn_vcpu *evtchn_vcpu_of(const struct evtchn *e)
{
    return evtchn_load(&e->target)->vcpu;
}

/* After whatever the guest will look for is in its memory, and a full barrier. */
static inline struct evtchn_effect evtchn_tell(struct evtchn_vcpu *v)
{
    if (__builtin_expect(evtchn_exchange(evtchn_load(&v->upcall), 1) == 0, 1))
        return (struct evtchn_effect){v, EVTCHN_IS_PENDING};
    return (struct evtchn_effect){NULL, EVTCHN_IS_PENDING};
}

/* evtchn_send() of a port that was looked up: for an embedder that did so for its lock, and counts
 * instructions. P(port), shared. */
static inline int evtchn_send_by(struct evtchn *e, struct evtchn_effect *effect)
{
    switch (evtchn_load_acquire(&e->state)) {
    case EVTCHN_INTERDOMAIN:
        e = evtchn_load(&e->peer);
        break;
    case EVTCHN_IPI:
        break;
    case EVTCHN_UNBOUND:
        *effect = EVTCHN_NO_EFFECT;
        return 0;
    default:
        return -EVTCHN_EINVAL;
    }
    *effect = evtchn_load(&e->domain->abi)->set_pending(e);
    return 0;
}

#endif
