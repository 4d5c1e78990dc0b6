/* SPDX-License-Identifier: MIT */
#include "guest/tap.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/start.h"
#include "guest/trap.h"
#include "guest/vcpu.h"

/* Between them, all tests of the image: guest.lds. */
extern const struct tap_test tests_start[], tests_end[];

static bool current_failed;
static const char *current_skip;
static unsigned failed_count;

static bool chosen(const struct tap_test *test)
{
    size_t length;
    const char *list = start_option("only", &length);
    if (!list)
        return true;
    for (size_t at = 0; at < length;) {
        char pattern[128] = "";
        size_t n = 0;
        for (; at < length && list[at] != ':'; at++) {
            if (n < sizeof(pattern) - 1)
                pattern[n++] = list[at];
        }
        at++;
        if (string_fits(pattern, test->name))
            return true;
    }
    return false;
}

void tap_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

bool tap_check(bool good, const char *file, int line, const char *what)
{
    if (!good) {
        current_failed = true;
        tap_note("%s:%d: failed: %s", file, line, what);
    }
    return good;
}

bool tap_check_equal(int64_t actual, int64_t expected, const char *file, int line, const char *what)
{
    bool good = actual == expected;
    if (!good) {
        current_failed = true;
        tap_note("%s:%d: %s: expected %ld (0x%lx), found %ld (0x%lx)", file, line, what, expected,
                 expected, actual, actual);
    }
    return good;
}

void tap_skip(const char *reason)
{
    current_skip = reason;
}

static void run_one(const struct tap_test *test, unsigned number)
{
    struct caught caught;
    current_failed = false;
    current_skip = NULL;
    vcpu_unmask();
    if (CATCH(&caught, test->run())) {
        current_failed = true;
        trap_print(&caught.frame);
    }
    failed_count += current_failed;
    printf("%sok %u - %s", current_failed ? "not " : "", number, test->name);
    if (current_skip)
        printf(" # SKIP %s", current_skip);
    printf("\n");
}

void tap_run(void)
{
    unsigned count = 0;
    for (const struct tap_test *test = tests_start; test < tests_end; test++)
        count += chosen(test);
    printf("1..%u\n", count);
    unsigned number = 0;
    for (const struct tap_test *test = tests_start; test < tests_end; test++) {
        if (chosen(test))
            run_one(test, ++number);
    }
}

bool tap_failed(void)
{
    return failed_count > 0;
}
