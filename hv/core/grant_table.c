/* SPDX-License-Identifier: MIT */
#include "hv/core/grant_table.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/audit.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_mapping.h"
#include "hv/core/grant_ops.h"
#include "hv/core/hypercall.h"
#include "hv/core/option.h"

#define FRAMES_MAX 4096
static uint64_t frames_allowed = 64;
OPTION_NUMBER("gnttab_max_frames", frames_allowed, 1, FRAMES_MAX,
              "frames that a domain's grant table may have, of 512 entries each");

#define MAPPING_FRAMES_MAX 65536
static uint64_t mapping_frames_allowed = 1024;
OPTION_NUMBER("gnttab_max_maptrack_frames", mapping_frames_allowed, 1, MAPPING_FRAMES_MAX,
              "frames for the mappings that a domain has of others' grants, 256 each");

#define GRANTS_ORDER order_of(GRANTS_PER_FRAME * sizeof(struct grant) >> PAGE_SHIFT)

static unsigned order_of_bytes(uint64_t bytes)
{
    return order_of(round_up(bytes, PAGE_SIZE) >> PAGE_SHIFT);
}

static unsigned table_order(uint32_t frames_max)
{
    return order_of_bytes(sizeof(struct grant_table) + frames_max * sizeof(struct grant_frame));
}

static unsigned list_order(uint32_t mapping_frames_max)
{
    return order_of_bytes(mapping_frames_max * sizeof(struct mapping *));
}

static bool grow_by_one(struct domain *d, struct grant_table *t)
{
    struct grant_frame *f = &t->frames[t->n_frames];
    f->shared = domain_share_page(d);
    if (f->shared == NULL)
        return false;
    f->grants = heap_alloc_mapped(GRANTS_ORDER);
    if (f->grants == NULL) {
        domain_unshare_page(f->shared);
        return false;
    }
    for (uint32_t i = 0; i < GRANTS_PER_FRAME; i++)
        lock_init(&f->grants[i].lock, LOCK_GRANT, t->n_frames * GRANTS_PER_FRAME + i);
    __atomic_store_n(&t->n_frames, t->n_frames + 1, __ATOMIC_RELEASE);
    return true;
}

int grant_table_grow(struct domain *d, uint32_t n)
{
    struct grant_table *t = d->grants;
    bool grown = true;
    lock(&t->lock);
    while (grown && t->n_frames < n)
        grown = grow_by_one(d, t);
    unlock(&t->lock);
    return grown ? 0 : -XEN_ENOMEM;
}

static uint32_t maximum(int32_t wanted, uint64_t allowed)
{
    return wanted == GRANT_FRAMES_DEFAULT ? (uint32_t)allowed : (uint32_t)wanted;
}

bool grant_table_allowed(int32_t frames_max, int32_t mapping_frames_max)
{
    uint32_t frames = maximum(frames_max, frames_allowed);
    return frames != 0 && frames <= frames_allowed &&
           maximum(mapping_frames_max, mapping_frames_allowed) <= mapping_frames_allowed;
}

int grant_table_create(struct domain *d, int32_t frames_max, int32_t mapping_frames_max)
{
    uint32_t frames = maximum(frames_max, frames_allowed);
    uint32_t mapping_frames = maximum(mapping_frames_max, mapping_frames_allowed);
    ASSERT(grant_table_allowed(frames_max, mapping_frames_max));
    struct grant_table *t = heap_alloc_mapped(table_order(frames));
    if (t == NULL)
        return -XEN_ENOMEM;
    lock_init(&t->lock, LOCK_GRANTS, 0);
    lock_init(&t->mapping_lock, LOCK_MAPPINGS, 0);
    t->domain = d;
    t->frames_max = frames;
    t->mapping_frames_max = mapping_frames;
    t->first_free = MAPPING_NONE;
    t->mappings = heap_alloc_mapped(list_order(mapping_frames));
    d->grants = t;
    if (t->mappings != NULL && grant_table_grow(d, 1) == 0)
        return 0;
    if (t->mappings != NULL)
        heap_free_mapped(t->mappings, list_order(mapping_frames));
    heap_free_mapped(t, table_order(frames));
    d->grants = NULL;
    return -XEN_ENOMEM;
}

int grant_table_release_mappings(struct domain *d)
{
    struct grant_table *t = d->grants;
    for (struct mapping *m; (m = mapping_of(t, t->released)) != NULL; t->released++) {
        /* None is ending: no vcpu is in the middle of it. */
        uint32_t kinds = mapping_end_begin(m, MAPPING_KINDS);
        if (kinds == MAPPING_NONE)
            continue;
        grant_mapping_finish(d, m, t->released, kinds);
        if (preempt_needed()) {
            t->released++;
            return -XEN_ERESTART;
        }
    }
    return 0;
}

void grant_table_destroy(struct domain *d)
{
    struct grant_table *t = d->grants;
    for (uint32_t i = 0; i < t->n_frames; i++) {
        domain_unshare_page(t->frames[i].shared);
        heap_free_mapped(t->frames[i].grants, GRANTS_ORDER);
    }
    for (uint32_t i = 0; i < t->n_mapping_frames; i++)
        heap_free_mapped(t->mappings[i], 0);
    heap_free_mapped(t->mappings, list_order(t->mapping_frames_max));
    heap_free_mapped(t, table_order(t->frames_max));
    d->grants = NULL;
}

bool grant_table_holds(const struct grant_table *t, mfn_t m)
{
    for (uint32_t i = 0; i < t->n_frames; i++) {
        if (mfn_eq(arch_heap_mfn(t->frames[i].shared), m))
            return true;
    }
    return false;
}

void grant_table_audit(const struct domain *d)
{
    const struct grant_table *t = d->grants;
    for (uint32_t i = 0; i < t->n_frames; i++)
        audit_count(arch_heap_mfn(t->frames[i].shared), true);
    const struct mapping *m;
    for (uint32_t handle = 0; (m = mapping_of(t, handle)) != NULL; handle++) {
        if (m->state & GNTMAP_device_map)
            audit_count(grant_frame(m->granter->grants, m->ref),
                        !(mapping_flags(m) & GNTMAP_readonly));
    }
}
