/* SPDX-License-Identifier: MIT */
/* Firmware's memory map, and memory before there is an allocator, each against a map of bytes. */
#include "tests/hv/machine.h"

#include <stdlib.h>
#include <string.h>

#include "hv/core/boot_info.h"
#include "hv/core/boot_memory.h"
#include "hv/core/frame.h"
#include "tests/unit/rng.h"

#define USABLE 1U
#define RESERVED 2U
#define ACPI 3U
#define PAGES 256U

static struct boot_info info;

static void assert_regions_sound(void)
{
    assert_true(info.n_regions <= BOOT_REGIONS_MAX);
    for (unsigned i = 0; i < info.n_regions; i++) {
        const struct region *r = &info.regions[i];
        assert_true(r->start < r->end);
        assert_int_equal((r->start | r->end) % PAGE_SIZE, 0);
        assert_true(i == 0 || info.regions[i - 1].end <= r->start);
        assert_int_equal(r->kind, r->type == USABLE ? REGION_USABLE
                                  : r->type == ACPI ? REGION_ACPI
                                                    : REGION_RESERVED);
    }
}

static enum region_kind kind_at(paddr_t a, bool *found)
{
    *found = false;
    for (unsigned i = 0; i < info.n_regions; i++) {
        if (info.regions[i].start <= a && a < info.regions[i].end) {
            *found = true;
            return info.regions[i].kind;
        }
    }
    return REGION_RESERVED;
}

static void assert_kind(paddr_t a, int expected) /* -1: in no region */
{
    bool found;
    enum region_kind k = kind_at(a, &found);
    assert_int_equal(found ? (int)k : -1, expected);
}

static void test_rounding(void **state)
{
    (void)state;
    info = (struct boot_info){0};
    assert_true(boot_region_add(&info, 0x1001, 0x3fff, USABLE));
    assert_true(boot_region_add(&info, 0x10fff, 0x11001, RESERVED));
    assert_true(boot_region_add(&info, 0x20001, 0x20fff, USABLE)); /* no whole frame */
    assert_regions_sound();
    assert_kind(0x1fff, -1);
    assert_kind(0x2000, REGION_USABLE);
    assert_kind(0x3000, -1);
    assert_kind(0x10000, REGION_RESERVED);
    assert_kind(0x11fff, REGION_RESERVED);
    assert_kind(0x12000, -1);
    assert_kind(0x20000, -1);
}

/* Firmware whose lengths go on beyond the end of everything. */
static void test_wrapping(void **state)
{
    (void)state;
    for (uint32_t type = USABLE; type <= ACPI; type++) {
        info = (struct boot_info){0};
        assert_true(boot_region_add(&info, 0x10000, 0x40000, USABLE));
        assert_true(boot_region_add(&info, 0x30000, 0x20000, type));
        assert_true(boot_region_add(&info, 0x80000, UINT64_MAX, type));
        assert_true(boot_region_add(&info, UINT64_MAX - 10, UINT64_MAX, type));
        assert_regions_sound();
        assert_kind(0x10000, REGION_USABLE);
        int kind = type == USABLE ? REGION_USABLE : type == ACPI ? REGION_ACPI : REGION_RESERVED;
        assert_kind(0x80000, kind);
        assert_kind(1UL << 60, kind);
        assert_kind(PAGE_MASK - PAGE_SIZE, kind);
        assert_kind(PAGE_MASK, -1);
        assert_kind(0x30000, type == USABLE ? REGION_USABLE
                             : type == ACPI ? REGION_ACPI
                                            : REGION_RESERVED);
    }
}

static void test_too_many_regions(void **state)
{
    (void)state;
    info = (struct boot_info){0};
    for (unsigned i = 0; i < BOOT_REGIONS_MAX; i++)
        assert_true(boot_region_add(&info, 0x2000UL * i, 0x2000UL * i + 0x1000, RESERVED));
    assert_false(boot_region_add(&info, 0x1000000, 0x1001000, RESERVED));
    assert_false(boot_region_add(&info, 0x1000000, 0x1001000, USABLE));
    assert_regions_sound();
}

/* A full table: what would cut one of its regions in two, or add the part between two, has no room,
 * and nothing behind the table is touched. */
static void test_full_table(void **state)
{
    (void)state;
    for (unsigned where = 0; where < BOOT_REGIONS_MAX; where++) {
        info = (struct boot_info){0};
        memset(info.modules, 0x5a, sizeof(info.modules));
        for (unsigned i = 0; i < BOOT_REGIONS_MAX; i++)
            assert_true(boot_region_add(&info, 0x10000UL * i, 0x10000UL * i + 0x8000, USABLE));
        paddr_t at = 0x10000UL * where;
        assert_true(boot_region_add(&info, at, at + 0x8000, ACPI)); /* in its place */
        assert_int_equal(info.n_regions, BOOT_REGIONS_MAX);
        assert_kind(at, REGION_ACPI);
        assert_false(boot_region_add(&info, at + 0x8000, at + 0x9000, USABLE));
        paddr_t other = where == 0 ? 0x10000 : 0;
        assert_false(boot_region_add(&info, other + 0x1000, other + 0x2000, RESERVED));
        assert_int_equal(*(uint8_t *)info.modules, 0x5a);
        assert_memory_equal(info.modules, (char *)info.modules + 1, sizeof(info.modules) - 1);
    }
}

/* 20,000 maps of overlapping regions in any order: usable is what all say is. */
static void test_random_maps(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(41);
    for (int i = 0; i < 20000; i++) {
        bool usable[PAGES] = {0};
        bool taken[PAGES] = {0};
        info = (struct boot_info){0};
        for (uint32_t n = 1 + rng_below(&rng, 12); n != 0; n--) {
            paddr_t start = rng_below(&rng, PAGES << PAGE_SHIFT);
            paddr_t end = start + rng_below(&rng, (uint32_t)((PAGES << PAGE_SHIFT) - start));
            uint32_t type = rng_one_in(&rng, 2) ? USABLE : 2 + rng_below(&rng, 4);
            assert_true(boot_region_add(&info, start, end, type));
            for (uint64_t p = 0; p < PAGES; p++) {
                if (type == USABLE)
                    usable[p] |= start <= p << PAGE_SHIFT && (p + 1) << PAGE_SHIFT <= end;
                else
                    taken[p] |=
                        start < end && start < (p + 1) << PAGE_SHIFT && p << PAGE_SHIFT < end;
            }
        }
        assert_regions_sound();
        for (uint64_t p = 0; p < PAGES; p++) {
            bool found;
            enum region_kind k = kind_at(p << PAGE_SHIFT, &found);
            assert_int_equal(found && k == REGION_USABLE, usable[p] && !taken[p]);
            assert_int_equal(found && k != REGION_USABLE, taken[p]);
        }
    }
}

/* ---- memory */

static bool given[PAGES];

static void give(paddr_t start, paddr_t end)
{
    assert_true(start < end && end <= PAGES << PAGE_SHIFT);
    for (paddr_t a = start; a < end; a += PAGE_SIZE) {
        assert_false(given[a >> PAGE_SHIFT]);
        given[a >> PAGE_SHIFT] = true;
    }
}

static void test_alloc(void **state)
{
    (void)state;
    boot_memory_add(0x10000, 0x20000);
    boot_memory_add(0x40000, 0x48000);
    boot_memory_add(0x50000, 0x50000);
    assert_int_equal(boot_memory_alloc(1, PAGE_SIZE, UINT64_MAX), 0x47000);
    assert_int_equal(boot_memory_alloc(0x1001, PAGE_SIZE, 0x1f800), 0x1d000);
    assert_int_equal(boot_memory_alloc(0x1000, 0x8000, UINT64_MAX), 0x40000);
    assert_true(PANICS(boot_memory_alloc(0x10000, PAGE_SIZE, UINT64_MAX)));
    assert_true(PANICS(boot_memory_alloc(0x1000, PAGE_SIZE, 0x10000)));
    memset(given, 0, sizeof(given));
    boot_memory_give(give);
    assert_true(given[0x10] && given[0x1c] && !given[0x1d] && !given[0x1e] && given[0x1f]);
    assert_true(!given[0x40] && given[0x41] && given[0x46] && !given[0x47]);
    memset(given, 0, sizeof(given));
    boot_memory_give(give);
    for (unsigned p = 0; p < PAGES; p++)
        assert_false(given[p]);
}

/* The highest place of n pages below limit, found by trying; 0: none. */
static paddr_t best_place(const bool *free, unsigned n, paddr_t align, paddr_t limit)
{
    for (paddr_t a = PAGES << PAGE_SHIFT; a != 0; a -= PAGE_SIZE) {
        unsigned p = (unsigned)(a >> PAGE_SHIFT);
        bool fits = a % align == 0 && p + n <= PAGES && a + ((paddr_t)n << PAGE_SHIFT) <= limit;
        for (unsigned i = 0; i < n && fits; i++)
            fits = free[p + i];
        if (fits)
            return a;
    }
    return 0;
}

static void test_random_memory(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(43);
    for (int i = 0; i < 20000; i++) {
        bool free[PAGES] = {0};
        for (unsigned p = 1; p < PAGES;) {
            unsigned n = 1 + rng_below(&rng, 60);
            n = p + n > PAGES ? PAGES - p : n;
            boot_memory_add((paddr_t)p << PAGE_SHIFT, (paddr_t)(p + n) << PAGE_SHIFT);
            memset(free + p, 1, n);
            p += n + rng_below(&rng, 20);
        }
        for (unsigned k = rng_below(&rng, 20); k != 0; k--) {
            unsigned from = rng_below(&rng, PAGES);
            unsigned n = rng_below(&rng, PAGES - from);
            if (rng_one_in(&rng, 2)) {
                boot_memory_take((paddr_t)from << PAGE_SHIFT, (paddr_t)(from + n) << PAGE_SHIFT);
                memset(free + from, 0, n);
                continue;
            }
            paddr_t align = PAGE_SIZE << rng_below(&rng, 4);
            paddr_t limit = (paddr_t)(from + 1) << PAGE_SHIFT;
            paddr_t got = 0;
            n = 1 + n % 8;
            if (PANICS(got = boot_memory_alloc((uint64_t)n << PAGE_SHIFT, align, limit)))
                got = 0;
            assert_int_equal(got, best_place(free, n, align, limit));
            if (got == 0)
                continue;
            for (unsigned p = 0; p < n; p++) {
                assert_true(free[(got >> PAGE_SHIFT) + p]);
                free[(got >> PAGE_SHIFT) + p] = false;
            }
        }
        memset(given, 0, sizeof(given));
        boot_memory_give(give);
        assert_memory_equal(given, free, sizeof(given));
    }
}

static void test_too_many_pieces(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * BOOT_REGIONS_MAX; i++)
        boot_memory_add(0x2000UL * i, 0x2000UL * i + 0x1000);
    assert_true(PANICS(boot_memory_add(0x10000000, 0x10001000)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_too_many_regions),
        cmocka_unit_test(test_full_table),
        cmocka_unit_test(test_random_maps),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_random_memory),
        cmocka_unit_test(test_too_many_pieces), /* last: they stay */
    };
    return tap_run("hv/boot_memory", tests, sizeof(tests) / sizeof(tests[0]));
}
