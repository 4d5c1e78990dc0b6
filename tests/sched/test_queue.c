/* SPDX-License-Identifier: MIT */
/* The run queue against a plain list, with everything that it answers. */
#include "sched-bvt/queue.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#define N 200U

struct list {
    struct sched_node nodes[N];
    uint32_t arrival[N];
    uint32_t arrivals;
    struct sched_queue q;
};

static bool earlier(const struct list *l, const struct sched_node *a, const struct sched_node *b)
{
    int64_t d = (int64_t)(a->key - b->key);
    return d != 0 ? d < 0 : l->arrival[a - l->nodes] < l->arrival[b - l->nodes];
}

/* The first of those that fit, by looking at all. */
static struct sched_node *search(struct list *l, bool by_floor, uint64_t floor, uint64_t mask)
{
    struct sched_node *best = NULL;
    for (uint32_t i = 0; i < N; i++) {
        struct sched_node *n = &l->nodes[i];
        if (!sched_node_queued(n) || (by_floor && (int64_t)(n->floor - floor) > 0) ||
            (n->mask & mask) == 0)
            continue;
        if (best == NULL || earlier(l, n, best))
            best = n;
    }
    return best;
}

/* The smallest floor of the queued, of whom there is one. */
static uint64_t smallest_floor(struct list *l)
{
    const struct sched_node *best = NULL;
    for (uint32_t i = 0; i < N; i++) {
        const struct sched_node *n = &l->nodes[i];
        if (sched_node_queued(n) && (best == NULL || (int64_t)(n->floor - best->floor) < 0))
            best = n;
    }
    return best == NULL ? 0 : best->floor;
}

static void compare(struct list *l, struct rng *rng, uint64_t base)
{
    assert_ptr_equal(l->q.first, search(l, false, 0, UINT64_MAX));
    if (l->q.count > 0 && rng_one_in(rng, 2))
        assert_true(sched_queue_lowest(&l->q) == smallest_floor(l));
    uint64_t floor = base + rng_below(rng, 1000), mask = 1ULL << rng_below(rng, 64);
    assert_ptr_equal(sched_queue_first_below(&l->q, floor), search(l, true, floor, UINT64_MAX));
    assert_ptr_equal(sched_queue_first_for(&l->q, mask), search(l, false, 0, mask));
}

/* Keys and floors around `base`, which makes them wrap when it is near 2^64. */
static void random_operations(uint64_t seed, uint64_t base, uint32_t spread)
{
    struct list l = {0};
    struct rng rng = rng_seeded(seed);
    for (uint32_t step = 0; step < 40000; step++) {
        struct sched_node *n = &l.nodes[rng_below(&rng, N)];
        if (sched_node_queued(n)) {
            sched_queue_remove(&l.q, n);
        } else {
            n->key = base + rng_below(&rng, spread);
            n->floor = base + rng_below(&rng, 1000);
            n->mask = rng_one_in(&rng, 3) ? 1ULL << rng_below(&rng, 64) : 3;
            l.arrival[n - l.nodes] = l.arrivals++;
            sched_queue_insert(&l.q, n);
        }
        assert_true(sched_queue_valid(&l.q));
        if (step % 16 == 0)
            compare(&l, &rng, base);
    }
}

/* As schedulers use it: the first one goes, and comes back last, or nearly so, or first, or
 * somewhere; floors move on with keys. Long stretches without a look at floors. */
static void a_window_that_moves(void **state)
{
    (void)state;
    struct list l = {0};
    struct rng rng = rng_seeded(5);
    uint64_t base = UINT64_MAX - 100000;
    uint32_t filled = 0;
    for (uint32_t step = 0; step < 40000; step++, base += 10) {
        struct sched_node *n = l.q.first;
        if (filled < N && rng_one_in(&rng, 1 + step / 100))
            n = &l.nodes[filled++];
        else if (rng_one_in(&rng, 10))
            n = &l.nodes[rng_below(&rng, filled)];
        if (sched_node_queued(n))
            sched_queue_remove(&l.q, n);
        uint32_t where = rng_below(&rng, 10);
        uint32_t after = where == 0 ? 0 : where == 1 ? rng_below(&rng, 2000) : 1990;
        n->key = base + after + rng_below(&rng, 10);
        n->floor = rng_one_in(&rng, 4) ? n->key + rng_below(&rng, 1000) : n->key;
        n->mask = rng_one_in(&rng, 20) ? 1ULL << rng_below(&rng, 64) : UINT64_MAX;
        l.arrival[n - l.nodes] = l.arrivals++;
        sched_queue_insert(&l.q, n);
        assert_true(sched_queue_valid(&l.q));
        if (rng_one_in(&rng, 50))
            compare(&l, &rng, base);
    }
    assert_int_equal(filled, N);
}

static void many_keys(void **state)
{
    (void)state;
    random_operations(1, 0, 1000000);
}

static void equal_keys_keep_order(void **state)
{
    (void)state;
    random_operations(2, 0, 1);
    random_operations(3, 0, 8);
}

static void keys_wrap(void **state)
{
    (void)state;
    random_operations(4, UINT64_MAX - 500, 1000);
}

static uint32_t height(const struct sched_node *n)
{
    if (n == NULL)
        return 0;
    uint32_t l = height(n->child[SCHED_LEFT]), r = height(n->child[SCHED_RIGHT]);
    return 1 + (l > r ? l : r);
}

/* Ascending and descending, which a tree without balance turns into a list. */
static void stays_shallow(void **state)
{
    (void)state;
    static struct sched_node nodes[10000];
    struct sched_queue q = {0};
    for (uint32_t i = 0; i < 10000; i++) {
        nodes[i].key = i < 5000 ? i : 20000 - i;
        sched_queue_insert(&q, &nodes[i]);
    }
    assert_true(sched_queue_valid(&q));
    assert_true(height(q.root) <= 19); /* 1.44 log2(10002) */
    for (uint32_t i = 0; i < 10000; i++)
        sched_queue_remove(&q, q.first);
    assert_null(q.root);
    assert_int_equal(q.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_keys),     cmocka_unit_test(equal_keys_keep_order),
        cmocka_unit_test(keys_wrap),     cmocka_unit_test(a_window_that_moves),
        cmocka_unit_test(stays_shallow),
    };
    return tap_run("sched queue", tests, sizeof tests / sizeof tests[0]);
}
