/* SPDX-License-Identifier: MIT */
/*
 * The mappings that a domain has of others' grants, by handle.
 *
 * A mapping is for the domain's processors, at an address, or for devices, or for both. It ends
 * kind by kind, and each in two steps: begun, which keeps anybody else from ending the same; and
 * ended, when no processor knows it any more. The mapping is free when neither kind is left.
 */
#ifndef HV_GRANT_MAPPING_H
#define HV_GRANT_MAPPING_H

#include "hv/core/grant_table.h"

#define MAPPING_NONE UINT32_MAX
#define MAPPING_ENDING_SHIFT 8
#define MAPPING_KINDS ((uint32_t)(GNTMAP_host_map | GNTMAP_device_map))

struct mapping {
    struct domain *granter; /* with a reference */
    uint32_t ref;           /* while it is free: the handle of the next that is */
    uint32_t state;         /* atomic: GNTMAP_*; kinds that end are << 8 */
};
_Static_assert(sizeof(struct mapping) == 16, "256 a frame");

/* For a mapping that is about to be made: its handle is in *handle. NULL: all are in use. */
struct mapping *mapping_alloc(struct grant_table *t, uint32_t *handle);

/* Gives it back: it was not made, or it has ended. */
void mapping_free(struct grant_table *t, struct mapping *m, uint32_t handle);

/* It is there. flags: GNTMAP_*, of which at least one kind. */
static inline void mapping_make(struct mapping *m, struct domain *granter, uint32_t ref,
                                uint32_t flags)
{
    m->granter = granter;
    m->ref = ref;
    __atomic_store_n(&m->state, flags & (MAPPING_KINDS | GNTMAP_readonly | GNTMAP_contains_pte),
                     __ATOMIC_RELEASE);
}

/* NULL: there is no such handle. It may not be in use. */
struct mapping *mapping_of(const struct grant_table *t, uint32_t handle);

/*
 * Of these kinds those that are there begin to end; which is the result. MAPPING_NONE: there are
 * none at all, so that nobody has the handle. Until they have ended, what the mapping says is
 * stable, if there are any.
 */
uint32_t mapping_end_begin(struct mapping *m, uint32_t kinds);

/* They stay. */
void mapping_end_cancel(struct mapping *m, uint32_t kinds);

/* They have ended. true: nothing is left of the mapping: it is the caller's to undo and to free. */
static inline bool mapping_end(struct mapping *m, uint32_t kinds)
{
    const uint32_t any = MAPPING_KINDS | MAPPING_KINDS << MAPPING_ENDING_SHIFT;
    uint32_t state = __atomic_load_n(&m->state, __ATOMIC_RELAXED);
    /* Who ends all that there is has it for himself. */
    return likely((state & any) == kinds << MAPPING_ENDING_SHIFT) ||
           (__atomic_and_fetch(&m->state, ~(kinds << MAPPING_ENDING_SHIFT), __ATOMIC_ACQ_REL) &
            any) == 0;
}

/* As it was made, but for the kinds. */
static inline uint32_t mapping_flags(const struct mapping *m)
{
    return __atomic_load_n(&m->state, __ATOMIC_RELAXED) & (GNTMAP_readonly | GNTMAP_contains_pte);
}

#endif
