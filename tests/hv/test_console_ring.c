/* SPDX-License-Identifier: MIT */
/* The ring of what was logged: readers that come in time, late, and with numbers of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/core/console_ring.h"

#define SIZE 16384U

static uint32_t said;

/* Characters say which they are, modulo a prime. */
static char nth(uint32_t n)
{
    return (char)(n % 251);
}

static void say(uint32_t n)
{
    for (; n != 0; n--)
        console_ring_put(nth(said++));
}

static void assert_read(uint32_t from, uint32_t n, uint32_t first, uint32_t expected)
{
    static char text[2 * SIZE];
    memset(text, 0x7f, sizeof(text));
    uint32_t at = from;
    assert_int_equal(console_ring_read(text, n, &at), expected);
    assert_int_equal(at, first + expected);
    for (uint32_t i = 0; i < expected; i++)
        assert_int_equal(text[i], nth(first + i));
    assert_int_equal(text[expected], 0x7f);
}

/* In one go, because the ring is one. */
static void test_ring(void **state)
{
    (void)state;
    assert_read(0, 10, 0, 0);
    say(100);
    assert_read(0, 10, 0, 10);
    assert_read(10, 1000, 10, 90);
    assert_read(100, 10, 100, 0);
    /* A number that is still to come: from the oldest there is. */
    assert_read(101, 1000, 0, 100);
    assert_int_equal(console_ring_start(), 0);
    console_ring_clear(60);
    assert_int_equal(console_ring_start(), 60);
    assert_read(0, 1000, 0, 100);
    /* What has been overwritten. */
    say(3 * SIZE);
    uint32_t oldest = said - SIZE;
    assert_read(0, 2 * SIZE - 1, oldest, SIZE);
    assert_read(oldest - 1, 5, oldest, 5);
    assert_read(oldest, 5, oldest, 5);
    assert_read(said - 3, 100, said - 3, 3);
    assert_int_equal(console_ring_start(), oldest);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hv console ring", tests, NULL, NULL);
}
