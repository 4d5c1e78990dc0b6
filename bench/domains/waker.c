/* SPDX-License-Identifier: MIT */
/*
 * A domain that sleeps and wakes: jobs arrive as a Poisson process, each is some work. Measured is
 * its dispatch latency: from when a job that finds the domain asleep arrives, which is when its
 * timer fires, until its first instruction after that. The simulator's mix `poisson`
 * (bench/sim/sim.h) is the same, and draws its first waker's arrivals from the same stream of
 * random numbers.
 *
 *   load=N         jobs a second
 *   service-ns=N   work of a job
 *   seed=N         of the arrivals
 *   at=MS          when arrivals begin, of the hypervisor's time
 *   settle=MS span=MS   measured is what happens in `span`, from `settle` after that on
 */
#include "bench/domains/clock.h"
#include "bench/domains/result.h"
#include "bench/domains/together.h"
#include "bench/domains/work.h"
#include "bench/hist/hist.h"
#include "bench/sim/random.h"
#include "guest/start.h"
#include "guest/time.h"

/* Whose random stream, and which of its: the simulator's. */
#define FIRST_WAKER 0
#define USE_ARRIVALS 0

static struct hist dispatch;

void guest_main(void)
{
    struct random arrivals =
        random_stream(start_option_number("seed", 1), FIRST_WAKER, USE_ARRIVALS);
    uint64_t gap = NS_PER_SECOND / start_option_number("load", 100);
    uint64_t pieces = work_of(start_option_number("service-ns", 100000), work_time());
    uint64_t at = start_option_number("at", 0) * NS_PER_MS;
    uint64_t from = at + start_option_number("settle", 0) * NS_PER_MS;
    uint64_t until = from + start_option_number("span", 1000) * NS_PER_MS;
    uint64_t jobs = 0;
    uint64_t now;
    hist_reset(&dispatch);
    wait_for_all(at);
    do {
        at += random_exponential(&arrivals, gap);
        bool asleep = time_system().n < at;
        if (asleep)
            time_sleep_until(NS(at));
        now = time_system().n;
        if (asleep && now >= from && now < until)
            hist_record(&dispatch, now - at);
        work_pieces(pieces);
        now = time_system().n;
        jobs += now >= from && now < until;
    } while (now < until);

    result_begin();
    result_number("jobs", jobs);
    result_number("elapsed", until - from);
    result_number("clock", clock_cost());
    result_hist("dispatch", &dispatch);
    result_end();
}
