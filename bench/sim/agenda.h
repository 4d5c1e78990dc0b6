/* SPDX-License-Identifier: MIT */
/*
 * What happens next: a binary heap of moments, at most one for each slot. A slot's number breaks
 * ties, so order never depends on history.
 *
 * A key is the moment and the slot in one word: comparing two is one instruction, and the heap
 * holds nothing else.
 */
#ifndef BENCH_SIM_AGENDA_H
#define BENCH_SIM_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

#define AGENDA_SLOT_BITS 14U /* 64 CPUs and 10,000 domains */
#define AGENDA_SLOTS (1U << AGENDA_SLOT_BITS)
#define AGENDA_NEVER (1ULL << (64 - AGENDA_SLOT_BITS)) /* 13 days: every moment is before it */

#define AGENDA_ABSENT 0U

struct agenda {
    uint64_t keys[AGENDA_SLOTS + 1]; /* from 1 on: the children of i are 2i and 2i + 1 */
    uint32_t count;
    uint16_t place[AGENDA_SLOTS]; /* of each slot's key; AGENDA_ABSENT: it has none */
};

static inline uint64_t agenda_moment(uint64_t key)
{
    return key >> AGENDA_SLOT_BITS;
}

static inline uint32_t agenda_slot(uint64_t key)
{
    return key & (AGENDA_SLOTS - 1);
}

/* UINT64_MAX: nothing will happen. */
static inline uint64_t agenda_first(const struct agenda *a)
{
    return a->count == 0 ? UINT64_MAX : a->keys[1];
}

static inline void agenda_put(struct agenda *a, uint32_t i, uint64_t key)
{
    a->keys[i] = key;
    a->place[agenda_slot(key)] = (uint16_t)i;
}

/* Place i is free, and key belongs there or nearer to the root. */
static inline void agenda_rise(struct agenda *a, uint32_t i, uint64_t key)
{
    for (; i > 1 && key < a->keys[i / 2]; i /= 2)
        agenda_put(a, i, a->keys[i / 2]);
    agenda_put(a, i, key);
}

/* Place i is free, and key belongs there or further from the root. */
static inline void agenda_sink(struct agenda *a, uint32_t i, uint64_t key)
{
    for (uint32_t child = 2 * i; child <= a->count; child = 2 * i) {
        if (child < a->count && a->keys[child + 1] < a->keys[child])
            child++;
        if (key < a->keys[child])
            break;
        agenda_put(a, i, a->keys[child]);
        i = child;
    }
    agenda_put(a, i, key);
}

static inline void agenda_replace(struct agenda *a, uint32_t i, uint64_t key)
{
    if (i > 1 && key < a->keys[i / 2])
        agenda_rise(a, i, key);
    else
        agenda_sink(a, i, key);
}

static inline void agenda_clear(struct agenda *a, uint32_t slot)
{
    uint32_t i = a->place[slot];
    if (i == AGENDA_ABSENT)
        return;
    a->place[slot] = AGENDA_ABSENT;
    uint64_t last = a->keys[a->count--];
    if (i <= a->count)
        agenda_replace(a, i, last);
}

/* The slot's moment, instead of the one that it had. At or after AGENDA_NEVER: it has none. */
static inline void agenda_set(struct agenda *a, uint32_t slot, uint64_t moment)
{
    if (moment >= AGENDA_NEVER) {
        agenda_clear(a, slot);
        return;
    }
    uint64_t key = moment << AGENDA_SLOT_BITS | slot;
    if (a->place[slot] != AGENDA_ABSENT)
        agenda_replace(a, a->place[slot], key);
    else
        agenda_rise(a, ++a->count, key);
}

#endif
