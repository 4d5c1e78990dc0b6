/* SPDX-License-Identifier: MIT */
/* Vectors: each CPU's own, none that is the processor's or the hypervisor's, none twice. */
#include "hv/arch/x86_64/irq_vectors.h"

#include <stdbool.h>
#include <string.h>

#include "hv/arch/x86_64/vectors.h"
#include "tests/unit/rng.h"
#include "tests/unit/tap.h"

#define CPUS 3

static uint32_t expected[CPUS][VECTOR_COUNT]; /* irq + 1; 0: nobody's */

static void assert_as_expected(void)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        for (unsigned v = 0; v < VECTOR_COUNT; v++) {
            uint32_t irq = expected[cpu][v] == 0 ? IRQ_NONE : expected[cpu][v] - 1;
            assert_int_equal(vector_irq(cpu, (uint8_t)v), irq);
        }
    }
}

static uint8_t take(uint32_t cpu, uint32_t irq)
{
    uint8_t v = vector_take(cpu, irq);
    if (v != 0) {
        assert_in_range(v, VECTOR_DEVICE_FIRST, VECTOR_DEVICE_LAST);
        assert_int_not_equal(v, VECTOR_INT80);
        assert_int_equal(expected[cpu][v], 0);
        expected[cpu][v] = irq + 1;
    }
    return v;
}

static void give(uint32_t cpu, uint8_t v)
{
    vector_give(cpu, v);
    expected[cpu][v] = 0;
}

static void give_all(void)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        for (unsigned v = 0; v < VECTOR_COUNT; v++) {
            if (expected[cpu][v] != 0)
                give(cpu, (uint8_t)v);
        }
    }
    assert_as_expected();
}

/* All that there are can be had, on each CPU, and then none. */
static void test_all(void **state)
{
    const unsigned all =
        VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1 - 1; /* without one in between */
    (void)state;
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        unsigned n = 0;
        while (take(cpu, n + cpu) != 0)
            n++;
        assert_int_equal(n, all);
    }
    assert_as_expected();
    give(1, VECTOR_DEVICE_LAST);
    assert_int_equal(take(0, 5), 0);
    assert_int_equal(take(1, 5), VECTOR_DEVICE_LAST);
    assert_int_equal(take(1, 5), 0);
    give_all();
}

/* Interrupts that are set up one after another do not share a priority. */
static void test_neighbours(void **state)
{
    (void)state;
    uint8_t before = take(2, 0);
    for (uint32_t i = 1; i < 10; i++) {
        uint8_t v = take(2, i);
        assert_int_not_equal(v >> 4, before >> 4);
        before = v;
    }
    give_all();
}

static void test_random(void **state)
{
    struct rng rng = rng_seeded(20);
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t cpu = rng_below(&rng, CPUS);
        uint8_t v = (uint8_t)rng_next(&rng);
        if (expected[cpu][v] != 0)
            give(cpu, v);
        else
            take(cpu, rng_below(&rng, 1024));
        if (i % 500 == 0)
            assert_as_expected();
    }
    give_all();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_random),
    };
    return tap_run("hv/irq_vectors", tests, sizeof(tests) / sizeof(tests[0]));
}
