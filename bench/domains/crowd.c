/* SPDX-License-Identifier: MIT */
/*
 * One of many domains that begin a given amount of work at the same time: what all of them lose to
 * each other is what the last one ends late by.
 *
 *   at=MS      when they begin, of the hypervisor's time
 *   work=MS    how long the work takes alone
 *   until=MS   when it says what it measured: nobody is computing any more
 *
 *     alone    ns that the work takes alone
 *     end      when it was done, ns
 *     turns    how often the domain was given the processor to do it
 */
#include "bench/domains/piece.h"
#include "bench/domains/result.h"
#include "bench/domains/together.h"
#include "guest/start.h"

/* Of which the work is a multiple: so many pieces are timed in one go, the least of so many times,
 * because what interrupts can only add. */
#define LOT_PIECES 64U
#define LOTS_TIMED 16U

/* The same code is timed and measured. Gives back when it was over. */
static __attribute__((noinline)) uint64_t work(uint64_t lots, uint64_t most, uint64_t *turns)
{
    uint64_t last = time_system().n;
    for (uint64_t i = 0; i < lots * LOT_PIECES; i++) {
        piece_compute();
        uint64_t now = time_system().n;
        *turns += now - last > most;
        last = now;
    }
    return last;
}

static uint64_t least_time(uint64_t lots, uint64_t most)
{
    uint64_t least = UINT64_MAX;
    uint64_t turns = 0;
    for (unsigned i = 0; i < LOTS_TIMED; i++) {
        uint64_t begin = time_system().n;
        uint64_t took = work(lots, most, &turns) - begin;
        least = took < least ? took : least;
    }
    return least;
}

/* What is there once, however many lots there are, is not of a lot. */
static uint64_t lot_time(uint64_t most)
{
    return least_time(2, most) - least_time(1, most);
}

static uint64_t option_ns(const char *name)
{
    return start_option_number(name, 0) * NS_PER_MS;
}

void guest_main(void)
{
    uint64_t at = option_ns("at");
    uint64_t most = piece_time() + PIECE_OTHERS_AT_LEAST;
    uint64_t lot = lot_time(most);
    uint64_t lots = option_ns("work") / lot;
    uint64_t turns = 1;
    wait_for_all(at);
    uint64_t end = work(lots, most, &turns);
    time_sleep_until(NS(option_ns("until")));
    result_begin();
    result_number("alone", lots * lot);
    result_number("end", end);
    result_number("turns", turns);
    result_end();
}
