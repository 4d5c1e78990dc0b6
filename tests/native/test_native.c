/* SPDX-License-Identifier: MIT */
/*
 * The native platform measures everything that it says it can, in threads and in processes, and
 * says clearly what it cannot. Durations are tiny: figures are not looked at, data and counts are.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/native/counters.h"
#include "bench/native/native.h"
#include "rings/ring.h"

#define TINY_NS 1000000ULL

static struct native *threads;
static struct hist latency;

static struct native_point point_of(const struct native_subject *subject,
                                    enum native_measure measure, enum notify_policy policy)
{
    return (struct native_point){.subject = subject,
                                 .measure = measure,
                                 .transport =
                                     policy == NOTIFY_poll ? NATIVE_BUSY_POLL : NATIVE_EVENTFD,
                                 .policy = policy,
                                 .params = NOTIFY_DEFAULTS,
                                 .entries = 64,
                                 .req_size = 16,
                                 .rsp_size = 16,
                                 .batch = native_subject_kind(subject) == NATIVE_RAW ? 1 : 4,
                                 .fronts = 1,
                                 .load = 50000};
}

static const struct native_subject *subject_named(const char *name)
{
    const struct native_subject *s;
    for (size_t i = 0; (s = native_subject_at(i)) != NULL; i++)
        if (strcmp(native_subject_name(s), name) == 0)
            return s;
    fail_msg("no subject %s", name);
    return NULL;
}

static void observe(struct native *n, const struct native_point *p)
{
    struct native_observation o;
    char error[NATIVE_TEXT];
    if (native_observe(n, p, TINY_NS, &o, &latency, error, sizeof error) != 0)
        fail_msg("%s, %s, %s: %s", native_subject_name(p->subject), native_measure_name(p->measure),
                 notify_name(p->policy), error);
    assert_true(o.requests > 0);
    assert_true(o.elapsed_ns > 0);
    bool timed = p->measure == NATIVE_ROUND_TRIP || p->measure == NATIVE_OFFERED_LOAD;
    assert_int_equal(o.has_latency, timed);
    assert_int_equal(latency.count > 0, timed);
    if (p->policy == NOTIFY_poll) {
        assert_int_equal(o.front.tells + o.back.tells, 0);
        assert_int_equal(o.front.wakes, 0);
    }
    if (p->policy == NOTIFY_always && p->measure == NATIVE_PAIRS)
        assert_true(o.front.tells > 0);
}

/* Every subject, measure and policy that is not refused; and nothing is refused that should run. */
static void everything_is_measured(void **state)
{
    (void)state;
    const struct native_subject *s;
    for (size_t i = 0; (s = native_subject_at(i)) != NULL; i++) {
        unsigned measured = 0, carried = 0;
        for (int m = 0; m < NATIVE_MEASURES; m++)
            for (int policy = 0; policy < NOTIFY_POLICIES; policy++) {
                struct native_point p = point_of(s, m, policy);
                const char *refusal = native_refusal(&p);
                if (refusal != NULL) {
                    assert_true(strlen(refusal) > 0);
                    continue;
                }
                observe(threads, &p);
                measured++;
                carried |= 1U << policy;
            }
        print_message("# %s: %u points\n", native_subject_name(s), measured);
        if (native_subject_missing(s) != NULL)
            assert_int_equal(measured, 0);
        else
            assert_in_range(measured, 1, NATIVE_MEASURES * NOTIFY_POLICIES);
        if (native_subject_kind(s) == NATIVE_LAYOUT)
            assert_true(carried & (1U << NOTIFY_poll));
    }
}

static void sizes_and_batches(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {8, 12, 24, 256};
    const struct native_subject *s;
    for (size_t i = 0; (s = native_subject_at(i)) != NULL; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            for (uint32_t batch = 1; batch <= 32; batch *= 32) {
                struct native_point p = point_of(s, NATIVE_PAIRS, NOTIFY_poll);
                p.req_size = sizes[k];
                p.rsp_size = sizes[3 - k];
                p.batch = batch;
                if (native_refusal(&p) == NULL)
                    observe(threads, &p);
            }
}

/* More workers than this machine may have processors: they must still come to an end. */
static void many_fronts(void **state)
{
    (void)state;
    struct native_point p = point_of(subject_named("mpsc"), NATIVE_PAIRS, NOTIFY_event_index);
    p.fronts = 3;
    observe(threads, &p);
    p = point_of(subject_named("mpsc"), NATIVE_ONE_WAY, NOTIFY_poll);
    p.fronts = 2;
    observe(threads, &p);
}

static void processes(void **state)
{
    (void)state;
    struct native_config config = {.cpu_front = -1, .cpu_back = -1, .processes = true};
    struct native *n;
    char error[NATIVE_TEXT];
    assert_int_equal(native_open(&config, &n, error, sizeof error), 0);
    const struct native_subject *s;
    for (size_t i = 0; (s = native_subject_at(i)) != NULL; i++) {
        struct native_point p = point_of(s, NATIVE_ROUND_TRIP, NOTIFY_adaptive);
        if (native_refusal(&p) != NULL)
            p = point_of(s, NATIVE_ONE_WAY, NOTIFY_poll);
        if (native_refusal(&p) == NULL)
            observe(n, &p);
    }
    native_close(n);
}

/* A counter that shared its register is scaled by what it shared in between, not before. */
static void counter_scaling(void **state)
{
    (void)state;
    struct counter_reading begin = {.value = 1000, .enabled = 400, .running = 100, .read = true};
    struct counter_reading end = {.value = 1300, .enabled = 600, .running = 200, .read = true};
    assert_true(counter_between(&begin, &end) == 600.0);
    end.running = begin.running;
    assert_true(isnan(counter_between(&begin, &end)));
    end.running = 200;
    end.read = false;
    assert_true(isnan(counter_between(&begin, &end)));
}

static void assert_refused(const struct native_point *p, const char *word)
{
    const char *refusal = native_refusal(p);
    assert_non_null(refusal);
    if (strstr(refusal, word) == NULL)
        fail_msg("refusal '%s' does not say '%s'", refusal, word);
    struct native_observation o = {.requests = 42};
    char error[NATIVE_TEXT];
    assert_int_equal(native_observe(threads, p, TINY_NS, &o, NULL, error, sizeof error), -1);
    assert_int_equal(o.requests, 42);
    assert_non_null(strstr(error, word));
}

static void refusals(void **state)
{
    (void)state;
    const struct native_subject *lamport = subject_named("lamport");
    struct native_point p = point_of(lamport, NATIVE_PAIRS, NOTIFY_poll);
    p.entries = 48;
    assert_refused(&p, "power of two");
    p = point_of(lamport, NATIVE_PAIRS, NOTIFY_poll);
    p.batch = 65;
    assert_refused(&p, "batch 65");
    p = point_of(lamport, NATIVE_PAIRS, NOTIFY_poll);
    p.fronts = 2;
    assert_refused(&p, "front ends");
    p = point_of(lamport, NATIVE_PAIRS, NOTIFY_poll);
    p.transport = NATIVE_EVENTFD;
    assert_refused(&p, "transport");
    p = point_of(lamport, NATIVE_OFFERED_LOAD, NOTIFY_always);
    p.load = 0;
    assert_refused(&p, "offered load");
    p = point_of(lamport, NATIVE_PAIRS, NOTIFY_coalesce);
    p.params.coalesce_n = 0;
    assert_refused(&p, "coalesce_n");
    p = point_of(subject_named("raw-stream"), NATIVE_ROUND_TRIP, NOTIFY_poll);
    assert_refused(&p, "measure");
    p = point_of(subject_named("uring"), NATIVE_PAIRS, NOTIFY_event_index);
    assert_refused(&p, "flag");
}

static void assert_no_open(struct native_config config, const char *word)
{
    struct native *n = NULL;
    char error[NATIVE_TEXT * 2];
    assert_int_equal(native_open(&config, &n, error, sizeof error), -1);
    assert_null(n);
    if (strstr(error, word) == NULL)
        fail_msg("error '%s' does not say '%s'", error, word);
}

static void bad_configurations(void **state)
{
    (void)state;
    assert_no_open((struct native_config){.cpu_front = 1000, .cpu_back = -1}, "processor 1000");
    assert_no_open((struct native_config){.cpu_front = 0, .cpu_back = 0}, "two processors");
    assert_no_open((struct native_config){-1, -1, false, "no_such_event"}, "no_such_event");
    assert_no_open((struct native_config){-1, -1, false, "cycles,,cycles"}, "empty name");
}

/* A counter is available and counts, or it says why not; software events count everywhere. */
static void counters(void **state)
{
    (void)state;
    struct native_config config = {.cpu_front = -1, .cpu_back = -1, .events = "task-clock,cycles"};
    struct native *n;
    char error[NATIVE_TEXT];
    assert_int_equal(native_open(&config, &n, error, sizeof error), 0);
    const struct native_event *clock = native_event_at(n, 0), *cycles = native_event_at(n, 1);
    assert_string_equal(clock->name, "task-clock");
    assert_null(native_event_at(n, 2));
    assert_true(cycles->available || cycles->reason[0] != '\0');
    struct native_point p = point_of(subject_named("cached"), NATIVE_ONE_WAY, NOTIFY_poll);
    struct native_observation o;
    assert_int_equal(native_observe(n, &p, TINY_NS, &o, NULL, error, sizeof error), 0);
    if (clock->available)
        assert_true(o.front.counters[0] > 0 && o.back.counters[0] > 0);
    else
        assert_true(clock->reason[0] != '\0');
    if (!cycles->available)
        assert_true(isnan(o.front.counters[1]));
    native_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_measured),
        cmocka_unit_test(sizes_and_batches),
        cmocka_unit_test(many_fronts),
        cmocka_unit_test(processes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(bad_configurations),
        cmocka_unit_test(counters),
        cmocka_unit_test(counter_scaling),
    };
    struct native_config config = {.cpu_front = -1, .cpu_back = -1};
    char error[NATIVE_TEXT];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (native_open(&config, &threads, error, sizeof error) != 0) {
        printf("1..1\nok 1 - native # SKIP %s\n", error);
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    native_close(threads);
    return failed != 0;
}
