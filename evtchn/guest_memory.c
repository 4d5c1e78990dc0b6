/* SPDX-License-Identifier: MIT */
/* Where a domain's words lie, and by which ABI: it gives pages for `fifo`, or a vcpu's part moves.
 */
#include "table.h"

struct evtchn_effect evtchn_vcpu_move(struct evtchn_vcpu *v, uint8_t *upcall, void *selector)
{
    evtchn_store(&v->upcall, upcall);
    evtchn_store(&v->selector, selector);
    if (v->domain->abi->select_all != NULL)
        v->domain->abi->select_all(v);
    struct evtchn_effect effect = evtchn_tell(v);
    effect.what = 0;
    return effect;
}

int evtchn_set_abi(struct evtchn_domain *d, const struct evtchn_abi *abi)
{
    if (abi == &evtchn_fifo_producer)
        return -EVTCHN_EINVAL;
    if (abi == d->abi)
        return 0;
    if (d->abi == &evtchn_fifo_producer || evtchn_next_open(d, 1) != 0)
        return -EVTCHN_EBUSY;
    evtchn_store(&d->abi, abi);
    return 0;
}

bool evtchn_control_fits(uint32_t offset)
{
    return offset % sizeof(uint64_t) == 0 &&
           offset <= EVTCHN_PAGE_SIZE - sizeof(struct evtchn_control);
}

/* What is pending by the ABI that the domain leaves waits for its array page by the new one. */
static void enter_fifo(struct evtchn_domain *d)
{
    for (struct evtchn *e = table_next_open(d, 1); e != NULL; e = table_next_open(d, e->port + 1))
        if (d->abi->is_pending(e)) {
            d->abi->clear_pending(e);
            evtchn_store(&e->held, true);
        }
    evtchn_store(&d->abi, &evtchn_fifo_producer);
}

int evtchn_init_control(struct evtchn_domain *d, uint32_t vcpu, void *page, uint32_t offset)
{
    struct evtchn_vcpu *v = vcpu_at(d, vcpu);
    if (v == NULL)
        return -EVTCHN_ENOENT;
    if (!evtchn_control_fits(offset) || v->queue[0].ready != NULL)
        return -EVTCHN_EINVAL;
    if (d->abi != &evtchn_fifo_producer)
        enter_fifo(d);
    struct evtchn_control *control = (struct evtchn_control *)((char *)page + offset);
    for (uint32_t n = 0; n < EVTCHN_QUEUES; n++) {
        v->queue[n].head = &control->head[n];
        evtchn_store_release(&v->queue[n].ready, &control->ready);
    }
    return 0;
}

int evtchn_expand_array(struct evtchn_domain *d, void *page)
{
    if (d->abi != &evtchn_fifo_producer)
        return -EVTCHN_EOPNOTSUPP;
    if (d->array.pages == EVTCHN_ARRAY_PAGES)
        return -EVTCHN_ENOSPC;
    uint32_t from = d->array.pages * EVTCHN_PAGE_WORDS;
    d->array.page[d->array.pages++] = page;
    for (uint32_t i = 0; i < EVTCHN_PAGE_WORDS && evtchn_at(d, from + i) != NULL; i++)
        evtchn_store_release(&evtchn_at(d, from + i)->word, (uint32_t *)page + i);
    return 0;
}

struct evtchn_effect evtchn_release_held(struct evtchn_domain *d, uint32_t *from)
{
    uint32_t b = *from / EVTCHN_BUCKET_PORTS;
    struct evtchn_effect effect = EVTCHN_NO_EFFECT;
    /* What was given is published before held is read: a sender does it the other way round. */
    evtchn_fence();
    if (d->abi == &evtchn_fifo_producer && b < d->n_buckets) {
        for (uint32_t i = *from % EVTCHN_BUCKET_PORTS; i < EVTCHN_BUCKET_PORTS; i++) {
            struct evtchn *e = &d->buckets[b]->port[i];
            if ((evtchn_load(&e->held) || evtchn_load(&e->delayed)) &&
                evtchn_fifo_release(e, &effect)) {
                *from = e->port + 1;
                return effect;
            }
        }
        *from = (b + 1) * EVTCHN_BUCKET_PORTS;
    }
    if (d->abi != &evtchn_fifo_producer || *from / EVTCHN_BUCKET_PORTS >= d->n_buckets)
        *from = 0;
    return effect;
}
