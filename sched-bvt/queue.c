/* SPDX-License-Identifier: MIT */
/*
 * The augmented AVL tree; queue.h says what for.
 *
 * Insertion and removal each do three things in order: link the node in or out, bring the sums
 * (lowest, any) above it up to date, and restore balance. A rotation then finds the sums right, and
 * the subtree that it turns keeps those that it had.
 */
#include "queue.h"

/* Compiled anew wherever it is called, so that the end of the order that it is called for, and
 * with it all sides, are constants there. */
#define PER_CALL static inline __attribute__((always_inline))

static inline enum sched_side other(enum sched_side side)
{
    return (enum sched_side)(1 - (int32_t)side);
}

/* What leaning to that side adds to `lean`. */
static inline int32_t towards(enum sched_side side)
{
    return 2 * (int32_t)side - 1;
}

static inline enum sched_side side_of(const struct sched_node *n, const struct sched_node *above)
{
    return (enum sched_side)(above->child[SCHED_RIGHT] == n);
}

/* `n` (or nothing) comes to where `old` is, below `above` (the queue itself, if NULL). */
PER_CALL void put(struct sched_queue *q, struct sched_node *above, const struct sched_node *old,
                  struct sched_node *n)
{
    if (above == NULL)
        q->root = n;
    else
        above->child[side_of(old, above)] = n;
    if (n != NULL)
        n->above = above;
}

/* ---- Sums ---- */

static inline uint64_t any_of(const struct sched_node *n)
{
    const struct sched_node *l = n->child[SCHED_LEFT], *r = n->child[SCHED_RIGHT];
    return n->mask | (l != NULL ? l->any : 0) | (r != NULL ? r->any : 0);
}

static inline uint64_t lowest_of(const struct sched_node *n)
{
    const struct sched_node *l = n->child[SCHED_LEFT], *r = n->child[SCHED_RIGHT];
    uint64_t lowest = n->floor;
    if (l != NULL && sched_before(l->lowest, lowest))
        lowest = l->lowest;
    if (r != NULL && sched_before(r->lowest, lowest))
        lowest = r->lowest;
    return lowest;
}

/* n came to be below `at`. What needs no change there needs none above. */
PER_CALL void count_in(const struct sched_node *n, struct sched_node *at)
{
    for (; at != NULL; at = at->above) {
        bool lower = sched_before(n->floor, at->lowest);
        if (!lower && (n->mask & ~at->any) == 0)
            return;
        at->any |= n->mask;
        if (lower)
            at->lowest = n->floor;
    }
}

/* n, which was first, is gone from below `at`; all above are on the left spine. */
static inline void count_out_first(struct sched_queue *q, const struct sched_node *n,
                                   struct sched_node *at)
{
    if (at->lowest == n->floor)
        q->stale = true;
    if ((n->mask & ~at->mask) == 0) /* it may run on all of those CPUs too */
        return;
    for (; at != NULL; at = at->above) {
        uint64_t any = any_of(at);
        if (any == at->any)
            return;
        at->any = any;
    }
}

/* Sums of all from `at` up to `until`, and from there on up to where nothing changes. */
static void count_out(struct sched_node *at, const struct sched_node *until)
{
    for (bool passed = false; at != NULL; at = at->above) {
        uint64_t any = any_of(at), lowest = lowest_of(at);
        passed |= at == until;
        if (passed && any == at->any && lowest == at->lowest)
            return;
        at->any = any;
        at->lowest = lowest;
    }
}

/* Makes `lowest` exact on the left spine. */
static void settle(struct sched_queue *q)
{
    if (!q->stale)
        return;
    q->stale = false;
    for (struct sched_node *n = q->first; n != NULL; n = n->above)
        n->lowest = lowest_of(n);
}

/* ---- Balance ---- */

/* n goes down on that side, and its other child up. */
PER_CALL void rotate(struct sched_queue *q, struct sched_node *n, enum sched_side down)
{
    struct sched_node *up = n->child[other(down)], *inner = up->child[down];
    put(q, n->above, n, up);
    up->child[down] = n;
    n->above = up;
    n->child[other(down)] = inner;
    if (inner != NULL)
        inner->above = n;
    up->any = n->any;
    up->lowest = n->lowest;
    if (n->any != n->mask)
        n->any = any_of(n);
    n->lowest = lowest_of(n);
}

static __attribute__((noinline)) void rotate_twice(struct sched_queue *q, struct sched_node *n,
                                                   enum sched_side heavy)
{
    struct sched_node *up = n->child[heavy], *middle = up->child[other(heavy)];
    int32_t to = towards(heavy);
    rotate(q, up, heavy);
    rotate(q, n, other(heavy));
    n->lean = middle->lean == to ? -to : 0;
    up->lean = middle->lean == -to ? to : 0;
    middle->lean = 0;
}

/* n leans by two to `heavy`. false: its subtree is as high as before. */
PER_CALL bool straighten(struct sched_queue *q, struct sched_node *n, enum sched_side heavy)
{
    struct sched_node *up = n->child[heavy];
    int32_t to = towards(heavy);
    if (up->lean == -to) {
        rotate_twice(q, n, heavy);
        return true;
    }
    rotate(q, n, other(heavy));
    int32_t left = to - up->lean; /* 0, or `to` if both children of `up` were as high */
    n->lean = left;
    up->lean = -left;
    return left == 0;
}

/* The subtree of n is higher by one. end: n and all above are on the right spine. */
PER_CALL void grown(struct sched_queue *q, struct sched_node *n, bool end)
{
    for (struct sched_node *above = n->above; above != NULL; n = above, above = n->above) {
        enum sched_side side = end ? SCHED_RIGHT : side_of(n, above);
        int32_t leant = above->lean;
        if (leant == towards(side)) {
            straighten(q, above, side);
            return;
        }
        above->lean = leant + towards(side);
        if (leant != 0)
            return;
    }
}

/* What is below n on that side is lower by one. end: all that is on the left spine. */
PER_CALL void shrunk(struct sched_queue *q, struct sched_node *n, enum sched_side side, bool end)
{
    while (n != NULL) {
        struct sched_node *above = n->above;
        enum sched_side next = end || above == NULL ? SCHED_LEFT : side_of(n, above);
        int32_t leant = n->lean;
        if (leant == -towards(side)) {
            if (!straighten(q, n, other(side)))
                return;
        } else {
            n->lean = leant - towards(side);
            if (leant == 0)
                return;
        }
        n = above;
        side = next;
    }
}

/* ---- The queue ---- */

PER_CALL void hang(struct sched_queue *q, struct sched_node *n, struct sched_node *above,
                   enum sched_side side, bool end)
{
    n->above = above;
    above->child[side] = n;
    count_in(n, above);
    grown(q, n, end);
}

static void insert_inside(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node *at = q->root, *above;
    enum sched_side side;
    do {
        above = at;
        side = (enum sched_side) !sched_before(n->key, at->key);
        at = at->child[side];
    } while (at != NULL);
    hang(q, n, above, side, false);
}

/* n arrives last, so among equals it is behind. */
void sched_queue_insert(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node *first = q->first, *last = q->last;
    n->child[SCHED_LEFT] = n->child[SCHED_RIGHT] = NULL;
    n->lowest = n->floor;
    n->any = n->mask;
    n->lean = 0;
    n->queued = true;
    q->count++;
    if (last == NULL) {
        n->above = NULL;
        q->root = q->first = q->last = n;
    } else if (!sched_before(n->key, last->key)) {
        q->last = n;
        hang(q, n, last, SCHED_RIGHT, true);
    } else if (sched_before(n->key, first->key)) {
        q->first = n;
        hang(q, n, first, SCHED_LEFT, false);
    } else {
        insert_inside(q, n);
    }
}

static struct sched_node *leftmost(struct sched_node *n)
{
    while (n->child[SCHED_LEFT] != NULL)
        n = n->child[SCHED_LEFT];
    return n;
}

/* One with two children: the next one in order takes its place. */
static void remove_inner(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node *next = leftmost(n->child[SCHED_RIGHT]), *low = next->above;
    enum sched_side side = SCHED_LEFT;
    if (low == n) {
        low = next;
        side = SCHED_RIGHT;
    } else {
        put(q, low, next, next->child[SCHED_RIGHT]);
        next->child[SCHED_RIGHT] = n->child[SCHED_RIGHT];
        next->child[SCHED_RIGHT]->above = next;
    }
    put(q, n->above, n, next);
    next->child[SCHED_LEFT] = n->child[SCHED_LEFT];
    next->child[SCHED_LEFT]->above = next;
    next->lean = n->lean;
    next->any = n->any; /* so that it is seen whether these change */
    next->lowest = n->lowest;
    count_out(low, next);
    shrunk(q, low, side, false);
}

/* By far the most frequent. Its one child, if any, is a leaf and next in order. */
PER_CALL void remove_first(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node *r = n->child[SCHED_RIGHT], *above = n->above;
    q->first = r != NULL ? r : above;
    if (r != NULL)
        r->above = above;
    if (above == NULL) {
        q->root = r;
        if (r == NULL)
            q->last = NULL;
        return;
    }
    above->child[SCHED_LEFT] = r;
    count_out_first(q, n, above);
    shrunk(q, above, SCHED_LEFT, true);
}

void sched_queue_remove(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node *l = n->child[SCHED_LEFT], *r = n->child[SCHED_RIGHT], *above = n->above;
    n->queued = false;
    q->count--;
    if (q->first == n) {
        remove_first(q, n);
    } else if (l != NULL && r != NULL) {
        remove_inner(q, n);
    } else {
        if (q->last == n) /* likewise: a leaf, and the one before it */
            q->last = l != NULL ? l : above;
        enum sched_side side = above != NULL ? side_of(n, above) : SCHED_LEFT;
        put(q, above, n, l != NULL ? l : r);
        count_out(above, above);
        shrunk(q, above, side, false);
    }
}

uint64_t sched_queue_lowest(struct sched_queue *q)
{
    settle(q);
    return q->root->lowest;
}

struct sched_node *sched_queue_first_below(struct sched_queue *q, uint64_t floor)
{
    struct sched_node *n = q->root;
    settle(q);
    if (n == NULL || sched_before(floor, n->lowest))
        return NULL;
    for (;;) { /* there is one in this subtree */
        struct sched_node *l = n->child[SCHED_LEFT];
        if (l != NULL && !sched_before(floor, l->lowest))
            n = l;
        else if (!sched_before(floor, n->floor))
            return n;
        else
            n = n->child[SCHED_RIGHT];
    }
}

struct sched_node *sched_queue_first_for(const struct sched_queue *q, uint64_t mask)
{
    struct sched_node *n = q->root;
    if (n == NULL || (n->any & mask) == 0)
        return NULL;
    for (;;) {
        struct sched_node *l = n->child[SCHED_LEFT];
        if (l != NULL && (l->any & mask) != 0)
            n = l;
        else if ((n->mask & mask) != 0)
            return n;
        else
            n = n->child[SCHED_RIGHT];
    }
}

/* ---- For tests ---- */

struct walk {
    const struct sched_queue *q;
    const struct sched_node *previous; /* in order */
    uint32_t count;
};

/* The height of the subtree, or -1: something in it is wrong. spine: it is on the left spine. */
static int32_t subtree_height(struct walk *w, const struct sched_node *n,
                              const struct sched_node *above, bool spine)
{
    if (n == NULL)
        return 0;
    int32_t l = subtree_height(w, n->child[SCHED_LEFT], n, spine);
    if (l < 0 || n->above != above || !n->queued)
        return -1;
    if (w->previous == NULL ? w->q->first != n : sched_before(n->key, w->previous->key))
        return -1;
    w->previous = n;
    w->count++;
    int32_t r = subtree_height(w, n->child[SCHED_RIGHT], n, false);
    if (r < 0 || r - l != n->lean || n->lean < -1 || n->lean > 1 || n->any != any_of(n))
        return -1;
    /* Where it may be too low it still is no higher than what is below. */
    bool may = spine && w->q->stale;
    if (may ? sched_before(lowest_of(n), n->lowest) : n->lowest != lowest_of(n))
        return -1;
    return 1 + (l > r ? l : r);
}

bool sched_queue_valid(const struct sched_queue *q)
{
    struct walk w = {.q = q};
    if (subtree_height(&w, q->root, NULL, true) < 0 || w.count != q->count)
        return false;
    return q->last == w.previous && (q->root != NULL || q->first == NULL);
}
