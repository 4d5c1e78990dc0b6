/* SPDX-License-Identifier: MIT */
/* By which ABI events reach a domain, and the pages that it gives for that. */
#include "evtchn/abi.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/event_ops.h"
#include "hv/core/events.h"
#include "hv/core/foreign.h"
#include "hv/core/frame.h"
#include "hv/core/pirq.h"
#include "hv/core/string.h"

/* ---- pages that the domain gives for the FIFO ABI stay mapped, and in use, until a reset */

static void *take_page(struct domain *d, uint64_t frame)
{
    mfn_t m = mfn(frame);
    if (!frame_get(m, d))
        return NULL;
    if (frame_get_writable(frame_of(m)) == 0)
        return frame_map(m);
    frame_put(frame_of(m));
    return NULL;
}

static void give_page_back(mfn_t m)
{
    frame_put_writable(frame_of(m));
    frame_put(frame_of(m));
}

int events_set_eoi_page(struct domain *d, mfn_t m, bool eoi_unmasks)
{
    void *page = take_page(d, m.n);
    if (page == NULL)
        return -XEN_EINVAL;
    lock(&d->event_lock);
    int rc = pirq_set_eoi_page(d, m, page, eoi_unmasks);
    unlock(&d->event_lock);
    if (rc != 0)
        give_page_back(m);
    return rc;
}

void events_end_pirqs(struct domain *d)
{
    lock(&d->event_lock);
    mfn_t page = pirq_eoi_page(d);
    pirqs_end(d);
    unlock(&d->event_lock);
    if (!mfn_is_none(page))
        give_page_back(page);
}

void event_give_pages_back(struct domain *d)
{
    while (d->n_event_pages != 0)
        give_page_back(d->event_pages[--d->n_event_pages]);
}

/* ---- the FIFO ABI */

/* D(d). */
static void release_held(struct domain *d)
{
    for (uint32_t from = 1; from != 0;)
        event_act_on(evtchn_release_held(&d->events, &from), d, 0);
}

int event_init_control(struct domain *d, struct evtchn_init_control *a)
{
    if (!evtchn_control_fits(a->offset))
        return -XEN_EINVAL;
    void *page = take_page(d, a->control_gfn);
    if (page == NULL)
        return -XEN_EINVAL;
    lock(&d->event_lock);
    int rc = evtchn_init_control(&d->events, a->vcpu, page, a->offset);
    if (rc == 0) {
        d->event_pages[d->n_event_pages++] = mfn(a->control_gfn);
        release_held(d);
    }
    unlock(&d->event_lock);
    if (rc != 0)
        give_page_back(mfn(a->control_gfn));
    a->link_bits = EVTCHN_LINK_BITS;
    return rc;
}

int event_expand_array(struct domain *d, const struct evtchn_expand_array *a)
{
    void *page = take_page(d, a->array_gfn);
    if (page == NULL)
        return -XEN_EINVAL;
    lock(&d->event_lock);
    int rc = evtchn_expand_array(&d->events, page);
    if (rc == 0) {
        d->event_pages[d->n_event_pages++] = mfn(a->array_gfn);
        release_held(d);
    }
    unlock(&d->event_lock);
    if (rc != 0)
        give_page_back(mfn(a->array_gfn));
    return rc;
}

int event_set_priority(struct domain *d, const struct evtchn_set_priority *a)
{
    lock(&d->event_lock);
    int rc = evtchn_set_priority(&d->events, a->port, a->priority);
    unlock(&d->event_lock);
    return rc;
}

/* ---- the other ABIs */

static const struct evtchn_abi *abi_named(const char name[RINGSIDE_EVENT_ABI_NAME])
{
    static const struct evtchn_abi *const abis[] = {
#define EVTCHN_ABI(id, name, ports) &evtchn_##id##_producer,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    };
    for (unsigned i = 0; i < array_size(abis); i++)
        if (strncmp(name, abis[i]->name, RINGSIDE_EVENT_ABI_NAME) == 0)
            return abis[i];
    return NULL;
}

/* Who sends to the domain has a port of it, and whoever closed the last one waited for that. */
int event_set_abi(const struct ringside_event_abi *a)
{
    const struct evtchn_abi *abi = abi_named(a->name);
    if (abi == NULL)
        return -XEN_EINVAL;
    int rc = 0;
    struct domain *d = foreign_get(a->domain, &rc);
    if (d == NULL)
        return rc;
    lock(&d->event_lock);
    rc = evtchn_set_abi(&d->events, abi);
    unlock(&d->event_lock);
    domain_put(d);
    return rc;
}
