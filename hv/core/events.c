/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: who may do what to whom, locks, and waking up; the rest is the module's. Which
 * locks each call needs is said in evtchn.h: D is domain.event_lock, of two the lower address
 * first; P is a port's word, for many senders or one that closes.
 */
#include "hv/core/events.h"

#include "evtchn/abi.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/pirq.h"
#include "hv/core/string.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"
#include "hv/public/ringside.h"

#include <xen/event_channel.h>

/* ---- locks */

#define PORT_CLOSING 0x80000000U

/* The lock is a word: how many send by the port, and whether it is being closed. */
static out_of_line void port_share_later(struct evtchn *e)
{
    do {
        __atomic_fetch_sub(&e->lock, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&e->lock, __ATOMIC_RELAXED) & PORT_CLOSING)
            arch_relax();
    } while (__atomic_fetch_add(&e->lock, 1, __ATOMIC_ACQUIRE) & PORT_CLOSING);
}

static inline void port_share(struct evtchn *e)
{
    lock_check_take_word(&e->lock, LOCK_PORT);
    if (unlikely(__atomic_fetch_add(&e->lock, 1, __ATOMIC_ACQUIRE) & PORT_CLOSING))
        port_share_later(e);
}

static void port_unshare(struct evtchn *e)
{
    lock_check_give(&e->lock);
    __atomic_fetch_sub(&e->lock, 1, __ATOMIC_RELEASE);
}

static void port_exclude(struct evtchn *e)
{
    lock_check_take_word(&e->lock, LOCK_PORT);
    uint32_t none = 0;
    while (!__atomic_compare_exchange_n(&e->lock, &none, PORT_CLOSING, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
        none = 0;
        arch_relax();
    }
}

static void port_include(struct evtchn *e)
{
    lock_check_give(&e->lock);
    __atomic_fetch_and(&e->lock, ~PORT_CLOSING, __ATOMIC_RELEASE);
}

static void lock_domains(struct domain *a, struct domain *b)
{
    lock(&(a < b ? a : b)->event_lock);
    if (a != b)
        lock(&(a < b ? b : a)->event_lock);
}

static void unlock_domains(struct domain *a, struct domain *b)
{
    unlock(&a->event_lock);
    if (a != b)
        unlock(&b->event_lock);
}

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

/* D(d): what opens a port may need memory, and has it if there is any. */
static void provide_bucket(struct domain *d)
{
    if (!evtchn_wants_bucket(&d->events))
        return;
    struct evtchn_bucket *b = heap_alloc_mapped(0);
    if (b != NULL)
        evtchn_add_bucket(&d->events, b);
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

static void act_on(struct evtchn_effect effect, struct domain *receiver, uint32_t port)
{
    if (effect.upcall != NULL && is_asleep_or_elsewhere(effect.upcall->owner))
        vcpu_kick(effect.upcall->owner);
    if ((effect.what & EVTCHN_IS_PENDING) && is_polling(receiver))
        wake_pollers(receiver, port);
}

/* ---- sending */

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
        act_on(effect, to->domain->owner, to->port);
    }
    port_unshare(e);
    trace(TRACE_SEND, e->port, (uint64_t)(int64_t)rc);
    return rc;
}

/* Measured: what is rare is out of line, and the last thing done, so that nothing has to be kept
 * for its sake. */
static inline int send(struct domain *d, uint32_t port)
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
        act_on(effect, d, port);
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
        act_on(effect, d, port);
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

static int unmask(struct domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(&d->events, port);
    if (e == NULL)
        return -XEN_EINVAL;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    port_share(e);
    int rc = evtchn_unmask(&d->events, port, &effect);
    act_on(effect, d, port);
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
        unmask(d, to_unmask);
    if (rc == 0 && raise)
        events_raise_pirq(d, pirq);
    return rc;
}

/* ---- opening and closing */

/* Domains that a guest names; the caller gets a reference. NULL: *rc says why not. */
static struct domain *named(struct domain *self, uint16_t id, int *rc)
{
    if (id == DOMID_SELF || id == self->id) {
        domain_get_more(self);
        return self;
    }
    struct domain *d = domain_get(id);
    *rc = -XEN_ESRCH;
    if (d != NULL && !self->privileged) {
        domain_put(d);
        *rc = -XEN_EPERM;
        return NULL;
    }
    return d;
}

static int alloc_unbound(struct domain *self, struct evtchn_alloc_unbound *a)
{
    int rc = 0;
    struct domain *d = named(self, a->dom, &rc);
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

static int bind_interdomain(struct domain *self, struct evtchn_bind_interdomain *a)
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
        act_on(effect, self, a->local_port);
    domain_put(remote);
    return rc;
}

static int bind_virq(struct domain *d, struct evtchn_bind_virq *a)
{
    lock(&d->event_lock);
    provide_bucket(d);
    int rc = evtchn_bind_virq(&d->events, a->virq, a->vcpu, &a->port);
    unlock(&d->event_lock);
    return rc;
}

static int bind_pirq(struct domain *d, struct evtchn_bind_pirq *a)
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

static int bind_ipi(struct domain *d, struct evtchn_bind_ipi *a)
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

static int close_port(struct domain *d, uint32_t port)
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

static int status(struct domain *self, struct evtchn_status *a)
{
    int rc = 0;
    struct domain *d = named(self, a->dom, &rc);
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

static int bind_vcpu(struct domain *d, const struct evtchn_bind_vcpu *a)
{
    lock(&d->event_lock);
    int rc = evtchn_bind_vcpu(&d->events, a->port, a->vcpu);
    uint32_t from = a->port; /* the vcpu before may have had no control block to deliver by */
    if (rc == 0)
        act_on(evtchn_release_held(&d->events, &from), d, a->port);
    unlock(&d->event_lock);
    return rc;
}

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

/* D(d). What was given for the FIFO ABI is looked at no more. */
static void give_pages_back(struct domain *d)
{
    while (d->n_event_pages != 0)
        give_page_back(d->event_pages[--d->n_event_pages]);
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
        close_port(d, port);
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
        give_pages_back(d);
    unlock(&d->event_lock);
    return rc;
}

static int reset(struct domain *self, const struct evtchn_reset *a)
{
    int rc = 0;
    struct domain *d = named(self, a->dom, &rc);
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

/* ---- the FIFO ABI */

/* D(d). */
static void release_held(struct domain *d)
{
    for (uint32_t from = 1; from != 0;)
        act_on(evtchn_release_held(&d->events, &from), d, 0);
}

static int init_control(struct domain *d, struct evtchn_init_control *a)
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

static int expand_array(struct domain *d, const struct evtchn_expand_array *a)
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

static int set_priority(struct domain *d, const struct evtchn_set_priority *a)
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
static int set_abi(struct domain *self, const struct ringside_event_abi *a)
{
    const struct evtchn_abi *abi = abi_named(a->name);
    if (abi == NULL)
        return -XEN_EINVAL;
    int rc = 0;
    struct domain *d = named(self, a->domain, &rc);
    if (d == NULL)
        return rc;
    lock(&d->event_lock);
    rc = evtchn_set_abi(&d->events, abi);
    unlock(&d->event_lock);
    domain_put(d);
    return rc;
}

/* ---- the hypercall */

union arguments {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_init_control init_control;
    struct evtchn_expand_array expand_array;
    struct evtchn_set_priority set_priority;
};

#define SIZE_OF(member) sizeof(((union arguments *)0)->member)

static long perform(struct domain *d, unsigned op, union arguments *a)
{
    switch (op) {
    case EVTCHNOP_alloc_unbound:
        return alloc_unbound(d, &a->alloc_unbound);
    case EVTCHNOP_bind_interdomain:
        return bind_interdomain(d, &a->bind_interdomain);
    case EVTCHNOP_bind_virq:
        return bind_virq(d, &a->bind_virq);
    case EVTCHNOP_bind_pirq:
        return bind_pirq(d, &a->bind_pirq);
    case EVTCHNOP_bind_ipi:
        return bind_ipi(d, &a->bind_ipi);
    case EVTCHNOP_close:
        return close_port(d, a->close.port);
    case EVTCHNOP_send:
        return send(d, a->send.port);
    case EVTCHNOP_status:
        return status(d, &a->status);
    case EVTCHNOP_bind_vcpu:
        return bind_vcpu(d, &a->bind_vcpu);
    case EVTCHNOP_unmask:
        return unmask(d, a->unmask.port);
    case EVTCHNOP_reset:
        return reset(d, &a->reset);
    case EVTCHNOP_init_control:
        return init_control(d, &a->init_control);
    case EVTCHNOP_expand_array:
        return expand_array(d, &a->expand_array);
    default:
        return set_priority(d, &a->set_priority);
    }
}

/* Sizes of arguments, and whether they carry a result back. */
static const struct {
    uint8_t size;
    bool has_result;
} operations[] = {
    [EVTCHNOP_bind_interdomain] = {SIZE_OF(bind_interdomain), true},
    [EVTCHNOP_bind_virq] = {SIZE_OF(bind_virq), true},
    [EVTCHNOP_bind_pirq] = {SIZE_OF(bind_pirq), true},
    [EVTCHNOP_close] = {SIZE_OF(close), false},
    [EVTCHNOP_send] = {SIZE_OF(send), false},
    [EVTCHNOP_status] = {SIZE_OF(status), true},
    [EVTCHNOP_alloc_unbound] = {SIZE_OF(alloc_unbound), true},
    [EVTCHNOP_bind_ipi] = {SIZE_OF(bind_ipi), true},
    [EVTCHNOP_bind_vcpu] = {SIZE_OF(bind_vcpu), false},
    [EVTCHNOP_unmask] = {SIZE_OF(unmask), false},
    [EVTCHNOP_reset] = {SIZE_OF(reset), false},
    [EVTCHNOP_init_control] = {SIZE_OF(init_control), true},
    [EVTCHNOP_expand_array] = {SIZE_OF(expand_array), false},
    [EVTCHNOP_set_priority] = {SIZE_OF(set_priority), false},
};

static out_of_line long extension(unsigned op, vaddr_t at)
{
    struct ringside_event_abi a;
    if (op != EVTCHNOP_RINGSIDE_set_abi)
        return -XEN_ENOSYS;
    if (!copy_from_guest(&a, at, sizeof(a)))
        return -XEN_EFAULT;
    return set_abi(current_vcpu()->domain, &a);
}

static out_of_line long other_operation(unsigned op, vaddr_t at)
{
    struct domain *d = current_vcpu()->domain;
    union arguments a;

    if (op >= array_size(operations) || operations[op].size == 0)
        return extension(op, at);
    size_t size = operations[op].size;
    if (!copy_from_guest(&a, at, size))
        return -XEN_EFAULT;
    long rc = perform(d, op, &a);
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_event_channel_op, 2, (uint64_t)op, at.a);
    if (rc == 0 && operations[op].has_result && !copy_to_guest(at, &a, size))
        return -XEN_EFAULT;
    return rc;
}

long do_event_channel_op(uint64_t op, uint64_t argument)
{
    struct evtchn_send a;
    if (unlikely((unsigned)op != EVTCHNOP_send))
        return other_operation((unsigned)op, vaddr(argument));
    if (unlikely(!copy_from_guest(&a, vaddr(argument), sizeof(a))))
        return -XEN_EFAULT;
    return send(current_vcpu()->domain, a.port);
}
