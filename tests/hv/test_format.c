/* SPDX-License-Identifier: MIT */
/* Text for people, against the C library's. */
#include "tests/unit/tap.h"

#include <limits.h>
#include <string.h>

#include "hv/core/format.h"
#include "tests/unit/rng.h"

static void check_same(const char *form, ...)
{
    char ours[256];
    char theirs[256];
    va_list args;
    va_list again;
    va_start(args, form);
    va_copy(again, args);
    size_t length = format_string_v(ours, sizeof(ours), form, args);
    int expected = vsnprintf(theirs, sizeof(theirs), form, again);
    va_end(args);
    va_end(again);
    assert_string_equal(ours, theirs);
    assert_int_equal(length, expected);
}

static void test_conversions(void **state)
{
    (void)state;
    check_same("nothing to convert");
    check_same("%d %i %u %x %c%c %s %%", -5, 7, 3000000000U, 0xbeefU, 'a', 'b', "text");
    check_same("%ld %lu %lx %lld %zu", LONG_MIN, ULONG_MAX, ULONG_MAX, LLONG_MAX, (size_t)9);
    check_same("%d %d %u %x", INT_MIN, INT_MAX, UINT_MAX, 0U);
}

static void test_fields(void **state)
{
    (void)state;
    check_same("[%5d] [%-5d] [%05d] [%-05d]", 42, 42, 42, 42);
    check_same("[%5d] [%-5d] [%05d]", -42, -42, -42);
    check_same("[%2d] [%02d] [%016lx] [%-20lx]", 12345, -12345, 0xfeedUL, 0xfeedUL);
    check_same("[%8s] [%-8s] [%2s] [%.2s] [%8.3s] [%-8.3s]", "abc", "abc", "abc", "abc", "abcdef",
               "abcdef");
    check_same("[%*d] [%-*d] [%.*s]", 6, 42, 6, 42, 3, "abcdef");
    check_same("[%3c] [%-3c]", 'x', 'x');
    check_same("[%s] [%5s] [%.0s] [%.1s] [%.*s]", "", "", "abc", "abc", 0, "abc");
}

/* Zeros fill a field as far as there is room for a number's digits, and blanks the rest. */
static void test_wide_zeros(void **state)
{
    (void)state;
    char text[128];
    assert_int_equal(format_string(text, sizeof(text), "%0100d", -5), 100);
    assert_int_equal(strspn(text, " "), 28);
    assert_int_equal(text[28], '-');
    assert_int_equal(strspn(text + 29, "0"), 70);
    assert_string_equal(text + 99, "5");
    assert_int_equal(format_string(text, sizeof(text), "%0100lx", UINT64_MAX), 100);
    assert_int_equal(strspn(text, " "), 29);
    assert_string_equal(text + 84, "ffffffffffffffff");
}

/* A string of a given precision may not end. */
static void test_string_without_end(void **state)
{
    (void)state;
    char open[4] = {'a', 'b', 'c', 'd'};
    char text[16];
    assert_int_equal(format_string(text, sizeof(text), "%.*s", 4, open), 4);
    assert_string_equal(text, "abcd");
}

static void test_pointers(void **state)
{
    (void)state;
    char text[32];
    format_string(text, sizeof(text), "%p", (void *)0xffff820000001234UL);
    assert_string_equal(text, "ffff820000001234");
    format_string(text, sizeof(text), "%p", NULL);
    assert_string_equal(text, "0000000000000000");
    const char *nothing = NULL;
    const char *volatile form = "%s"; /* which the compiler would refuse */
    format_string(text, sizeof(text), form, nothing);
    assert_string_equal(text, "(null)");
}

/* Every size: the text is cut, ends, and nothing behind it is written. */
static void test_room(void **state)
{
    (void)state;
    for (size_t size = 0; size < 20; size++) {
        char text[24];
        memset(text, '#', sizeof(text));
        assert_int_equal(format_string(text, size, "%s-%u", "0123456789", 123456U), 17);
        char whole[] = "0123456789-123456";
        size_t kept = size == 0 ? 0 : size > 17 ? 17 : size - 1;
        assert_memory_equal(text, whole, kept);
        if (size != 0)
            assert_int_equal(text[kept], '\0');
        for (size_t i = size == 0 ? 0 : kept + 1; i < sizeof(text); i++)
            assert_int_equal(text[i], '#');
    }
}

/* A conversion without an end is none, and takes no argument. */
static void test_broken_forms(void **state)
{
    (void)state;
    static const char *const forms[] = {"ab%", "ab%-", "ab%08", "ab%l", "ab%.3"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char text[16];
        const char *volatile form = forms[i];
        format_string(text, sizeof(text), form, 0);
        assert_string_equal(text, "ab");
    }
}

/* 50,000 numbers in random fields. */
static void test_random_fields(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(3);
    static const char kinds[] = {'d', 'u', 'x'};
    for (int i = 0; i < 50000; i++) {
        char form[32];
        snprintf(form, sizeof(form), "[%%%s%s%ul%c]", rng_one_in(&rng, 2) ? "-" : "",
                 rng_one_in(&rng, 2) ? "0" : "", 1 + rng_below(&rng, 30),
                 kinds[rng_below(&rng, sizeof(kinds))]);
        const char *volatile hidden = form;
        check_same(hidden, rng_next(&rng) >> rng_below(&rng, 64));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions),  cmocka_unit_test(test_fields),
        cmocka_unit_test(test_wide_zeros),   cmocka_unit_test(test_string_without_end),
        cmocka_unit_test(test_pointers),     cmocka_unit_test(test_room),
        cmocka_unit_test(test_broken_forms), cmocka_unit_test(test_random_fields),
    };
    return tap_run("hv/format", tests, sizeof(tests) / sizeof(tests[0]));
}
