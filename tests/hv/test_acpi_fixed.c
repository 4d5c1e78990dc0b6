/* SPDX-License-Identifier: MIT */
/* The table of fixed hardware, as firmware makes it and as it should not. */
#include <string.h>

#include "hv/arch/x86_64/acpi.h"
#include "tests/unit/tap.h"

#define FLAGS 112
#define RESET_REGISTER 116
#define RESET_VALUE 128
#define LENGTH 276
#define FLAG_RESET_REGISTER (1U << 10)

static uint8_t table[LENGTH];
static struct machine found;

static void put_32(uint32_t at, uint32_t v)
{
    memcpy(table + at, &v, sizeof(v));
}

/* One with everything: a reset is 6 to port 0xcf9. */
static void begin(void)
{
    memset(table, 0, sizeof(table));
    memset(&found, 0, sizeof(found));
    put_32(64, 0x604);
    put_32(76, 0x608);
    put_32(FLAGS, FLAG_RESET_REGISTER);
    table[RESET_REGISTER] = 1;
    put_32(RESET_REGISTER + 4, 0xcf9);
    table[RESET_VALUE] = 6;
}

static void test_all(void **state)
{
    (void)state;
    begin();
    fadt_read(&found, table, sizeof(table));
    assert_int_equal(found.power_port, 0x604);
    assert_int_equal(found.pm_timer, 0x608);
    assert_int_equal(found.reset_port, 0xcf9);
    assert_int_equal(found.reset_value, 6);
}

static void no_reset(uint32_t length)
{
    fadt_read(&found, table, length);
    assert_int_equal(found.reset_port, 0);
}

static void test_no_reset(void **state)
{
    (void)state;
    begin();
    no_reset(RESET_VALUE); /* an older version, without the value */
    assert_int_equal(found.pm_timer, 0x608);
    begin();
    put_32(FLAGS, ~FLAG_RESET_REGISTER);
    no_reset(sizeof(table));
    begin();
    table[RESET_REGISTER] = 0; /* in memory */
    no_reset(sizeof(table));
    begin();
    put_32(RESET_REGISTER + 8, 1); /* no port is there */
    no_reset(sizeof(table));
}

static void test_too_short(void **state)
{
    (void)state;
    begin();
    no_reset(79);
    assert_int_equal(found.power_port, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_no_reset),
        cmocka_unit_test(test_too_short),
    };
    return tap_run("hv/acpi_fixed", tests, sizeof(tests) / sizeof(tests[0]));
}
