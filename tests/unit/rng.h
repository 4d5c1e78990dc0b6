/* SPDX-License-Identifier: MIT */
/*
 * Repeatable pseudo-random numbers for tests: splitmix64 (G. Steele, D. Lea, C. Flood, "Fast
 * Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 17). Every test names its seed.
 */
#ifndef TESTS_UNIT_RNG_H
#define TESTS_UNIT_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static inline struct rng rng_seeded(uint64_t seed)
{
    return (struct rng){.state = rng_mix(seed)};
}

static inline uint64_t rng_next(struct rng *rng)
{
    return rng_mix(rng->state += 0x9e3779b97f4a7c15ULL);
}

/* 0..limit-1; limit > 0. The bias is below limit/2^32, which no test here can see. */
static inline uint32_t rng_below(struct rng *rng, uint32_t limit)
{
    return (uint32_t)(((rng_next(rng) >> 32) * limit) >> 32);
}

/* 1..limit, and half of the time at most 4: small batches are where the corners are. */
static inline uint32_t rng_batch(struct rng *rng, uint32_t limit)
{
    if (limit > 4 && rng_below(rng, 2) != 0)
        limit = 4;
    return 1 + rng_below(rng, limit);
}

static inline bool rng_one_in(struct rng *rng, uint32_t n)
{
    return rng_below(rng, n) == 0;
}

#endif
