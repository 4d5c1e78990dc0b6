/* SPDX-License-Identifier: MIT */
#include "hv/core/grant_entry.h"

#include "hv/core/assert.h"

#define PINS_MAX UINT16_MAX

/* A guest that keeps changing an entry gets no more than so many looks. */
#define LOOKS_MAX 5

/* An entry, which is read and marked in one step, as one word. */
_Static_assert(sizeof(struct grant_entry_v1) == sizeof(uint64_t) &&
                   offsetof(struct grant_entry_v1, domid) == 2 &&
                   offsetof(struct grant_entry_v1, frame) == 4,
               "flags, domain and frame, from the lowest bit on");
#define FLAGS(word) ((uint16_t)(word))
#define DOMID(word) ((uint16_t)((word) >> 16))
#define FRAME(word) ((uint32_t)((word) >> 32))

/* NULL: no such entry. */
static struct grant *find(const struct grant_table *t, uint32_t ref, struct grant_entry_v1 **shared)
{
    uint32_t i = ref / GRANTS_PER_FRAME;
    if (unlikely(i >= __atomic_load_n(&t->n_frames, __ATOMIC_ACQUIRE)))
        return NULL;
    *shared = &t->frames[i].shared[ref % GRANTS_PER_FRAME];
    return &t->frames[i].grants[ref % GRANTS_PER_FRAME];
}

uint32_t grant_count(const struct grant_table *t)
{
    return __atomic_load_n(&t->n_frames, __ATOMIC_ACQUIRE) * (uint32_t)GRANTS_PER_FRAME;
}

static bool in_use(const struct grant *g)
{
    return (g->readers | g->writers) != 0;
}

/* Marks the guest's entry as in use, if it grants this; what it says is noted at the first use. */
static inline bool mark(struct grant *g, uint64_t *at, uint16_t grantee, enum grant_use use,
                        bool writes)
{
    /* Of the flags the type decides, and those that forbid. */
    const uint16_t decide = GTF_type_mask | (uint16_t)use | (writes ? GTF_readonly : 0);
    const uint16_t set = GTF_reading | (writes ? GTF_writing : 0);
    uint64_t word = __atomic_load_n(at, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        if (unlikely((FLAGS(word) & decide) != GTF_permit_access || DOMID(word) != grantee))
            return false;
        if (likely(__atomic_compare_exchange_n(at, &word, word | set, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_RELAXED))) {
            if (!in_use(g)) {
                g->frame = FRAME(word);
                g->grantee = grantee;
            }
            return true;
        }
    }
    return false;
}

/* What is marked already needs no look at the guest's entry. */
static inline bool allowed(struct grant *g, struct grant_entry_v1 *shared, uint16_t grantee,
                           enum grant_use use, bool writes)
{
    if (unlikely(in_use(g))) {
        if (g->grantee != grantee || g->readers == PINS_MAX || g->writers == PINS_MAX)
            return false;
        if (!writes || g->writers != 0)
            return true;
    }
    return mark(g, (uint64_t *)shared, grantee, use, writes);
}

int grant_pin(struct grant_table *t, uint32_t ref, uint16_t grantee, enum grant_use use,
              bool writes, mfn_t *frame)
{
    struct grant_entry_v1 *shared;
    struct grant *g = find(t, ref, &shared);
    if (unlikely(g == NULL))
        return GNTST_bad_gntref;
    int rc = GNTST_general_error;
    lock(&g->lock);
    if (likely(allowed(g, shared, grantee, use, writes))) {
        if (writes)
            g->writers++;
        else
            g->readers++;
        *frame = mfn(g->frame);
        rc = GNTST_okay;
    }
    unlock(&g->lock);
    return rc;
}

void grant_unpin(struct grant_table *t, uint32_t ref, bool writes)
{
    struct grant_entry_v1 *shared;
    struct grant *g = find(t, ref, &shared);
    lock(&g->lock);
    uint16_t *pins = writes ? &g->writers : &g->readers;
    ASSERT(*pins != 0);
    --*pins;
    uint16_t gone = (writes && g->writers == 0 ? GTF_writing : 0) | (in_use(g) ? 0 : GTF_reading);
    if (gone != 0)
        __atomic_fetch_and(&shared->flags, (uint16_t)~gone, __ATOMIC_RELEASE);
    unlock(&g->lock);
}

mfn_t grant_frame(const struct grant_table *t, uint32_t ref)
{
    struct grant_entry_v1 *shared;
    return mfn(find(t, ref, &shared)->frame);
}

/* ---- transfers */

bool grant_transfer_commit(struct grant_table *t, uint32_t ref, uint16_t from, uint32_t *pfn)
{
    struct grant_entry_v1 *shared;
    struct grant *g = find(t, ref, &shared);
    if (g == NULL)
        return false;
    lock(&g->lock);
    uint64_t *at = (uint64_t *)shared;
    uint64_t word = __atomic_load_n(at, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        if (FLAGS(word) != GTF_accept_transfer || DOMID(word) != from)
            break;
        if (__atomic_compare_exchange_n(at, &word, word | GTF_transfer_committed, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            *pfn = FRAME(word);
            return true;
        }
    }
    unlock(&g->lock);
    return false;
}

void grant_transfer_complete(struct grant_table *t, uint32_t ref, mfn_t frame)
{
    struct grant_entry_v1 *shared;
    struct grant *g = find(t, ref, &shared);
    /* Who sees that it is complete sees which frame it is. */
    __atomic_store_n(&shared->frame, (uint32_t)frame.n, __ATOMIC_RELAXED);
    __atomic_fetch_or(&shared->flags, GTF_transfer_completed, __ATOMIC_RELEASE);
    unlock(&g->lock);
}

/* ---- */

int grant_swap(struct grant_table *t, uint32_t a, uint32_t b)
{
    struct grant_entry_v1 *shared_a, *shared_b;
    struct grant *first = find(t, min(a, b), &shared_a);
    struct grant *second = find(t, max(a, b), &shared_b);
    if (first == NULL || second == NULL)
        return GNTST_bad_gntref;
    if (first == second)
        return GNTST_okay;
    int rc = GNTST_eagain;
    lock(&first->lock);
    lock(&second->lock);
    if (!in_use(first) && !in_use(second)) {
        uint64_t word = __atomic_load_n((uint64_t *)shared_b, __ATOMIC_RELAXED);
        word = __atomic_exchange_n((uint64_t *)shared_a, word, __ATOMIC_ACQ_REL);
        __atomic_store_n((uint64_t *)shared_b, word, __ATOMIC_RELEASE);
        rc = GNTST_okay;
    }
    unlock(&second->lock);
    unlock(&first->lock);
    return rc;
}

int grant_find(struct grant_table *t, uint16_t grantee, mfn_t frame, uint32_t *ref)
{
    uint32_t end = min(grant_count(t), *ref + (uint32_t)GRANTS_PER_FRAME);
    for (; *ref < end; ++*ref) {
        struct grant_entry_v1 *shared;
        struct grant *g = find(t, *ref, &shared);
        lock(&g->lock);
        bool found = in_use(g) && g->grantee == grantee && g->frame == frame.n;
        unlock(&g->lock);
        if (found)
            return 0;
    }
    return *ref < grant_count(t) ? -XEN_ERESTART : -XEN_EPERM;
}
