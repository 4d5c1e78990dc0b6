/* SPDX-License-Identifier: MIT */
/* A ramdisk: what it holds is found, and whatever else it says, nothing outside it is read. */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0/archive.h"
#include "tests/unit/rng.h"

#define ROOM 4096U
#define FILE_MODE 0100644U

/* An archive under construction. */
static uint8_t bytes[ROOM];
static size_t size;

static void add_raw(const char *magic, uint32_t mode, uint32_t links, uint32_t data_size,
                    uint32_t name_size, const char *name, const char *data, size_t data_length)
{
    char header[111];
    snprintf(header, sizeof(header), "%s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             magic, 1, mode, 0, 0, links, 0, data_size, 0, 0, 0, 0, name_size, 0);
    memcpy(bytes + size, header, 110);
    memcpy(bytes + size + 110, name, strlen(name) + 1);
    size = (size + 110 + strlen(name) + 1 + 3) & ~3UL;
    memcpy(bytes + size, data, data_length);
    size = (size + data_length + 3) & ~3UL;
}

static void add(const char *name, const char *data)
{
    add_raw("070701", FILE_MODE, 1, (uint32_t)strlen(data), (uint32_t)strlen(name) + 1, name, data,
            strlen(data));
}

static void begin(void)
{
    memset(bytes, 0, sizeof(bytes));
    size = 0;
}

static void end(void)
{
    add_raw("070701", 0, 1, 0, 11, "TRAILER!!!", "", 0);
}

/* In memory of exactly this size, so that reading behind it is seen. */
static bool open_first(size_t n, struct archive *archive, struct problem *problem)
{
    static uint8_t *exact;
    free(exact);
    exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    memset(problem, 0, sizeof(*problem));
    return archive_open(archive, exact, n, problem);
}

static void assert_holds(const struct archive *a, const char *name, const char *data)
{
    struct file file;
    assert_true(archive_find(a, name, strlen(name), &file));
    assert_string_equal(file.name, name);
    assert_int_equal(file.size, strlen(data));
    assert_memory_equal(file.bytes, data, strlen(data));
}

static void test_files(void **state)
{
    (void)state;
    struct archive a;
    struct problem problem;
    struct file file;
    begin();
    add("one", "first");
    add("./two", "");
    add_raw("070701", 0040755, 2, 0, 4, "dir", "", 0);
    add("dir/three", "0123456789");
    end();
    size += 100; /* cpio's block */
    assert_true(open_first(size, &a, &problem));
    assert_holds(&a, "one", "first");
    assert_holds(&a, "two", "");
    assert_holds(&a, "dir/three", "0123456789");
    assert_false(archive_find(&a, "dir", 3, &file));
    assert_false(archive_find(&a, "on", 2, &file));
    assert_false(archive_find(&a, "TRAILER!!!", 10, &file));
    size_t at = 0;
    unsigned n = 0;
    while (archive_next(&a, &at, &file))
        n++;
    assert_int_equal(n, 3);
}

/* Cut anywhere before its end, it is refused. */
static void test_truncated(void **state)
{
    (void)state;
    struct archive a;
    struct problem problem;
    begin();
    add("one", "first");
    add("two", "second");
    end();
    size_t whole = size;
    for (size_t n = 0; n + 3 < whole; n++) { /* up to three bytes fill the last name up */
        assert_false(open_first(n, &a, &problem));
        assert_true(problem.text[0] != '\0');
    }
    assert_true(open_first(whole, &a, &problem));
}

static void refuse(const char *says)
{
    struct archive a;
    struct problem problem;
    assert_false(open_first(size, &a, &problem));
    if (!strstr(problem.text, says))
        fail_msg("expected `%s', found `%s'", says, problem.text);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const outside[] = {"..", "../x", "a/../b", "/x", "a//b",
                                          "a/", "a/..", "./../x", ".",  "a/./b"};
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
        begin();
        add(outside[i], "x");
        end();
        refuse("expected a name without");
    }
    begin();
    add_raw("070702", FILE_MODE, 1, 1, 2, "a", "x", 1);
    end();
    refuse("without checksums");
    begin();
    add_raw("070707", FILE_MODE, 1, 1, 2, "a", "x", 1);
    end();
    refuse("`newc' format");
    begin();
    add_raw("070701", FILE_MODE, 1, UINT32_MAX, 2, "a", "x", 1);
    end();
    refuse("are left");
    begin();
    add_raw("070701", FILE_MODE, 1, 1, UINT32_MAX, "a", "x", 1);
    end();
    refuse("expected a name of 1 to");
    begin();
    add_raw("070701", FILE_MODE, 1, 1, 1, "", "x", 1);
    end();
    refuse("expected a name of 1 to");
    begin();
    add_raw("070701", FILE_MODE, 1, 1, 4, "a", "x", 1);
    end();
    refuse("that ends after");
    begin();
    add_raw("070701", 0120777, 1, 1, 2, "a", "x", 1);
    end();
    refuse("expected a file or a directory");
    begin();
    add_raw("070701", FILE_MODE, 2, 1, 2, "a", "x", 1);
    end();
    refuse("of one name");
    begin();
    add("a", "x");
    add("./a", "y");
    end();
    refuse("two of this name");
    begin();
    add("a", "x");
    end();
    bytes[8 + 6] = 'g';
    refuse("hexadecimal");
    begin();
    add("a", "x");
    end();
    bytes[size++] = 1;
    refuse("nothing but zeros");
    begin();
    add("a", "x");
    refuse("expected an entry TRAILER!!!");
}

/* Whatever is changed in it: no crash, and what is found lies inside. */
static void test_random(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(7);
    for (unsigned round = 0; round < 20000; round++) {
        struct archive a;
        struct problem problem;
        struct file file;
        begin();
        add("one", "first");
        add("dir/two", "second");
        end();
        for (uint64_t n = rng_next(&rng) % 4; n > 0; n--)
            bytes[rng_next(&rng) % size] = (uint8_t)rng_next(&rng);
        if (!open_first(size, &a, &problem))
            continue;
        for (size_t at = 0; archive_next(&a, &at, &file);) {
            const uint8_t *p = file.bytes;
            assert_true(p >= a.bytes && file.size <= (size_t)(a.bytes + a.size - p));
            assert_true(strlen(file.name) > 0 && !strstr(file.name, ".."));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_random),
    };
    return tap_run("dom0_archive", tests, sizeof(tests) / sizeof(*tests));
}
