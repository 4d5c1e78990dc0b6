/* SPDX-License-Identifier: MIT */
/* Work of known length: a piece of it, with a look at the clock, always takes the same time. */
#ifndef BENCH_DOMAINS_PIECE_H
#define BENCH_DOMAINS_PIECE_H

#include "guest/time.h"

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
#define PIECE_STRETCH 400U
#define PIECE_STRETCHES 10U
#define PIECE_TIMINGS 64U

/* A switch to another domain and back is longer, an interrupt of the hypervisor's own is not. */
#define PIECE_OTHERS_AT_LEAST 5000U /* ns beyond what a piece takes */

static inline void piece_compute(void)
{
    for (unsigned i = 0; i < PIECE_STRETCHES; i++)
        asm volatile(".rept %c0; nop; .endr" : : "i"(PIECE_STRETCH));
}

/* ns of a piece and a look at the clock: the least, because what interrupts can only add. */
static inline uint64_t piece_time(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < PIECE_TIMINGS; i++) {
        uint64_t begin = time_system().n;
        piece_compute();
        uint64_t took = time_system().n - begin;
        least = took < least ? took : least;
    }
    return least;
}

#endif
