/* SPDX-License-Identifier: MIT */
/* The augmented AVL tree; queue.h says what for. No parent pointers: a path is kept on the way
 * down. */
#include "queue.h"

/* An AVL tree of height h holds at least Fibonacci(h + 2) - 1 nodes: 48 levels are 10^10 of them,
 * more than there is memory for. */
#define DEPTH_MAX 48

static int32_t height(const struct sched_node *n)
{
    return n == NULL ? 0 : n->height;
}

static bool node_before(const struct sched_node *a, const struct sched_node *b)
{
    return a->key != b->key ? sched_before(a->key, b->key) : sched_before(a->seq, b->seq);
}

static inline void refresh(struct sched_node *n)
{
    const struct sched_node *l = n->left, *r = n->right;
    int32_t hl = height(l), hr = height(r);
    uint64_t lowest = n->floor, any = n->mask;
    if (l != NULL) {
        lowest = sched_before(l->lowest, lowest) ? l->lowest : lowest;
        any |= l->any;
    }
    if (r != NULL) {
        lowest = sched_before(r->lowest, lowest) ? r->lowest : lowest;
        any |= r->any;
    }
    n->height = 1 + (hl > hr ? hl : hr);
    n->lowest = lowest;
    n->any = any;
}

static struct sched_node *rotate_right(struct sched_node *n)
{
    struct sched_node *up = n->left;
    n->left = up->right;
    up->right = n;
    refresh(n);
    refresh(up);
    return up;
}

static struct sched_node *rotate_left(struct sched_node *n)
{
    struct sched_node *up = n->right;
    n->right = up->left;
    up->left = n;
    refresh(n);
    refresh(up);
    return up;
}

/* n leans by two: one or two rotations. */
static struct sched_node *rotated(struct sched_node *n)
{
    if (height(n->left) > height(n->right)) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it leans on that child */
        if (height(n->left->left) < height(n->left->right))
            n->left = rotate_left(n->left);
        return rotate_right(n);
    }
    if (height(n->right->right) < height(n->right->left))
        n->right = rotate_right(n->right);
    return rotate_left(n);
}

static bool leans(const struct sched_node *n)
{
    int32_t lean = height(n->left) - height(n->right);
    return lean > 1 || lean < -1;
}

/* After an insertion, the sums being right already: heights, up to where they do not change. One
 * that must be rotated has its old height then. */
static void regrow(struct sched_node **path[], uint32_t depth)
{
    while (depth-- > 0) {
        struct sched_node *n = *path[depth];
        if (leans(n)) {
            *path[depth] = rotated(n);
            break;
        }
        int32_t hl = height(n->left), hr = height(n->right), grown = 1 + (hl > hr ? hl : hr);
        if (grown == n->height)
            break;
        n->height = grown;
    }
}

/* After a removal: restores height, balance and sums along the path: all of its entries from `top`
 * on, and above that up to where nothing changes any more. */
static void repair(struct sched_node **path[], uint32_t depth, uint32_t top)
{
    while (depth-- > 0) {
        struct sched_node *n = *path[depth];
        int32_t was = n->height;
        uint64_t lowest = n->lowest, any = n->any;
        if (leans(n))
            n = rotated(n);
        else
            refresh(n);
        *path[depth] = n;
        if (depth <= top && n->height == was && n->lowest == lowest && n->any == any)
            break;
    }
}

void sched_queue_insert(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node **path[DEPTH_MAX], **link = &q->root;
    uint32_t depth = 0;
    bool leftmost = true;
    n->seq = q->arrivals++;
    while (*link != NULL) {
        struct sched_node *above = *link;
        path[depth++] = link;
        above->any |= n->mask;
        if (sched_before(n->floor, above->lowest))
            above->lowest = n->floor;
        bool left = node_before(n, above);
        leftmost &= left;
        link = left ? &above->left : &above->right;
    }
    n->left = NULL;
    n->right = NULL;
    refresh(n);
    *link = n;
    if (leftmost)
        q->first = n;
    q->count++;
    regrow(path, depth);
}

static struct sched_node *leftmost(struct sched_node *n)
{
    while (n->left != NULL)
        n = n->left;
    return n;
}

void sched_queue_remove(struct sched_queue *q, struct sched_node *n)
{
    struct sched_node **path[DEPTH_MAX], **link = &q->root;
    uint32_t depth = 0;
    bool first = q->first == n; /* by far the most frequent, and known to be left of all */
    while (*link != n) {
        path[depth++] = link;
        link = first || node_before(n, *link) ? &(*link)->left : &(*link)->right;
    }
    if (first) {
        if (n->right != NULL)
            q->first = leftmost(n->right);
        else
            q->first = depth == 0 ? NULL : *path[depth - 1];
    }
    uint32_t top = depth;
    if (n->left != NULL && n->right != NULL) { /* the next one in order takes its place */
        path[depth++] = link;
        struct sched_node **down = &n->right;
        while ((*down)->left != NULL) {
            path[depth++] = down;
            down = &(*down)->left;
        }
        struct sched_node *next = *down;
        *down = next->right;
        next->left = n->left;
        next->right = n->right;
        next->height = n->height; /* so that repair sees whether anything changed here */
        next->lowest = n->lowest;
        next->any = n->any;
        *link = next;
        if (depth > top + 1)
            path[top + 1] = &next->right;
    } else {
        *link = n->left != NULL ? n->left : n->right;
    }
    n->height = 0;
    q->count--;
    repair(path, depth, top);
}

struct sched_node *sched_queue_first_below(const struct sched_queue *q, uint64_t floor)
{
    struct sched_node *n = q->root;
    if (n == NULL || sched_before(floor, n->lowest))
        return NULL;
    for (;;) { /* there is one in this subtree */
        if (n->left != NULL && !sched_before(floor, n->left->lowest))
            n = n->left;
        else if (!sched_before(floor, n->floor))
            return n;
        else
            n = n->right;
    }
}

struct sched_node *sched_queue_first_for(const struct sched_queue *q, uint64_t mask)
{
    struct sched_node *n = q->root;
    if (n == NULL || (n->any & mask) == 0)
        return NULL;
    for (;;) {
        if (n->left != NULL && (n->left->any & mask) != 0)
            n = n->left;
        else if ((n->mask & mask) != 0)
            return n;
        else
            n = n->right;
    }
}

/* Counts the subtree into *count; false: something in it is wrong. */
static bool subtree_valid(const struct sched_node *n, uint32_t *count)
{
    if (n == NULL)
        return true;
    struct sched_node again = *n;
    refresh(&again);
    int32_t lean = height(n->left) - height(n->right);
    ++*count;
    return again.height == n->height && again.lowest == n->lowest && again.any == n->any &&
           lean >= -1 && lean <= 1 && (n->left == NULL || node_before(n->left, n)) &&
           (n->right == NULL || node_before(n, n->right)) && subtree_valid(n->left, count) &&
           subtree_valid(n->right, count);
}

bool sched_queue_valid(const struct sched_queue *q)
{
    uint32_t count = 0;
    if (!subtree_valid(q->root, &count) || count != q->count)
        return false;
    return q->first == (q->root == NULL ? NULL : leftmost(q->root));
}
