/* SPDX-License-Identifier: MIT */
/*
 * Is the order of locks kept (lock_ranks.def)? Each CPU knows what it holds; whoever takes a lock
 * out of turn, with interrupts as they must not be, twice, or without a rank panics before it could
 * wait for ever, and so does who gives back what it does not hold.
 *
 * In the checked build (HV_LOCK_CHECKS) alone: otherwise this is nothing, and a lock four bytes.
 */
#ifndef HV_LOCK_CHECK_H
#define HV_LOCK_CHECK_H

#include "hv/core/types.h"

enum lock_rank {
    LOCK_UNRANKED,
#define LOCK_PLAIN(id, name) LOCK_##id,
#define LOCK_IRQ(id, name) LOCK_##id,
#include "hv/core/lock_ranks.def"
#undef LOCK_PLAIN
#undef LOCK_IRQ
    LOCK_RANKS
};

struct lock;

#ifdef HV_LOCK_CHECKS

struct lock_place {
    enum lock_rank rank;
    uint64_t key; /* of several of one rank that are held at once: lower ones first */
};
#define LOCK_PLACE struct lock_place place;
#define LOCK_AT(rank_, key_) .place = {rank_, key_},

void lock_check_place(struct lock *l, enum lock_rank rank, uint64_t key);

void lock_check_take(const struct lock *l);
void lock_check_give(const void *l);

/* For a word that is a lock of another kind. Of one rank, the lower address first. */
void lock_check_take_word(const uint32_t *word, enum lock_rank rank);

/* Here this CPU holds none. */
void lock_check_none(void);

/* From now on interrupts are on where nobody has switched them off. */
void lock_check_interrupts(void);

#else

#define LOCK_PLACE
#define LOCK_AT(rank_, key_)

static inline void lock_check_place(struct lock *l, enum lock_rank rank, uint64_t key)
{
    (void)l;
    (void)rank;
    (void)key;
}

static inline void lock_check_take(const struct lock *l)
{
    (void)l;
}

static inline void lock_check_take_word(const uint32_t *word, enum lock_rank rank)
{
    (void)word;
    (void)rank;
}

static inline void lock_check_give(const void *l)
{
    (void)l;
}

static inline void lock_check_none(void)
{
}

static inline void lock_check_interrupts(void)
{
}

#endif

#endif
