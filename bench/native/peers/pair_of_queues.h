/* SPDX-License-Identifier: MIT */
/*
 * A peer that is a one-way queue, as an adapter for loops.h: requests in one, responses in another,
 * for each front end. Included by a file that defines
 *
 *   A(op)          the adapter's names
 *   struct queue   handle of one queue, valid in each worker
 *   queue_bytes(entries, size)                   shared memory of one queue
 *   queue_create(&q, memory, entries, size)      by front end 0; NULL or what went wrong
 *   queue_open(&q, memory, entries, size)        by the others
 *   queue_put(&q, number, size, n)      sends up to n items numbered from number; how many
 *   queue_take(&q, size, n, numbers, number, damage)  receives up to n; checks against number
 *                                       unless it is QUEUE_ANY, stores each number in numbers
 *                                       unless that is NULL
 *   queue_put_numbers(&q, numbers, size, n)      sends n items with these numbers
 */
#include "bench/native/subject.h"

#define ADAPTER_POLLS_ONLY
#define INLINE static inline __attribute__((always_inline))

struct A(front) {
    struct queue req, rsp;
};

struct A(back) {
    struct queue req, rsp;
};

static size_t one_queue(uint32_t entries, uint32_t size)
{
    return ring_round_up(queue_bytes(entries, size), RING_ALIGN);
}

/* One request queue, then a response queue. */
static size_t region(const struct native_point *p)
{
    return one_queue(p->entries, p->req_size) + one_queue(p->entries, p->rsp_size);
}

static uint8_t *responses(struct side *s)
{
    const struct native_point *p = &s->exchange->point;
    return s->region + one_queue(p->entries, p->req_size);
}

static const char *A(front_open)(struct A(front) * f, struct side *s)
{
    const struct native_point *p = &s->exchange->point;
    if (s->index != 0) {
        queue_open(&f->req, s->region, p->entries, p->req_size);
        queue_open(&f->rsp, responses(s), p->entries, p->rsp_size);
        return NULL;
    }
    const char *error = queue_create(&f->req, s->region, p->entries, p->req_size);
    return error != NULL ? error : queue_create(&f->rsp, responses(s), p->entries, p->rsp_size);
}

static const char *A(back_open)(struct A(back) * b, struct side *s)
{
    const struct native_point *p = &s->exchange->point;
    queue_open(&b->req, s->region, p->entries, p->req_size);
    queue_open(&b->rsp, responses(s), p->entries, p->rsp_size);
    return NULL;
}

INLINE int32_t A(send)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n)
{
    return (int32_t)queue_put(&f->req, number, size, n);
}

INLINE int32_t A(collect)(struct A(front) * f, uint64_t number, uint32_t size, uint32_t n,
                          uint64_t *damage)
{
    return (int32_t)queue_take(&f->rsp, size, n, NULL, number, damage);
}

INLINE int32_t A(reap)(struct A(front) * f, uint32_t n)
{
    (void)f, (void)n;
    return 0;
}

INLINE int32_t A(receive)(struct A(back) * b, uint64_t number, uint32_t size, uint32_t n,
                          uint64_t *damage)
{
    return (int32_t)queue_take(&b->req, size, n, NULL, MANY_PRODUCERS ? QUEUE_ANY : number, damage);
}

INLINE int32_t A(serve)(struct A(back) * b, uint64_t number, uint32_t req_size, uint32_t rsp_size,
                        uint32_t n, uint64_t *damage)
{
    uint64_t numbers[SIDE_BATCH_MAX];
    uint32_t taken = queue_take(&b->req, req_size, n, numbers, number, damage);
    if (taken != 0)
        queue_put_numbers(&b->rsp, numbers, rsp_size, taken);
    return (int32_t)taken;
}

INLINE void A(front_flush)(struct A(front) * f)
{
    (void)f;
}

INLINE void A(back_flush)(struct A(back) * b)
{
    (void)b;
}

#include "bench/native/loops.h"
