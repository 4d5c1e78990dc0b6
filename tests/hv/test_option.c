/* SPDX-License-Identifier: MIT */
/* The command line: what it takes, and that what it does not is said and changes nothing. */
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>

#include "hv/core/option.h"
#include "tests/unit/rng.h"

static uint64_t number = 7;
OPTION_NUMBER("number", number, 5, 500, "help of number");
static uint64_t size;
OPTION_SIZE("size", size, 0, 1UL << 46, "help of size");
static uint64_t any;
OPTION_NUMBER("any", any, 0, UINT64_MAX, "");
static bool flag;
OPTION_FLAG("flag", flag, "");
static unsigned choice;
OPTION_CHOICE("choice", choice, "", "one", "two", "three");
static unsigned long_choice;
OPTION_CHOICE("long-choice", long_choice, "", "0123456789012345678901234567890123456789",
              "0123456789012345678901234567890123456789",
              "0123456789012345678901234567890123456789",
              "0123456789012345678901234567890123456789", "the-last");
static char text[8] = "old";
OPTION_TEXT("text", text, "");

static char error[256];

#define WORD_LONGEST 127U

static bool parse(const char *line)
{
    memset(error, '#', sizeof(error));
    return options_parse(line, error, sizeof(error));
}

static void test_good_lines(void **state)
{
    (void)state;
    assert_true(parse(""));
    assert_true(parse(" \t "));
    assert_int_equal(number, 7);
    assert_true(parse("number=5  size=3M\tflag choice=three text=abc"));
    assert_int_equal(number, 5);
    assert_int_equal(size, 3 << 20);
    assert_true(flag);
    assert_int_equal(choice, 2);
    assert_string_equal(text, "abc");
    assert_true(parse("flag=no text= number=500 number=0x1f4 choice=one "));
    assert_false(flag);
    assert_string_equal(text, "");
    assert_int_equal(number, 500);
    assert_int_equal(choice, 0);
    assert_true(parse("flag=yes text=a=b=c"));
    assert_true(flag);
    assert_string_equal(text, "a=b=c");
}

static void test_numbers(void **state)
{
    (void)state;
    assert_true(parse("any=18446744073709551615"));
    assert_int_equal(any, UINT64_MAX);
    assert_true(parse("any=0xFFFFffffFFFFffff any=00 any=0x0"));
    assert_int_equal(any, 0);
    assert_true(parse("any=0XaAfF"));
    assert_int_equal(any, 0xaaff);
    assert_true(parse("any=0x0123456789"));
    assert_int_equal(any, 0x0123456789);
    assert_true(parse("any=0xbcdeBCDE"));
    assert_int_equal(any, 0xbcdebcde);
    assert_true(parse("size=4096"));
    assert_int_equal(size, 4096);
    assert_true(parse("size=1k"));
    assert_int_equal(size, 1024);
    assert_true(parse("size=0x10G"));
    assert_int_equal(size, 16UL << 30);
    assert_true(parse("size=65536G"));
    assert_int_equal(size, 1UL << 46);
}

/* Each is refused, named, and leaves everything as it was. */
static void test_refusals(void **state)
{
    (void)state;
    static const char *const words[] = {
        "number=4",
        "number=501",
        "number=",
        "number",
        "number=-5",
        "number=5x",
        "number=0x",
        "number=5K",
        "number= 5",
        "numbers=5",
        "numbe=5",
        "=5",
        "=",
        "size=1KK",
        "size=1T",
        "size=K",
        "size=65537G",
        "size=0x1000000000000000G",
        "any=/",
        "any=:",
        "any=a",
        "any=1a",
        "any=1x5",
        "any=0x/",
        "any=0x:",
        "any=0x@",
        "any=0xG",
        "any=0x`",
        "any=0xg",
        "any=00X",
        "any=5K",
        "size=0x400000000G",
        "any=18446744073709551616",
        "any=0x10000000000000000",
        "flag=maybe",
        "flag=",
        "flag=1",
        "choice=",
        "choice=four",
        "choice",
        "choice=on",
        "text",
        "text=12345678",
        "NUMBER=6",
        "number:6",
    };
    assert_true(parse("number=6 size=2K any=9 flag=no choice=two text=kept"));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (parse(words[i]))
            fail_msg("'%s' was taken", words[i]);
        assert_int_equal(number, 6);
        assert_int_equal(size, 2048);
        assert_int_equal(any, 9);
        assert_false(flag);
        assert_int_equal(choice, 1);
        assert_string_equal(text, "kept");
    }
}

static void test_messages(void **state)
{
    (void)state;
    assert_false(parse("flag number=501 choice=one"));
    assert_string_equal(error, "'number': expected a number, 5 to 500, found '501'");
    assert_true(flag); /* what was before it is set */
    assert_false(parse("colour=red"));
    assert_string_equal(error, "'colour': no such option");
    assert_false(parse("choice=four"));
    assert_string_equal(error, "'choice': expected one, two, three, found 'four'");
    assert_false(parse("text=much-too-long"));
    assert_string_equal(error, "'text': expected at most 7 characters, found 'much-too-long'");
    assert_false(parse("number"));
    assert_string_equal(error, "'number': expected a number, 5 to 500, found ''");
    assert_false(parse("flag=maybe"));
    assert_string_equal(error, "'flag': expected yes or no, found 'maybe'");
    assert_false(parse("size=x"));
    assert_string_equal(error, "'size': expected bytes (or with K, M, G), 0 to 70368744177664, "
                               "found 'x'");
    assert_false(parse("long-choice=x"));
    assert_non_null(strstr(error,
                           "'long-choice': expected 0123456789012345678901234567890123456789, "
                           "0123"));
    char line[WORD_LONGEST + 2] = {0};
    memset(line, 'x', WORD_LONGEST + 1);
    assert_false(parse(line));
    assert_string_equal(error, "a word of 128 characters, expected at most 127");
    line[WORD_LONGEST] = '\0';
    assert_false(parse(line));
    assert_non_null(strstr(error, "no such option"));
    /* One that overflows says nothing of a value, whatever was parsed before. */
    assert_false(parse("any=00000000000000000009 any=18446744073709551616"));
    assert_int_equal(any, 9);
    assert_string_equal(error, "'any': expected a number, 0 to 18446744073709551615, "
                               "found '18446744073709551616'");
}

/* Words as long as there is room for, and one longer; and messages in any room. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t n = 1; n < 300; n++) {
        char line[320] = {0};
        memset(line, 'x', n);
        assert_false(parse(line));
        for (size_t room = 1; room < 40; room++) {
            char small[41];
            memset(small, '#', sizeof(small));
            assert_false(options_parse(line, small, room));
            assert_true(strnlen(small, room) < room);
            assert_int_equal(small[room], '#');
        }
    }
}

/* 200,000 lines of pieces of words: never more than an answer. */
static void test_random(void **state)
{
    (void)state;
    static const char *const pieces[] = {"number", "size", "any", "flag", "choice", "text", "=",
                                         "=",      "=",    "0x",  "5",    "99",     "K",    "G",
                                         "one",    " ",    " ",   "\t",   "-",      "yes",  "\377"};
    struct rng rng = rng_seeded(37);
    for (int i = 0; i < 200000; i++) {
        char line[256] = "";
        int length = 0;
        for (uint32_t n = rng_below(&rng, 16); n != 0; n--)
            length += snprintf(line + length, sizeof(line) - (size_t)length, "%s",
                               pieces[rng_below(&rng, sizeof(pieces) / sizeof(pieces[0]))]);
        parse(line);
        assert_in_range(number, 5, 500);
        assert_true(size <= 1UL << 46 && choice <= 2 && strlen(text) < sizeof(text));
    }
}

static unsigned listed;

static void count(const char *name, const char *values, const char *help)
{
    listed++;
    if (strcmp(name, "number") != 0)
        return;
    assert_string_equal(values, "a number, 5 to 500");
    assert_string_equal(help, "help of number");
    listed += 100;
}

static void test_list(void **state)
{
    (void)state;
    listed = 0;
    options_list(count);
    assert_int_equal(listed, 107);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_messages),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_random),
        cmocka_unit_test(test_list),
    };
    return tap_run("hv/option", tests, sizeof(tests) / sizeof(tests[0]));
}
