/* SPDX-License-Identifier: MIT */
/*
 * Domains by number. A number's slot is looked at under a lock that it shares with every 64th one,
 * and for a few instructions: so finding a domain waits for nobody in general, and one that is in
 * its slot cannot be freed before its last reference has been seen to be gone.
 */
#include "hv/core/arch.h"
#include "hv/core/domain.h"

#define TABLE_LOCKS 64

static struct domain *slots[DOMID_FIRST_RESERVED];
static struct {
    struct lock lock; /* table_lock */
} cacheline_aligned locks[TABLE_LOCKS] = {[0 ... TABLE_LOCKS - 1] = {LOCK(LOCK_TABLE)}};
static uint32_t slots_used; /* slots from here on were never used; atomic */

static struct lock *lock_of(uint16_t id)
{
    return &locks[id % TABLE_LOCKS].lock;
}

bool domain_publish(struct domain *d)
{
    lock(lock_of(d->id));
    bool free = slots[d->id] == NULL;
    if (free)
        __atomic_store_n(&slots[d->id], d, __ATOMIC_RELEASE);
    unlock(lock_of(d->id));
    uint32_t used = __atomic_load_n(&slots_used, __ATOMIC_RELAXED);
    while (used <= d->id && !__atomic_compare_exchange_n(&slots_used, &used, d->id + 1U, true,
                                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    return free;
}

void domain_unpublish(struct domain *d)
{
    lock(lock_of(d->id));
    __atomic_store_n(&slots[d->id], NULL, __ATOMIC_RELAXED);
    unlock(lock_of(d->id));
}

struct domain *domain_get(uint16_t id)
{
    if (id >= DOMID_FIRST_RESERVED)
        return NULL;
    lock(lock_of(id));
    struct domain *d = slots[id];
    if (d != NULL) {
        uint32_t n = __atomic_load_n(&d->references, __ATOMIC_RELAXED);
        while (n != 0 && !__atomic_compare_exchange_n(&d->references, &n, n + 1, true,
                                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            ;
        if (n == 0)
            d = NULL; /* it waits for this lock, to leave */
    }
    unlock(lock_of(id));
    return d;
}

struct domain *domain_get_next(uint16_t id)
{
    uint32_t end = __atomic_load_n(&slots_used, __ATOMIC_ACQUIRE);
    for (uint32_t i = id; i < end; i++) {
        if (__atomic_load_n(&slots[i], __ATOMIC_RELAXED) == NULL)
            continue;
        struct domain *d = domain_get((uint16_t)i);
        if (d != NULL)
            return d;
    }
    return NULL;
}

/* Round and round, so that a number is not given again soon to another domain. */
uint16_t domain_free_id(void)
{
    static uint32_t last;
    for (uint32_t n = 1; n < DOMID_FIRST_RESERVED; n++) {
        uint32_t id = __atomic_load_n(&last, __ATOMIC_RELAXED) + n;
        id = (id - 1) % (DOMID_FIRST_RESERVED - 1) + 1; /* 0 is the control domain's */
        if (__atomic_load_n(&slots[id], __ATOMIC_RELAXED) == NULL) {
            __atomic_store_n(&last, id, __ATOMIC_RELAXED);
            return (uint16_t)id;
        }
    }
    return 0;
}
