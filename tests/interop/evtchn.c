/* SPDX-License-Identifier: MIT */
/*
 * evtchn/ against Xen's public headers, <xen/event_channel.h>, <xen/xen.h> and, for the guest of
 * 32-bit words, <xen/foreign/x86_32.h>: constants and structures agree; each half of ours works
 * with another half, which is written here on the headers' own structures from the rules that they
 * (and for fifo D. Vrabel, "FIFO-based Event Channel ABI", draft F, 2013) state.
 */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/errno.h>
#include <xen/foreign/x86_32.h>

#include "evtchn/abi.h"
#include "evtchn/consumer.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

/* ---- what is written down twice ---- */

#define SAME(ours, theirs) _Static_assert((ours) == (theirs), #ours " is " #theirs)

SAME(EVTCHN_CLOSED, EVTCHNSTAT_closed);
SAME(EVTCHN_UNBOUND, EVTCHNSTAT_unbound);
SAME(EVTCHN_INTERDOMAIN, EVTCHNSTAT_interdomain);
SAME(EVTCHN_PIRQ, EVTCHNSTAT_pirq);
SAME(EVTCHN_VIRQ, EVTCHNSTAT_virq);
SAME(EVTCHN_IPI, EVTCHNSTAT_ipi);

SAME(EVTCHN_PENDING_BIT, EVTCHN_FIFO_PENDING);
SAME(EVTCHN_MASKED_BIT, EVTCHN_FIFO_MASKED);
SAME(EVTCHN_LINKED_BIT, EVTCHN_FIFO_LINKED);
SAME(EVTCHN_BUSY_BIT, EVTCHN_FIFO_BUSY);
SAME(EVTCHN_LINK_BITS, EVTCHN_FIFO_LINK_BITS);
SAME(EVTCHN_LINK, EVTCHN_FIFO_LINK_MASK);
SAME(EVTCHN_PORTS_MAX, EVTCHN_FIFO_NR_CHANNELS);
SAME(EVTCHN_QUEUES, EVTCHN_FIFO_MAX_QUEUES);
SAME(EVTCHN_PRIORITY_HIGHEST, EVTCHN_FIFO_PRIORITY_MAX);
SAME(EVTCHN_PRIORITY_DEFAULT, EVTCHN_FIFO_PRIORITY_DEFAULT);
SAME(EVTCHN_PRIORITY_LOWEST, EVTCHN_FIFO_PRIORITY_MIN);
SAME(sizeof(event_word_t), sizeof(uint32_t));

SAME(sizeof(struct evtchn_control), sizeof(evtchn_fifo_control_block_t));
SAME(offsetof(struct evtchn_control, ready), offsetof(evtchn_fifo_control_block_t, ready));
SAME(offsetof(struct evtchn_control, head), offsetof(evtchn_fifo_control_block_t, head));
SAME(sizeof(((struct evtchn_control *)0)->head), sizeof(((evtchn_fifo_control_block_t *)0)->head));

SAME(EVTCHN_VIRQS, NR_VIRQS);
SAME(EVTCHN_VCPU_VIRQS,
     1U << VIRQ_TIMER | 1U << VIRQ_DEBUG | 1U << VIRQ_XENOPROF | 1U << VIRQ_XENPMU);

SAME(EVTCHN_ENOENT, XEN_ENOENT);
SAME(EVTCHN_ENOMEM, XEN_ENOMEM);
SAME(EVTCHN_EBUSY, XEN_EBUSY);
SAME(EVTCHN_EEXIST, XEN_EEXIST);
SAME(EVTCHN_EINVAL, XEN_EINVAL);
SAME(EVTCHN_ENOSPC, XEN_ENOSPC);
SAME(EVTCHN_ENOSYS, XEN_ENOSYS);
SAME(EVTCHN_EOPNOTSUPP, XEN_EOPNOTSUPP);

/* What evtchn/ takes pointers to: the upcall flag is a byte, the selector is a word of the guest's
 * size, and so are those of the two arrays, which have as many as a word has bits. */
typedef struct shared_info shared_64;
typedef struct shared_info_x86_32 shared_32;
#define FIELD(type, name) (((type *)0)->name)
#define WORDS(type, word)                                                       \
    SAME(sizeof(FIELD(type, vcpu_info[0].evtchn_upcall_pending)), 1);           \
    SAME(sizeof(FIELD(type, vcpu_info[0].evtchn_pending_sel)), sizeof(word));   \
    SAME(sizeof(FIELD(type, evtchn_pending[0])), sizeof(word));                 \
    SAME(sizeof(FIELD(type, evtchn_pending)), sizeof(word) * sizeof(word) * 8); \
    SAME(sizeof(FIELD(type, evtchn_mask)), sizeof(word) * sizeof(word) * 8);    \
    _Static_assert(offsetof(type, evtchn_pending) % sizeof(word) == 0, "aligned")
WORDS(shared_64, uint64_t);
WORDS(shared_32, uint32_t);
SAME(EVTCHN_2L_NR_CHANNELS, 4096);

static void test_abis_carry_what_the_headers_say(void **state)
{
    (void)state;
    assert_int_equal(evtchn_two_level_64_consumer.ports, EVTCHN_2L_NR_CHANNELS);
    assert_int_equal(evtchn_two_level_32_consumer.ports,
                     sizeof(FIELD(shared_32, evtchn_pending)) * 8);
    assert_int_equal(evtchn_fifo_consumer.ports, EVTCHN_FIFO_NR_CHANNELS);
    uint32_t last = EVTCHN_PAGE_SIZE - sizeof(evtchn_fifo_control_block_t);
    assert_true(evtchn_control_fits(last));
    assert_false(evtchn_control_fits(last + sizeof(uint64_t)));
    assert_false(evtchn_control_fits(4));
    assert_false(evtchn_control_fits(UINT32_MAX - 7));
}

/* ---- one guest's memory ---- */

#define PORTS 200U   /* 1 .. PORTS - 1 are open */
#define STEPS 60000U /* moves in one game */

union memory {
    shared_64 of_64;
    shared_32 of_32;
    struct {
        event_word_t word[EVTCHN_PAGE_WORDS] __attribute__((aligned(EVTCHN_PAGE_SIZE)));
        struct evtchn_fifo_control_block control;
        uint8_t upcall;
    } fifo;
};

/* What their halves keep for themselves. */
struct theirs {
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES];      /* consumer of fifo */
    uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];      /* producer of fifo: ports */
    uint32_t priority[PORTS], queued_by[PORTS]; /* likewise */
};

struct served {
    uint32_t port[PORTS], n;
};

/* Their halves, for one ABI. */
struct other {
    const char *name;
    const struct evtchn_consumer_abi *consumer;
    const struct evtchn_abi *producer; /* of ours, to begin with */
    bool in_order;                     /* the order of delivery is the ABI's */
    void (*send)(union memory *, struct theirs *, uint32_t port);
    void (*unmask_call)(union memory *, struct theirs *, uint32_t port);
    void (*mask)(union memory *, uint32_t port);
    bool (*unmask)(union memory *, uint32_t port); /* false: the call is needed */
    void (*scan)(union memory *, struct theirs *, struct served *);
};

static void serve(struct served *served, uint32_t port)
{
    assert_in_range(port, 1, PORTS - 1);
    assert_in_range(served->n, 0, PORTS - 1);
    served->port[served->n++] = port;
}

/* ---- 2l, theirs ---- */

#define TWO_LEVEL(bits, word_t)                                                          \
    static word_t bit_##bits(uint32_t n)                                                 \
    {                                                                                    \
        return (word_t)1 << n % (bits);                                                  \
    }                                                                                    \
    static void select_##bits(union memory *m, uint32_t port)                            \
    {                                                                                    \
        word_t *selector = &m->of_##bits.vcpu_info[0].evtchn_pending_sel;                \
        if ((*selector & bit_##bits(port / (bits))) == 0)                                \
            m->of_##bits.vcpu_info[0].evtchn_upcall_pending = 1;                         \
        *selector |= bit_##bits(port / (bits));                                          \
    }                                                                                    \
    static void send_##bits(union memory *m, struct theirs *t, uint32_t port)            \
    {                                                                                    \
        (void)t;                                                                         \
        word_t *pending = &m->of_##bits.evtchn_pending[port / (bits)];                   \
        bool was = (*pending & bit_##bits(port)) != 0;                                   \
        *pending |= bit_##bits(port);                                                    \
        if (!was && (m->of_##bits.evtchn_mask[port / (bits)] & bit_##bits(port)) == 0)   \
            select_##bits(m, port);                                                      \
    }                                                                                    \
    static void unmask_call_##bits(union memory *m, struct theirs *t, uint32_t port)     \
    {                                                                                    \
        (void)t;                                                                         \
        word_t *mask = &m->of_##bits.evtchn_mask[port / (bits)];                         \
        bool was = (*mask & bit_##bits(port)) != 0;                                      \
        *mask &= ~bit_##bits(port);                                                      \
        if (was && (m->of_##bits.evtchn_pending[port / (bits)] & bit_##bits(port)) != 0) \
            select_##bits(m, port);                                                      \
    }                                                                                    \
    static void mask_##bits(union memory *m, uint32_t port)                              \
    {                                                                                    \
        m->of_##bits.evtchn_mask[port / (bits)] |= bit_##bits(port);                     \
    }                                                                                    \
    static bool unmask_##bits(union memory *m, uint32_t port)                            \
    {                                                                                    \
        m->of_##bits.evtchn_mask[port / (bits)] &= ~bit_##bits(port);                    \
        if ((m->of_##bits.evtchn_pending[port / (bits)] & bit_##bits(port)) != 0) {      \
            m->of_##bits.vcpu_info[0].evtchn_pending_sel |= bit_##bits(port / (bits));   \
            m->of_##bits.vcpu_info[0].evtchn_upcall_pending = 1;                         \
        }                                                                                \
        return true;                                                                     \
    }                                                                                    \
    static void scan_##bits(union memory *m, struct theirs *t, struct served *served)    \
    {                                                                                    \
        (void)t;                                                                         \
        m->of_##bits.vcpu_info[0].evtchn_upcall_pending = 0;                             \
        word_t selector = m->of_##bits.vcpu_info[0].evtchn_pending_sel;                  \
        m->of_##bits.vcpu_info[0].evtchn_pending_sel = 0;                                \
        for (uint32_t port = 1; port < PORTS; port++) {                                  \
            word_t *pending = &m->of_##bits.evtchn_pending[port / (bits)];               \
            word_t masked = m->of_##bits.evtchn_mask[port / (bits)];                     \
            if ((selector & bit_##bits(port / (bits))) != 0 &&                           \
                (*pending & ~masked & bit_##bits(port)) != 0) {                          \
                *pending &= ~bit_##bits(port);                                           \
                serve(served, port);                                                     \
            }                                                                            \
        }                                                                                \
    }

TWO_LEVEL(64, uint64_t)
TWO_LEVEL(32, uint32_t)

/* ---- fifo, theirs ---- */

#define BIT(n) ((event_word_t)1 << (n))

static void enqueue_fifo(union memory *m, struct theirs *t, uint32_t port)
{
    event_word_t *word = m->fifo.word;
    uint32_t q = t->priority[port], before = t->tail[q];
    if ((word[port] & BIT(EVTCHN_FIFO_LINKED)) != 0)
        return;
    if (q != t->queued_by[port] && t->tail[t->queued_by[port]] == port)
        t->tail[t->queued_by[port]] = 0;
    bool follows = before != 0 && before != port && (word[before] & BIT(EVTCHN_FIFO_LINKED)) != 0;
    word[port] |= BIT(EVTCHN_FIFO_LINKED);
    t->tail[q] = port;
    t->queued_by[port] = q;
    if (follows) {
        word[before] = (word[before] & ~EVTCHN_FIFO_LINK_MASK) | port;
        return;
    }
    m->fifo.control.head[q] = port;
    if ((m->fifo.control.ready & BIT(q)) == 0)
        m->fifo.upcall = 1;
    m->fifo.control.ready |= BIT(q);
}

static void send_fifo(union memory *m, struct theirs *t, uint32_t port)
{
    bool was = (m->fifo.word[port] & BIT(EVTCHN_FIFO_PENDING)) != 0;
    m->fifo.word[port] |= BIT(EVTCHN_FIFO_PENDING);
    if (!was && (m->fifo.word[port] & BIT(EVTCHN_FIFO_MASKED)) == 0)
        enqueue_fifo(m, t, port);
}

static void unmask_call_fifo(union memory *m, struct theirs *t, uint32_t port)
{
    m->fifo.word[port] &= ~BIT(EVTCHN_FIFO_MASKED);
    if ((m->fifo.word[port] & BIT(EVTCHN_FIFO_PENDING)) != 0)
        enqueue_fifo(m, t, port);
}

static void mask_fifo(union memory *m, uint32_t port)
{
    m->fifo.word[port] |= BIT(EVTCHN_FIFO_MASKED);
}

static bool unmask_fifo(union memory *m, uint32_t port)
{
    event_word_t word = m->fifo.word[port];
    if ((word & BIT(EVTCHN_FIFO_MASKED)) != 0 && (word & BIT(EVTCHN_FIFO_PENDING)) != 0)
        return false;
    m->fifo.word[port] &= ~BIT(EVTCHN_FIFO_MASKED);
    return true;
}

static void scan_fifo(union memory *m, struct theirs *t, struct served *served)
{
    m->fifo.upcall = 0;
    uint32_t ready = m->fifo.control.ready;
    m->fifo.control.ready = 0;
    for (uint32_t q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++) {
        if ((ready & BIT(q)) == 0)
            continue;
        uint32_t port = t->head[q] != 0 ? t->head[q] : m->fifo.control.head[q];
        while (port != 0) {
            event_word_t *word = &m->fifo.word[port];
            uint32_t next = *word & EVTCHN_FIFO_LINK_MASK;
            assert_true((*word & BIT(EVTCHN_FIFO_LINKED)) != 0);
            *word &= ~(BIT(EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK);
            if ((*word & BIT(EVTCHN_FIFO_PENDING)) != 0 && (*word & BIT(EVTCHN_FIFO_MASKED)) == 0) {
                *word &= ~BIT(EVTCHN_FIFO_PENDING);
                serve(served, port);
            }
            port = next;
        }
        t->head[q] = 0;
    }
}

#define OTHER(name_, id, suffix, begins, ordered)                                          \
    {                                                                                      \
        .name = (name_), .consumer = &evtchn_##id##_consumer, .producer = (begins),        \
        .in_order = (ordered), .send = send_##suffix, .unmask_call = unmask_call_##suffix, \
        .mask = mask_##suffix, .unmask = unmask_##suffix, .scan = scan_##suffix,           \
    }

static const struct other others[] = {
    OTHER("2l", two_level_64, 64, &evtchn_two_level_64_producer, false),
    OTHER("2l-32", two_level_32, 32, &evtchn_two_level_32_producer, false),
    OTHER("fifo", fifo, fifo, &evtchn_two_level_64_producer, true),
};

/* ---- ours, on the same memory ---- */

struct ours {
    struct evtchn_domain d;
    struct evtchn_vcpu v, *vcpus[1];
    struct evtchn_bucket *buckets[(PORTS + 63) / 64];
    uint64_t closed[(PORTS + 63) / 64];
    struct evtchn_array array; /* the consumer's own */
    struct evtchn_consumer c;
    uint64_t unused; /* where fifo's domain has the 2l memory that it leaves at once */
};

static void ours_open(struct ours *o, const struct other *other, union memory *m)
{
    bool fifo = other->consumer == &evtchn_fifo_consumer;
    bool wide = other->consumer == &evtchn_two_level_64_consumer;
    uint8_t *upcall = fifo   ? &m->fifo.upcall
                      : wide ? &m->of_64.vcpu_info[0].evtchn_upcall_pending
                             : &m->of_32.vcpu_info[0].evtchn_upcall_pending;
    void *selector = fifo   ? (void *)&o->unused
                     : wide ? (void *)&m->of_64.vcpu_info[0].evtchn_pending_sel
                            : (void *)&m->of_32.vcpu_info[0].evtchn_pending_sel;
    void *pending = wide ? (void *)m->of_64.evtchn_pending : (void *)m->of_32.evtchn_pending;
    void *mask = wide ? (void *)m->of_64.evtchn_mask : (void *)m->of_32.evtchn_mask;
    evtchn_vcpu_init(&o->v, &o->d, 0, upcall, selector, NULL);
    o->vcpus[0] = &o->v;
    evtchn_domain_init(&o->d, &(struct evtchn_domain_config){
                                  .abi = other->producer,
                                  .ports_max = PORTS,
                                  .buckets = o->buckets,
                                  .closed = o->closed,
                                  .vcpus = o->vcpus,
                                  .n_vcpus = 1,
                                  .vcpu_virqs = EVTCHN_VCPU_VIRQS,
                                  .pending = fifo ? NULL : pending,
                                  .mask = fifo ? NULL : mask,
                              });
    if (fifo) {
        assert_int_equal(evtchn_init_control(&o->d, 0, &m->fifo.control, 0), 0);
        assert_int_equal(evtchn_expand_array(&o->d, m->fifo.word), 0);
    }
    for (uint32_t want = 1; want < PORTS; want++) {
        uint32_t port;
        if (evtchn_wants_bucket(&o->d)) {
            void *bucket = NULL;
            assert_int_equal(
                posix_memalign(&bucket, EVTCHN_PAGE_SIZE, sizeof(struct evtchn_bucket)), 0);
            evtchn_add_bucket(&o->d, bucket);
        }
        assert_int_equal(evtchn_alloc_unbound(&o->d, 0, &port), 0);
        assert_int_equal(evtchn_close(&o->d, port), 0);
        assert_int_equal(evtchn_bind_ipi(&o->d, 0, &port), 0);
        assert_int_equal(port, want);
    }
    o->array.pages = 1;
    o->array.page[0] = m->fifo.word;
    o->c = (struct evtchn_consumer){.abi = other->consumer,
                                    .upcall = upcall,
                                    .selector = selector,
                                    .pending = pending,
                                    .mask = mask,
                                    .control = (struct evtchn_control *)&m->fifo.control,
                                    .array = &o->array};
}

static void ours_scan(struct ours *o, struct served *served)
{
    uint32_t port;
    evtchn_consumer_begin(&o->c);
    while ((port = evtchn_consumer_next(&o->c)) != EVTCHN_NONE)
        serve(served, port);
}

/* ---- the game: both pairs make the same moves, and leave the same bytes ---- */

struct game {
    const struct other *other;
    struct ours producer, consumer; /* with memory[0], memory[1] */
    struct theirs theirs[2];        /* likewise: the consumer, the producer */
    union memory *memory[2];
    struct served served[2];
    uint64_t total;
};

static int by_number(const void *a, const void *b)
{
    return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

static void scan_both(struct game *g)
{
    g->served[0].n = g->served[1].n = 0;
    g->other->scan(g->memory[0], &g->theirs[0], &g->served[0]);
    ours_scan(&g->consumer, &g->served[1]);
    for (int i = 0; i < 2 && !g->other->in_order; i++)
        qsort(g->served[i].port, g->served[i].n, sizeof(uint32_t), by_number);
    assert_int_equal(g->served[0].n, g->served[1].n);
    assert_memory_equal(g->served[0].port, g->served[1].port, g->served[0].n * sizeof(uint32_t));
    g->total += g->served[0].n;
}

static void unmask_both(struct game *g, uint32_t port)
{
    struct evtchn_effect effect;
    bool theirs = g->other->unmask(g->memory[0], port);
    enum evtchn_unmasked ours = evtchn_consumer_unmask(&g->consumer.c, port);
    assert_int_equal(theirs, ours != EVTCHN_UNMASK_CALL);
    if (!theirs) {
        assert_int_equal(evtchn_unmask(&g->producer.d, port, &effect), 0);
        g->other->unmask_call(g->memory[1], &g->theirs[1], port);
    }
}

static void move(struct game *g, struct rng *rng)
{
    struct evtchn_effect effect;
    uint32_t port = 1 + rng_below(rng, rng_one_in(rng, 2) ? PORTS - 1 : 5);
    switch (rng_below(rng, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        assert_int_equal(evtchn_send(&g->producer.d, port, &effect), 0);
        g->other->send(g->memory[1], &g->theirs[1], port);
        break;
    case 5:
    case 6:
        g->other->mask(g->memory[0], port);
        evtchn_consumer_mask(&g->consumer.c, port);
        break;
    case 7:
    case 8:
        unmask_both(g, port);
        break;
    case 9:
        assert_int_equal(evtchn_unmask(&g->producer.d, port, &effect), 0);
        g->other->unmask_call(g->memory[1], &g->theirs[1], port);
        break;
    case 10:
        if (g->other->in_order) {
            uint32_t priority = rng_below(rng, EVTCHN_FIFO_MAX_QUEUES);
            assert_int_equal(evtchn_set_priority(&g->producer.d, port, priority), 0);
            g->theirs[1].priority[port] = priority;
        }
        break;
    default:
        scan_both(g);
        break;
    }
    assert_memory_equal(g->memory[0], g->memory[1], sizeof(union memory));
}

static void free_buckets(struct ours *o)
{
    for (uint32_t b = 0; b < o->d.n_buckets; b++)
        free(o->buckets[b]);
}

static void test_each_half_with_another(void **state)
{
    const struct other *other = *state;
    struct rng rng = rng_seeded(0x10);
    struct game *g = calloc(1, sizeof(*g));
    assert_non_null(g);
    g->other = other;
    for (int i = 0; i < 2; i++) {
        void *memory = NULL;
        assert_int_equal(posix_memalign(&memory, EVTCHN_PAGE_SIZE, sizeof(union memory)), 0);
        g->memory[i] = memset(memory, 0, sizeof(union memory));
    }
    for (uint32_t port = 0; port < PORTS; port++)
        g->theirs[1].priority[port] = g->theirs[1].queued_by[port] = EVTCHN_FIFO_PRIORITY_DEFAULT;
    ours_open(&g->producer, other, g->memory[0]);
    union memory *unused = calloc(1, sizeof(*unused));
    assert_non_null(unused);
    ours_open(&g->consumer, other, g->memory[1]);
    assert_memory_equal(g->memory[0], unused, sizeof(*unused)); /* opening touches nothing */

    for (uint32_t step = 0; step < STEPS; step++)
        move(g, &rng);
    for (uint32_t port = 1; port < PORTS; port++)
        unmask_both(g, port);
    scan_both(g);
    for (uint32_t port = 1; port < PORTS; port++)
        assert_false(evtchn_consumer_is_pending(&g->consumer.c, port));
    assert_true(g->total > STEPS / 10);

    free(unused);
    free_buckets(&g->producer);
    free_buckets(&g->consumer);
    free(g->memory[0]);
    free(g->memory[1]);
    free(g);
}

int main(void)
{
    struct CMUnitTest tests[1 + sizeof(others) / sizeof(*others)] = {
        cmocka_unit_test(test_abis_carry_what_the_headers_say)};
    size_t n = 1;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        tests[n++] = (struct CMUnitTest){.name = others[i].name,
                                         .test_func = test_each_half_with_another,
                                         .initial_state = (void *)&others[i]};
    return tap_run("interop_evtchn", tests, n);
}
