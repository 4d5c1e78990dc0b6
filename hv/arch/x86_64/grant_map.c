/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries that map what another domain grants. To the rest of the hypervisor they are
 * entries like any other, of frames of a domain that no hypercall for page tables would take: a
 * guest can do away with one, but not copy it or give it more rights.
 */
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/lock.h"
#include "hv/core/vcpu.h"

#include <xen/grant_table.h>

/* Present, as the kernel's own, not to be executed; A and D as if it had been used. */
#define GRANT_ENTRY (PTE_P | PTE_USER | PTE_A | PTE_D | PTE_NX)
#define AVAILABLE_SHIFT 9

/*
 * The entry of level 1 that an address is translated by, and the one at a machine address, with a
 * reference to its table; mm_lock is held. NULL: there is none in a table that is in use. The table
 * is mapped.
 */
static inline pte_t *entry_of_address(struct vcpu *v, uint64_t address)
{
    mfn_t table;
    pte_t *slot = entry_find(paddr_to_mfn(v->arch.root_kernel), address, &table);
    if (unlikely(slot == NULL) || likely(frame_is(frame_of(table), TYPE_L1)))
        return slot;
    frame_unmap(slot);
    return NULL;
}

static out_of_line pte_t *entry_by_machine(struct vcpu *v, uint64_t where)
{
    mfn_t table = paddr_to_mfn(where);
    if (where % sizeof(pte_t) != 0 || !frame_get(table, v->domain))
        return NULL;
    if (frame_is(frame_of(table), TYPE_L1))
        return (pte_t *)((char *)frame_map(table) + (where & ~PAGE_MASK));
    frame_put(frame_of(table));
    return NULL;
}

static inline pte_t *entry_get(struct vcpu *v, uint64_t where, uint32_t flags)
{
    if (unlikely(flags & GNTMAP_contains_pte))
        return entry_by_machine(v, where);
    return entry_of_address(v, where);
}

static inline void entry_put(pte_t *slot, uint64_t where, uint32_t flags)
{
    frame_unmap(slot);
    if (unlikely(flags & GNTMAP_contains_pte))
        frame_put(frame_of(paddr_to_mfn(where)));
}

/* The entry is still what arch_grant_map() made it, as far as it refers to anything. */
static bool maps(pte_t e, mfn_t m, uint32_t flags)
{
    return (e & PTE_P) && mfn_eq(pte_mfn(e), m) && !(e & PTE_RW) == !!(flags & GNTMAP_readonly);
}

bool arch_grant_map(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m)
{
    struct domain *d = v->domain;
    pte_t old = 0;
    pte_t to = pte_make(
        m, GRANT_ENTRY | (flags & GNTMAP_readonly ? 0 : PTE_RW) |
               ((uint64_t)(flags >> _GNTMAP_guest_avail0) << AVAILABLE_SHIFT & PTE_AVAILABLE));
    lock(&d->mm_lock);
    pte_t *slot = entry_get(v, where, flags);
    if (likely(slot != NULL)) {
        old = l1_exchange(slot, to);
        entry_put(slot, where, flags);
    }
    unlock(&d->mm_lock);
    l1_drop(old);
    return slot != NULL;
}

bool arch_grant_unmap(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m, uint64_t *entry)
{
    struct domain *d = v->domain;
    bool gone = false;
    lock(&d->mm_lock);
    pte_t *slot = entry_get(v, where, flags);
    if (likely(slot != NULL)) {
        gone = maps(*slot, m, flags);
        if (likely(gone))
            *entry = l1_exchange(slot, 0);
        entry_put(slot, where, flags);
    }
    unlock(&d->mm_lock);
    return gone;
}

bool arch_grant_replace(struct vcpu *v, uint64_t where, uint64_t from, uint32_t flags, mfn_t m,
                        uint64_t *entry)
{
    struct domain *d = v->domain;
    bool gone = false;
    if (flags & GNTMAP_contains_pte)
        return false;
    lock(&d->mm_lock);
    pte_t *slot = entry_of_address(v, where);
    pte_t *source = entry_of_address(v, from);
    if (slot != NULL && source != NULL && slot != source) {
        gone = maps(*slot, m, flags);
        if (gone)
            *entry = l1_exchange(slot, l1_exchange(source, 0));
    }
    if (source != NULL)
        frame_unmap(source);
    if (slot != NULL)
        frame_unmap(slot);
    unlock(&d->mm_lock);
    return gone;
}

void arch_grant_entry_put(uint64_t entry)
{
    l1_drop(entry);
}
