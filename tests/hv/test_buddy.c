/* SPDX-License-Identifier: MIT */
/* The heap, against a map of which frames are out. */
#include "tests/hv/machine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/core/buddy.h"
#include "hv/core/frame.h"
#include "tests/unit/rng.h"

#define FRAMES 4096U

/* What the heap would do for a frame whose last reference goes. */
void domain_frame_free(struct frame *f)
{
    heap_free(frame_mfn(f), 0);
}

static unsigned flushes;
static uint64_t flushed_for; /* the last stamp that was flushed for */

void tlb_flush_older(uint64_t stamp, const struct domain *owner)
{
    (void)owner;
    flushed_for = stamp;
    flushes++;
}

static void assert_sound(uint64_t expected_free)
{
    uint64_t frames;
    assert_true(heap_audit(&frames));
    assert_int_equal(frames, expected_free);
    assert_int_equal(heap_free_frames(), expected_free);
}

/* The heap has no end: each test takes out what it put in. */
static void take_all(uint64_t expected)
{
    uint64_t n = 0;
    for (int order = ORDER_MAX; order >= 0; order--) {
        while (!mfn_is_none(heap_alloc((unsigned)order, 64)))
            n += 1UL << order;
    }
    assert_int_equal(n, expected);
    assert_sound(0);
    machine_end();
}

static void test_empty(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    assert_true(mfn_is_none(heap_alloc(0, 64)));
    assert_null(heap_alloc_mapped(0));
    assert_sound(0);
    take_all(0);
}

/* Any range goes in, as blocks as large as its ends allow. */
static void test_ranges(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    heap_add(mfn(3), 0);
    assert_sound(0);
    heap_add(mfn(3), 1000);
    assert_sound(1000);
    assert_true(mfn_is_none(heap_alloc(9, 64)));
    assert_int_equal(heap_alloc(8, 64).n, 256);
    assert_int_equal(heap_alloc(8, 64).n, 512);
    assert_true(mfn_is_none(heap_alloc(8, 64)));
    assert_int_equal(heap_alloc(7, 64).n, 128);
    take_all(1000 - 256 - 256 - 128);
}

/* Freed pieces join again, in whatever order they come. */
static void test_joining(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(5);
    machine_start(FRAMES, false);
    heap_add(mfn(1024), 1024);
    for (int round = 0; round < 50; round++) {
        uint64_t got[1024];
        for (unsigned i = 0; i < 1024; i++) {
            got[i] = heap_alloc(0, 64).n;
            assert_in_range(got[i], 1024, 2047);
        }
        assert_sound(0);
        for (unsigned i = 1024; i-- > 0;) {
            unsigned at = rng_below(&rng, i + 1);
            heap_free(mfn(got[at]), 0);
            got[at] = got[i];
        }
        assert_sound(1024);
        mfn_t whole = heap_alloc(10, 64);
        assert_int_equal(whole.n, 1024);
        heap_free(whole, 10);
    }
    take_all(1024);
}

/* A block does not join what the heap never had, or what is no memory, on either side. */
static void test_edges(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    for (unsigned i = 0; i < 64; i++)
        frame_table[i].type = TYPE_NOT_MEMORY;
    heap_add(mfn(64), 64);
    heap_add(mfn(FRAMES - 64), 64);
    assert_sound(128);
    assert_true(mfn_is_none(heap_alloc(7, 64)));
    assert_true(mfn_is_none(heap_alloc(ORDER_MAX + 1, 64)));
    assert_true(mfn_is_none(heap_alloc(UINT32_MAX, 64)));
    take_all(128);
}

/* Addresses of so many bits: all of the block, not its start alone; from what is lowest in a larger
 * block, too. */
static void test_address_bits(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    heap_add(mfn(0), FRAMES);
    assert_int_equal(heap_alloc(4, 12 + 4).n, 0);
    assert_true(mfn_is_none(heap_alloc(0, 12 + 4)));
    mfn_t m = heap_alloc(4, 12 + 5);
    assert_int_equal(m.n, 16);
    assert_true(mfn_is_none(heap_alloc(4, 12 + 5)));
    assert_true(mfn_is_none(heap_alloc(0, 11)));
    assert_sound(FRAMES - 32);
    heap_free(mfn(0), 4);
    heap_free(m, 4);
    assert_int_equal(heap_alloc(12, 64).n, 0);
    take_all(0);
}

/* The largest blocks: they do not join, and are what is asked for at most. */
static void test_largest(void **state)
{
    (void)state;
    const uint64_t block = 1UL << ORDER_MAX;
    machine_start(3 * block, false);
    heap_add(mfn(0), 3 * block);
    assert_sound(3 * block);
    assert_true(mfn_is_none(heap_alloc(ORDER_MAX + 1, 64)));
    mfn_t first = heap_alloc(ORDER_MAX, 64);
    mfn_t second = heap_alloc(ORDER_MAX, 64);
    assert_int_equal(first.n, 0);
    assert_int_equal(second.n, block);
    heap_free(first, ORDER_MAX);
    heap_free(second, ORDER_MAX);
    assert_sound(3 * block);
    take_all(3 * block);
}

/* Whoever had a frame may know how to reach it: until all of the newest one's block have forgotten.
 */
static void test_stale_translations(void **state)
{
    (void)state;
    for (unsigned newest = 0; newest < 4; newest++) {
        machine_start(FRAMES, false);
        heap_add(mfn(64), 4);
        for (unsigned i = 0; i < 4; i++)
            frame_table[64 + i].stamp = i == newest ? 1000 : 10 + i;
        flushes = 0;
        assert_int_equal(heap_alloc(2, 64).n, 64);
        assert_int_equal(flushes, 1);
        assert_int_equal(flushed_for, 1000);
        assert_true(mfn_is_none(heap_alloc(0, 64)));
        assert_int_equal(flushes, 1);
        take_all(0);
    }
    machine_start(FRAMES, false);
    heap_add(mfn(64), 1);
    heap_alloc(0, 64);
    assert_int_equal(flushed_for, 0); /* nobody ever had it */
    take_all(0);
}

static void test_mapped(void **state)
{
    (void)state;
    machine_start(64, true);
    memset(machine_memory, 0xaa, 64 << PAGE_SHIFT);
    heap_add(mfn(0), 64);
    static const char zeros[4 * PAGE_SIZE];
    char *memory = heap_alloc_mapped(2);
    assert_non_null(memory);
    assert_memory_equal(memory, zeros, sizeof(zeros));
    mfn_t m = arch_heap_mfn(memory);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(frame_of(mfn(m.n + i))->count, FRAME_ALLOCATED | FRAME_OF_HYPERVISOR);
        assert_null(frame_of(mfn(m.n + i))->owner);
    }
    assert_sound(60);
    /* Somebody holds one of them a moment longer. */
    frame_get_more(frame_of(mfn(m.n + 1)));
    heap_free_mapped(memory, 2);
    assert_sound(63);
    frame_put(frame_of(mfn(m.n + 1)));
    assert_sound(64);
    assert_null(heap_alloc_mapped(7));
    take_all(64);
}

static void test_refusals(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    assert_true(PANICS(heap_add(mfn(FRAMES - 1), 2)));
    assert_true(PANICS(heap_free(mfn(1), 1)));
    assert_true(PANICS(heap_free(mfn(0), ORDER_MAX + 1)));
    frame_count = UINT64_MAX; /* numbers of frames end before what ends a list */
    assert_true(PANICS(heap_add(mfn(UINT32_MAX - 1), 1)));
    frame_count = FRAMES;
    take_all(0);
}

/* Of a block, no frame that somebody has; and the heap is as it was. */
static void test_held_frames(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    for (uint64_t n = 8; n < 12; n++) {
        frame_assign(frame_of(mfn(n)), NULL);
        assert_true(PANICS(heap_free(mfn(8), 2)));
        assert_sound(0);
        frame_of(mfn(n))->count = FRAME_FREE;
    }
    heap_free(mfn(8), 2);
    take_all(4);
}

struct held {
    mfn_t m;
    unsigned order;
};

/* 200,000 steps: no frame is out twice, what is asked for fits, and the books balance. */
static void test_random(void **state)
{
    (void)state;
    static struct held held[FRAMES];
    static bool out[FRAMES];
    struct rng rng = rng_seeded(17);
    unsigned n = 0;
    uint64_t free = FRAMES - 7;
    machine_start(FRAMES, false);
    heap_add(mfn(7), FRAMES - 7);
    for (int i = 0; i < 200000; i++) {
        unsigned order = rng_below(&rng, rng_one_in(&rng, 8) ? 11 : 3);
        unsigned bits = rng_one_in(&rng, 4) ? 12 + rng_below(&rng, 13) : 64;
        mfn_t m = rng_below(&rng, 100) < 51 ? heap_alloc(order, bits) : MFN_NONE;
        if (!mfn_is_none(m)) {
            assert_int_equal(m.n & ((1UL << order) - 1), 0);
            assert_true(m.n >= 7 && m.n + (1UL << order) <= FRAMES);
            assert_true(bits == 64 || (m.n + (1UL << order)) << PAGE_SHIFT <= 1UL << bits);
            for (uint64_t k = 0; k < 1UL << order; k++) {
                assert_false(out[m.n + k]);
                out[m.n + k] = true;
            }
            held[n++] = (struct held){m, order};
            free -= 1UL << order;
        } else if (n != 0) {
            unsigned at = rng_below(&rng, n);
            struct held h = held[at];
            held[at] = held[--n];
            memset(out + h.m.n, 0, 1UL << h.order);
            heap_free(h.m, h.order);
            free += 1UL << h.order;
        }
        if (i % 1000 == 0)
            assert_sound(free);
    }
    while (n-- != 0)
        heap_free(held[n].m, held[n].order);
    assert_sound(FRAMES - 7);
    take_all(FRAMES - 7);
}

static void test_order_of(void **state)
{
    (void)state;
    assert_int_equal(order_of(0), 0);
    for (unsigned order = 1; order < 40; order++) {
        assert_int_equal(order_of(1UL << order), order);
        assert_int_equal(order_of((1UL << order) + 1), order + 1);
    }
}

int main(void)
{
    alarm(60); /* lists that were spoilt may go in circles */
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_joining),      cmocka_unit_test(test_edges),
        cmocka_unit_test(test_address_bits), cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_random),       cmocka_unit_test(test_order_of),
        cmocka_unit_test(test_largest),      cmocka_unit_test(test_stale_translations),
        cmocka_unit_test(test_held_frames),  cmocka_unit_test(test_refusals),
    };
    return tap_run("hv/buddy", tests, sizeof(tests) / sizeof(tests[0]));
}
