/* SPDX-License-Identifier: MIT */
/* rings/notify.h: what each policy decides, when, and which parameters it refuses. */
#include <string.h>

#include "rings/notify.h"
#include "tests/unit/tap.h"

static const struct notify_params defaults = {
    .threshold = 4, .coalesce_n = 10, .coalesce_ns = 1000, .spin_ns = 500};

static struct notify_tx tx_new(void)
{
    struct notify_tx tx;
    memset(&tx, 0xa5, sizeof(tx));
    notify_tx_init(&tx, &defaults);
    return tx;
}

static struct notify_rx rx_new(void)
{
    struct notify_rx rx;
    memset(&rx, 0xa5, sizeof(rx));
    notify_rx_init(&rx, &defaults);
    return rx;
}

/* Policies whose producer decides at once: the same action every time, and nothing to come. */
static void check_prompt(enum notify_policy policy, enum notify_action action)
{
    struct notify_tx tx = tx_new();
    for (uint32_t n = 1; n < 100; n++) {
        assert_int_equal(notify_published(policy, &tx, n, n), action);
        assert_true(notify_deadline(policy, &tx) == NOTIFY_NEVER);
        assert_int_equal(notify_flush(policy, &tx), NOTIFY_NONE);
    }
}

/* Policies whose consumer decides at once. */
static void check_wait(enum notify_policy policy, enum notify_wait wait)
{
    struct notify_rx rx = rx_new();
    for (uint64_t now = 0; now < 10000; now += 100) {
        assert_int_equal(notify_idle(policy, &rx, now), wait);
        if (now % 700 == 0)
            notify_busy(policy, &rx);
    }
}

static void test_always(void **state)
{
    (void)state;
    check_prompt(NOTIFY_always, NOTIFY_TELL);
    check_wait(NOTIFY_always, NOTIFY_SLEEP);
    assert_false(notify_uses_clock(NOTIFY_always));
}

static void test_event_index(void **state)
{
    (void)state;
    check_prompt(NOTIFY_event_index, NOTIFY_ASK);
    check_wait(NOTIFY_event_index, NOTIFY_ARM);
    assert_false(notify_uses_clock(NOTIFY_event_index));
}

static void test_poll(void **state)
{
    (void)state;
    check_prompt(NOTIFY_poll, NOTIFY_NONE);
    check_wait(NOTIFY_poll, NOTIFY_SPIN);
    assert_false(notify_uses_clock(NOTIFY_poll));
}

/* Spins for spin_ns from the first idle look since it was busy, then arms for as long as idle. */
static void test_adaptive(void **state)
{
    (void)state;
    const enum notify_policy p = NOTIFY_adaptive;
    check_prompt(p, NOTIFY_ASK);
    assert_true(notify_uses_clock(p));

    struct notify_rx rx = rx_new();
    assert_int_equal(notify_idle(p, &rx, 7000), NOTIFY_SPIN);
    assert_int_equal(notify_idle(p, &rx, 7499), NOTIFY_SPIN);
    assert_int_equal(notify_idle(p, &rx, 7500), NOTIFY_ARM);
    assert_int_equal(notify_idle(p, &rx, 9000), NOTIFY_ARM);
    notify_busy(p, &rx);
    assert_int_equal(notify_idle(p, &rx, 9000), NOTIFY_SPIN);
    assert_int_equal(notify_idle(p, &rx, 9500), NOTIFY_ARM);

    rx.params.spin_ns = 0;
    notify_busy(p, &rx);
    assert_int_equal(notify_idle(p, &rx, 10000), NOTIFY_ARM);

    /* Time has any origin: 0 is a time like others. */
    rx = rx_new();
    assert_int_equal(notify_idle(p, &rx, 0), NOTIFY_SPIN);
    assert_int_equal(notify_idle(p, &rx, 500), NOTIFY_ARM);
}

static void test_coalesce_counts(void **state)
{
    (void)state;
    const enum notify_policy p = NOTIFY_coalesce;
    struct notify_tx tx = tx_new();
    assert_true(notify_deadline(p, &tx) == NOTIFY_NEVER);
    assert_int_equal(notify_published(p, &tx, 4, 100), NOTIFY_NONE);
    assert_int_equal(notify_published(p, &tx, 5, 200), NOTIFY_NONE);
    assert_int_equal(notify_published(p, &tx, 1, 300), NOTIFY_ASK);
    assert_true(notify_deadline(p, &tx) == NOTIFY_NEVER);
    assert_int_equal(notify_published(p, &tx, 9, 400), NOTIFY_NONE);
    assert_int_equal(notify_published(p, &tx, 200, 500), NOTIFY_ASK);
    tx.params.coalesce_n = 1;
    assert_int_equal(notify_published(p, &tx, 1, 600), NOTIFY_ASK);
    check_wait(p, NOTIFY_ARM);
}

static void test_coalesce_times(void **state)
{
    (void)state;
    const enum notify_policy p = NOTIFY_coalesce;
    struct notify_tx tx = tx_new();
    assert_true(notify_uses_clock(p));

    /* The clock runs from the first entry held back, not from the last. */
    assert_int_equal(notify_published(p, &tx, 1, 5000), NOTIFY_NONE);
    assert_true(notify_deadline(p, &tx) == 6000);
    assert_int_equal(notify_published(p, &tx, 1, 5999), NOTIFY_NONE);
    assert_true(notify_deadline(p, &tx) == 6000);
    assert_int_equal(notify_published(p, &tx, 1, 6000), NOTIFY_ASK);

    assert_int_equal(notify_published(p, &tx, 1, 7000), NOTIFY_NONE);
    assert_true(notify_deadline(p, &tx) == 8000);
    assert_int_equal(notify_flush(p, &tx), NOTIFY_ASK);
    assert_true(notify_deadline(p, &tx) == NOTIFY_NEVER);
    assert_int_equal(notify_flush(p, &tx), NOTIFY_NONE);

    /* After a flush the time starts anew. */
    assert_int_equal(notify_published(p, &tx, 1, 8500), NOTIFY_NONE);
    assert_true(notify_deadline(p, &tx) == 9500);
}

/* min(threshold, expected), and at least one: waiting for more than can come is a lost wake-up. */
static void test_after(void **state)
{
    (void)state;
    struct notify_rx rx = rx_new();
    static const uint32_t want[] = {1, 1, 2, 3, 4, 4, 4};
    for (uint32_t expected = 0; expected < sizeof(want) / sizeof(want[0]); expected++)
        assert_int_equal(notify_after(&rx, expected), want[expected]);
    assert_int_equal(notify_after(&rx, UINT32_MAX), 4);
}

static void test_parameters(void **state)
{
    (void)state;
    struct notify_params p = NOTIFY_DEFAULTS;
    assert_null(notify_params_check(&p));

    static const struct {
        size_t at;
        bool wide; /* a 64-bit field */
        uint64_t min, max;
        const char *name;
    } fields[] = {
        {offsetof(struct notify_params, threshold), false, 1, 32768, "threshold"},
        {offsetof(struct notify_params, coalesce_n), false, 1, 32768, "coalesce_n"},
        {offsetof(struct notify_params, coalesce_ns), true, 1, 1000000000, "coalesce_ns"},
        {offsetof(struct notify_params, spin_ns), true, 0, 1000000000, "spin_ns"},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const uint64_t tries[] = {fields[i].min, fields[i].max, fields[i].min - 1,
                                  fields[i].max + 1};
        for (size_t t = 0; t < 4; t++) {
            p = NOTIFY_DEFAULTS;
            uint8_t *field = (uint8_t *)&p + fields[i].at;
            uint32_t narrow = (uint32_t)tries[t];
            if (fields[i].wide)
                memcpy(field, &tries[t], sizeof(tries[t]));
            else
                memcpy(field, &narrow, sizeof(narrow));
            const char *error = notify_params_check(&p);
            if (t < 2) {
                assert_null(error);
            } else {
                assert_non_null(error);
                assert_int_equal(strncmp(error, fields[i].name, strlen(fields[i].name)), 0);
            }
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int p = 0; p < NOTIFY_POLICIES; p++) {
        const char *name = notify_name((enum notify_policy)p);
        assert_string_not_equal(name, "");
        assert_string_not_equal(name, "?");
        for (int q = 0; q < p; q++)
            assert_string_not_equal(name, notify_name((enum notify_policy)q));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_always),
        cmocka_unit_test(test_event_index),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_adaptive),
        cmocka_unit_test(test_coalesce_counts),
        cmocka_unit_test(test_coalesce_times),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_names),
    };
    return tap_run("notify", tests, sizeof(tests) / sizeof(tests[0]));
}
