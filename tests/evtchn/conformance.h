/* SPDX-License-Identifier: MIT */
/* What the files of the conformance suite share. A test's state is its struct world_abi. */
#ifndef TESTS_EVTCHN_CONFORMANCE_H
#define TESTS_EVTCHN_CONFORMANCE_H

#include <stdlib.h>
#include <string.h>

#include "tests/evtchn/world.h"
#include "tests/unit/tap.h"

struct conformance_suite {
    const struct CMUnitTest *tests;
    size_t n;
};

/* For every ABI; for one only. */
extern const struct conformance_suite conformance_ports, conformance_delivery;
extern const struct conformance_suite conformance_flat, conformance_two_level, conformance_fifo;

/* A failed operation is one that changed nothing. */
#define assert_refused(w, error, call)                          \
    do {                                                        \
        size_t refused_size_;                                   \
        void *refused_ = world_snapshot((w), &refused_size_);   \
        assert_int_equal((call), -(error));                     \
        assert_true(world_is_as((w), refused_, refused_size_)); \
        free(refused_);                                         \
    } while (0)

#define assert_ok(call) assert_int_equal((call), 0)

struct got {
    uint32_t n;
    uint32_t port[4096];
};

/* All that the vcpu's next upcall finds. */
static inline struct got *scan(struct world_domain *w, uint32_t vcpu, struct got *got)
{
    struct evtchn_consumer *c = &w->vcpu[vcpu].c;
    uint32_t port;
    got->n = 0;
    evtchn_consumer_begin(c);
    while ((port = evtchn_consumer_next(c)) != EVTCHN_NONE) {
        assert_int_not_equal(port, EVTCHN_BROKEN_QUEUE);
        assert_in_range(got->n, 0, sizeof(got->port) / sizeof(*got->port) - 1);
        got->port[got->n++] = port;
    }
    return got;
}

#define assert_scan(w, vcpu, ...)                                     \
    do {                                                              \
        static struct got scanned_;                                   \
        const uint32_t want_[] = {__VA_ARGS__};                       \
        scan((w), (vcpu), &scanned_);                                 \
        assert_int_equal(scanned_.n, sizeof(want_) / sizeof(*want_)); \
        assert_memory_equal(scanned_.port, want_, sizeof(want_));     \
    } while (0)

#define assert_nothing(w, vcpu)          \
    do {                                 \
        static struct got scanned_;      \
        scan((w), (vcpu), &scanned_);    \
        assert_int_equal(scanned_.n, 0); \
    } while (0)

/* A new port that its own domain sends to; its word is there. */
static inline uint32_t open_ipi(struct world_domain *w, uint32_t vcpu)
{
    uint32_t port = 0;
    world_grow(w);
    assert_ok(evtchn_bind_ipi(&w->d, vcpu, &port));
    world_give_pages_for(w, port);
    world_note_mine(w, port, vcpu);
    return port;
}

/* A port that can be bound to another vcpu, and its other end, which sends to it. */
struct pair {
    uint32_t to, from;
};

static inline struct pair open_pair(struct world_domain *w)
{
    struct pair p = {0, 0};
    struct evtchn_effect effect;
    world_grow(w);
    assert_ok(evtchn_alloc_unbound(&w->d, w->d.id, &p.to));
    world_give_pages_for(w, p.to);
    world_grow(w);
    assert_ok(evtchn_bind_interdomain(&w->d, &w->d, p.to, &p.from, &effect));
    world_give_pages_for(w, p.from);
    world_note_mine(w, p.to, 0);
    world_note_mine(w, p.from, 0);
    assert_scan(w, 0, p.from);
    return p;
}

/* By the port itself if it is an IPI, or by its other end. */
static inline struct evtchn_effect send(struct world_domain *w, uint32_t port)
{
    struct evtchn_effect effect = {NULL, ~0ULL};
    assert_ok(evtchn_send(&w->d, port, &effect));
    return effect;
}

static inline void assert_tells(struct evtchn_effect effect, struct world_domain *w, uint32_t vcpu)
{
    assert_ptr_equal(effect.upcall, &w->vcpu[vcpu].v);
    assert_int_equal(effect.what, EVTCHN_IS_PENDING);
    assert_int_equal(*w->vcpu[vcpu].upcall, 1);
}

static inline void assert_tells_nobody(struct evtchn_effect effect, uint64_t what)
{
    assert_null(effect.upcall);
    assert_int_equal(effect.what, what);
}

#endif
