/* SPDX-License-Identifier: MIT */
/* What was recorded replays to the same decisions, on schedulers whose audit stays clean; what was
 * tampered with does not; and what is no record of calls is refused with its line. */
#include "bench/sim/calls.h"
#include "sched-bvt/policy.h"
#include "tests/sim/points.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VCPUS 256U

static void test_records_replay(void **state)
{
    (void)state;
    struct sim_point p;
    struct sim_observation o;
    struct sim_replayed r;
    char error[256];
    const char *path = points_file("");
    for (size_t i = 0; points_at(i, &p); i++) {
        if (sim_record(&p, path, &o, error, sizeof error) != 0 ||
            sim_replay(path, &r, error, sizeof error) != 0)
            fail_msg("%s: %s", points_name(&p), error);
        if (!r.same)
            fail_msg("%s: another answer at line %llu", points_name(&p),
                     (unsigned long long)r.line);
        assert_true(r.decisions >= o.decisions && r.calls > r.decisions);
    }
}

/* Recording changes nothing. */
static void test_recording_is_silent(void **state)
{
    (void)state;
    struct sim_point p;
    struct sim_observation o, recorded;
    char error[256];
    const char *path = points_file("");
    for (size_t i = 0; points_at(i, &p); i++) {
        assert_int_equal(sim_observe(&p, &o, NULL, NULL, error, sizeof error), 0);
        assert_int_equal(sim_record(&p, path, &recorded, error, sizeof error), 0);
        recorded.host_ns = o.host_ns;
        assert_memory_equal(&o, &recorded, sizeof o);
    }
}

/* ---- A scheduler that makes the calls and is audited ---- */

static struct sched_vcpu vcpus[VCPUS];

static struct sched_vcpu *vcpu_of(void *arg, uint32_t id)
{
    (void)arg;
    assert_true(id < VCPUS);
    return &vcpus[id];
}

static void audit(const struct sched *s, const struct sim_point *p, uint64_t line)
{
    for (uint32_t i = 0; i < s->n_cpus; i++) {
        const char *wrong = sched_audit(&s->cpus[i]);
        if (wrong != NULL)
            fail_msg("%s, line %llu: CPU %u: %s", points_name(p), (unsigned long long)line, i,
                     wrong);
    }
}

/* At the end everything was removed. */
static void test_audits(void **state)
{
    (void)state;
    struct sim_point p;
    struct sim_observation o;
    char error[256], line[256];
    const char *path = points_file("");
    static struct sched_cpu cpus[SCHED_CPUS_MAX];
    for (size_t i = 0; points_at(i, &p); i++) {
        struct sched s;
        struct sched_call call;
        uint64_t n = 1;
        assert_int_equal(sim_record(&p, path, &o, error, sizeof error), 0);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        sched_init(&s, sched_policy_named(p.policy), cpus, p.cpus, 0);
        while (fgets(line, sizeof line, file) != NULL) {
            assert_true(calls_parse(line, &call));
            assert_true(sched_replay(&s, &call, vcpu_of, NULL));
            if (++n % 97 == 0)
                audit(&s, &p, n);
        }
        audit(&s, &p, n);
        for (uint32_t c = 0; c < p.cpus; c++)
            assert_true(cpus[c].homed == 0 && cpus[c].load == 0 && cpus[c].current == NULL);
        fclose(file);
    }
}

/* ---- Files that are not as they should be ---- */

static void replay(const char *content, struct sim_replayed *r)
{
    char error[256];
    if (sim_replay(points_file(content), r, error, sizeof error) != 0)
        fail_msg("%s", error);
}

static void expect(const char *content, const char *sentence)
{
    struct sim_replayed r;
    char error[256], expected[512];
    const char *path = points_file(content);
    snprintf(expected, sizeof expected, "%s:%s", path, sentence);
    assert_int_equal(sim_replay(path, &r, error, sizeof error), -1);
    assert_string_equal(error, expected);
}

#define HEAD "ringside-calls 1 rr 2 0\n"
#define ADD "add 0 7 0 - - - 3 0 0\n"

static void test_another_answer(void **state)
{
    (void)state;
    struct sim_replayed r;
    replay(HEAD ADD "wake 5 7 1 - - - 0 0 1\npick 5 - 1 - 7 - 18446744073709551615 0 0\n", &r);
    assert_true(r.same);
    assert_int_equal(r.calls, 3);
    assert_int_equal(r.decisions, 1);
    replay(HEAD ADD "wake 5 7 1 - - - 0 0 1\npick 5 - 1 - - - 18446744073709551615 0 0\n"
                    "pick 6 - 1 - - - 18446744073709551615 0 0\n",
           &r);
    assert_false(r.same);
    assert_int_equal(r.line, 4);
    assert_int_equal(r.calls, 4);
}

#define FIRST_LINE                                                               \
    "1: expected \"ringside-calls 1 <policy> <cpus> <start>\" with a policy of " \
    "sched-bvt/policies.def and 1..64 CPUs"

static void test_not_calls(void **state)
{
    (void)state;
    expect("", FIRST_LINE);
    expect("ringside-calls 2 rr 1 0\n", FIRST_LINE);
    expect("ringside-calls 1 fifo 1 0\n", FIRST_LINE);
    expect("ringside-calls 1 rr 65 0\n", FIRST_LINE);
    expect("ringside-calls 1 rr 1 0 0\n", FIRST_LINE);
    expect(HEAD "jump 0 - 0 - - - 0 0 0\n", "2: expected a call, found \"jump 0 - 0 - - - 0 0 0\"");
    expect(HEAD "pick 0 - 0 - - - 0 0\n", "2: expected a call, found \"pick 0 - 0 - - - 0 0\"");
    expect(HEAD "pick 0 - 0 - - - 0 0 2\n", "2: expected a call, found \"pick 0 - 0 - - - 0 0 2\"");
    expect(HEAD "pick 0 - 0 - - - 0 0 0 0\n",
           "2: expected a call, found \"pick 0 - 0 - - - 0 0 0 0\"");
    expect(HEAD "pick -1 - 0 - - - 0 0 0\n",
           "2: expected a call, found \"pick -1 - 0 - - - 0 0 0\"");
}

/* Each of these would have the scheduler touch what is not there. */
static void test_broken_rules(void **state)
{
    (void)state;
    expect(HEAD "add 0 - 0 - - - 3 0 0\n",
           "2: expected a vcpu that is not there yet, found \"add 0 - 0 - - - 3 0 0\"");
    expect(HEAD "add 0 10000 0 - - - 3 0 0\n",
           "2: expected a vcpu number below 10000, found \"add 0 10000 0 - - - 3 0 0\"");
    expect(HEAD ADD ADD,
           "3: expected a vcpu that is not there yet, found \"add 0 7 0 - - - 3 0 0\"");
    expect(HEAD "add 0 7 0 - - - 4 0 0\n",
           "2: expected an affinity with a CPU that exists, found \"add 0 7 0 - - - 4 0 0\"");
    expect(HEAD ADD "affinity 0 7 0 - - - 4 0 0\n",
           "3: expected an affinity with a CPU that exists, found \"affinity 0 7 0 - - - 4 0 0\"");
    expect(HEAD "wake 0 7 0 - - - 0 0 0\n",
           "2: expected a vcpu that was added, found \"wake 0 7 0 - - - 0 0 0\"");
    expect(HEAD "add 0 7 0 - - - 1 0 0\nwake 0 7 1 - - - 0 0 0\n",
           "3: expected a CPU that the vcpu may run on, found \"wake 0 7 1 - - - 0 0 0\"");
    expect(HEAD ADD "remove 0 7 0 - - - 0 0 1\nsleep 0 7 - - - - 0 0 0\n",
           "4: expected a vcpu that was added, found \"sleep 0 7 - - - - 0 0 0\"");
    expect(HEAD "sleep 0 - - - - - 0 0 0\n",
           "2: expected a vcpu that was added, found \"sleep 0 - - - - - 0 0 0\"");
    expect(HEAD "pick 0 - 2 - - - 0 0 0\n",
           "2: expected a CPU that exists, found \"pick 0 - 2 - - - 0 0 0\"");
    expect(HEAD "yield 0 - - - - - 0 0 0\n",
           "2: expected a CPU that exists, found \"yield 0 - - - - - 0 0 0\"");
    expect(HEAD "charge 0 - 9 - - - 0 0 0\n",
           "2: expected a CPU that exists, found \"charge 0 - 9 - - - 0 0 0\"");
    expect(HEAD "steal 0 - 0 2 - - 0 0 0\n",
           "2: expected a CPU that exists, found \"steal 0 - 0 2 - - 0 0 0\"");
    expect(HEAD "param 0 - - - - 1 0 0 0\n",
           "2: expected a parameter of the policy, found \"param 0 - - - - 1 0 0 0\"");
    expect(HEAD ADD "param 0 7 - - - 0 0 0 0\n",
           "3: expected a parameter of the policy, found \"param 0 7 - - - 0 0 0 0\"");
    expect(HEAD "pick 1152921504606846976 - 0 - - - 0 0 0\n",
           "2: expected a time below 2^60 ns, found \"pick 1152921504606846976 - 0 - - - 0 0 0\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_replay), cmocka_unit_test(test_recording_is_silent),
        cmocka_unit_test(test_audits),         cmocka_unit_test(test_another_answer),
        cmocka_unit_test(test_not_calls),      cmocka_unit_test(test_broken_rules),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: replay", tests, sizeof tests / sizeof tests[0]);
}
