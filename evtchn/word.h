/* SPDX-License-Identifier: MIT */
/*
 * Bits in arrays of the guest's words. `bits`, 32 or 64, is a constant where these are called, so
 * that each access is one instruction of the guest's own size.
 */
#ifndef EVTCHN_WORD_H
#define EVTCHN_WORD_H

#include "evtchn_atomic.h"

#define EVTCHN_WORD_FN static inline __attribute__((always_inline))

EVTCHN_WORD_FN uint64_t word_load(const void *words, uint32_t at, uint32_t bits)
{
    return bits == 64 ? evtchn_load((const uint64_t *)words + at)
                      : evtchn_load((const uint32_t *)words + at);
}

/* What was there before. A full barrier. */
EVTCHN_WORD_FN uint64_t word_swap(void *words, uint32_t at, uint64_t value, uint32_t bits)
{
    return bits == 64 ? evtchn_exchange((uint64_t *)words + at, value)
                      : evtchn_exchange((uint32_t *)words + at, (uint32_t)value);
}

EVTCHN_WORD_FN bool word_test(const void *words, uint32_t bit, uint32_t bits)
{
    return (word_load(words, bit / bits, bits) >> bit % bits & 1) != 0;
}

/* Was it set before? Full barriers. */
EVTCHN_WORD_FN bool word_set(void *words, uint32_t bit, uint32_t bits)
{
    return bits == 64 ? evtchn_set_bit((uint64_t *)words + bit / 64, bit % 64)
                      : evtchn_set_bit((uint32_t *)words + bit / 32, bit % 32);
}

EVTCHN_WORD_FN bool word_clear(void *words, uint32_t bit, uint32_t bits)
{
    return bits == 64 ? evtchn_clear_bit((uint64_t *)words + bit / 64, bit % 64)
                      : evtchn_clear_bit((uint32_t *)words + bit / 32, bit % 32);
}

#endif
