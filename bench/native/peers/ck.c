/* SPDX-License-Identifier: MIT */
/*
 * Peer: ConcurrencyKit's ck_ring through its public API. Elements of 8 bytes travel as the pointers
 * of the plain calls; larger ones as structures, by CK_RING_PROTOTYPE. It has no calls for batches:
 * a batch is that many calls.
 */
#include <ck_ring.h>
#include <stdbool.h>

#include "bench/native/side.h"
#include "bench/native/peers/queue.h"

#define A(op) ck_##op
#define MANY_PRODUCERS 0

struct ck16 {
    uint64_t words[2];
};
struct ck32 {
    uint64_t words[4];
};
struct ck64 {
    uint64_t words[8];
};
struct ck128 {
    uint64_t words[16];
};
struct ck256 {
    uint64_t words[32];
};
CK_RING_PROTOTYPE(e16, ck16)
CK_RING_PROTOTYPE(e32, ck32)
CK_RING_PROTOTYPE(e64, ck64)
CK_RING_PROTOTYPE(e128, ck128)
CK_RING_PROTOTYPE(e256, ck256)

struct queue {
    ck_ring_t *ring;
    void *buffer;
};

#define BUFFER_AT ring_round_up(sizeof(ck_ring_t), RING_ALIGN)

static size_t queue_bytes(uint32_t entries, uint32_t size)
{
    return BUFFER_AT + (size_t)entries * size;
}

static void queue_open(struct queue *q, void *memory, uint32_t entries, uint32_t size)
{
    (void)entries, (void)size;
    q->ring = (ck_ring_t *)memory;
    q->buffer = (uint8_t *)memory + BUFFER_AT;
}

static const char *queue_create(struct queue *q, void *memory, uint32_t entries, uint32_t size)
{
    queue_open(q, memory, entries, size);
    ck_ring_init(q->ring, entries);
    return NULL;
}

static inline __attribute__((always_inline)) bool queue_put_one(struct queue *q, uint64_t number,
                                                                uint32_t size)
{
    switch (size) {
    case 8:
        return ck_ring_enqueue_spsc(q->ring, (ck_ring_buffer_t *)q->buffer,
                                    (const void *)(uintptr_t)number);
#define PUT(z)                                                                          \
    case z: {                                                                           \
        struct ck##z element;                                                           \
        item_fill(element.words, number, z);                                            \
        return ck_ring_enqueue_spsc_e##z(q->ring, (struct ck##z *)q->buffer, &element); \
    }
        PUT(16)
        PUT(32)
        PUT(64)
        PUT(128)
    default:
        PUT(256)
#undef PUT
    }
}

static inline __attribute__((always_inline)) bool
queue_take_one(struct queue *q, uint32_t size, uint64_t *number, bool any, uint64_t *damage)
{
    switch (size) {
    case 8: {
        void *element;
        if (!ck_ring_dequeue_spsc(q->ring, (ck_ring_buffer_t *)q->buffer, &element))
            return false;
        if (!any)
            *damage |= (uintptr_t)element ^ *number;
        *number = (uintptr_t)element;
        return true;
    }
#define TAKE(z)                                                                       \
    case z: {                                                                         \
        struct ck##z element;                                                         \
        if (!ck_ring_dequeue_spsc_e##z(q->ring, (struct ck##z *)q->buffer, &element)) \
            return false;                                                             \
        *damage |= item_check(element.words, any ? element.words[0] : *number, z);    \
        *number = element.words[0];                                                   \
        return true;                                                                  \
    }
        TAKE(16)
        TAKE(32)
        TAKE(64)
        TAKE(128)
    default:
        TAKE(256)
#undef TAKE
    }
}

static inline __attribute__((always_inline)) uint32_t queue_put(struct queue *q, uint64_t number,
                                                                uint32_t size, uint32_t n)
{
    uint32_t put = 0;
    while (put < n && queue_put_one(q, number + put, size))
        put++;
    return put;
}

static inline __attribute__((always_inline)) uint32_t queue_take(struct queue *q, uint32_t size,
                                                                 uint32_t n, uint64_t *numbers,
                                                                 uint64_t number, uint64_t *damage)
{
    uint32_t taken = 0;
    for (; taken < n; taken++) {
        uint64_t this = number + taken;
        if (!queue_take_one(q, size, &this, number == QUEUE_ANY, damage))
            break;
        if (numbers != NULL)
            numbers[taken] = this;
    }
    return taken;
}

/* All of them: responses never outnumber the requests that had room. */
static inline __attribute__((always_inline)) void
queue_put_numbers(struct queue *q, const uint64_t *numbers, uint32_t size, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        while (!queue_put_one(q, numbers[i], size))
            ;
}

/* ck_ring keeps one slot empty. */
static uint32_t A(window)(const struct native_point *p)
{
    return p->entries - 1;
}

static const char *refusal(const struct native_point *p)
{
    const uint32_t req = p->req_size, rsp = p->rsp_size;
    if ((req & (req - 1)) != 0 || (rsp & (rsp - 1)) != 0)
        return "element types are made at compile time: sizes that are powers of two in 8..256";
    if (p->entries < 4)
        return "ck_ring_init takes at least 4 entries";
    return NULL;
}

#include "bench/native/peers/pair_of_queues.h"

const struct native_ops native_ck_spsc = {
    .measures = SUBJECT_MEASURE(ONE_WAY) | SUBJECT_MEASURE(PAIRS) | SUBJECT_MEASURE(ROUND_TRIP),
    .fronts_max = 1,
    .refusal = refusal,
    .region = region,
    .window = A(window),
    .front = adapter_front,
    .back = adapter_back,
};
