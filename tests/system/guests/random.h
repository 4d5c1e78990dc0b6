/* SPDX-License-Identifier: MIT */
/* Random numbers for the random workloads: a generator each vcpu, from a seed. */
#ifndef TESTS_SYSTEM_GUESTS_RANDOM_H
#define TESTS_SYSTEM_GUESTS_RANDOM_H

#include "guest/vcpu.h"

/* Set by who begins: any value will do. */
extern uint64_t random_states[VCPU_MAX];

/* splitmix64 (Steele, Lea, Flood 2014) */
static inline uint64_t draw(void)
{
    uint64_t z = random_states[vcpu_self()->id] += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t below(uint64_t n)
{
    return draw() % n;
}

static inline bool one_in(unsigned n)
{
    return below(n) == 0;
}

#endif
