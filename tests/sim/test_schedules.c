/* SPDX-License-Identifier: MIT */
/*
 * Schedules worked out by hand: round robin with a known quantum, or domains alone, so that every
 * pick, latency and ns of overhead has one right value.
 */
#include "bench/sim/calls.h"
#include "tests/sim/points.h"
#include "tests/unit/tap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sim_observation o;
static struct hist dispatch, latency;

/* Round robin on one CPU, nothing but what the test adds, no warm-up, free switches. */
static struct sim_point point(enum sim_mix mix, uint32_t hogs, uint32_t wakers,
                              uint64_t duration_ns)
{
    struct sim_point p = SIM_DEFAULTS;
    p.policy = "rr";
    p.params = "quantum=1000000";
    p.mix = mix;
    p.hogs = hogs;
    p.wakers = wakers;
    p.switch_ns = 0;
    p.warmup_ns = 0;
    p.duration_ns = duration_ns;
    return p;
}

static void observe(const struct sim_point *p)
{
    char error[256];
    if (sim_observe(p, &o, &dispatch, &latency, error, sizeof error) != 0)
        fail_msg("%s", error);
    assert_int_equal(o.busy_ns + o.overhead_ns + o.idle_ns, p->cpus * p->duration_ns);
}

/* The picks that begin with another domain than before: "<us>:<domain> ..."; - is idle. */
static void expect_picks(const struct sim_point *p, const char *expected)
{
    char picks[2048] = "", error[256], line[256];
    const char *path = points_file("");
    if (sim_record(p, path, &o, error, sizeof error) != 0)
        fail_msg("%s", error);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    uint32_t runs = SCHED_NO_VCPU;
    size_t said = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        struct sched_call call;
        assert_true(calls_parse(line, &call));
        if (call.op != SCHED_OP_PICK || call.chosen == runs)
            continue;
        runs = call.chosen;
        said += (size_t)snprintf(picks + said, sizeof picks - said, "%s%" PRIu64 ":%c",
                                 said == 0 ? "" : " ", call.now / 1000,
                                 runs == SCHED_NO_VCPU ? '-' : (char)('0' + runs));
        assert_true(said < sizeof picks);
    }
    fclose(file);
    assert_string_equal(picks, expected);
}

/* ---- Hogs ---- */

static void test_hogs(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_HOGS, 3, 0, 5500 * US);
    expect_picks(&p, "0:0 1000:1 2000:2 3000:0 4000:1 5000:2");
    observe(&p);
    assert_int_equal(o.busy_ns, 5500 * US);
    assert_int_equal(o.hog_ns, 5500 * US);
    assert_int_equal(o.switches, 5); /* the first one is from before measuring */
    assert_int_equal(o.decisions, 5);
    assert_int_equal(o.domains, 3);
}

/* A slice takes a quantum and, on average, half of what it may be late by. */
static void test_late(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_HOGS, 2, 0, 1000 * MS);
    p.late_ns = 1 * MS;
    observe(&p);
    uint64_t once = o.switches;
    assert_in_range(once, 640, 690);
    observe(&p);
    assert_int_equal(o.switches, once);
    p.seed++;
    observe(&p);
    assert_int_not_equal(o.switches, once);
    p.late_ns = 1;
    observe(&p);
    assert_int_equal(o.switches, 999);
}

/* Hogs that are level with each other all stand before one that wakes at their level; hogs that are
 * not, but for the one in front, do not. */
static void test_late_breaks_ties(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_POISSON, 8, 1, 3000 * MS);
    p.policy = "sedf";
    p.params = "quantum=5000000";
    p.warmup_ns = 500 * MS;
    observe(&p);
    assert_in_range(hist_quantile(&dispatch, 50, 100), 20 * MS, 40 * MS);
    p.late_ns = 100;
    observe(&p);
    assert_in_range(hist_quantile(&dispatch, 50, 100), 5 * MS, 10 * MS);
}

/* A switch takes 300 us of each quantum; a measured interval may begin and end in one. */
static void test_switch_cost(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_HOGS, 2, 0, 10 * MS);
    p.switch_ns = 300 * US;
    observe(&p);
    assert_int_equal(o.overhead_ns, 10 * 300 * US);
    assert_int_equal(o.idle_ns, 0);
    p.warmup_ns = 3100 * US; /* 200 us of a switch are left, then 900 us and 700 us of two more */
    p.duration_ns = 2000 * US;
    observe(&p);
    assert_int_equal(o.overhead_ns, 200 * US + 300 * US + 100 * US);
    p.hogs = 1; /* nothing to switch to */
    observe(&p);
    assert_int_equal(o.overhead_ns, 0);
    assert_int_equal(o.switches, 0);
}

/* One that is told to pick in the middle of a switch does when it is over. */
static void test_told_in_a_switch(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_RECORDED, 0, 2, 2 * MS);
    p.workload = points_file("a 400000 600000\n"
                             "b 50000 0 50000 899999\n");
    p.switch_ns = 100 * US;
    p.policy = "bvt"; /* one that preempts */
    p.params = "allowance=0,mcu=10000";
    observe(&p);
    assert_int_equal(o.overhead_ns, o.switches * 100 * US);
    assert_true(o.switches >= 6);
}

/* Domains come back to where nothing else ran for free. */
static void test_idle_costs_nothing(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_PERIODIC, 0, 1, 100 * MS);
    p.load = 1000;
    p.service_ns = 200 * US;
    p.switch_ns = 50 * US;
    p.warmup_ns = 10 * MS;
    observe(&p);
    assert_int_equal(o.overhead_ns, 0);
    assert_int_equal(o.wakes, 100);
    assert_int_equal(latency.count, 100);
    assert_int_equal(latency.min, 200 * US);
    assert_int_equal(latency.max, 200 * US);
    assert_int_equal(dispatch.max, 0);
}

/* ---- Wakers ---- */

/* Warped past a hog: two switches a job, and the first one is in its latency. */
static void test_periodic_preempts(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_PERIODIC, 1, 1, 1000 * MS);
    p.policy = "bvt";
    p.params = NULL;
    p.warp = true;
    p.load = 100;
    p.service_ns = 300 * US;
    p.switch_ns = 7 * US;
    observe(&p);
    assert_int_equal(o.jobs, 100);
    assert_int_equal(o.late, 0);
    assert_int_equal(latency.min, 307 * US);
    assert_int_equal(latency.max, 307 * US);
    assert_int_equal(dispatch.min, 7 * US);
    assert_int_equal(dispatch.max, 7 * US);
    assert_int_equal(o.overhead_ns, 201 * 7 * US);
    assert_int_equal(o.hog_ns, 1000 * MS - 100 * 300 * US - 201 * 7 * US);
}

/* Two that ask for 6/5 of the CPU fall behind together, and do what it can. */
static void test_periodic_late(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_PERIODIC, 0, 2, 600 * MS);
    p.load = 1000;
    p.service_ns = 600 * US;
    p.warmup_ns = 600 * MS;
    observe(&p);
    assert_int_equal(o.idle_ns, 0);
    assert_in_range(o.jobs, 999, 1001);
    assert_int_equal(o.late, o.jobs);
    assert_int_equal(o.wakes, 0); /* they never sleep again */
    /* by 1.2 s they are 1/6 of their jobs behind, 200 ms; those of 600 ms were 100 ms behind */
    assert_in_range(latency.max, 198 * MS, 203 * MS);
    assert_in_range(latency.min, 97 * MS, 102 * MS);
}

static void test_recorded(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_RECORDED, 0, 2, 9 * MS);
    p.params = "quantum=10000000";
    p.workload = points_file("# one line a domain\n\n"
                             "a 1000000 2000000 # runs, sleeps\n"
                             "b\t500000 0 500000 1000000\n");
    expect_picks(&p, "0:0 1000:1 2000:- 3000:0 4000:1 5000:- 6000:0 7000:1 8000:-");
    observe(&p);
    assert_int_equal(o.idle_ns, 3 * MS);
    assert_int_equal(o.jobs, 9);
    assert_int_equal(latency.sum, 3 * (1000 + 1500 + 500) * US);
    assert_int_equal(dispatch.count, 6);
    assert_int_equal(dispatch.sum, 3 * 1000 * US);
    p.wakers = 3; /* the third one does as the first line says */
    expect_picks(&p,
                 "0:0 1000:1 2000:2 3000:- 3000:0 4000:1 5000:- 5000:2 6000:- 6000:0 7000:1 8000:- "
                 "8000:2");
}

/* Work that ends at the moment at which its quantum does is done then, not at its next turn. */
static void test_work_ends_with_its_quantum(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_RECORDED, 1, 1, 6 * MS);
    p.workload = points_file("a 1000000 500000\n");
    expect_picks(&p, "0:0 1000:1 2000:0 3000:1 4000:0 5000:1");
    observe(&p);
    assert_int_equal(o.jobs, 2);
    assert_int_equal(latency.sum, 2000 * US + 1500 * US);
    assert_int_equal(o.wakes, 3);
}

/* Sleeps of 0.9 ms on average and works for 0.1: a tenth of its time. */
static void test_bursty(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_BURSTY, 0, 1, 20 * SECOND);
    p.service_ns = 100 * US;
    p.think_ns = 900 * US;
    observe(&p);
    assert_in_range(o.jobs, 19600, 20400); /* 3 standard errors of 0.9 % / sqrt(20000) are 382 */
    assert_int_equal(latency.min, 100 * US);
    assert_int_equal(latency.max, 100 * US);
    assert_in_range(o.busy_ns, o.jobs * 100 * US, (o.jobs + 1) * 100 * US);
}

/* From 5 ms on, one each ms; each waits for a quantum of those before it. */
static void test_fork_bomb(void **state)
{
    (void)state;
    struct sim_point p = point(SIM_FORK_BOMB, 0, 3, 6 * MS);
    p.warmup_ns = 5 * MS;
    p.load = 1000;
    expect_picks(&p, "6000:0 7000:1 8000:0 9000:1 10000:2");
    observe(&p);
    assert_int_equal(o.idle_ns, 1 * MS);
    assert_int_equal(o.domains, 3);
    assert_int_equal(o.wakes, 3);
    assert_int_equal(dispatch.count, 3);
    assert_int_equal(dispatch.sum, 2 * MS);
    p.duration_ns = 2500 * US; /* before the third one, and before it has run */
    observe(&p);
    assert_int_equal(o.domains, 2);
}

/* ---- The closed loop ---- */

static struct sim_point loop(uint32_t clients, uint32_t window)
{
    struct sim_point p = point(SIM_CLOSED_LOOP, 0, 1 + clients, SECOND);
    p.service_ns = 20 * US;
    p.think_ns = 0;
    p.window = window;
    return p;
}

/* 5 us of the client, 20 us of the server, and with a cost two switches. */
static void test_loop_of_one(void **state)
{
    (void)state;
    struct sim_point p = loop(1, 1);
    observe(&p);
    assert_int_equal(o.jobs, 39999); /* the 40,000th is done at the end, which is not measured */
    assert_int_equal(latency.min, 20 * US);
    assert_int_equal(latency.max, 20 * US);
    assert_int_equal(o.idle_ns, 0);
    p.switch_ns = 2 * US;
    observe(&p);
    assert_in_range(o.jobs, SECOND / (29 * US) - 1, SECOND / (29 * US));
    assert_int_equal(latency.max, 24 * US);
    assert_int_equal(dispatch.max, 2 * US);
}

/* With a CPU each and two requests under way the server never waits. A request is published 5 us
 * after the one before it was answered, and waits for the other one. */
static void test_loop_overlaps(void **state)
{
    (void)state;
    struct sim_point p = loop(1, 2);
    p.cpus = 2;
    p.warmup_ns = 1 * MS;
    observe(&p);
    assert_in_range(o.jobs, 49999, 50001);
    assert_int_equal(latency.min, 35 * US);
    assert_int_equal(latency.max, 35 * US);
    assert_int_equal(o.wakes, 50000); /* the client, once a request; the server never sleeps */
}

/* The server takes from the rings in turn: none is answered oftener than another. */
static void test_loop_in_turn(void **state)
{
    (void)state;
    struct sim_point p = loop(5, SIM_RING_ENTRIES);
    p.cpus = 6;
    p.warmup_ns = 20 * MS;
    observe(&p);
    assert_in_range(o.jobs, 49999, 50001);
    /* 320 requests go round; a cycle of them is 6.4 ms, of which each spends 5 us or so in making
     */
    assert_in_range(latency.min, 6300 * US, 6400 * US);
    assert_in_range(latency.max, 6300 * US, 6400 * US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hogs),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_late_breaks_ties),
        cmocka_unit_test(test_switch_cost),
        cmocka_unit_test(test_told_in_a_switch),
        cmocka_unit_test(test_idle_costs_nothing),
        cmocka_unit_test(test_periodic_preempts),
        cmocka_unit_test(test_periodic_late),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_work_ends_with_its_quantum),
        cmocka_unit_test(test_bursty),
        cmocka_unit_test(test_fork_bomb),
        cmocka_unit_test(test_loop_of_one),
        cmocka_unit_test(test_loop_overlaps),
        cmocka_unit_test(test_loop_in_turn),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: schedules", tests, sizeof tests / sizeof tests[0]);
}
