/* SPDX-License-Identifier: MIT */
/*
 * What a domain has for its events, and sending: who is woken by it. The rest is the module's. What
 * a domain does with its ports is event_ports.c, by which ABI they reach it event_abi.c, and what
 * it asks for event_op.c.
 */
#include "hv/core/events.h"

#include "evtchn/abi.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/event_locks.h"
#include "hv/core/event_ops.h"
#include "hv/core/pirq.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"
#include "hv/public/ringside.h"

/* ---- set up */

/* Of the table of buckets, and of the words that go with it. */
static unsigned table_order(uint32_t ports_max)
{
    uint64_t buckets = (ports_max + EVTCHN_BUCKET_PORTS - 1) / EVTCHN_BUCKET_PORTS;
    return order_of(round_up(buckets * sizeof(void *), PAGE_SIZE) >> PAGE_SHIFT);
}

bool events_init(struct domain *d, uint32_t ports_max)
{
    d->events.ports_max = ports_max; /* for events_free(), whatever comes */
    if (d->privileged && !pirqs_init(d))
        return false;
    struct evtchn_domain_config config = {
        .id = d->id,
        .abi = &evtchn_two_level_64_producer,
        .ports_max = ports_max,
        .buckets = heap_alloc_mapped(table_order(ports_max)),
        .closed = heap_alloc_mapped(table_order(ports_max)),
        .vcpus = d->event_vcpus,
        .n_vcpus = d->vcpus_max,
        .pirq_port = d->pirqs == NULL ? NULL : pirq_ports(d),
        .n_pirqs = d->pirqs == NULL ? 0 : PIRQS_MAX,
        .vcpu_virqs = EVTCHN_VCPU_VIRQS | 1U << VIRQ_RINGSIDE_VIRTUAL_TIMER,
        .pending = d->shared->evtchn_pending,
        .mask = d->shared->evtchn_mask,
        .owner = d,
    };
    d->event_buckets = config.buckets;
    d->event_closed = config.closed;
    if (d->event_buckets == NULL || d->event_closed == NULL)
        return false;
    evtchn_domain_init(&d->events, &config);
    return true;
}

void events_free(struct domain *d)
{
    unsigned order = table_order(d->events.ports_max);
    pirqs_free(d);
    for (uint32_t i = 0; i < d->events.n_buckets; i++)
        heap_free_mapped(d->event_buckets[i], 0);
    if (d->event_buckets != NULL)
        heap_free_mapped(d->event_buckets, order);
    if (d->event_closed != NULL)
        heap_free_mapped(d->event_closed, order);
}

void events_init_vcpu(struct vcpu *v)
{
    evtchn_vcpu_init(&v->events, &v->domain->events, v->id, &v->info->evtchn_upcall_pending,
                     &v->info->evtchn_pending_sel, v);
    __atomic_store_n(&v->domain->event_vcpus[v->id], &v->events, __ATOMIC_RELEASE);
}

/* ---- what an event causes */

void events_poll_begin(struct vcpu *v)
{
    if (!__atomic_exchange_n(&v->polling, true, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&v->domain->pollers, 1, __ATOMIC_SEQ_CST);
}

void events_poll_end(struct vcpu *v)
{
    if (__atomic_exchange_n(&v->polling, false, __ATOMIC_SEQ_CST))
        __atomic_fetch_sub(&v->domain->pollers, 1, __ATOMIC_SEQ_CST);
}

/* After the event was made pending: who polls looks for it only after having said so. */
static inline bool is_polling(const struct domain *d)
{
    return unlikely(__atomic_load_n(&d->pollers, __ATOMIC_SEQ_CST) != 0);
}

static out_of_line void wake_pollers(struct domain *d, uint32_t port)
{
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        struct vcpu *v = d->vcpus[i];
        if (v == NULL || !__atomic_load_n(&v->polling, __ATOMIC_SEQ_CST))
            continue;
        if (v->poll_port == 0 || v->poll_port == port)
            vcpu_poll_end(v);
    }
}

/* The one that runs here sees its upcall when it is returned to. */
static inline bool is_asleep_or_elsewhere(const struct vcpu *v)
{
    return v != current_vcpu() || unlikely(__atomic_load_n(&v->pauses, __ATOMIC_RELAXED) != 0);
}

void event_act_on(struct evtchn_effect effect, struct domain *receiver, uint32_t port)
{
    if (effect.upcall != NULL && is_asleep_or_elsewhere(effect.upcall->owner))
        vcpu_kick(effect.upcall->owner);
    if ((effect.what & EVTCHN_IS_PENDING) && is_polling(receiver))
        wake_pollers(receiver, port);
}

/* ---- sending */

out_of_line void port_share_later(struct evtchn *e)
{
    do {
        __atomic_fetch_sub(&e->lock, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&e->lock, __ATOMIC_RELAXED) & PORT_CLOSING)
            arch_relax();
    } while (__atomic_fetch_add(&e->lock, 1, __ATOMIC_ACQUIRE) & PORT_CLOSING);
}

/* Of one that was sent by: P. */
static inline const struct evtchn *receiver_of(const struct evtchn *e)
{
    return e->state == EVTCHN_INTERDOMAIN ? e->peer : e;
}

/* What is rare about a send: somebody else to tell, pollers, a trace, an error. */
static out_of_line int send_rest(struct evtchn *e, int rc, struct evtchn_effect effect)
{
    if (rc == 0) {
        const struct evtchn *to = receiver_of(e);
        event_act_on(effect, to->domain->owner, to->port);
    }
    port_unshare(e);
    trace(TRACE_SEND, e->port, (uint64_t)(int64_t)rc);
    return rc;
}

/* Measured: what is rare is out of line, and the last thing done, so that nothing has to be kept
 * for its sake. */
int event_send(struct domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(&d->events, port);
    if (unlikely(e == NULL))
        return -XEN_EINVAL;
    struct evtchn_effect effect;
    port_share(e);
    int rc = evtchn_send_by(e, &effect);
    if (unlikely(rc != 0 || trace_on))
        return send_rest(e, rc, effect);
    if (effect.upcall != NULL && is_asleep_or_elsewhere(effect.upcall->owner))
        return send_rest(e, 0, effect);
    if (effect.what != 0 && is_polling(receiver_of(e)->domain->owner))
        return send_rest(e, 0, effect);
    port_unshare(e);
    return 0;
}

void events_raise_virq(struct vcpu *v, uint32_t virq)
{
    struct domain *d = v->domain;
    uint32_t port = evtchn_virq_port(&d->events, virq, v->id);
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    port_share(e);
    if (evtchn_raise_virq(&d->events, port, virq, &effect) == 0)
        event_act_on(effect, d, port);
    port_unshare(e);
}

void events_raise_pirq(struct domain *d, uint32_t pirq)
{
    uint32_t port = evtchn_pirq_port(&d->events, pirq);
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    port_share(e);
    if (evtchn_raise_pirq(&d->events, port, pirq, &effect) == 0)
        event_act_on(effect, d, port);
    port_unshare(e);
}

struct vcpu *events_pirq_vcpu(struct domain *d, uint32_t pirq, bool *pending)
{
    struct vcpu *v = NULL;
    uint32_t port = evtchn_pirq_port(&d->events, pirq);
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return NULL;
    port_share(e);
    if (e->state == EVTCHN_PIRQ) {
        v = __atomic_load_n(&e->target, __ATOMIC_RELAXED)->vcpu->owner;
        *pending = evtchn_is_pending(&d->events, port);
    }
    port_unshare(e);
    return v;
}

bool events_is_pending(struct domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return false;
    port_share(e);
    bool pending = evtchn_is_pending(&d->events, port);
    port_unshare(e);
    return pending;
}

void events_move(struct vcpu *v)
{
    struct domain *d = v->domain;
    lock(&d->event_lock);
    evtchn_vcpu_move(&v->events, &v->info->evtchn_upcall_pending, &v->info->evtchn_pending_sel);
    unlock(&d->event_lock);
}

int event_unmask(struct domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return -XEN_EINVAL;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    port_share(e);
    int rc = evtchn_unmask(&d->events, port, &effect);
    event_act_on(effect, d, port);
    port_unshare(e);
    return rc;
}

/* Where EOIs unmask, the port is unmasked before the interrupt can come again. */
int events_eoi(struct domain *d, uint32_t pirq)
{
    bool raise;
    uint32_t to_unmask = 0;
    lock(&d->event_lock);
    if (pirq_eoi_unmasks(d))
        to_unmask = evtchn_pirq_port(&d->events, pirq);
    int rc = pirq_eoi(d, pirq, &raise);
    unlock(&d->event_lock);
    if (to_unmask != 0)
        event_unmask(d, to_unmask);
    if (rc == 0 && raise)
        events_raise_pirq(d, pirq);
    return rc;
}
