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
    struct sim_replayed r = {0};
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
        assert_true(points_same(&o, &recorded));
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

/* No CPU is idle while one waits anywhere, if the policy promises that. */
static void expect_work_done(const struct sched *s, const struct sim_point *p, uint64_t line)
{
    uint32_t idle = 0, waiting = 0;
    for (uint32_t i = 0; i < s->n_cpus; i++) {
        idle += s->cpus[i].current == NULL ? 1 : 0;
        waiting += s->cpus[i].ready.count;
    }
    if (idle != 0 && waiting != 0)
        fail_msg("%s, line %llu: %u CPUs idle, and %u wait", points_name(p),
                 (unsigned long long)line, idle, waiting);
}

/* What each CPU must do next, where a context switch costs nothing. */
struct duty {
    uint64_t by;   /* it must pick at or before this moment */
    uint32_t runs; /* vcpu, or SCHED_NO_VCPU */
};

static void note_duties(struct duty *duties, uint32_t cpus, const struct sched_call *call)
{
    switch (call->op) {
    case SCHED_OP_WAKE:
        if (call->done)
            duties[call->cpu].by = call->now;
        break;
    case SCHED_OP_SLEEP:
        if (duties[call->cpu].runs == call->vcpu)
            duties[call->cpu].by = call->now;
        break;
    case SCHED_OP_PICK:
        duties[call->cpu].by =
            call->value == SCHED_FOREVER ? SCHED_FOREVER : call->now + call->value;
        duties[call->cpu].runs = call->chosen;
        for (uint32_t i = 0; i < cpus; i++)
            if ((call->kick >> i & 1) != 0)
                duties[i].by = call->now;
        break;
    default:
        break;
    }
}

static void expect_duties_done(const struct duty *duties, const struct sim_point *p, uint64_t now,
                               uint64_t line)
{
    for (uint32_t i = 0; i < p->cpus; i++)
        if (duties[i].by < now)
            fail_msg("%s, line %llu: CPU %u should have picked at %llu", points_name(p),
                     (unsigned long long)line, i, (unsigned long long)duties[i].by);
}

/* All of the top of sched-bvt/sched.h: whoever is told to picks at once, and when its slice is
 * over; idle CPUs take what waits; at the end all were removed. */
static void test_protocol(void **state)
{
    (void)state;
    struct sim_point p;
    struct sim_observation o;
    char error[256], line[256];
    const char *path = points_file("");
    static struct sched_cpu cpus[SCHED_CPUS_MAX];
    const uint32_t conserving = SCHED_CONSERVING | SCHED_MIGRATES;
    for (size_t i = 0; points_at(i, &p); i++) {
        struct sched s;
        struct sched_call call;
        struct duty duties[SCHED_CPUS_MAX] = {{0}};
        const struct sched_policy *policy = sched_policy_named(p.policy);
        uint64_t n = 1, now = 0, end = p.warmup_ns + p.duration_ns;
        assert_int_equal(sim_record(&p, path, &o, error, sizeof error), 0);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        sched_init(&s, policy, cpus, p.cpus, 0);
        for (uint32_t c = 0; c < p.cpus; c++)
            duties[c] = (struct duty){.by = SCHED_FOREVER, .runs = SCHED_NO_VCPU};
        while (fgets(line, sizeof line, file) != NULL) {
            assert_true(calls_parse(line, &call));
            n++;
            if (call.now != now && (policy->traits & conserving) == conserving)
                expect_work_done(&s, &p, n);
            if (p.switch_ns == 0 && call.now < end)
                expect_duties_done(duties, &p, call.now, n);
            now = call.now;
            note_duties(duties, p.cpus, &call);
            assert_true(sched_replay(&s, &call, vcpu_of, NULL));
            if (n % 97 == 0)
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
    assert_int_equal(r.recorded.chosen, SCHED_NO_VCPU);
    assert_int_equal(r.answered.chosen, 7);
    assert_int_equal(r.answered.now, 5);
}

/* Numbers are the recorder's: a hypervisor's name domain and vcpu. */
static void test_any_numbers(void **state)
{
    (void)state;
    struct sim_replayed r;
    replay(HEAD "add 0 4294967294 0 - - - 3 0 0\nadd 0 256 1 - - - 3 0 0\n"
                "add 0 10000 0 - - - 3 0 0\nwake 5 4294967294 1 - - - 0 0 1\n"
                "pick 5 - 1 - 4294967294 - 18446744073709551615 0 0\n"
                "wake 6 256 0 - - - 0 0 1\npick 6 - 0 - 256 - 18446744073709551615 0 0\n",
           &r);
    assert_true(r.same);
    assert_int_equal(r.calls, 7);
    expect(HEAD "add 0 256 0 - - - 3 0 0\nwake 0 257 0 - - - 0 0 0\n",
           "3: expected a vcpu that was added, found \"wake 0 257 0 - - - 0 0 0\"");
    expect(HEAD "add 0 4294967295 0 - - - 3 0 0\n",
           "2: expected a call, found \"add 0 4294967295 0 - - - 3 0 0\"");
}

/* More than the simulator has vcpus for, each with a number of its own. */
static void test_too_many(void **state)
{
    (void)state;
    static char content[40 * (SIM_DOMAINS_MAX + 2)];
    size_t length = (size_t)snprintf(content, sizeof content, HEAD);
    for (uint32_t i = 0; i <= SIM_DOMAINS_MAX; i++)
        length += (size_t)snprintf(content + length, sizeof content - length,
                                   "add 0 %u 0 - - - 3 0 0\n", i * 400000);
    expect(content, "10002: expected at most 10000 vcpus, found "
                    "\"add 0 4000000000 0 - - - 3 0 0\"");
}

#define MARK "(hv) calls: "

/* What a console said, of which calls are a part, with the ends that its lines have. */
static void test_console(void **state)
{
    (void)state;
    struct sim_replayed r;
    replay("GRUB loading\r\n[1.2] (hv) hello\r\n" MARK HEAD "ok 1 - a test\r\n# " MARK
           "add 0 7 0 - - - 3 0 0\r\n(hv) trace,0: 5 records had no room\r\n" MARK
           "wake 5 7 1 - - - 0 0 1\r\n",
           &r);
    assert_true(r.same);
    assert_int_equal(r.calls, 2);
    replay(MARK HEAD, &r);
    assert_int_equal(r.calls, 0);
    expect("hello\n" MARK HEAD "\n" MARK "jump\n", "4: expected a call, found \"jump\"");
}

#define FIRST_LINE                                                               \
    "1: expected \"ringside-calls 1 <policy> <cpus> <start>\" with a policy of " \
    "sched-bvt/policies.def and 1..64 CPUs"

static void test_not_calls(void **state)
{
    (void)state;
    expect("", FIRST_LINE);
    expect("hello\n(hv) no calls\n", FIRST_LINE);
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
    expect("ringside-calls 1 bvt 2 0\nparam 0 7 - - - 2 1 0 0\n",
           "2: expected a vcpu that was added, found \"param 0 7 - - - 2 1 0 0\"");
    expect(HEAD ADD "param 0 7 - - - 0 0 0 0\n",
           "3: expected a parameter of the policy, found \"param 0 7 - - - 0 0 0 0\"");
    expect(HEAD "pick 1152921504606846976 - 0 - - - 0 0 0\n",
           "2: expected a time below 2^60 ns, found \"pick 1152921504606846976 - 0 - - - 0 0 0\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_replay), cmocka_unit_test(test_recording_is_silent),
        cmocka_unit_test(test_protocol),       cmocka_unit_test(test_another_answer),
        cmocka_unit_test(test_not_calls),      cmocka_unit_test(test_broken_rules),
        cmocka_unit_test(test_any_numbers),    cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_console),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: replay", tests, sizeof tests / sizeof tests[0]);
}
