/* SPDX-License-Identifier: MIT */
/* What is said of a model and of what it stands for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bench/runner/likeness.h"

static void reads(struct likeness *all, size_t count, const char *expected)
{
    char *text = likeness_text("hv", "sim", all, count);
    assert_string_equal(text, expected);
    free(text);
}

static void test_range_and_middle(void **state)
{
    (void)state;
    struct likeness all[] = {{1.04, "b"}, {0.5, "a"}, {2, "d"}, {1.06, "c"}};
    reads(all, 4, "hv over sim: median 1.050, from 0.500 (a) to 2.000 (d); within 5 % in 1 of 4");
}

static void test_one_place_has_no_range(void **state)
{
    (void)state;
    struct likeness all[] = {{1.25, ""}};
    reads(all, 1, "hv over sim: 1.250");
}

static void test_places_without_ratio_are_counted(void **state)
{
    (void)state;
    struct likeness all[] = {{NAN, "a"}, {1, "b"}, {NAN, "c"}, {3, "d"}};
    reads(all, 4,
          "hv over sim: median 2.000, from 1.000 (b) to 3.000 (d); within 5 % in 1 of 2; "
          "2 more without a ratio, for one of the two is 0");
    struct likeness none[] = {{NAN, ""}};
    reads(none, 1, "hv over sim: no ratio, one of the two is 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_and_middle),
        cmocka_unit_test(test_one_place_has_no_range),
        cmocka_unit_test(test_places_without_ratio_are_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("likeness", tests, NULL, NULL);
}
