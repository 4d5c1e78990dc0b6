/* SPDX-License-Identifier: MIT */
/*
 * A domain that sleeps and wakes: jobs arrive as a Poisson process, each is some work. Measured is
 * its dispatch latency: from when a job that finds the domain asleep arrives, which is when its
 * timer fires, until its first instruction after that. The simulator's mix `poisson`
 * (bench/sim/sim.h) is the same, and draws from the same streams of random numbers.
 *
 *   load=N         jobs a second
 *   service-ns=N   work of a job, in the mean; exponential=1: exponentially distributed
 *   seed=N who=N   which streams
 *   settle=MS span=MS   measured are the jobs of `span`, from `settle` on
 */
#include "bench/domains/result.h"
#include "bench/domains/spent.h"
#include "bench/domains/work.h"
#include "bench/hist/hist.h"
#include "bench/sim/random.h"
#include "guest/start.h"
#include "guest/time.h"

enum { USE_PHASE, USE_SERVICE }; /* of random numbers */

#define CLOCK_LOOKS 256U

static struct hist dispatch;

static uint64_t clock_cost(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < CLOCK_LOOKS; i++) {
        uint64_t first = time_system().n;
        uint64_t between = time_system().n - first;
        least = between < least ? between : least;
    }
    return least;
}

void guest_main(void)
{
    uint64_t seed = start_option_number("seed", 1);
    uint32_t who = (uint32_t)start_option_number("who", 0);
    uint64_t gap = NS_PER_SECOND / start_option_number("load", 100);
    uint64_t service = start_option_number("service-ns", 100000);
    bool exponential = start_option_number("exponential", 0);
    struct random arrivals = random_stream(seed, who, USE_PHASE);
    struct random services = random_stream(seed, who, USE_SERVICE);
    uint64_t timed = work_time();
    hist_reset(&dispatch);

    uint64_t begin = time_system().n;
    uint64_t from = begin + start_option_number("settle", 0) * NS_PER_MS;
    uint64_t until = from + start_option_number("span", 1000) * NS_PER_MS;
    uint64_t running = 0;
    uint64_t jobs = 0;
    uint64_t at = begin;
    for (;;) {
        at += random_exponential(&arrivals, gap);
        uint64_t work = exponential ? random_exponential(&services, service) : service;
        bool asleep = time_system().n < at;
        if (asleep)
            time_sleep_until(NS(at));
        uint64_t now = time_system().n;
        if (now >= until)
            break;
        if (now >= from) {
            if (running == 0)
                running = spent_running();
            if (asleep)
                hist_record(&dispatch, now - at);
            jobs++;
        }
        work_pieces(work_of(work, timed));
    }
    running = spent_running() - running;

    result_begin();
    result_number("jobs", jobs);
    result_number("elapsed", until - from);
    result_number("running", running);
    result_number("clock", clock_cost());
    result_hist("dispatch", &dispatch);
    result_end();
}
