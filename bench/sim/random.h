/* SPDX-License-Identifier: MIT */
/*
 * Repeatable random numbers, in integers alone: the same on every machine and with every compiler.
 *
 * Generator: splitmix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014, figure 17). A stream belongs to one use by one domain; its start is
 * mixed from seed, domain and use, so streams begin at unrelated places of a period of 2^64.
 *
 * Exponential variates: J. von Neumann's comparison method ("Various techniques used in connection
 * with random digits", 1951). It is exact: no logarithm, no table, no rounding but the last.
 */
#ifndef BENCH_SIM_RANDOM_H
#define BENCH_SIM_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static inline uint64_t random_next(struct random *r)
{
    return random_mix(r->state += 0x9e3779b97f4a7c15ULL);
}

static inline struct random random_stream(uint64_t seed, uint32_t domain, uint32_t use)
{
    uint64_t place = random_mix((uint64_t)domain << 32 | use);
    return (struct random){.state = random_mix(random_mix(seed) + place)};
}

/* x * y / 2^64. The bias against a true uniform number below x is under x / 2^64. */
static inline uint64_t random_scaled(uint64_t x, uint64_t y)
{
    return (uint64_t)(((unsigned __int128)x * y) >> 64);
}

/* 0..limit-1; limit > 0. */
static inline uint64_t random_below(struct random *r, uint64_t limit)
{
    return random_scaled(limit, random_next(r));
}

/*
 * Exponential with that mean, to the nearest ns, and at least 1.
 *
 * A run is u1 > u2 > ... of uniform numbers, as long as it descends. Given u1 = x, it has at least
 * m members with probability x^(m-1)/(m-1)!, and so an odd number of them with probability e^-x.
 * One of odd length gives x as the fraction; each one of even length before it adds 1.
 */
static inline uint64_t random_exponential(struct random *r, uint64_t mean)
{
    for (uint64_t whole = 0;; whole += mean) {
        uint64_t first = random_next(r), last = first, members = 1;
        for (uint64_t u = random_next(r); u < last; u = random_next(r)) {
            last = u;
            members++;
        }
        if (members % 2 == 1) {
            uint64_t low = first * mean;
            uint64_t ns = whole + random_scaled(first, mean) + (low >> 63);
            return ns != 0 ? ns : 1;
        }
    }
}

#endif
