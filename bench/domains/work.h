/* SPDX-License-Identifier: MIT */
/* Work of so many ns, in pieces that are timed first. */
#ifndef BENCH_DOMAINS_WORK_H
#define BENCH_DOMAINS_WORK_H

#include "guest/time.h"

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
#define WORK_PIECE 200U
#define WORK_PIECES_TIMED 256U
#define WORK_TIMINGS 9U

static inline void work_pieces(uint64_t n)
{
    for (; n > 0; n--)
        asm volatile(".rept %c0; nop; .endr" : : "i"(WORK_PIECE));
}

/* ns of WORK_PIECES_TIMED of them: the least, because what interrupts can only add. */
static inline uint64_t work_time(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < WORK_TIMINGS; i++) {
        uint64_t begin = time_system().n;
        work_pieces(WORK_PIECES_TIMED);
        uint64_t took = time_system().n - begin;
        least = took < least ? took : least;
    }
    return least > 0 ? least : 1;
}

/* How many pieces take so many ns, to the nearest. */
static inline uint64_t work_of(uint64_t ns, uint64_t timed)
{
    return (ns * WORK_PIECES_TIMED + timed / 2) / timed;
}

#endif
