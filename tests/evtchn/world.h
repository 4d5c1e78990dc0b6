/* SPDX-License-Identifier: MIT */
/*
 * Domains with their vcpus and guests' memory, for the tests of evtchn/: the embedder of both
 * halves. Each piece of guest memory is an allocation of exactly its size, so that the address
 * sanitizer sees the first byte beyond it.
 */
#ifndef TESTS_EVTCHN_WORLD_H
#define TESTS_EVTCHN_WORLD_H

#include "evtchn/abi.h"
#include "evtchn/consumer.h"
#include "evtchn/evtchn.h"

#define WORLD_VCPUS 4U
#define WORLD_PIRQS 8U

/* A line of abis.def. */
struct world_abi {
    const char *name;
    uint32_t ports;
    const struct evtchn_abi *producer;
    const struct evtchn_consumer_abi *consumer;
};

extern const struct world_abi world_abis[];
extern const size_t world_n_abis;

struct world_config {
    const struct world_abi *abi;
    uint16_t id;
    uint32_t ports_max; /* 0: the most that there can be */
    uint32_t vcpus;     /* 0: one. Those from here to WORLD_VCPUS do not exist */
    bool mine;          /* the consumers have a bitmap each of the ports bound to them */
    bool late;          /* fifo: it stays on the ABI that it begins with */
    bool changes;       /* its bitmaps have room for any ABI: world_set_abi() */
};

struct world_vcpu {
    struct evtchn_vcpu v;
    struct evtchn_consumer c;
    uint8_t *upcall;
    uint64_t *selector;
    void *control; /* the page that holds the control block, or NULL */
    uint64_t *mine;
};

struct world_domain {
    struct evtchn_domain d;
    struct world_config config;
    const struct world_abi *begins; /* fifo: with what it begins; else config.abi */
    const struct world_abi *now;    /* since then, but for fifo, which is entered later */
    struct world_vcpu vcpu[WORLD_VCPUS];
    struct evtchn_vcpu *vcpus[WORLD_VCPUS];
    uint32_t pirq_port[WORLD_PIRQS];
    void *pending, *mask;
    size_t bitmap_size;                  /* of pending, mask and each mine */
    uint32_t *array[EVTCHN_ARRAY_PAGES]; /* as given */
    uint32_t pages;
    struct evtchn_bucket **buckets;
    uint64_t *closed;
    uint32_t n_buckets;
};

/* On its ABI: fifo with control blocks for all vcpus and one array page, unless it is late. */
void world_open(struct world_domain *w, struct world_config config);
void world_close(struct world_domain *w);

bool world_is_fifo(const struct world_abi *abi);

/* A bucket, if one is wanted. */
void world_grow(struct world_domain *w);

/* Gives what fifo needs; the result is evtchn_init_control's or evtchn_expand_array's. What was
 * held is not released. */
int world_give_control(struct world_domain *w, uint32_t vcpu, uint32_t offset);
int world_give_page(struct world_domain *w);

/* Delivers what was held; how many upcalls that took. */
uint32_t world_release(struct world_domain *w);

/* Another ABI, by evtchn_set_abi(), whose result it is. Where that changes it, the guest begins
 * anew.
 */
int world_set_abi(struct world_domain *w, const struct world_abi *abi);

/* As the guest does after evtchn_reset(): its memory is zeroed, its consumers begin anew. */
void world_begin_anew(struct world_domain *w);

/* Pages until the port has its word. */
void world_give_pages_for(struct world_domain *w, uint32_t port);

/* The guest's notes of which vcpu serves the port, where it keeps any. */
void world_note_mine(struct world_domain *w, uint32_t port, uint32_t vcpu);

/* The guest's event word of fifo; NULL: there is none. */
uint32_t *world_word(struct world_domain *w, uint32_t port);

/*
 * Everything that the module could have changed, guest memory included, as one block of bytes for
 * the caller to free: to see that it did not.
 */
void *world_snapshot(const struct world_domain *w, size_t *size);
bool world_is_as(const struct world_domain *w, const void *snapshot, size_t size);

#endif
