/* SPDX-License-Identifier: MIT */
/* Ports: opened, closed, and what is known about them. */
#include "evtchn/abi.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/event_locks.h"
#include "hv/core/event_ops.h"
#include "hv/core/events.h"
#include "hv/core/foreign.h"
#include "hv/core/hypercall.h"
#include "hv/core/pirq.h"
#include "hv/core/vcpu.h"

/* D(d): what opens a port may need memory, and has it if there is any. */
static void provide_bucket(struct domain *d)
{
    if (!evtchn_wants_bucket(&d->events))
        return;
    struct evtchn_bucket *b = heap_alloc_mapped(0);
    if (b != NULL)
        evtchn_add_bucket(&d->events, b);
}

int event_alloc_unbound(struct domain *self, struct evtchn_alloc_unbound *a)
{
    int rc = 0;
    struct domain *d = foreign_get(a->dom, &rc);
    if (d == NULL)
        return rc;
    uint16_t remote = a->remote_dom == DOMID_SELF ? self->id : a->remote_dom;
    lock(&d->event_lock);
    rc = -XEN_EINVAL;
    /* Ports are a vcpu's: of a domain that is being made, the first one may not be there yet. */
    if (!d->dying && d->event_vcpus[0] != NULL) {
        provide_bucket(d);
        rc = evtchn_alloc_unbound(&d->events, remote, &a->port);
    }
    unlock(&d->event_lock);
    domain_put(d);
    return rc;
}

int event_bind_interdomain(struct domain *self, struct evtchn_bind_interdomain *a)
{
    uint16_t id = a->remote_dom == DOMID_SELF ? self->id : a->remote_dom;
    struct domain *remote = domain_get(id);
    if (remote == NULL)
        return -XEN_ESRCH;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    lock_domains(self, remote);
    provide_bucket(self);
    int rc = evtchn_bind_interdomain(&self->events, &remote->events, a->remote_port, &a->local_port,
                                     &effect);
    unlock_domains(self, remote);
    if (rc == 0)
        event_act_on(effect, self, a->local_port);
    domain_put(remote);
    return rc;
}

int event_bind_virq(struct domain *d, struct evtchn_bind_virq *a)
{
    lock(&d->event_lock);
    provide_bucket(d);
    int rc = evtchn_bind_virq(&d->events, a->virq, a->vcpu, &a->port);
    unlock(&d->event_lock);
    return rc;
}

int event_bind_pirq(struct domain *d, struct evtchn_bind_pirq *a)
{
    if (!d->privileged)
        return -XEN_EPERM;
    if (a->pirq >= PIRQS_MAX)
        return -XEN_EINVAL;
    lock(&d->event_lock);
    provide_bucket(d);
    int rc = pirq_may_bind(d, a->pirq);
    if (rc == 0)
        rc = evtchn_bind_pirq(&d->events, a->pirq, &a->port);
    if (rc == 0)
        pirq_bind(d, a->pirq);
    unlock(&d->event_lock);
    return rc;
}

int event_bind_ipi(struct domain *d, struct evtchn_bind_ipi *a)
{
    lock(&d->event_lock);
    provide_bucket(d);
    int rc = evtchn_bind_ipi(&d->events, a->vcpu, &a->port);
    unlock(&d->event_lock);
    return rc;
}

/* D of both ends: the other one may change as long as they are not locked. The caller gets a
 * reference to the other domain, which as long as it has the port is there. */
static struct domain *lock_ends(struct domain *d, uint32_t port, struct evtchn **peer)
{
    for (;;) {
        lock(&d->event_lock);
        *peer = evtchn_peer(&d->events, port);
        struct domain *other = *peer == NULL ? d : (*peer)->domain->owner;
        domain_get_more(other);
        if (other == d)
            return d;
        unlock(&d->event_lock);
        lock_domains(d, other);
        if (evtchn_peer(&d->events, port) == *peer)
            return other;
        unlock_domains(d, other);
        domain_put(other);
    }
}

int event_close(struct domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return -XEN_EINVAL;
    struct evtchn *peer;
    struct domain *other = lock_ends(d, port, &peer);
    bool both = peer != NULL && peer != e;
    struct evtchn *first = both && peer < e ? peer : e;
    struct evtchn *second = first == e ? peer : e;
    if (e->state == EVTCHN_PIRQ)
        pirq_unbind(d, e->source);
    port_exclude(first);
    if (both)
        port_exclude(second);
    int rc = evtchn_close(&d->events, port);
    if (both)
        port_include(second);
    port_include(first);
    unlock_domains(d, other);
    domain_put(other);
    return rc;
}

int event_status(struct evtchn_status *a)
{
    int rc = 0;
    struct domain *d = foreign_get(a->dom, &rc);
    if (d == NULL)
        return rc;
    struct evtchn_info info;
    lock(&d->event_lock);
    rc = evtchn_status(&d->events, a->port, &info);
    unlock(&d->event_lock);
    domain_put(d);
    if (rc != 0)
        return rc;
    a->status = info.state == EVTCHN_RESERVED ? EVTCHNSTAT_closed : (uint32_t)info.state;
    a->vcpu = info.vcpu;
    switch (info.state) {
    case EVTCHN_UNBOUND:
        a->u.unbound.dom = (uint16_t)info.source;
        break;
    case EVTCHN_INTERDOMAIN:
        a->u.interdomain.dom = info.remote;
        a->u.interdomain.port = info.remote_port;
        break;
    case EVTCHN_PIRQ:
        a->u.pirq = info.source;
        break;
    case EVTCHN_VIRQ:
        a->u.virq = info.source;
        break;
    default:
        break;
    }
    return 0;
}

int event_bind_vcpu(struct domain *d, const struct evtchn_bind_vcpu *a)
{
    lock(&d->event_lock);
    int rc = evtchn_bind_vcpu(&d->events, a->port, a->vcpu);
    uint32_t from = a->port; /* the vcpu before may have had no control block to deliver by */
    if (rc == 0)
        event_act_on(evtchn_release_held(&d->events, &from), d, a->port);
    unlock(&d->event_lock);
    return rc;
}

/* Returns with D(d), when no port is open. -XEN_ERESTART: without it; call again. */
static int close_all(struct domain *d)
{
    for (uint32_t port = 1;;) {
        lock(&d->event_lock);
        port = evtchn_next_open(&d->events, port);
        /* A domain that lives may have opened others meanwhile. */
        if (port == 0)
            port = evtchn_next_open(&d->events, 1);
        if (port == 0)
            return 0;
        unlock(&d->event_lock);
        event_close(d, port);
        if (preempt_needed())
            return -XEN_ERESTART;
    }
}

static int reset_all(struct domain *d)
{
    int rc = close_all(d);
    if (rc != 0)
        return rc;
    rc = evtchn_reset(&d->events);
    if (rc == 0)
        event_give_pages_back(d);
    unlock(&d->event_lock);
    return rc;
}

int event_reset(const struct evtchn_reset *a)
{
    int rc = 0;
    struct domain *d = foreign_get(a->dom, &rc);
    if (d == NULL)
        return rc;
    rc = reset_all(d);
    domain_put(d);
    return rc;
}

int events_close_all(struct domain *d)
{
    return reset_all(d);
}
