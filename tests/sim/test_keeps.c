/* SPDX-License-Identifier: MIT */
/* What every policy, every mix and every machine must keep: all time is accounted, no CPU is idle
 * while there is work, jobs and wakes are counted once, and the same point gives the same again. */
#include "sched-bvt/policy.h"
#include "tests/sim/points.h"
#include "tests/unit/tap.h"

#include <string.h>
#include <unistd.h>

static struct sim_observation o, again;
static struct hist dispatch, latency, dispatch_again, latency_again;

#define require(p, what)                                                           \
    do {                                                                           \
        if (!(what))                                                               \
            fail_msg("%s: %s (%s:%d)", points_name(p), #what, __FILE__, __LINE__); \
    } while (0)

static void observe(const struct sim_point *p, struct sim_observation *out, struct hist *d,
                    struct hist *l)
{
    char error[256];
    if (sim_observe(p, out, d, l, error, sizeof error) != 0)
        fail_msg("%s: %s", points_name(p), error);
}

static void test_time_is_accounted(void **state)
{
    (void)state;
    struct sim_point p;
    for (size_t i = 0; points_at(i, &p); i++) {
        observe(&p, &o, &dispatch, &latency);
        require(&p, o.elapsed_ns == p.duration_ns);
        require(&p, o.busy_ns + o.overhead_ns + o.idle_ns == p.cpus * o.elapsed_ns);
        require(&p, o.hog_ns <= o.busy_ns);
        require(&p, p.wakers != 0 || o.hog_ns == o.busy_ns);
        require(&p, p.switch_ns != 0 || o.overhead_ns == 0);
        /* each switch is in it, but for the parts of those that the ends of the interval cut */
        uint64_t whole = o.switches * p.switch_ns, cut = p.cpus * p.switch_ns;
        require(&p, o.overhead_ns <= whole + cut && whole <= o.overhead_ns + cut);
        require(&p, o.switches <= o.decisions);
        require(&p, o.migrations <= o.switches);
        require(&p, p.cpus > 1 || o.migrations == 0);
    }
}

/* With one hog more than CPUs, and a policy that promises it. */
static void test_no_cpu_is_idle(void **state)
{
    (void)state;
    struct sim_point p;
    uint32_t seen = 0;
    for (size_t i = 0; points_at(i, &p); i++) {
        uint32_t traits = sched_policy_named(p.policy)->traits;
        if (p.hogs <= p.cpus || (traits & SCHED_CONSERVING) == 0 || (traits & SCHED_MIGRATES) == 0)
            continue;
        observe(&p, &o, NULL, NULL);
        require(&p, o.idle_ns == 0);
        seen++;
    }
    assert_true(seen > 0);
}

static void test_work_is_counted(void **state)
{
    (void)state;
    struct sim_point p;
    for (size_t i = 0; points_at(i, &p); i++) {
        observe(&p, &o, &dispatch, &latency);
        require(&p, latency.count == o.jobs);
        /* a waker that woke has run, or waits yet; one that ran may have woken before */
        require(&p, dispatch.count <= o.wakes + p.wakers && o.wakes <= dispatch.count + p.wakers);
        require(&p,
                dispatch.count == 0 || dispatch.min >= p.switch_ns || p.cpus > 1 || p.hogs == 0);
        require(&p, p.mix == SIM_HOGS || o.wakes != 0);
        require(&p, p.mix == SIM_HOGS || p.mix == SIM_FORK_BOMB || o.jobs != 0);
        require(&p, p.mix == SIM_PERIODIC || o.late == 0);
        require(&p, o.domains == p.hogs + p.wakers);
    }
}

static void test_shares_are_measured(void **state)
{
    (void)state;
    struct sim_point p;
    for (size_t i = 0; points_at(i, &p); i++) {
        observe(&p, &o, NULL, NULL);
        require(&p, o.has_fairness == (p.hogs >= 2));
        for (size_t k = 0; k < SIM_WINDOWS; k++) {
            const struct sim_window *w = &o.windows[k];
            require(&p, w->length_ns == sim_window_length(k));
            require(&p, !o.has_fairness || w->count <= p.duration_ns / w->length_ns);
            require(&p, o.has_fairness || w->count == 0);
            require(&p, w->mean >= 0 && w->mean <= w->worst && w->worst <= 1);
        }
        require(&p, !o.has_fairness || (o.jain > 0.1 && o.jain <= 1));
        bool steady = p.mix == SIM_HOGS || p.cpus > 3;
        require(&p, !o.has_fairness || !steady || o.windows[0].count == 32);
    }
    assert_int_equal(sim_window_length(SIM_WINDOWS), 0);
}

static void test_the_same_again(void **state)
{
    (void)state;
    struct sim_point p;
    for (size_t i = 0; points_at(i, &p); i++) {
        observe(&p, &o, &dispatch, &latency);
        observe(&p, &again, &dispatch_again, &latency_again);
        require(&p, points_same(&o, &again));
        require(&p, memcmp(&dispatch, &dispatch_again, sizeof dispatch) == 0);
        require(&p, memcmp(&latency, &latency_again, sizeof latency) == 0);
        if (p.mix != SIM_POISSON)
            continue;
        p.seed++;
        observe(&p, &again, &dispatch_again, &latency_again);
        require(&p, memcmp(&latency, &latency_again, sizeof latency) != 0);
    }
}

/* Measuring changes nothing, and what is not asked for is not given. */
static void test_measuring_is_silent(void **state)
{
    (void)state;
    struct sim_point p;
    for (size_t i = 0; points_at(i, &p); i++) {
        observe(&p, &o, NULL, NULL);
        p.shares = false;
        observe(&p, &again, &dispatch, &latency);
        for (size_t k = 0; k < SIM_WINDOWS; k++) {
            require(&p, again.windows[k].count == 0 && again.windows[k].mean == 0);
            again.windows[k] = o.windows[k];
        }
        require(&p, points_same(&o, &again));
    }
}

/* Work is the same under every policy: where nothing else runs, so is everything. */
static void test_policies_get_the_same_work(void **state)
{
    (void)state;
    struct sim_point p = SIM_DEFAULTS;
    p.hogs = 0;
    p.wakers = 8;
    p.cpus = 8;
    p.mix = SIM_POISSON;
    p.service = SIM_EXPONENTIAL;
    for (size_t i = 0; sim_policy_name(i) != NULL; i++) {
        p.policy = sim_policy_name(i);
        observe(&p, &again, NULL, &latency_again);
        if (i > 0) {
            require(&p, again.jobs == o.jobs && again.busy_ns == o.busy_ns);
            require(&p, memcmp(&latency, &latency_again, sizeof latency) == 0);
        }
        o = again;
        latency = latency_again;
    }
}

/* Weights decide shares where the policy has them, on one CPU. (credit gives the lightest of 1 to
 * 128 too much, by what its accounts are rounded to.) */
static void test_weights(void **state)
{
    (void)state;
    struct sim_point p = SIM_DEFAULTS;
    p.hogs = 16;
    p.duration_ns = 40 * SECOND;
    for (size_t i = 0; sim_policy_name(i) != NULL; i++) {
        p.policy = sim_policy_name(i);
        if ((sched_policy_named(p.policy)->traits & SCHED_WEIGHTED) == 0)
            continue;
        for (int scheme = SIM_LINEAR; scheme < SIM_WEIGHTS; scheme++) {
            p.weights = (enum sim_weights)scheme;
            observe(&p, &o, NULL, NULL);
            require(&p, o.jain > 0.92);
            require(&p, o.windows[SIM_WINDOWS - 1].mean < o.windows[0].mean / 2);
        }
    }
}

/* A warped waker runs as soon as it wakes; one that is not waits for hogs. */
static void test_warp(void **state)
{
    (void)state;
    struct sim_point p = SIM_DEFAULTS;
    p.hogs = 16;
    p.wakers = 1;
    p.mix = SIM_POISSON;
    p.load = 100;
    observe(&p, &o, &dispatch, NULL);
    uint64_t cold = hist_quantile(&dispatch, 99, 100);
    p.warp = true;
    observe(&p, &o, &dispatch, NULL);
    require(&p, hist_quantile(&dispatch, 99, 100) == p.switch_ns);
    require(&p, cold > 100 * p.switch_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_is_accounted),
        cmocka_unit_test(test_no_cpu_is_idle),
        cmocka_unit_test(test_work_is_counted),
        cmocka_unit_test(test_shares_are_measured),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test(test_measuring_is_silent),
        cmocka_unit_test(test_policies_get_the_same_work),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_warp),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: what all keep", tests, sizeof tests / sizeof tests[0]);
}
