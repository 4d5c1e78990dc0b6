/* SPDX-License-Identifier: MIT */
#include "hv/core/lock_check.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/lock.h"

static const struct {
    const char *name;
    bool irq;
} ranks[LOCK_RANKS] = {
    [LOCK_UNRANKED] = {"a lock without a rank", false},
#define LOCK_PLAIN(id, name_) [LOCK_##id] = {name_, false},
#define LOCK_IRQ(id, name_) [LOCK_##id] = {name_, true},
#include "hv/core/lock_ranks.def"
#undef LOCK_PLAIN
#undef LOCK_IRQ
};

#define HELD_MAX (CPUS_MAX + LOCK_RANKS) /* all run queues, and one of each other rank */

/* Changed with interrupts off: handlers take and give back theirs in between. */
static struct {
    struct held {
        const void *lock;
        struct lock_place place;
    } locks[HELD_MAX];
    uint32_t n;
} cacheline_aligned held[CPUS_MAX];

static bool booted;
static bool over; /* a panic is under way, whose locks are nobody's business */

void lock_check_interrupts(void)
{
    booted = true;
}

static const char *name_of(struct held h)
{
    return ranks[h.place.rank].name;
}

#define VIOLATION(...)      \
    do {                    \
        over = true;        \
        panic(__VA_ARGS__); \
    } while (0)

static void check_interrupts(struct held l, bool on)
{
    if (l.place.rank == LOCK_UNRANKED)
        VIOLATION("lock %p has no rank", l.lock);
    if (ranks[l.place.rank].irq && on)
        VIOLATION("%s %p is taken with interrupts on", name_of(l), l.lock);
    if (!ranks[l.place.rank].irq && !on && booted)
        VIOLATION("%s %p is taken with interrupts off", name_of(l), l.lock);
}

static void check_order(struct held l, struct held h)
{
    if (l.lock == h.lock)
        VIOLATION("%s %p is taken twice", name_of(l), l.lock);
    bool behind =
        l.place.rank > h.place.rank || (l.place.rank == h.place.rank && l.place.key > h.place.key);
    if (!behind)
        VIOLATION("%s %p (key 0x%lx) is taken while %s %p (key 0x%lx) is held", name_of(l), l.lock,
                  l.place.key, name_of(h), h.lock, h.place.key);
}

static void take(struct held l)
{
    if (over)
        return;
    bool on = arch_irq_save();
    uint32_t here = arch_cpu_id();
    check_interrupts(l, on);
    for (uint32_t i = 0; i < held[here].n; i++)
        check_order(l, held[here].locks[i]);
    ASSERT(held[here].n < HELD_MAX);
    held[here].locks[held[here].n++] = l;
    arch_irq_restore(on);
}

void lock_check_place(struct lock *l, enum lock_rank rank, uint64_t key)
{
    l->place = (struct lock_place){rank, key};
}

void lock_check_take(const struct lock *l)
{
    take((struct held){l, l->place});
}

void lock_check_take_word(const uint32_t *word, enum lock_rank rank)
{
    take((struct held){word, {rank, (uint64_t)word}});
}

void lock_check_give(const void *l)
{
    if (over)
        return;
    bool on = arch_irq_save();
    uint32_t here = arch_cpu_id();
    uint32_t i = 0;
    while (i < held[here].n && held[here].locks[i].lock != l)
        i++;
    if (i == held[here].n)
        VIOLATION("lock %p is given back by CPU %u, which does not hold it", l, here);
    for (held[here].n--; i < held[here].n; i++)
        held[here].locks[i] = held[here].locks[i + 1];
    arch_irq_restore(on);
}

void lock_check_none(void)
{
    uint32_t here = arch_cpu_id();
    if (!over && held[here].n != 0)
        VIOLATION("%s %p is still held where none may be", name_of(held[here].locks[0]),
                  held[here].locks[0].lock);
}
