/* SPDX-License-Identifier: MIT */
/* map_grant_ref, unmap_grant_ref, unmap_and_replace: mappings of what another domain grants. */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_mapping.h"
#include "hv/core/grant_ops.h"
#include "hv/core/guest_access.h"
#include "hv/core/tlb.h"
#include "hv/core/vcpu.h"

static inline __attribute__((always_inline)) int hold(const struct domain *owner, mfn_t m,
                                                      bool writes)
{
    if (unlikely(!frame_get(m, owner)))
        return GNTST_bad_page;
    if (writes && unlikely(frame_get_writable(frame_of(m)) != 0)) {
        frame_put(frame_of(m));
        return GNTST_general_error;
    }
    return GNTST_okay;
}

int grant_hold(const struct domain *owner, mfn_t m, bool writes)
{
    return hold(owner, m, writes);
}

void grant_let_go(mfn_t m, bool writes)
{
    if (writes)
        frame_put_writable(frame_of(m));
    frame_put(frame_of(m));
}

/* ---- map */

/* What a kind of mapping holds of the frame; that of the processors becomes the entry's. */
static int map_kinds(struct vcpu *v, const struct domain *granter,
                     const struct gnttab_map_grant_ref *op, mfn_t m)
{
    bool writes = !(op->flags & GNTMAP_readonly);
    if (op->flags & GNTMAP_host_map) {
        int rc = hold(granter, m, writes);
        if (unlikely(rc != GNTST_okay))
            return rc;
    }
    if (op->flags & GNTMAP_device_map) {
        int rc = grant_hold(granter, m, writes);
        if (unlikely(rc != GNTST_okay)) {
            if (op->flags & GNTMAP_host_map)
                grant_let_go(m, writes);
            return rc;
        }
    }
    if (!(op->flags & GNTMAP_host_map) || likely(arch_grant_map(v, op->host_addr, op->flags, m)))
        return GNTST_okay;
    grant_let_go(m, writes);
    if (op->flags & GNTMAP_device_map)
        grant_let_go(m, writes);
    return GNTST_general_error;
}

static int map_of(struct vcpu *v, struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = v->domain->grants;
    bool writes = !(op->flags & GNTMAP_readonly);
    mfn_t m;
    uint32_t handle;
    struct mapping *mapping = mapping_alloc(t, &handle);
    if (unlikely(mapping == NULL))
        return GNTST_no_space;
    int rc = grant_pin(granter->grants, op->ref, v->domain->id, GRANT_MAP, writes, &m);
    if (likely(rc == GNTST_okay)) {
        rc = map_kinds(v, granter, op, m);
        if (likely(rc == GNTST_okay)) {
            mapping_make(mapping, granter, op->ref, op->flags);
            op->handle = handle;
            op->dev_bus_addr = mfn_to_paddr(m);
            return GNTST_okay;
        }
        grant_unpin(granter->grants, op->ref, writes);
    }
    mapping_free(t, mapping, handle);
    return rc;
}

static int map(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
    if (unlikely(!(op->flags & MAPPING_KINDS)))
        return GNTST_bad_gntref;
    struct domain *granter = domain_get(op->dom);
    if (unlikely(granter == NULL))
        return GNTST_bad_domain;
    int rc = map_of(v, granter, op);
    if (unlikely(rc != GNTST_okay))
        domain_put(granter); /* else it is the mapping's */
    return rc;
}

__attribute__((noinline)) long grant_map(struct vcpu *v, vaddr_t at, uint32_t n)
{
    /* The results lie together: written in one piece, with the domain beside them. */
    const size_t results = offsetof(struct gnttab_map_grant_ref, dom);
    for (; n != 0; n--, at.a += sizeof(struct gnttab_map_grant_ref)) {
        struct gnttab_map_grant_ref op;
        if (unlikely(!copy_from_guest(&op, at, sizeof(op))))
            return -XEN_EFAULT;
        op.status = (int16_t)map(v, &op);
        if (unlikely(!copy_to_guest(vaddr(at.a + results), (char *)&op + results, 16)))
            return -XEN_EFAULT;
    }
    return 0;
}
_Static_assert(offsetof(struct gnttab_map_grant_ref, dom) + 16 ==
                   sizeof(struct gnttab_map_grant_ref),
               "dom, status, handle, dev_bus_addr");

/* ---- unmap */

struct ending {
    struct mapping *mapping;
    uint32_t handle, kinds;
    uint64_t entry; /* the page-table entry that is no more */
};

static inline __attribute__((always_inline)) void finish(struct domain *d, struct mapping *m,
                                                         uint32_t handle, uint32_t kinds)
{
    struct domain *granter = m->granter;
    uint32_t ref = m->ref;
    bool writes = !(mapping_flags(m) & GNTMAP_readonly);
    if (kinds & GNTMAP_device_map)
        grant_let_go(grant_frame(granter->grants, ref), writes);
    if (mapping_end(m, kinds)) {
        grant_unpin(granter->grants, ref, writes);
        mapping_free(d->grants, m, handle);
        domain_put(granter);
    }
}

void grant_mapping_finish(struct domain *d, struct mapping *m, uint32_t handle, uint32_t kinds)
{
    finish(d, m, handle, kinds);
}

/* replacement: the address of what is to be there instead; 0: nothing. */
static inline int unmap_kinds(struct vcpu *v, const struct mapping *m, uint64_t host_address,
                              uint64_t device_address, uint64_t replacement, struct ending *e)
{
    mfn_t frame = grant_frame(m->granter->grants, m->ref);
    if ((e->kinds & GNTMAP_device_map) && device_address != mfn_to_paddr(frame))
        return GNTST_bad_dev_addr;
    if (!(e->kinds & GNTMAP_host_map))
        return GNTST_okay;
    uint32_t flags = mapping_flags(m);
    bool gone = likely(replacement == 0)
                    ? arch_grant_unmap(v, host_address, flags, frame, &e->entry)
                    : arch_grant_replace(v, host_address, replacement, flags, frame, &e->entry);
    return likely(gone) ? GNTST_okay : GNTST_general_error;
}

/* The mapping is out of the page tables; translations of it are not out of the TLBs yet. */
static inline __attribute__((always_inline)) int unmap_begin(struct vcpu *v, grant_handle_t handle,
                                                             uint64_t host_address,
                                                             uint64_t device_address,
                                                             uint64_t replacement, struct ending *e)
{
    struct mapping *m = mapping_of(v->domain->grants, handle);
    e->kinds = 0;
    if (unlikely(m == NULL))
        return GNTST_bad_handle;
    uint32_t kinds = mapping_end_begin(m, (host_address != 0 ? GNTMAP_host_map : 0) |
                                              (device_address != 0 ? GNTMAP_device_map : 0));
    if (unlikely(kinds == MAPPING_NONE))
        return GNTST_bad_handle;
    if (unlikely(kinds == 0))
        return GNTST_okay;
    e->mapping = m;
    e->handle = handle;
    e->kinds = kinds;
    int rc = unmap_kinds(v, m, host_address, device_address, replacement, e);
    if (unlikely(rc != GNTST_okay)) {
        mapping_end_cancel(m, kinds);
        e->kinds = 0;
    }
    return rc;
}

static inline __attribute__((always_inline)) void unmap_end(struct vcpu *v, const struct ending *e)
{
    if (e->kinds & GNTMAP_host_map)
        arch_grant_entry_put(e->entry);
    if (e->kinds != 0)
        finish(v->domain, e->mapping, e->handle, e->kinds);
}

static void unmap_end_all(struct vcpu *v, const struct ending *endings, uint32_t n)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < n; i++)
        kinds |= endings[i].kinds;
    if (kinds & GNTMAP_host_map)
        tlb_flush_domain(v->domain);
    for (uint32_t i = 0; i < n; i++)
        unmap_end(v, &endings[i]);
}

#define UNMAP_STATUS offsetof(struct gnttab_unmap_grant_ref, handle)
_Static_assert(UNMAP_STATUS + 8 == sizeof(struct gnttab_unmap_grant_ref),
               "handle, status, nothing");

static inline __attribute__((always_inline)) int unmap_begin_at(struct vcpu *v, vaddr_t at,
                                                                struct ending *e)
{
    struct gnttab_unmap_grant_ref op;
    e->kinds = 0;
    if (unlikely(!copy_from_guest(&op, at, sizeof(op))))
        return -XEN_EFAULT;
    op.status = (int16_t)unmap_begin(v, op.handle, op.host_addr, op.dev_bus_addr, 0, e);
    if (unlikely(!copy_to_guest(vaddr(at.a + UNMAP_STATUS), (char *)&op + UNMAP_STATUS, 8)))
        return -XEN_EFAULT;
    return 0;
}

/* Alone, as most come that are not by the dozen: the same without lists. */
static __attribute__((noinline)) long unmap_one(struct vcpu *v, vaddr_t at)
{
    struct ending e;
    int rc = unmap_begin_at(v, at, &e);
    if (likely(e.kinds & GNTMAP_host_map))
        tlb_flush_domain(v->domain);
    unmap_end(v, &e);
    return rc;
}

static __attribute__((noinline)) long unmap_many(struct vcpu *v, vaddr_t at, uint32_t n)
{
    struct ending endings[GRANT_BATCH];
    int rc = 0;
    uint32_t i = 0;
    for (; i < n && rc == 0; i++, at.a += sizeof(struct gnttab_unmap_grant_ref))
        rc = unmap_begin_at(v, at, &endings[i]);
    unmap_end_all(v, endings, i);
    return rc;
}

long grant_unmap(struct vcpu *v, vaddr_t at, uint32_t n)
{
    return likely(n == 1) ? unmap_one(v, at) : unmap_many(v, at, n);
}

long grant_unmap_and_replace(struct vcpu *v, vaddr_t at, uint32_t n)
{
    struct ending endings[GRANT_BATCH];
    const size_t status = offsetof(struct gnttab_unmap_and_replace, handle);
    int rc = 0;
    uint32_t i = 0;
    for (; i < n && rc == 0; i++, at.a += sizeof(struct gnttab_unmap_and_replace)) {
        struct gnttab_unmap_and_replace op;
        if (!copy_from_guest(&op, at, sizeof(op))) {
            rc = -XEN_EFAULT;
            break;
        }
        op.status = (int16_t)unmap_begin(v, op.handle, op.host_addr, 0, op.new_addr, &endings[i]);
        if (!copy_to_guest(vaddr(at.a + status), (char *)&op + status, 8))
            rc = -XEN_EFAULT;
    }
    unmap_end_all(v, endings, i);
    return rc;
}
_Static_assert(offsetof(struct gnttab_unmap_and_replace, handle) + 8 ==
                   sizeof(struct gnttab_unmap_and_replace),
               "handle, status, nothing");
