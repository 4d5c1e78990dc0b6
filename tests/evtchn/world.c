/* SPDX-License-Identifier: MIT */
#include "tests/evtchn/world.h"

#include <stdlib.h>
#include <string.h>

const struct world_abi world_abis[] = {
#define EVTCHN_ABI(id, name, ports) {name, ports, &evtchn_##id##_producer, &evtchn_##id##_consumer},
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

const size_t world_n_abis = sizeof(world_abis) / sizeof(*world_abis);

static void *zeroed(size_t align, size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, align, size) != 0)
        abort();
    memset(memory, 0, size);
    return memory;
}

static void *page(void)
{
    return zeroed(EVTCHN_PAGE_SIZE, EVTCHN_PAGE_SIZE);
}

bool world_is_fifo(const struct world_abi *abi)
{
    return abi->producer == &evtchn_fifo_producer;
}

static const struct world_abi *begins_with(const struct world_abi *abi)
{
    for (size_t i = 0; i < world_n_abis; i++)
        if (world_abis[i].producer == &evtchn_two_level_64_producer && world_is_fifo(abi))
            return &world_abis[i];
    return abi;
}

static uint32_t most_bits(void)
{
    uint32_t most = 0;
    for (size_t i = 0; i < world_n_abis; i++)
        if (!world_is_fifo(&world_abis[i]) && world_abis[i].ports > most)
            most = world_abis[i].ports;
    return most;
}

static void consumer_begin_with(struct world_domain *w, struct world_vcpu *v,
                                const struct world_abi *abi)
{
    v->c = (struct evtchn_consumer){
        .abi = abi->consumer,
        .upcall = v->upcall,
        .selector = v->selector,
        .pending = w->pending,
        .mask = w->mask,
        .control = NULL,
        .array = &w->d.array,
        .mine = v->mine,
    };
}

static void vcpu_open(struct world_domain *w, uint32_t n)
{
    struct world_vcpu *v = &w->vcpu[n];
    v->upcall = zeroed(sizeof(void *), 1);
    v->selector = zeroed(sizeof(uint64_t), sizeof(uint64_t));
    v->mine = w->config.mine ? zeroed(sizeof(uint64_t), w->bitmap_size) : NULL;
    evtchn_vcpu_init(&v->v, &w->d, n, v->upcall, v->selector, w);
    consumer_begin_with(w, v, w->begins);
    w->vcpus[n] = &v->v;
}

void world_open(struct world_domain *w, struct world_config config)
{
    if (config.ports_max == 0)
        config.ports_max = EVTCHN_PORTS_MAX;
    if (config.vcpus == 0)
        config.vcpus = 1;
    memset(w, 0, sizeof(*w));
    w->config = config;
    w->begins = w->now = begins_with(config.abi);
    uint32_t bits = config.changes ? most_bits() : w->begins->ports;
    w->bitmap_size = (bits + 63) / 64 * sizeof(uint64_t);
    w->pending = zeroed(sizeof(uint64_t), w->bitmap_size);
    w->mask = zeroed(sizeof(uint64_t), w->bitmap_size);
    uint32_t buckets = (config.ports_max + EVTCHN_BUCKET_PORTS - 1) / EVTCHN_BUCKET_PORTS;
    w->buckets = zeroed(sizeof(void *), buckets * sizeof(void *));
    w->closed = zeroed(sizeof(uint64_t), buckets * sizeof(uint64_t));
    evtchn_domain_init(&w->d, &(struct evtchn_domain_config){
                                  .id = config.id,
                                  .abi = w->begins->producer,
                                  .ports_max = config.ports_max,
                                  .buckets = w->buckets,
                                  .closed = w->closed,
                                  .vcpus = w->vcpus,
                                  .n_vcpus = WORLD_VCPUS,
                                  .pirq_port = w->pirq_port,
                                  .n_pirqs = WORLD_PIRQS,
                                  .vcpu_virqs = EVTCHN_VCPU_VIRQS,
                                  .pending = w->pending,
                                  .mask = w->mask,
                                  .owner = w,
                              });
    for (uint32_t n = 0; n < config.vcpus; n++)
        vcpu_open(w, n);
    world_grow(w);
    if (!world_is_fifo(config.abi) || config.late)
        return;
    for (uint32_t n = 0; n < config.vcpus; n++)
        if (world_give_control(w, n, 0) != 0)
            abort();
    if (world_give_page(w) != 0)
        abort();
}

static void free_fifo(struct world_domain *w)
{
    for (uint32_t n = 0; n < w->pages; n++)
        free(w->array[n]);
    w->pages = 0;
    for (uint32_t n = 0; n < WORLD_VCPUS; n++) {
        free(w->vcpu[n].control);
        w->vcpu[n].control = NULL;
    }
}

void world_close(struct world_domain *w)
{
    free_fifo(w);
    for (uint32_t n = 0; n < w->n_buckets; n++)
        free(w->buckets[n]);
    for (uint32_t n = 0; n < WORLD_VCPUS; n++) {
        free(w->vcpu[n].upcall);
        free(w->vcpu[n].selector);
        free(w->vcpu[n].mine);
    }
    free(w->buckets);
    free(w->closed);
    free(w->pending);
    free(w->mask);
}

void world_grow(struct world_domain *w)
{
    if (evtchn_wants_bucket(&w->d)) {
        evtchn_add_bucket(&w->d, page());
        w->n_buckets++;
    }
}

int world_give_control(struct world_domain *w, uint32_t vcpu, uint32_t offset)
{
    void *given = page();
    int error = evtchn_init_control(&w->d, vcpu, given, offset);
    if (error != 0) {
        free(given);
        return error;
    }
    w->vcpu[vcpu].control = given;
    const struct evtchn_consumer_abi *fifo = w->config.abi->consumer;
    for (uint32_t n = 0; n < w->config.vcpus; n++) {
        struct evtchn_consumer *c = &w->vcpu[n].c;
        if (c->abi != fifo) {
            consumer_begin_with(w, &w->vcpu[n], w->config.abi);
            c->mine = NULL;
        }
    }
    w->vcpu[vcpu].c.control = (struct evtchn_control *)((char *)given + offset);
    return 0;
}

int world_give_page(struct world_domain *w)
{
    uint32_t *given = page();
    int error = evtchn_expand_array(&w->d, given);
    if (error != 0)
        free(given);
    else
        w->array[w->pages++] = given;
    return error;
}

uint32_t world_release(struct world_domain *w)
{
    uint32_t upcalls = 0;
    for (uint32_t from = 1; from != 0;)
        upcalls += evtchn_release_held(&w->d, &from).upcall != NULL;
    return upcalls;
}

/* With zeroed memory, by the ABI that it has now. */
static void begin(struct world_domain *w)
{
    memset(w->pending, 0, w->bitmap_size);
    memset(w->mask, 0, w->bitmap_size);
    for (uint32_t n = 0; n < w->config.vcpus; n++) {
        struct world_vcpu *v = &w->vcpu[n];
        *v->upcall = 0;
        *v->selector = 0;
        if (v->mine != NULL)
            memset(v->mine, 0, w->bitmap_size);
        consumer_begin_with(w, v, w->now);
    }
}

void world_begin_anew(struct world_domain *w)
{
    free_fifo(w);
    w->now = w->begins;
    begin(w);
}

int world_set_abi(struct world_domain *w, const struct world_abi *abi)
{
    int error = evtchn_set_abi(&w->d, abi->producer);
    if (error == 0 && abi != w->now) {
        w->now = abi;
        begin(w);
    }
    return error;
}

void world_give_pages_for(struct world_domain *w, uint32_t port)
{
    while (w->d.abi == &evtchn_fifo_producer && world_word(w, port) == NULL)
        if (world_give_page(w) != 0)
            abort();
}

void world_note_mine(struct world_domain *w, uint32_t port, uint32_t vcpu)
{
    /* Little-endian: a bitmap of 32-bit words is one of 64-bit words as well. */
    for (uint32_t n = 0; n < w->config.vcpus; n++)
        if (w->vcpu[n].mine != NULL && port / 8 < w->bitmap_size) {
            w->vcpu[n].mine[port / 64] &= ~(1ULL << port % 64);
            if (n == vcpu)
                w->vcpu[n].mine[port / 64] |= 1ULL << port % 64;
        }
}

uint32_t *world_word(struct world_domain *w, uint32_t port)
{
    uint32_t at = port / EVTCHN_PAGE_WORDS;
    return at < w->pages ? w->array[at] + port % EVTCHN_PAGE_WORDS : NULL;
}

/* ---- snapshots ---- */

struct copy {
    char *to; /* NULL: only count */
    size_t size;
};

static void copy(struct copy *c, const void *from, size_t size)
{
    if (from == NULL)
        return;
    if (c->to != NULL)
        memcpy(c->to + c->size, from, size);
    c->size += size;
}

static void copy_all(struct copy *c, const struct world_domain *w)
{
    uint32_t buckets = (w->config.ports_max + EVTCHN_BUCKET_PORTS - 1) / EVTCHN_BUCKET_PORTS;
    copy(c, w, sizeof(*w));
    copy(c, w->pending, w->bitmap_size);
    copy(c, w->mask, w->bitmap_size);
    copy(c, w->closed, buckets * sizeof(uint64_t));
    for (uint32_t n = 0; n < w->n_buckets; n++)
        copy(c, w->buckets[n], sizeof(*w->buckets[n]));
    for (uint32_t n = 0; n < w->pages; n++)
        copy(c, w->array[n], EVTCHN_PAGE_SIZE);
    for (uint32_t n = 0; n < WORLD_VCPUS; n++) {
        copy(c, w->vcpu[n].upcall, 1);
        copy(c, w->vcpu[n].selector, sizeof(uint64_t));
        copy(c, w->vcpu[n].control, EVTCHN_PAGE_SIZE);
    }
}

void *world_snapshot(const struct world_domain *w, size_t *size)
{
    struct copy c = {NULL, 0};
    copy_all(&c, w);
    *size = c.size;
    c = (struct copy){zeroed(16, c.size), 0};
    copy_all(&c, w);
    return c.to;
}

bool world_is_as(const struct world_domain *w, const void *snapshot, size_t size)
{
    size_t now_size;
    void *now = world_snapshot(w, &now_size);
    bool same = now_size == size && memcmp(now, snapshot, size) == 0;
    free(now);
    return same;
}
