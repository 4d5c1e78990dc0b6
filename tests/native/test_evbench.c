/* SPDX-License-Identifier: MIT */
/*
 * Event channels are measured at every point that is not refused; what is counted adds up, and what
 * follows from the seed repeats. Durations are tiny: times are not looked at.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/evtchn/evbench.h"

#define TINY_NS 1000000ULL
#define TEXT 200

static struct evbench *bench;
static struct evbench_hists hists, again_hists;

static size_t abi_named(const char *name)
{
    for (size_t i = 0; evbench_abi_name(i) != NULL; i++)
        if (strcmp(evbench_abi_name(i), name) == 0)
            return i;
    fail_msg("no ABI %s", name);
    return 0;
}

static struct evbench_point point_of(const char *abi, enum evbench_measure measure)
{
    struct evbench_point p = EVBENCH_DEFAULTS;
    p.abi = abi_named(abi);
    p.measure = measure;
    return p;
}

static struct evbench_observation observe(const struct evbench_point *p)
{
    struct evbench_observation o;
    char error[TEXT];
    if (evbench_observe(bench, p, TINY_NS, &o, &hists, error, sizeof error) != 0)
        fail_msg("%s, %s, %u ports, %u pending: %s", evbench_abi_name(p->abi),
                 evbench_measure_name(p->measure), p->ports, p->pending, error);
    return o;
}

static void check_rounds(const struct evbench_point *p, const struct evbench_observation *o)
{
    uint32_t each = p->pending < p->ports ? p->pending : p->ports - 1;
    assert_true(o->rounds > 0);
    assert_int_equal(o->events, o->rounds * each);
    assert_int_equal(o->sends, o->events);
    assert_int_equal(o->merged, p->measure == EVBENCH_SEND_PENDING ? o->sends : 0);
    assert_int_equal(o->upcalls, p->measure == EVBENCH_SEND_PENDING ? 0 : o->rounds);
    assert_true(o->event_ns > 0);
    assert_true(isnan(o->jain));
    assert_false(o->has_fairness);
    uint64_t readings = hists.latency.count;
    if (p->measure == EVBENCH_DELIVER)
        assert_true(readings != 0 && o->rounds % readings == 0);
    else
        assert_int_equal(o->rounds, readings);
}

static void check_fairness(const struct evbench_point *p, const struct evbench_observation *o)
{
    assert_true(o->has_fairness);
    assert_int_equal(hists.worst.count, p->ports - 1);
    assert_int_equal(hists.last.count, o->sweeps);
    assert_true(o->starved < p->ports);
    assert_true(o->sweeps == 0 || o->starved == 0);
    assert_true(o->jain > 0 && o->jain <= 1 + 1e-9);
    /* Waits that had not ended are in worst alone. */
    assert_true(hists.worst.max >= hists.latency.max);
}

static void check(const struct evbench_point *p)
{
    struct evbench_observation o = observe(p);
    bool paired = evbench_on_two_cores(p->measure);
    assert_true(o.events > 0);
    assert_true(o.elapsed_ns > 0);
    assert_int_equal(o.has_latency, p->measure != EVBENCH_STREAM);
    assert_int_equal(o.has_latency, hists.latency.count > 0);
    if (p->measure == EVBENCH_ORDER || p->measure == EVBENCH_HOT)
        check_fairness(p, &o);
    if (p->measure == EVBENCH_ORDER || p->measure == EVBENCH_HANDOVER || p->measure == EVBENCH_HOT)
        assert_int_equal(hists.latency.count, o.events);
    if (!paired && p->measure != EVBENCH_ORDER)
        check_rounds(p, &o);
    if (paired)
        assert_true(o.merged <= o.sends && o.upcalls <= o.sends - o.merged);
}

static void everything_is_measured(void **state)
{
    (void)state;
    static const uint32_t pending[] = {1, 3, 8};
    for (size_t abi = 0; evbench_abi_name(abi) != NULL; abi++)
        for (int m = 0; m < EVBENCH_MEASURES; m++)
            for (size_t i = 0; i < sizeof pending / sizeof pending[0]; i++) {
                struct evbench_point p = point_of(evbench_abi_name(abi), m);
                p.ports = 8;
                p.pending = pending[i];
                check(&p);
                p.ports = 64;
                p.pending = pending[i] == 8 ? 64 : pending[i];
                check(&p);
            }
}

/* All ports that an ABI has, one or all of them pending. */
static void the_deepest(void **state)
{
    (void)state;
    for (size_t abi = 0; evbench_abi_name(abi) != NULL; abi++)
        for (int m = 0; m < EVBENCH_MEASURES; m++) {
            struct evbench_point p = point_of(evbench_abi_name(abi), m);
            p.ports = evbench_abi_ports(abi);
            if (m != EVBENCH_ORDER || p.ports <= 4096)
                check(&p);
            p.pending = p.ports;
            if (m == EVBENCH_SCAN || m == EVBENCH_STREAM)
                check(&p);
        }
}

static void same_seed_same_observation(void **state)
{
    (void)state;
    for (size_t abi = 0; evbench_abi_name(abi) != NULL; abi++)
        for (uint32_t burst = 0; burst <= 4; burst += 2) {
            struct evbench_point p = point_of(evbench_abi_name(abi), EVBENCH_ORDER);
            p.burst = burst;
            struct evbench_observation first = observe(&p);
            again_hists = hists;
            struct evbench_observation second = observe(&p);
            assert_int_equal(first.sends, second.sends);
            assert_int_equal(first.merged, second.merged);
            assert_int_equal(first.upcalls, second.upcalls);
            assert_int_equal(first.sweeps, second.sweeps);
            assert_int_equal(first.starved, second.starved);
            assert_true(first.jain == second.jain);
            assert_memory_equal(&hists, &again_hists, sizeof hists);
            p.seed++;
            (void)observe(&p);
            /* flat, and all pending at all times: the lowest, whatever the seed. */
            if (burst != 0)
                assert_memory_not_equal(&hists, &again_hists, sizeof hists);
        }
}

/* What the ABIs promise of the order, where every port is pending at all times. */
static void order_of_the_hot(void **state)
{
    (void)state;
    const uint32_t ports = 16, bound = ports - 1;
    const uint32_t serves = EVBENCH_ORDER_SERVES; /* more than for the sweeps of so few */
    static const char *const fair[] = {"fifo", "2l", "2l-32"};
    for (size_t i = 0; i < sizeof fair / sizeof fair[0]; i++) {
        struct evbench_point p = point_of(fair[i], EVBENCH_ORDER);
        p.ports = ports;
        p.burst = 0;
        struct evbench_observation o = observe(&p);
        assert_int_equal(o.events, serves);
        assert_int_equal(o.sends, serves);
        assert_int_equal(o.merged, 0);
        assert_int_equal(o.starved, 0);
        assert_int_equal(o.sweeps, serves / bound);
        assert_int_equal(hists.latency.min, bound);
        assert_int_equal(hists.latency.max, bound);
        assert_int_equal(hists.worst.max, bound);
        assert_int_equal(hists.last.max, bound);
    }
    struct evbench_point p = point_of("flat", EVBENCH_ORDER);
    p.ports = ports;
    p.burst = 0;
    struct evbench_observation o = observe(&p);
    assert_int_equal(o.starved, bound - 1);
    assert_int_equal(o.sweeps, 0);
    assert_int_equal(hists.latency.max, 1);
    /* From before the warm-up on, a port that never gets its turn has waited. */
    assert_int_equal(hists.worst.max, serves + 2 * ports);
    assert_true(o.jain > 0.99 / bound && o.jain < 1.01 / bound);

    p = point_of("fifo", EVBENCH_ORDER);
    p.ports = ports;
    p.burst = 0;
    p.priorities = 4;
    o = observe(&p);
    assert_int_equal(o.starved, bound - ports / 4 + 1); /* port 0 would be of the highest */
    assert_int_equal(hists.latency.max, ports / 4 - 1);
}

/* fifo serves whatever was sent first: nothing waits for more than all others. */
static void fifo_waits_for_the_others(void **state)
{
    (void)state;
    for (uint32_t burst = 1; burst <= EVBENCH_BURST_MAX; burst *= 8) {
        struct evbench_point p = point_of("fifo", EVBENCH_ORDER);
        p.burst = burst;
        struct evbench_observation o = observe(&p);
        assert_true(hists.worst.max <= p.ports - 1);
        assert_int_equal(o.sends, o.events * burst);
        assert_int_equal(o.starved, 0);
    }
}

static void without_histograms(void **state)
{
    (void)state;
    struct evbench_point p = point_of("2l", EVBENCH_HOT);
    struct evbench_observation o;
    char error[TEXT];
    assert_int_equal(evbench_observe(bench, &p, TINY_NS, &o, NULL, error, sizeof error), 0);
    assert_true(o.has_fairness);
}

static void assert_refused(const struct evbench_point *p, const char *words)
{
    char text[TEXT], error[TEXT];
    const char *refusal = evbench_refusal(p, text, sizeof text);
    assert_non_null(refusal);
    if (strstr(refusal, words) == NULL)
        fail_msg("refusal '%s' does not say '%s'", refusal, words);
    struct evbench_observation o = {.events = 42};
    hists.last.count = 42;
    assert_int_equal(evbench_observe(bench, p, TINY_NS, &o, &hists, error, sizeof error), -1);
    assert_int_equal(o.events, 42);
    assert_int_equal(hists.last.count, 42);
    assert_non_null(strstr(error, words));
}

static void refusals(void **state)
{
    (void)state;
    struct evbench_point p = point_of("2l", EVBENCH_SCAN);
    p.ports = 8192;
    assert_refused(&p, "2l has 4096 port numbers, not 8192");
    p.ports = 7;
    assert_refused(&p, "ports 7 is not in 8..131072");
    p.ports = 131073;
    assert_refused(&p, "ports 131073 is not in 8..131072");
    p = point_of("fifo", EVBENCH_SCAN);
    p.pending = 0;
    assert_refused(&p, "pending 0 is not in 1..64");
    p.pending = 65;
    assert_refused(&p, "pending 65 is not in 1..64");
    p = point_of("fifo", EVBENCH_ORDER);
    p.burst = 65;
    assert_refused(&p, "burst 65 is not in 0..64");
    p = point_of("fifo", EVBENCH_HOT);
    p.priorities = 17;
    assert_refused(&p, "priorities 17 is not in 1..16");
    p.priorities = 0;
    assert_refused(&p, "priorities 0 is not in 1..16");
    p.priorities = 1;
    p.serve_ns = 1000001;
    assert_refused(&p, "serve_ns 1000001 is not in 0..1000000");
    p = point_of("flat", EVBENCH_HOT);
    p.priorities = 2;
    assert_refused(&p, "flat has no priorities");
    p.abi = 1000;
    assert_refused(&p, "no delivery ABI number 1000");
    p = point_of("flat", EVBENCH_MEASURES);
    assert_refused(&p, "no measure");
}

static void assert_no_open(struct evbench_config config, const char *words)
{
    struct evbench *b = NULL;
    char error[TEXT];
    assert_int_equal(evbench_open(&config, &b, error, sizeof error), -1);
    assert_null(b);
    if (strstr(error, words) == NULL)
        fail_msg("error '%s' does not say '%s'", error, words);
}

static void bad_configurations(void **state)
{
    (void)state;
    assert_no_open((struct evbench_config){1000, -1}, "processor 1000");
    assert_no_open((struct evbench_config){0, 0}, "two processors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_measured),
        cmocka_unit_test(the_deepest),
        cmocka_unit_test(same_seed_same_observation),
        cmocka_unit_test(order_of_the_hot),
        cmocka_unit_test(fifo_waits_for_the_others),
        cmocka_unit_test(without_histograms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(bad_configurations),
    };
    struct evbench_config config = {.cpu_producer = -1, .cpu_consumer = -1};
    char error[TEXT];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (evbench_open(&config, &bench, error, sizeof error) != 0) {
        printf("1..1\nok 1 - event channels natively # SKIP %s\n", error);
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    evbench_close(bench);
    return failed != 0;
}
