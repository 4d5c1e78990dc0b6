/* SPDX-License-Identifier: MIT */
/* The operations on ports. Each checks all that can be wrong first, and then only does. */
#include "evtchn.h"

#include "table.h"

static enum evtchn_state state_of(const struct evtchn *e)
{
    return evtchn_load_acquire(&e->state);
}

static bool is_open(const struct evtchn *e)
{
    return e != NULL && state_of(e) != EVTCHN_CLOSED && state_of(e) != EVTCHN_RESERVED;
}

static struct evtchn *open_at(const struct evtchn_domain *d, uint32_t port)
{
    struct evtchn *e = evtchn_at(d, port);
    return is_open(e) ? e : NULL;
}

static bool is_of_vcpu(const struct evtchn_domain *d, uint32_t virq)
{
    return (d->vcpu_virqs >> virq & 1) != 0;
}

static const struct evtchn_abi *abi_of(const struct evtchn *e)
{
    return evtchn_load(&e->domain->abi);
}

/* ---- set up ---- */

static void queue_init(struct evtchn_queue *q, struct evtchn_vcpu *v, uint32_t number)
{
    *q = (struct evtchn_queue){.vcpu = v, .number = number, .tail = &q->nothing};
}

void evtchn_vcpu_init(struct evtchn_vcpu *v, struct evtchn_domain *d, uint32_t id, uint8_t *upcall,
                      void *selector, void *owner)
{
    *v = (struct evtchn_vcpu){
        .domain = d, .id = id, .upcall = upcall, .selector = selector, .owner = owner};
    for (uint32_t n = 0; n < EVTCHN_QUEUES; n++)
        queue_init(&v->queue[n], v, n);
}

void evtchn_domain_init(struct evtchn_domain *d, const struct evtchn_domain_config *config)
{
    *d = (struct evtchn_domain){
        .abi = config->abi,
        .abi_at_reset = config->abi,
        .buckets = config->buckets,
        .ports_max = config->ports_max,
        .vcpus = config->vcpus,
        .n_vcpus = config->n_vcpus,
        .pirq_port = config->pirq_port,
        .n_pirqs = config->n_pirqs,
        .vcpu_virqs = config->vcpu_virqs,
        .pending = config->pending,
        .mask = config->mask,
        .id = config->id,
        .owner = config->owner,
        .closed = config->closed,
        .no_word = ~0U,
    };
    queue_init(&d->nowhere, NULL, 0);
}

/* ---- opening ---- */

static void aim(struct evtchn *e, const struct evtchn_vcpu *v, uint32_t priority)
{
    evtchn_store(&e->target, (struct evtchn_queue *)&v->queue[priority]);
}

/* What others see of a port last is its state. */
static void open_port(struct evtchn *e, enum evtchn_state state, uint32_t source, uint32_t vcpu)
{
    table_take(e);
    e->peer = NULL;
    e->source = source;
    aim(e, vcpu_at(e->domain, vcpu), EVTCHN_PRIORITY_DEFAULT);
    evtchn_store_release(&e->state, state);
}

int evtchn_alloc_unbound(struct evtchn_domain *d, uint16_t remote, uint32_t *port)
{
    struct evtchn *e;
    int error = table_find(d, &e);
    if (error != 0)
        return error;
    open_port(e, EVTCHN_UNBOUND, remote, 0);
    *port = e->port;
    return 0;
}

int evtchn_bind_interdomain(struct evtchn_domain *d, struct evtchn_domain *rd, uint32_t remote_port,
                            uint32_t *port, struct evtchn_effect *effect)
{
    struct evtchn *e, *remote = evtchn_at(rd, remote_port);
    int error = table_find(d, &e);
    if (error != 0)
        return error;
    if (remote == NULL || remote->state != EVTCHN_UNBOUND || remote->source != d->id)
        return -EVTCHN_EINVAL;
    table_take(e);
    evtchn_store(&e->peer, remote);
    aim(e, d->vcpus[0], EVTCHN_PRIORITY_DEFAULT);
    evtchn_store_release(&e->state, EVTCHN_INTERDOMAIN);
    evtchn_store(&remote->peer, e);
    evtchn_store_release(&remote->state, EVTCHN_INTERDOMAIN);
    *port = e->port;
    *effect = d->abi->set_pending(e);
    return 0;
}

int evtchn_bind_virq(struct evtchn_domain *d, uint32_t virq, uint32_t vcpu, uint32_t *port)
{
    struct evtchn *e;
    if (virq >= EVTCHN_VIRQS || (vcpu != 0 && !is_of_vcpu(d, virq)))
        return -EVTCHN_EINVAL;
    struct evtchn_vcpu *v = vcpu_at(d, vcpu);
    if (v == NULL)
        return -EVTCHN_ENOENT;
    if (v->virq_port[virq] != 0)
        return -EVTCHN_EEXIST;
    int error = table_find(d, &e);
    if (error != 0)
        return error;
    open_port(e, EVTCHN_VIRQ, virq, vcpu);
    *port = e->port;
    evtchn_store_release(&v->virq_port[virq], e->port);
    return 0;
}

int evtchn_bind_ipi(struct evtchn_domain *d, uint32_t vcpu, uint32_t *port)
{
    struct evtchn *e;
    if (vcpu_at(d, vcpu) == NULL)
        return -EVTCHN_ENOENT;
    int error = table_find(d, &e);
    if (error != 0)
        return error;
    open_port(e, EVTCHN_IPI, 0, vcpu);
    *port = e->port;
    return 0;
}

int evtchn_bind_pirq(struct evtchn_domain *d, uint32_t pirq, uint32_t *port)
{
    struct evtchn *e;
    if (pirq >= d->n_pirqs)
        return -EVTCHN_EINVAL;
    if (d->pirq_port[pirq] != 0)
        return -EVTCHN_EEXIST;
    int error = table_find(d, &e);
    if (error != 0)
        return error;
    open_port(e, EVTCHN_PIRQ, pirq, 0);
    *port = e->port;
    evtchn_store_release(&d->pirq_port[pirq], e->port);
    return 0;
}

/* ---- closing ---- */

struct evtchn *evtchn_peer(const struct evtchn_domain *d, uint32_t port)
{
    const struct evtchn *e = evtchn_at(d, port);
    return e != NULL && e->state == EVTCHN_INTERDOMAIN ? e->peer : NULL;
}

/* Where bind_virq noted the port: a domain's VIRQ stays with vcpu 0, whichever is told. */
static uint32_t *virq_slot(const struct evtchn *e)
{
    const struct evtchn_domain *d = e->domain;
    return &(is_of_vcpu(d, e->source) ? e->target->vcpu : d->vcpus[0])->virq_port[e->source];
}

int evtchn_close(struct evtchn_domain *d, uint32_t port)
{
    struct evtchn *e = open_at(d, port);
    if (e == NULL)
        return -EVTCHN_EINVAL;
    switch (e->state) {
    case EVTCHN_VIRQ:
        evtchn_store(virq_slot(e), 0);
        break;
    case EVTCHN_PIRQ:
        evtchn_store(&d->pirq_port[e->source], 0);
        break;
    case EVTCHN_INTERDOMAIN:
        e->peer->peer = NULL;
        e->peer->source = d->id;
        evtchn_store_release(&e->peer->state, EVTCHN_UNBOUND);
        break;
    default:
        break;
    }
    evtchn_store_release(&e->state, EVTCHN_CLOSED);
    d->abi->clear_pending(e);
    table_give(e);
    return 0;
}

uint32_t evtchn_next_open(const struct evtchn_domain *d, uint32_t from)
{
    const struct evtchn *e = table_next_open(d, from);
    return e == NULL ? 0 : e->port;
}

int evtchn_reset(struct evtchn_domain *d)
{
    if (evtchn_next_open(d, 1) != 0)
        return -EVTCHN_EBUSY;
    d->abi = d->abi_at_reset;
    d->array = (struct evtchn_array){0};
    for (uint32_t i = 0; i < d->n_vcpus; i++) {
        struct evtchn_vcpu *v = d->vcpus[i];
        if (v == NULL)
            continue;
        for (uint32_t n = 0; n < EVTCHN_QUEUES; n++)
            queue_init(&v->queue[n], v, n);
    }
    for (uint32_t port = 0; port < d->n_buckets * EVTCHN_BUCKET_PORTS; port++) {
        evtchn_at(d, port)->word = &d->no_word;
        evtchn_at(d, port)->last = &d->nowhere;
    }
    return 0;
}

/* ---- sending ---- */

int evtchn_send(struct evtchn_domain *d, uint32_t port, struct evtchn_effect *effect)
{
    struct evtchn *e = evtchn_at(d, port);
    return e == NULL ? -EVTCHN_EINVAL : evtchn_send_by(e, effect);
}

uint32_t evtchn_virq_port(const struct evtchn_domain *d, uint32_t virq, uint32_t vcpu)
{
    const struct evtchn_vcpu *v = virq < EVTCHN_VIRQS ? vcpu_at(d, vcpu) : NULL;
    return v == NULL ? 0 : evtchn_load_acquire(&v->virq_port[virq]);
}

uint32_t evtchn_pirq_port(const struct evtchn_domain *d, uint32_t pirq)
{
    return pirq < d->n_pirqs ? evtchn_load_acquire(&d->pirq_port[pirq]) : 0;
}

static int raise(struct evtchn_domain *d, uint32_t port, enum evtchn_state state, uint32_t source,
                 struct evtchn_effect *effect)
{
    struct evtchn *e = evtchn_at(d, port);
    if (e == NULL || state_of(e) != state || e->source != source)
        return -EVTCHN_EINVAL;
    *effect = abi_of(e)->set_pending(e);
    return 0;
}

int evtchn_raise_virq(struct evtchn_domain *d, uint32_t port, uint32_t virq,
                      struct evtchn_effect *effect)
{
    return raise(d, port, EVTCHN_VIRQ, virq, effect);
}

int evtchn_raise_pirq(struct evtchn_domain *d, uint32_t port, uint32_t pirq,
                      struct evtchn_effect *effect)
{
    return raise(d, port, EVTCHN_PIRQ, pirq, effect);
}

int evtchn_unmask(struct evtchn_domain *d, uint32_t port, struct evtchn_effect *effect)
{
    struct evtchn *e = open_at(d, port);
    if (e == NULL)
        return -EVTCHN_EINVAL;
    *effect = abi_of(e)->unmask(e);
    return 0;
}

bool evtchn_is_pending(struct evtchn_domain *d, uint32_t port)
{
    const struct evtchn *e = open_at(d, port);
    return e != NULL && abi_of(e)->is_pending(e);
}

/* ---- looking and changing ---- */

int evtchn_status(const struct evtchn_domain *d, uint32_t port, struct evtchn_info *info)
{
    const struct evtchn *e = evtchn_at(d, port);
    if (e == NULL)
        return -EVTCHN_EINVAL;
    *info = (struct evtchn_info){.state = EVTCHN_CLOSED};
    if (!is_open(e))
        return 0;
    info->state = e->state;
    info->vcpu = e->target->vcpu->id;
    if (e->state == EVTCHN_INTERDOMAIN) {
        info->remote = e->peer->domain->id;
        info->remote_port = e->peer->port;
    } else {
        info->source = e->source;
    }
    return 0;
}

int evtchn_bind_vcpu(struct evtchn_domain *d, uint32_t port, uint32_t vcpu)
{
    struct evtchn *e = open_at(d, port);
    const struct evtchn_vcpu *v = vcpu_at(d, vcpu);
    if (v == NULL)
        return -EVTCHN_ENOENT;
    if (e == NULL || e->state == EVTCHN_IPI ||
        (e->state == EVTCHN_VIRQ && is_of_vcpu(d, e->source)))
        return -EVTCHN_EINVAL;
    aim(e, v, e->target->number);
    return 0;
}

int evtchn_set_priority(struct evtchn_domain *d, uint32_t port, uint32_t priority)
{
    struct evtchn *e = open_at(d, port);
    if (e == NULL || priority > EVTCHN_PRIORITY_LOWEST)
        return -EVTCHN_EINVAL;
    if (!d->abi->prioritises)
        return -EVTCHN_ENOSYS;
    aim(e, e->target->vcpu, priority);
    return 0;
}
