/* SPDX-License-Identifier: MIT */
/*
 * Results of queueing theory that the simulator must meet, whatever the policy: one CPU, switches
 * are free, fixed seeds. Tolerances are 2 % unless said otherwise: of 10^6 jobs at a utilisation of
 * 0.8, whose times are correlated over some 50 jobs, the mean has a standard error of about 0.7 %.
 */
#include "tests/sim/points.h"
#include "tests/unit/tap.h"

#include <string.h>
#include <unistd.h>

static struct sim_observation o;
static struct hist dispatch, latency;

static struct sim_point point(const char *policy, enum sim_mix mix, uint32_t wakers, uint32_t load)
{
    struct sim_point p = SIM_DEFAULTS;
    p.policy = policy;
    p.mix = mix;
    p.hogs = 0;
    p.wakers = wakers;
    p.load = load;
    p.service_ns = 100 * US;
    p.service = SIM_EXPONENTIAL;
    p.switch_ns = 0;
    p.seed = 42;
    p.duration_ns = 1000000 / ((uint64_t)load * wakers) * SECOND;
    return p;
}

static double observed_mean(const struct sim_point *p)
{
    char error[256];
    if (sim_observe(p, &o, &dispatch, &latency, error, sizeof error) != 0)
        fail_msg("%s", error);
    return (double)latency.sum / (double)latency.count;
}

static void expect_near(double value, double expected, double tolerance, const char *what)
{
    if (value < expected * (1 - tolerance) || value > expected * (1 + tolerance))
        fail_msg("%s: %.0f, expected %.0f", what, value, expected);
}

/* M/M/1: the mean time in the system is 1 / (mu - lambda); for every policy. Exponential too: of
 * all jobs 1/e take longer. */
static void test_mm1(void **state)
{
    (void)state;
    for (size_t i = 0; sim_policy_name(i) != NULL; i++) {
        struct sim_point p = point(sim_policy_name(i), SIM_POISSON, 1, 8000);
        expect_near(observed_mean(&p), 500e3, 0.02, p.policy);
        expect_near((double)o.busy_ns, 0.8 * (double)o.elapsed_ns, 0.01, "utilisation");
        expect_near((double)hist_quantile(&latency, 632121, 1000000), 500e3, 0.02, "1 - 1/e");
    }
}

/* M/D/1 (Pollaczek and Khinchine): waiting is rho * S / (2 * (1 - rho)). */
static void test_md1(void **state)
{
    (void)state;
    struct sim_point p = point("bvt", SIM_POISSON, 1, 8000);
    p.service = SIM_CONSTANT;
    expect_near(observed_mean(&p), 100e3 + 200e3, 0.02, "rho 0.8");
    p.load = 5000;
    expect_near(observed_mean(&p), 100e3 + 50e3, 0.02, "rho 0.5");
}

/* M/M/1 of many Poisson streams at once: any order of service that does not look at sizes has the
 * same mean, and so has sharing the processor in small quanta. */
static void test_mm1_shared(void **state)
{
    (void)state;
    const struct {
        const char *policy, *params;
    } cases[] = {
        {"rr", "quantum=1000000000"}, {"rr", "quantum=100000"}, {"bvt", "allowance=0,mcu=10000"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_point p = point(cases[i].policy, SIM_POISSON, 40, 200);
        p.params = cases[i].params;
        expect_near(observed_mean(&p), 500e3, 0.03, cases[i].params);
    }
}

/*
 * Little's law needs no distribution, and mean value analysis (M. Reiser, S. Lavenberg, JACM 27(2),
 * 1980) gives the closed loop: N clients that think and make a request on CPUs of their own, one
 * exponential server in any order that does not look at sizes.
 *
 *   R(n) = S * (1 + Q(n - 1)),  X(n) = n / (Z + R(n)),  Q(n) = X(n) * R(n)
 */
static void test_closed_loop(void **state)
{
    (void)state;
    const uint32_t clients = 12;
    double service = 100e3, think = 800e3 + SIM_CLIENT_NS, response = 0, rate = 0, queue = 0;
    for (uint32_t n = 1; n <= clients; n++) {
        response = service * (1 + queue);
        rate = n / (think + response);
        queue = rate * response;
    }
    struct sim_point p = point("bvt", SIM_CLOSED_LOOP, 1 + clients, 1000);
    p.cpus = 1 + clients;
    p.think_ns = 800 * US;
    p.duration_ns = 60 * SECOND;
    expect_near(observed_mean(&p), response, 0.02, "response time");
    expect_near((double)o.jobs, rate * (double)o.elapsed_ns, 0.01, "throughput");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mm1),
        cmocka_unit_test(test_md1),
        cmocka_unit_test(test_mm1_shared),
        cmocka_unit_test(test_closed_loop),
    };
    alarm(POINTS_WATCHDOG_S);
    return tap_run("sim: queueing", tests, sizeof tests / sizeof tests[0]);
}
