/* SPDX-License-Identifier: MIT */
/*
 * Computes without end, or until a given time, and then says when: it looks at the clock again and
 * again, and where more time went by than what it did in between takes, somebody else had the
 * processor. No other domain is woken for that, which schedulers would not take as nothing.
 *
 *   at=MS      when it begins, of the hypervisor's time; 0: when it is started
 *   nth=N      and so many us later: all begin at once and in this order, as the simulator's do
 *   until=MS   when it ends; 0: never
 *
 *     begin   when it first ran, ns
 *     runs    how long it ran, then how long it did not, then how long it ran, ..., in ns; exact to
 *             a piece of what it does (bench/domains/piece.h)
 */
#include "bench/domains/piece.h"
#include "bench/domains/result.h"
#include "bench/domains/together.h"
#include "guest/power.h"
#include "guest/start.h"

#define RUNS_MAX 16384U

static uint64_t runs[RUNS_MAX];

static void run(uint64_t alone, uint64_t until)
{
    uint64_t begin = time_system().n;
    uint64_t from = begin;
    uint64_t last = begin;
    unsigned count = 0;
    while (last < until) {
        piece_compute();
        uint64_t now = time_system().n;
        if (now - last > alone) {
            if (count + 3 > RUNS_MAX)
                power_panic("the processor was taken away more than %u times", RUNS_MAX / 2);
            runs[count++] = last - from;
            runs[count++] = now - last;
            from = now;
        }
        last = now;
    }
    runs[count++] = last - from;
    result_begin();
    result_number("begin", begin);
    result_list("runs", runs, count);
    result_end();
}

void guest_main(void)
{
    uint64_t at = start_option_number("at", 0) * NS_PER_MS;
    uint64_t until = start_option_number("until", 0) * NS_PER_MS;
    uint64_t alone = piece_time() + PIECE_OTHERS_AT_LEAST;
    if (at > 0)
        wait_for_all(at + start_option_number("nth", 0) * NS_PER_US);
    if (until > 0)
        run(alone, until);
    else
        for (;;)
            piece_compute();
}
