/* SPDX-License-Identifier: MIT */
#include "table.h"

#define WORD_BITS 64U

_Static_assert(EVTCHN_BUCKET_PORTS == WORD_BITS, "a word of closed ports each bucket");

static uint32_t limit(const struct evtchn_domain *d)
{
    return d->ports_max < d->abi->ports ? d->ports_max : d->abi->ports;
}

static bool may_open(const struct evtchn_domain *d, const struct evtchn *e)
{
    return d->abi->is_busy == NULL || !d->abi->is_busy(e);
}

int table_find(const struct evtchn_domain *d, struct evtchn **e)
{
    uint32_t end = limit(d), given = d->n_buckets * EVTCHN_BUCKET_PORTS;
    for (uint32_t w = 0; w * WORD_BITS < d->n_buckets; w++)
        for (uint64_t roomy = d->roomy[w]; roomy != 0; roomy &= roomy - 1) {
            uint32_t b = w * WORD_BITS + (uint32_t)__builtin_ctzll(roomy);
            for (uint64_t closed = d->closed[b]; closed != 0; closed &= closed - 1) {
                *e = &d->buckets[b]->port[__builtin_ctzll(closed)];
                if ((*e)->port >= end)
                    return -EVTCHN_ENOSPC;
                if (may_open(d, *e))
                    return 0;
            }
        }
    return given < end ? -EVTCHN_ENOMEM : -EVTCHN_ENOSPC;
}

struct evtchn *table_next_open(const struct evtchn_domain *d, uint32_t from)
{
    uint64_t above = ~0ULL << from % EVTCHN_BUCKET_PORTS;
    for (uint32_t b = from / EVTCHN_BUCKET_PORTS; b < d->n_buckets; b++, above = ~0ULL) {
        uint64_t open = ~d->closed[b] & above & (b == 0 ? ~1ULL : ~0ULL);
        if (open != 0)
            return &d->buckets[b]->port[__builtin_ctzll(open)];
    }
    return NULL;
}

void table_take(struct evtchn *e)
{
    struct evtchn_domain *d = e->domain;
    uint32_t b = e->port / EVTCHN_BUCKET_PORTS;
    d->closed[b] &= ~(1ULL << e->port % EVTCHN_BUCKET_PORTS);
    if (d->closed[b] == 0)
        d->roomy[b / WORD_BITS] &= ~(1ULL << b % WORD_BITS);
}

void table_give(struct evtchn *e)
{
    struct evtchn_domain *d = e->domain;
    uint32_t b = e->port / EVTCHN_BUCKET_PORTS;
    d->closed[b] |= 1ULL << e->port % EVTCHN_BUCKET_PORTS;
    d->roomy[b / WORD_BITS] |= 1ULL << b % WORD_BITS;
}

bool evtchn_wants_bucket(const struct evtchn_domain *d)
{
    struct evtchn *e;
    return table_find(d, &e) == -EVTCHN_ENOMEM;
}

void evtchn_add_bucket(struct evtchn_domain *d, struct evtchn_bucket *bucket)
{
    uint32_t b = d->n_buckets;
    struct evtchn_queue *first = &d->vcpus[0]->queue[EVTCHN_PRIORITY_DEFAULT];
    for (uint32_t i = 0; i < EVTCHN_BUCKET_PORTS; i++) {
        uint32_t port = b * EVTCHN_BUCKET_PORTS + i;
        uint32_t *word = evtchn_word(&d->array, port);
        bucket->port[i] = (struct evtchn){
            .port = port,
            .domain = d,
            .target = first,
            .word = word != NULL ? word : &d->no_word,
            .last = &d->nowhere,
        };
    }
    d->buckets[b] = bucket;
    d->closed[b] = ~0ULL;
    d->roomy[b / WORD_BITS] |= 1ULL << b % WORD_BITS;
    if (b == 0) {
        bucket->port[0].state = EVTCHN_RESERVED;
        table_take(&bucket->port[0]);
    }
    evtchn_store_release(&d->n_buckets, b + 1);
}

struct evtchn *evtchn_at(const struct evtchn_domain *d, uint32_t port)
{
    if (port / EVTCHN_BUCKET_PORTS >= evtchn_load_acquire(&d->n_buckets))
        return NULL;
    return &d->buckets[port / EVTCHN_BUCKET_PORTS]->port[port % EVTCHN_BUCKET_PORTS];
}
