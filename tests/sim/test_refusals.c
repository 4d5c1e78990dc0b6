/* SPDX-License-Identifier: MIT */
/* Points that cannot be measured and files that cannot be read are refused with a sentence that
 * names what is wrong, what was expected and what was found. */
#include "tests/sim/points.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[256];

static struct sim_point base(void)
{
    struct sim_point p = SIM_DEFAULTS;
    p.hogs = 2;
    p.wakers = 2;
    p.mix = SIM_POISSON;
    return p;
}

/* Says the same from both entries, and leaves the observation alone. */
static void expect(const struct sim_point *p, const char *sentence)
{
    struct sim_observation o, untouched;
    char error[256];
    const char *refused = sim_refusal(p, text, sizeof text);
    if (refused == NULL)
        fail_msg("not refused: %s", sentence);
    assert_string_equal(refused, sentence);
    memset(&o, 0x5a, sizeof o);
    untouched = o;
    assert_int_equal(sim_observe(p, &o, NULL, NULL, error, sizeof error), -1);
    assert_string_equal(error, sentence);
    assert_memory_equal(&o, &untouched, sizeof o);
}

static void expect_accepted(const struct sim_point *p)
{
    const char *refused = sim_refusal(p, text, sizeof text);
    if (refused != NULL)
        fail_msg("%s", refused);
}

#define WITH(statement, sentence)    \
    do {                             \
        struct sim_point p = base(); \
        statement;                   \
        expect(&p, sentence);        \
    } while (0)

#define ACCEPTED(statement)          \
    do {                             \
        struct sim_point p = base(); \
        statement;                   \
        expect_accepted(&p);         \
    } while (0)

static void test_numbers(void **state)
{
    (void)state;
    ACCEPTED((void)0);
    WITH(p.policy = "fifo", "policy must be one of sched-bvt/policies.def, found fifo");
    WITH(p.policy = NULL, "policy must be one of sched-bvt/policies.def, found none");
    WITH(p.cpus = 0, "cpus must be 1..64, found 0");
    WITH(p.cpus = 65, "cpus must be 1..64, found 65");
    ACCEPTED(p.cpus = 64);
    WITH(p.hogs = 10001, "hogs must be 0..10000, found 10001");
    WITH(p.wakers = 10001, "wakers must be 0..10000, found 10001");
    WITH(p.hogs = 9999, "hogs and wakers together must be 1..10000, found 10001");
    ACCEPTED(p.hogs = 9998);
    WITH(p.hogs = p.wakers = 0, "hogs and wakers together must be 1..10000, found 0");
    WITH(p.load = 0, "load must be 1..1000000 a second, found 0");
    WITH(p.load = 1000001, "load must be 1..1000000 a second, found 1000001");
    WITH(p.service_ns = 0, "service_ns must be 1..10000000000 ns, found 0");
    WITH(p.switch_ns = 1000001, "switch_ns must be 0..1000000 ns, found 1000001");
    WITH(p.late_ns = 1000001, "late_ns must be 0..1000000 ns, found 1000001");
    WITH(p.warmup_ns = SIM_TIME_MAX + 1,
         "warmup_ns must be 0..1000000000000 ns, found 1000000000001");
    WITH(p.duration_ns = 0, "duration_ns must be 1..1000000000000 ns, found 0");
    WITH(p.mix = SIM_MIXES, "mix must be 0..6 (a kind of workload), found 7");
    WITH(p.weights = SIM_WEIGHTS, "weights must be 0..2 (a scheme), found 3");
    WITH(p.service = SIM_SERVICES, "service must be 0..1 (a distribution), found 2");
}

/* What a mix does not use may be anything. */
static void test_mixes(void **state)
{
    (void)state;
    WITH(p.mix = SIM_HOGS, "the mix hogs has no wakers: wakers must be 0, found 2");
    WITH(p.wakers = 0, "wakers of this mix must be 1..10000, found 0");
    WITH((p.mix = SIM_CLOSED_LOOP, p.wakers = 1), "wakers of this mix must be 2..10000, found 1");
    WITH((p.mix = SIM_CLOSED_LOOP, p.window = 65), "window must be 1..64 requests, found 65");
    WITH((p.mix = SIM_BURSTY, p.think_ns = 0), "think_ns must be 1..10000000000 ns, found 0");
    ACCEPTED((p.mix = SIM_CLOSED_LOOP, p.think_ns = 0));
    ACCEPTED((p.mix = SIM_FORK_BOMB, p.service_ns = 0, p.window = 0, p.think_ns = UINT64_MAX));
    ACCEPTED((p.mix = SIM_BURSTY, p.load = 0, p.window = 0));
    WITH((p.mix = SIM_PERIODIC, p.service = SIM_EXPONENTIAL),
         "service of periodic wakers must be constant, found exponential");
    WITH((p.load = 10001, p.service_ns = 100000),
         "load 10001 a second with service_ns 100000 asks for more than one CPU of each waker; at "
         "that load, service_ns must be at most 99990");
    ACCEPTED((p.load = 10000, p.service_ns = 100000));
    WITH(p.mix = SIM_RECORDED, "the mix recorded needs a workload: the path of a file of bursts");
}

static void test_parameters(void **state)
{
    (void)state;
    WITH((p.policy = "rr", p.weights = SIM_LINEAR),
         "rr has no weights: weights must be equal, found linear");
    WITH((p.policy = "rr", p.warp = true), "rr has no warp: warp must be off, found on");
    WITH((p.policy = "eevdf", p.allowance_ns = 7),
         "eevdf has no context switch allowance: allowance_ns must be the default, found 7");
    WITH(p.allowance_ns = 2 * SECOND,
         "params: allowance must be 0..1000000000 ns; found 2000000000");
    ACCEPTED(p.allowance_ns = 0);
    ACCEPTED(p.params = "mcu=50000,wakers.weight=512,hogs.weight=1,weight=3,allowance=0");
    ACCEPTED(p.params = "");
    ACCEPTED((p.params = "wakers.weight=5", p.weights = SIM_LINEAR));
    WITH((p.params = "weight=5", p.weights = SIM_LINEAR),
         "params: weight of hogs goes with equal weights, found linear");
    WITH(p.params = "weight=0", "params: weight must be 1..65535 shares; found 0");
    WITH(p.params = "mcu=50000,weigth=7", "params: bvt has no parameter weigth");
    WITH(p.params = "hogs.mcu=50000", "params: mcu of bvt is the scheduler's, not a domain's");
    WITH(p.params = "mcu", "params: expected name=value with a whole number, found \"mcu\"");
    WITH(p.params = "mcu=", "params: expected name=value with a whole number, found \"mcu=\"");
    WITH(p.params = "mcu=-1", "params: expected name=value with a whole number, found \"mcu=-1\"");
    WITH(p.params = "mcu=5us,weight=1",
         "params: expected name=value with a whole number, found \"mcu=5us\"");
    WITH(p.params = "mcu=99999999999999999999",
         "params: expected name=value with a whole number, found \"mcu=99999999999999999999\"");
    WITH(p.params = ",mcu=50000", "params: expected name=value with a whole number, found \"\"");
    WITH(p.params = "=5", "params: expected name=value with a whole number, found \"=5\"");
}

/* ---- Files of bursts ---- */

static void expect_file(const char *content, const char *sentence)
{
    struct sim_observation o;
    char error[256], expected[256];
    struct sim_point p = base();
    p.mix = SIM_RECORDED;
    p.duration_ns = MS;
    p.warmup_ns = 0;
    p.workload = points_file(content);
    snprintf(expected, sizeof expected, "%s:%s", p.workload, sentence);
    expect_accepted(&p);
    assert_int_equal(sim_observe(&p, &o, NULL, NULL, error, sizeof error), -1);
    assert_string_equal(error, expected);
}

static void test_bursts(void **state)
{
    (void)state;
    expect_file("", " expected a domain a line, found none");
    expect_file("# nothing\n\n", " expected a domain a line, found none");
    expect_file("a\n", "1: expected a run and a block, found \"a name alone\"");
    expect_file("a 1 2\nb 5\n",
                "2: expected a block after each run, found \"the end of the line\"");
    expect_file("a 1 2 3\n", "1: expected a block after each run, found \"the end of the line\"");
    expect_file("a 0 2\n", "1: expected a run of 1..10000000000 ns, found \"0\"");
    expect_file("a 10000000001 2\n",
                "1: expected a run of 1..10000000000 ns, found \"10000000001\"");
    expect_file("a 1 -2\n", "1: expected a block of 0..10000000000 ns, found \"-2\"");
    expect_file("a 1ms 2\n", "1: expected a run of 1..10000000000 ns, found \"1ms\"");
}

static void test_missing_files(void **state)
{
    (void)state;
    struct sim_observation o;
    struct sim_replayed r;
    char error[256];
    struct sim_point p = base();
    assert_int_equal(sim_record(&p, "/nowhere/calls", &o, error, sizeof error), -1);
    assert_string_equal(error, "/nowhere/calls: No such file or directory");
    assert_int_equal(sim_replay("/nowhere/calls", &r, error, sizeof error), -1);
    assert_string_equal(error, "/nowhere/calls: No such file or directory");
    assert_int_equal(sim_record(&p, "/dev/full", &o, error, sizeof error), -1);
    assert_string_equal(error, "/dev/full: could not be written in full");
    p.mix = SIM_RECORDED;
    p.workload = "/nowhere/bursts";
    assert_int_equal(sim_observe(&p, &o, NULL, NULL, error, sizeof error), -1);
    assert_string_equal(error, "/nowhere/bursts: No such file or directory");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(sim_policy_name(0), "bvt");
    for (size_t i = 0; sim_policy_name(i) != NULL; i++)
        assert_true(strlen(sim_policy_summary(i)) > 0);
    assert_string_equal(sim_mix_name(SIM_CLOSED_LOOP), "closed-loop");
    assert_null(sim_mix_name(SIM_MIXES));
    assert_null(sim_service_name(SIM_SERVICES));
    assert_null(sim_weights_name(SIM_WEIGHTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_mixes),
        cmocka_unit_test(test_parameters),    cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_missing_files), cmocka_unit_test(test_names),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: refusals", tests, sizeof tests / sizeof tests[0]);
}
