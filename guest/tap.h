/* SPDX-License-Identifier: MIT */
/*
 * Tests inside a guest, reported as TAP over the console.
 *
 *     TEST(mmu_update_sets_entry)
 *     {
 *         REQUIRE(ready());
 *         CHECK_EQUAL(table_set(entry, value), 0);
 *     }
 *
 * The linker collects the tests of all files in an image; tap_run() runs those that the command
 * line's `only=` patterns name (`only=mmu_*:time_*`), all without it. A test that raises an
 * exception fails with a register dump and the next one goes on. A test leaves the domain as it
 * found it.
 */
#ifndef GUEST_TAP_H
#define GUEST_TAP_H

#include <stdbool.h>
#include <stdint.h>

struct tap_test {
    const char *name;
    void (*run)(void);
};

/* In the order of the file, which GCC gives up otherwise. */
#if __has_attribute(no_reorder)
#define TAP_IN_ORDER __attribute__((no_reorder))
#else
#define TAP_IN_ORDER
#endif

#define TEST(name_)                                                                       \
    static void test_##name_(void);                                                       \
    static const struct tap_test tap_##name_ TAP_IN_ORDER                                 \
        __attribute__((section(".tests"), used)) = {.name = #name_, .run = test_##name_}; \
    static void test_##name_(void)

/* Prints the plan and a line for each test. */
void tap_run(void);

/* Did any test fail? */
bool tap_failed(void);

/* A line of commentary. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(condition) tap_check((condition), __FILE__, __LINE__, #condition)

#define CHECK_EQUAL(actual, expected) \
    tap_check_equal((int64_t)(actual), (int64_t)(expected), __FILE__, __LINE__, #actual)

/* What the test cannot go on without. */
#define REQUIRE(condition)     \
    do {                       \
        if (!CHECK(condition)) \
            return;            \
    } while (0)

/* The rest of the test does not apply here. What was checked before counts. */
#define SKIP(reason)      \
    do {                  \
        tap_skip(reason); \
        return;           \
    } while (0)

bool tap_check(bool good, const char *file, int line, const char *what);
bool tap_check_equal(int64_t actual, int64_t expected, const char *file, int line,
                     const char *what);
void tap_skip(const char *reason);

#endif
