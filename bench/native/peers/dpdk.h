/* SPDX-License-Identifier: MIT */
/*
 * Peer: DPDK's rte_ring through its public element API, burst calls with staged tables as its
 * programmer's guide shows. rte_ring_init() works on any memory: no environment is started.
 * Included twice: by dpdk_mpsc.c with MANY_PRODUCERS 1, by dpdk_spsc.c with 0.
 */
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "bench/native/side.h"
#include "bench/native/peers/queue.h"

#define A(op) dpdk_##op

struct queue {
    struct rte_ring *ring;
};

static size_t queue_bytes(uint32_t entries, uint32_t size)
{
    return (size_t)rte_ring_get_memsize_elem(size, entries);
}

static const char *queue_create(struct queue *q, void *memory, uint32_t entries, uint32_t size)
{
    (void)size;
    q->ring = (struct rte_ring *)memory;
    unsigned flags = RING_F_SC_DEQ | (MANY_PRODUCERS ? 0 : RING_F_SP_ENQ);
    return rte_ring_init(q->ring, "ringside", entries, flags) == 0 ? NULL : "rte_ring_init failed";
}

static void queue_open(struct queue *q, void *memory, uint32_t entries, uint32_t size)
{
    (void)entries, (void)size;
    q->ring = (struct rte_ring *)memory;
}

static inline __attribute__((always_inline)) uint32_t
queue_burst(struct queue *q, const uint64_t *table, uint32_t size, uint32_t n)
{
    return MANY_PRODUCERS ? rte_ring_mp_enqueue_burst_elem(q->ring, table, size, n, NULL)
                          : rte_ring_sp_enqueue_burst_elem(q->ring, table, size, n, NULL);
}

static inline __attribute__((always_inline)) uint32_t queue_put(struct queue *q, uint64_t number,
                                                                uint32_t size, uint32_t n)
{
    uint64_t table[SIDE_BATCH_MAX * RING_SIZE_MAX / 8];
    for (uint32_t i = 0; i < n; i++)
        item_fill(&table[i * (size / 8)], number + i, size);
    return queue_burst(q, table, size, n);
}

static inline __attribute__((always_inline)) uint32_t queue_take(struct queue *q, uint32_t size,
                                                                 uint32_t n, uint64_t *numbers,
                                                                 uint64_t number, uint64_t *damage)
{
    uint64_t table[SIDE_BATCH_MAX * RING_SIZE_MAX / 8];
    uint32_t taken = rte_ring_sc_dequeue_burst_elem(q->ring, table, size, n, NULL);
    for (uint32_t i = 0; i < taken; i++) {
        const uint64_t *words = &table[i * (size / 8)];
        *damage |= item_check(words, number == QUEUE_ANY ? words[0] : number + i, size);
        if (numbers != NULL)
            numbers[i] = words[0];
    }
    return taken;
}

/* All of them: responses never outnumber the requests that had room. */
static inline __attribute__((always_inline)) void
queue_put_numbers(struct queue *q, const uint64_t *numbers, uint32_t size, uint32_t n)
{
    uint64_t table[SIDE_BATCH_MAX * RING_SIZE_MAX / 8];
    for (uint32_t i = 0; i < n; i++)
        item_fill(&table[i * (size / 8)], numbers[i], size);
    uint32_t put = 0;
    while (put < n)
        put += queue_burst(q, &table[put * (size / 8)], size, n - put);
}

/* rte_ring keeps one slot empty. */
static uint32_t A(window)(const struct native_point *p)
{
    return p->entries - 1;
}

static const char *refusal(const struct native_point *p)
{
    if (p->req_size % 8 != 0 || p->rsp_size % 8 != 0)
        return "elements are staged by 8-byte words: sizes in multiples of 8";
    if (p->fronts > 1 && p->measure != NATIVE_ONE_WAY)
        return "one response queue: several producers are measured one-way";
    return NULL;
}

#include "bench/native/peers/pair_of_queues.h"

const struct native_ops
#if MANY_PRODUCERS
    native_dpdk_mpsc
#else
    native_dpdk_spsc
#endif
    = {
        .measures = SUBJECT_MEASURE(ONE_WAY) | SUBJECT_MEASURE(PAIRS) | SUBJECT_MEASURE(ROUND_TRIP),
        .fronts_max = MANY_PRODUCERS ? RING_FRONTS_MAX : 1,
        .refusal = refusal,
        .region = region,
        .window = A(window),
        .front = adapter_front,
        .back = adapter_back,
};
