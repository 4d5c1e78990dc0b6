/* SPDX-License-Identifier: MIT */
/* The library's libc. */
#include "guest/lib/format.h"
#include "tests/system/guests/support.h"

static char text[128];

#define CHECK_FORMAT(expected, ...)                                               \
    do {                                                                          \
        CHECK_EQUAL(snprintf(text, sizeof(text), __VA_ARGS__), strlen(expected)); \
        CHECK_EQUAL(strcmp(text, expected), 0);                                   \
    } while (0)

TEST(library_format)
{
    CHECK_FORMAT("a 42 b", "a %d b", 42);
    CHECK_FORMAT("-1 4294967295", "%d %u", -1, -1);
    CHECK_FORMAT("-9223372036854775808", "%ld", INT64_MIN);
    CHECK_FORMAT("18446744073709551615", "%lu", UINT64_MAX);
    CHECK_FORMAT("ff 00ff FF   ff|ff  |", "%x %04x %X %4x|%-4x|", 255, 255, 255, 255, 255);
    CHECK_FORMAT("-0042", "%05d", -42);
    CHECK_FORMAT("  -42", "%5d", -42);
    CHECK_FORMAT("ff ffff", "%hhx %hx", (signed char)-1, (short)-1);
    CHECK_FORMAT("abc   abc|abc   |ab", "%s %5s|%-6s|%.2s", "abc", "abc", "abc", "abc");
    CHECK_FORMAT("  ab", "%*.*s", 4, 2, "abc");
    CHECK_FORMAT("x%y", "%c%%%c", 'x', 'y');
    CHECK_FORMAT("0x1234", "%p", (void *)0x1234);
}

TEST(library_format_cuts)
{
    memset(text, 'z', sizeof(text));
    CHECK_EQUAL(snprintf(text, 4, "%s", "abcdef"), 6);
    CHECK_EQUAL(strcmp(text, "abc"), 0);
    CHECK_EQUAL(text[4], 'z');
    CHECK_EQUAL(snprintf(NULL, 0, "%d", 12345), 5);
}

TEST(library_moves)
{
    memcpy(text, "0123456789", 11);
    memmove(text + 2, text, 8);
    CHECK_EQUAL(strcmp(text, "0101234567"), 0);
    memmove(text, text + 2, 9);
    CHECK_EQUAL(strcmp(text, "01234567"), 0);
    memset(text, 'x', 3);
    CHECK_EQUAL(strcmp(text, "xxx34567"), 0);
    CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("abd", "abc", 3) > 0);
    CHECK_EQUAL(memcmp("abc", "abd", 2), 0);
}

TEST(library_strings)
{
    CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("a", "ab") < 0);
    CHECK_EQUAL(strncmp("abc", "abd", 2), 0);
    CHECK_EQUAL(strnlen("abc", 2), 2);
    CHECK_EQUAL(*strchr("abc", 'b'), 'b');
    CHECK(!strchr("abc", 'x'));
    CHECK(string_fits("*", "") && string_fits("a*c", "abbc") && string_fits("*b*", "abc"));
    CHECK(string_fits("a*b*b", "axbxb") && !string_fits("a*c", "abcd") && !string_fits("", "a"));
}

TEST(library_numbers)
{
    uint64_t value = 7;
    CHECK(string_number("18446744073709551615", 20, &value));
    CHECK_EQUAL(value, -1);
    CHECK(string_number("0xAbc", 5, &value));
    CHECK_EQUAL(value, 0xabc);
    CHECK(!string_number("18446744073709551616", 20, &value)); /* 2^64 */
    CHECK(!string_number("", 0, &value));
    CHECK(!string_number("0x", 2, &value));
    CHECK(!string_number("12a", 3, &value));
    CHECK_EQUAL(value, 0xabc);
}
