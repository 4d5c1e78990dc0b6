/* SPDX-License-Identifier: MIT */
/*
 * The run queue of every policy: an intrusive, balanced, augmented search tree.
 *
 * An AVL tree (G. Adelson-Velsky, E. Landis, "An algorithm for the organization of information",
 * 1962), ordered by key and, among equal keys, by order of arrival. Each node also carries what its
 * subtree holds, so that one structure answers all that the policies ask:
 *
 *   first            the lowest key                           O(1)
 *   sched_queue_any  the CPUs that one of all may run on      O(1): whom to tell of work
 *   lowest           the smallest floor of all                O(log n): BVT's min A
 *   first_below      the lowest key whose floor is <= x       O(log n): EEVDF's earliest eligible
 *                                                             deadline
 *   first_for        the lowest key that may run on a CPU     O(log n): stealing under affinity
 *
 * What a scheduler does most is to take the first and to put back the one that ran, which is last
 * or nearly so. Both ends are therefore known and found without a search, and the way up from there
 * ends where nothing changes any more: usually within two or three nodes, however many there are.
 *
 * Floors are asked for less often than that, and taking the first away changes the smallest floor
 * all the way up. So that is put off: on the left spine (the root, its left child, that one's left
 * child, ...) `lowest` may be too low, until somebody asks. Everywhere else it is exact.
 *
 * Keys and floors are clocks that may wrap: they compare by signed difference, which is an order
 * as long as all that is in one queue lies within 2^63; each policy says why that holds.
 */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sched_side { SCHED_LEFT, SCHED_RIGHT };

struct sched_node {
    struct sched_node *above;    /* NULL: the root */
    struct sched_node *child[2]; /* enum sched_side */
    uint64_t key;
    uint64_t floor;  /* second key, the policy's */
    uint64_t mask;   /* CPUs that it may run on */
    uint64_t lowest; /* the smallest floor in this subtree; on the left spine no more than that */
    uint64_t any;    /* all masks of this subtree, ored */
    int32_t lean;    /* height of the right subtree less that of the left one: -1, 0, 1 */
    bool queued;
};

struct sched_queue {
    struct sched_node *root;
    struct sched_node *first, *last;
    uint32_t count;
    bool stale; /* `lowest` may be too low on the left spine */
};

static inline bool sched_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static inline uint64_t sched_sooner(uint64_t a, uint64_t b)
{
    return sched_before(b, a) ? b : a;
}

static inline uint64_t sched_later(uint64_t a, uint64_t b)
{
    return sched_before(a, b) ? b : a;
}

static inline bool sched_node_queued(const struct sched_node *n)
{
    return n->queued;
}

/* The node is in no queue; its key, floor and mask are set and stay until it is removed. */
void sched_queue_insert(struct sched_queue *q, struct sched_node *n);

/* The node is in this queue. */
void sched_queue_remove(struct sched_queue *q, struct sched_node *n);

/* The smallest floor. The queue is not empty. */
uint64_t sched_queue_lowest(struct sched_queue *q);

/* NULL: none. */
struct sched_node *sched_queue_first_below(struct sched_queue *q, uint64_t floor);
struct sched_node *sched_queue_first_for(const struct sched_queue *q, uint64_t mask);

/* The masks of all that wait here, ored. */
static inline uint64_t sched_queue_any(const struct sched_queue *q)
{
    return q->root == NULL ? 0 : q->root->any;
}

/* Is all that the tree claims so? For tests: O(n), and recursive. */
bool sched_queue_valid(const struct sched_queue *q);

#endif
