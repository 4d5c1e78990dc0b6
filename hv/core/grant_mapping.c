/* SPDX-License-Identifier: MIT */
#include "hv/core/grant_mapping.h"

#include "hv/core/buddy.h"
#include "hv/core/domain.h"

#define PER_FRAME ((uint32_t)(PAGE_SIZE / sizeof(struct mapping)))

struct mapping *mapping_of(const struct grant_table *t, uint32_t handle)
{
    uint32_t i = handle / PER_FRAME;
    if (unlikely(i >= __atomic_load_n(&t->n_mapping_frames, __ATOMIC_ACQUIRE)))
        return NULL;
    return &t->mappings[i][handle % PER_FRAME];
}

/* mapping_lock is held and no handle is free. */
static void grow(struct grant_table *t)
{
    if (t->n_mapping_frames == t->mapping_frames_max)
        return;
    struct mapping *more = heap_alloc_mapped(0);
    if (more == NULL)
        return;
    uint32_t first = t->n_mapping_frames * PER_FRAME;
    for (uint32_t i = 0; i < PER_FRAME; i++)
        more[i].ref = i + 1 < PER_FRAME ? first + i + 1 : MAPPING_NONE;
    __atomic_store_n(&t->domain->maps_others, true, __ATOMIC_SEQ_CST);
    t->mappings[t->n_mapping_frames] = more;
    t->first_free = first;
    __atomic_store_n(&t->n_mapping_frames, t->n_mapping_frames + 1, __ATOMIC_RELEASE);
}

struct mapping *mapping_alloc(struct grant_table *t, uint32_t *handle)
{
    struct mapping *m = NULL;
    lock(&t->mapping_lock);
    if (unlikely(t->first_free == MAPPING_NONE))
        grow(t);
    *handle = t->first_free;
    if (likely(*handle != MAPPING_NONE)) {
        m = mapping_of(t, *handle);
        t->first_free = m->ref;
    }
    unlock(&t->mapping_lock);
    return m;
}

void mapping_free(struct grant_table *t, struct mapping *m, uint32_t handle)
{
    lock(&t->mapping_lock);
    m->ref = t->first_free;
    t->first_free = handle;
    unlock(&t->mapping_lock);
}

uint32_t mapping_end_begin(struct mapping *m, uint32_t kinds)
{
    uint32_t state = __atomic_load_n(&m->state, __ATOMIC_RELAXED);
    uint32_t ending;
    do {
        if (unlikely((state & MAPPING_KINDS) == 0))
            return MAPPING_NONE;
        ending = state & kinds;
    } while (unlikely(!__atomic_compare_exchange_n(
        &m->state, &state, (state & ~ending) | ending << MAPPING_ENDING_SHIFT, true,
        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)));
    return ending;
}

void mapping_end_cancel(struct mapping *m, uint32_t kinds)
{
    uint32_t state = __atomic_load_n(&m->state, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&m->state, &state,
                                        (state & ~(kinds << MAPPING_ENDING_SHIFT)) | kinds, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
}
