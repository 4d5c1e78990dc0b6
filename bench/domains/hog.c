/* SPDX-License-Identifier: MIT */
/*
 * Computes, and with run=MS knows when: it looks at the clock again and again, and where more time
 * went by than what it did in between takes, somebody else had the processor. No other domain is
 * woken for that, which schedulers would not take as nothing. After `run` ms it says
 *
 *     begin   when it began, ns since the hypervisor's start
 *     runs    how long it ran, then how long it did not, then how long it ran, ..., in ns; exact to
 * a piece of what it does, PIECE instructions
 *
 * and ends; without run= it computes without end.
 */
#include "bench/domains/result.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/time.h"

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
#define STRETCH 400U
#define STRETCHES 10U
#define PIECE (STRETCH * STRETCHES)

/* A switch to another domain and back is longer, an interrupt of the hypervisor's own is not. */
#define OTHERS_AT_LEAST 5000U /* ns beyond what a piece takes */

#define TIMINGS 64U
#define RUNS_MAX 16384U

static uint64_t runs[RUNS_MAX];

static void compute(void)
{
    for (unsigned i = 0; i < STRETCHES; i++)
        asm volatile(".rept %c0; nop; .endr" : : "i"(STRETCH));
}

/* What a piece and a look at the clock take: the least, because what interrupts can only add. */
static uint64_t time_piece(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < TIMINGS; i++) {
        uint64_t begin = time_system().n;
        compute();
        uint64_t took = time_system().n - begin;
        least = took < least ? took : least;
    }
    return least;
}

static void run(uint64_t length)
{
    uint64_t alone = time_piece() + OTHERS_AT_LEAST;
    uint64_t begin = time_system().n;
    uint64_t from = begin;
    uint64_t last = begin;
    unsigned count = 0;
    while (last - begin < length) {
        compute();
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
            compute();
}
