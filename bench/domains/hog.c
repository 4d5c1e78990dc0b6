/* SPDX-License-Identifier: MIT */
/*
 * Computes, and with run=MS knows when: it looks at the clock again and again, and where more time
 * went by than what it did in between takes, somebody else had the processor. No other domain is
 * woken for that, which schedulers would not take as nothing. After `run` ms it says
 *
 *     begin   when it began, ns since the hypervisor's start
 *     runs    how long it ran, then how long it did not, then how long it ran, ..., in ns; exact to
 * a piece of what it does (bench/domains/piece.h)
 *
 * and ends; without run= it computes without end.
 */
#include "bench/domains/piece.h"
#include "bench/domains/result.h"
#include "guest/power.h"
#include "guest/start.h"

#define RUNS_MAX 16384U

static uint64_t runs[RUNS_MAX];

static void run(uint64_t length)
{
    uint64_t alone = piece_time() + PIECE_OTHERS_AT_LEAST;
    uint64_t begin = time_system().n;
    uint64_t from = begin;
    uint64_t last = begin;
    unsigned count = 0;
    while (last - begin < length) {
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
    uint64_t length = start_option_number("run", 0) * NS_PER_MS;
    if (length > 0)
        run(length);
    else
        for (;;)
            piece_compute();
}
