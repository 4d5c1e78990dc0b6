/* SPDX-License-Identifier: MIT */
/* How numbers read: scale, digits and unit, by clocks that tell time and by one that counts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/runner/quantity.h"

#define COUNTING "instructions"

static void reads(double value, const char *unit, const char *clock, const char *expected)
{
    char text[QUANTITY_TEXT];
    quantity_text(text, value, unit_on(unit, clock));
    assert_string_equal(text, expected);
}

static void test_time_is_scaled(void **state)
{
    (void)state;
    reads(150, "ns", "tsc", "150 ns");
    reads(42.87, "ns", "tsc", "42.87 ns");
    reads(6983, "ns", "tsc", "6.983 us");
    reads(1234567, "ns", NULL, "1.235 ms");
    reads(2.5e9, "ns", "simulated-ns", "2.500 s");
    reads(6983, "ns/request", "tsc", "6.983 us/request");
    reads(513, "ms", "tsc", "513 ms");
}

static void test_counted_time_is_instructions(void **state)
{
    (void)state;
    reads(6983, "ns", COUNTING, "6983 instr.");
    reads(999999, "ns", COUNTING, "999999 instr.");
    reads(1229338, "ns", COUNTING, "1.229 M instr.");
    reads(6983, "ns/request", COUNTING, "6983 instr./request");
    reads(68, "instructions", COUNTING, "68 instr.");
    reads(588.8, "instructions", "simulated-ns", "588.8 instr.");
}

/* 4.12 million in the 10^9 that stand for a second are 4.12 in each thousand. */
static void test_counted_rates_are_of_instructions(void **state)
{
    (void)state;
    reads(4120000, "requests/s", "tsc", "4.120 M requests/s");
    reads(4120000, "requests/s", COUNTING, "4.120 requests/k instr.");
    reads(2500, "switches/s", COUNTING, "2.500 switches/M instr.");
    reads(99.5, "switches/s", COUNTING, "99.50 switches/G instr.");
}

static void test_other_units_are_left_alone(void **state)
{
    (void)state;
    reads(0.0033, "of service", COUNTING, "0.0033 of service");
    reads(1.937, "tells/request", COUNTING, "1.937 tells/request");
    reads(3, "", COUNTING, "3.000");
    reads(1001, "", COUNTING, "1001");
    reads(276.1e6, "", "tsc", "276.1 M");
}

static void test_small_numbers_keep_their_digits(void **state)
{
    (void)state;
    reads(0.000271, "", "tsc", "0.000271");
    reads(0.0000366, "", "tsc", "3.66e-05");
    reads(0, "", "tsc", "0");
    reads(NAN, "", "tsc", "-");
}

static void test_intervals(void **state)
{
    (void)state;
    char text[INTERVAL_TEXT], value[MEASURED_TEXT];
    const struct interval ratio = {0.00034, 0.00033, 0.00036, 7};
    interval_text(text, ratio, SCALE_NONE, false);
    assert_string_equal(text, "0.00034 [0.00033, 0.00036]");
    interval_text(text, ratio, SCALE_NONE, true);
    assert_string_equal(text, "0.00034");
    interval_text(text, (struct interval){NAN, NAN, NAN, 0}, SCALE_NONE, false);
    assert_string_equal(text, "-");
    /* All three at the scale of the middle. */
    const struct interval time = {1200, 990, 1300, 7};
    measured_text(value, time, unit_on("ns", "tsc"), false);
    assert_string_equal(value, "1.200 us [0.990, 1.300]");
    measured_text(value, time, unit_on("ns", COUNTING), true);
    assert_string_equal(value, "1200 instr.");
}

static void test_bounds_are_in_the_unit_of_the_value(void **state)
{
    (void)state;
    char text[QUANTITY_TEXT];
    bound_text(text, 8000, 6983, unit_on("ns", COUNTING));
    assert_string_equal(text, "8000 instr.");
    bound_text(text, 2000000, 1229338, unit_on("ns", COUNTING));
    assert_string_equal(text, "2 M instr.");
    bound_text(text, 2000, 900, unit_on("ns", "tsc"));
    assert_string_equal(text, "2000 ns");
    bound_text(text, 0.01, 0.0033, unit_on("of service", COUNTING));
    assert_string_equal(text, "0.01 of service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_is_scaled),
        cmocka_unit_test(test_counted_time_is_instructions),
        cmocka_unit_test(test_counted_rates_are_of_instructions),
        cmocka_unit_test(test_other_units_are_left_alone),
        cmocka_unit_test(test_small_numbers_keep_their_digits),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_bounds_are_in_the_unit_of_the_value),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
