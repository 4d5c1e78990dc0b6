/* SPDX-License-Identifier: MIT */
/*
 * The run queue of every policy: an intrusive, balanced, augmented search tree.
 *
 * An AVL tree (G. Adelson-Velsky, E. Landis, "An algorithm for the organization of information",
 * 1962), ordered by key and, among equal keys, by order of arrival. Each node also carries what its
 * subtree holds, so that one structure answers in O(log n) all that the policies ask:
 *
 *   first            the lowest key                           O(1)
 *   lowest           the smallest floor of all                O(1): BVT's min A
 *   first_below      the lowest key whose floor is <= x       EEVDF: earliest eligible deadline
 *   first_for        the lowest key that may run on a CPU     stealing under affinity
 *
 * Keys and floors are clocks that may wrap: they compare by signed difference, which is an order
 * as long as all that is in one queue lies within 2^63; each policy says why that holds.
 */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sched_node {
    struct sched_node *left, *right;
    uint64_t key;
    uint64_t seq;    /* order of arrival; given by insert */
    uint64_t floor;  /* second key, the policy's */
    uint64_t mask;   /* CPUs that it may run on */
    uint64_t lowest; /* the smallest floor in this subtree */
    uint64_t any;    /* all masks of this subtree, ored */
    int32_t height;  /* of this subtree; 0: in no queue */
};

struct sched_queue {
    struct sched_node *root;
    struct sched_node *first;
    uint64_t arrivals;
    uint32_t count;
};

static inline bool sched_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static inline uint64_t sched_later(uint64_t a, uint64_t b)
{
    return sched_before(a, b) ? b : a;
}

static inline bool sched_node_queued(const struct sched_node *n)
{
    return n->height != 0;
}

/* The node is in no queue; its key, floor and mask are set and stay until it is removed. */
void sched_queue_insert(struct sched_queue *q, struct sched_node *n);

/* The node is in this queue. */
void sched_queue_remove(struct sched_queue *q, struct sched_node *n);

/* NULL: none. */
struct sched_node *sched_queue_first_below(const struct sched_queue *q, uint64_t floor);
struct sched_node *sched_queue_first_for(const struct sched_queue *q, uint64_t mask);

/* The masks of all that wait here, ored. */
static inline uint64_t sched_queue_any(const struct sched_queue *q)
{
    return q->root == NULL ? 0 : q->root->any;
}

/* Is all that the tree claims so? For tests: O(n), and recursive. */
bool sched_queue_valid(const struct sched_queue *q);

#endif
