/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op: operations on whole tables, and the way to those on single grants, which come as
 * arrays and are continued at the element that was not done yet.
 *
 * Tables are of version 1 only, as on a Xen that is started with gnttab=max-ver:1.
 */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_ops.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

/* Above the command: where a cache_flush is continued, an entry's number. */
#define COMMAND_BITS 12
#define COMMAND_MASK ((1U << COMMAND_BITS) - 1)

#define VERSION 1

/* Whose table: one's own, or with the privilege another's. The caller gets a reference. */
static int table_owner(uint16_t id, struct domain **d)
{
    const struct domain *self = current_vcpu()->domain;
    *d = domain_get(id == DOMID_SELF ? self->id : id);
    if (*d == NULL)
        return GNTST_bad_domain;
    if (*d == self || self->privileged)
        return GNTST_okay;
    domain_put(*d);
    return GNTST_permission_denied;
}

static long give_status(vaddr_t at, size_t offset, int status)
{
    int16_t s = (int16_t)status;
    return copy_to_guest(vaddr(at.a + offset), &s, sizeof(s)) ? 0 : -XEN_EFAULT;
}

/* ---- whole tables */

static int setup_frames(struct domain *d, const struct gnttab_setup_table *op)
{
    if (op->nr_frames > d->grants->frames_max || grant_table_grow(d, op->nr_frames) != 0)
        return GNTST_general_error;
    for (uint32_t i = 0; i < op->nr_frames; i++) {
        xen_pfn_t m = arch_heap_mfn(d->grants->frames[i].shared).n;
        if (!copy_element_to_guest(guest_handle(op->frame_list), i, &m, sizeof(m)))
            return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

static long setup_table(vaddr_t at)
{
    struct gnttab_setup_table op;
    struct domain *d;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    int status = table_owner(op.dom, &d);
    if (status == GNTST_okay) {
        status = setup_frames(d, &op);
        domain_put(d);
    }
    return give_status(at, offsetof(struct gnttab_setup_table, status), status);
}

static long query_size(vaddr_t at)
{
    struct gnttab_query_size op;
    struct domain *d;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    op.status = (int16_t)table_owner(op.dom, &d);
    if (op.status == GNTST_okay) {
        op.nr_frames = __atomic_load_n(&d->grants->n_frames, __ATOMIC_RELAXED);
        op.max_nr_frames = d->grants->frames_max;
        domain_put(d);
    }
    return copy_to_guest(at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
}

/* There are none in version 1. */
static long get_status_frames(vaddr_t at)
{
    struct gnttab_get_status_frames op;
    struct domain *d;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    int status = table_owner(op.dom, &d);
    if (status == GNTST_okay) {
        domain_put(d);
        if (op.nr_frames != 0)
            status = GNTST_general_error;
    }
    return give_status(at, offsetof(struct gnttab_get_status_frames, status), status);
}

static long set_version(vaddr_t at)
{
    struct gnttab_set_version op;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    long rc = op.version == VERSION ? 0 : op.version == 2 ? -XEN_ENOSYS : -XEN_EINVAL;
    op.version = VERSION;
    return copy_to_guest(at, &op, sizeof(op)) ? rc : -XEN_EFAULT;
}

static long get_version(vaddr_t at)
{
    struct gnttab_get_version op;
    struct domain *d;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    switch (table_owner(op.dom, &d)) {
    case GNTST_okay:
        domain_put(d);
        op.version = VERSION;
        return copy_to_guest(at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
    case GNTST_permission_denied:
        return -XEN_EPERM;
    default:
        return -XEN_ESRCH;
    }
}

/* ---- the rest that is not in files of its own */

long grant_swap_ref(struct vcpu *v, vaddr_t at, uint32_t n)
{
    for (; n != 0; n--, at.a += sizeof(struct gnttab_swap_grant_ref)) {
        struct gnttab_swap_grant_ref op;
        if (!copy_from_guest(&op, at, sizeof(op)))
            return -XEN_EFAULT;
        int status = grant_swap(v->domain->grants, op.ref_a, op.ref_b);
        if (give_status(at, offsetof(struct gnttab_swap_grant_ref, status), status) != 0)
            return -XEN_EFAULT;
    }
    return 0;
}

/* Does the domain use this memory, as its own or by a grant? Looks at a part of its owner's
 * entries: -XEN_ERESTART, and *ref is where to go on. */
static int check_in_use(const struct domain *d, mfn_t m, uint32_t *ref)
{
    int64_t count = frame_count_now(frame_of(m));
    if (count_is_of(count, d))
        return 0;
    struct domain *owner = count < 0 ? NULL : domain_get((uint16_t)count);
    if (owner == NULL)
        return -XEN_EPERM;
    int rc = grant_find(owner->grants, d->id, m, ref);
    domain_put(owner);
    return rc;
}

static long cache_flush_one(struct vcpu *v, vaddr_t at, uint32_t *ref)
{
    const uint32_t both = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL;
    struct gnttab_cache_flush op;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    if (op.offset >= PAGE_SIZE || (unsigned)op.offset + op.length > PAGE_SIZE || (op.op & ~both))
        return -XEN_EINVAL;
    if (op.length == 0 || op.op == 0)
        return 0;
    mfn_t m = paddr_to_mfn(op.a.dev_bus_addr);
    if (!mfn_valid(m))
        return -XEN_EINVAL;
    long rc = check_in_use(v->domain, m, ref);
    if (rc != 0)
        return rc;
    *ref = 0;
    /* This processor's caches cannot forget without writing back. */
    if (op.op == GNTTAB_CACHE_INVAL)
        return -XEN_EOPNOTSUPP;
    arch_cache_write_back(m, op.offset, op.length);
    return 0;
}

static long cache_flush(struct vcpu *v, uint32_t ref, vaddr_t at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, at.a += sizeof(struct gnttab_cache_flush)) {
        long rc;
        do {
            if ((i != 0 || ref != 0) && preempt_needed_of(v))
                return hypercall_continue(__HYPERVISOR_grant_table_op, 3,
                                          (uint64_t)(GNTTABOP_cache_flush | ref << COMMAND_BITS),
                                          at.a, (uint64_t)(n - i));
            rc = cache_flush_one(v, at, &ref);
        } while (rc == -XEN_ERESTART);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- */

typedef long grant_fn(struct vcpu *v, vaddr_t at, uint32_t n);

static inline __attribute__((always_inline)) long
each(struct vcpu *v, unsigned op, vaddr_t at, uint32_t n, size_t size, uint32_t batch, grant_fn *fn)
{
    for (uint32_t done = 0; done < n;) {
        if (unlikely(done != 0 && preempt_needed_of(v)))
            return hypercall_continue(__HYPERVISOR_grant_table_op, 3, (uint64_t)op,
                                      at.a + done * size, (uint64_t)(n - done));
        uint32_t now = min(n - done, batch);
        long rc = fn(v, vaddr(at.a + done * size), now);
        if (unlikely(rc != 0))
            return rc;
        done += now;
    }
    return 0;
}

static long one(uint32_t n, vaddr_t at, long (*fn)(vaddr_t at))
{
    return n == 1 ? fn(at) : -XEN_EINVAL;
}

#define EACH(type, batch, fn) each(v, op, at, n, sizeof(struct type), batch, fn)

static __attribute__((noinline)) long any_number(struct vcpu *v, uint32_t command, vaddr_t at,
                                                 uint32_t n)
{
    unsigned op = command & COMMAND_MASK;
    uint32_t ref = command >> COMMAND_BITS;
    if ((int32_t)n < 0 || (ref != 0 && op != GNTTABOP_cache_flush))
        return -XEN_EINVAL;
    switch (op) {
    case GNTTABOP_map_grant_ref:
        return EACH(gnttab_map_grant_ref, 1, grant_map);
    case GNTTABOP_unmap_grant_ref:
        return EACH(gnttab_unmap_grant_ref, GRANT_BATCH, grant_unmap);
    case GNTTABOP_copy:
        return EACH(gnttab_copy, 1, grant_copy);
    case GNTTABOP_transfer:
        return EACH(gnttab_transfer, GRANT_BATCH, grant_transfer);
    case GNTTABOP_unmap_and_replace:
        return EACH(gnttab_unmap_and_replace, GRANT_BATCH, grant_unmap_and_replace);
    case GNTTABOP_swap_grant_ref:
        return EACH(gnttab_swap_grant_ref, 1, grant_swap_ref);
    case GNTTABOP_cache_flush:
        return cache_flush(v, ref, at, n);
    case GNTTABOP_setup_table:
        return one(n, at, setup_table);
    case GNTTABOP_query_size:
        return one(n, at, query_size);
    case GNTTABOP_get_status_frames:
        return one(n, at, get_status_frames);
    case GNTTABOP_set_version:
        return set_version(at);
    case GNTTABOP_get_version:
        return get_version(at);
    default:
        return -XEN_ENOSYS;
    }
}

/* One of what is done for each request of a device has the shortest way. */
long do_grant_table_op(uint64_t command, uint64_t ops, uint64_t count)
{
    struct vcpu *v = current_vcpu();
    if (likely((uint32_t)count == 1)) {
        switch ((uint32_t)command) {
        case GNTTABOP_map_grant_ref:
            return grant_map(v, vaddr(ops), 1);
        case GNTTABOP_unmap_grant_ref:
            return grant_unmap(v, vaddr(ops), 1);
        case GNTTABOP_copy:
            return grant_copy(v, vaddr(ops), 1);
        default:
            break;
        }
    }
    return any_number(v, (uint32_t)command, vaddr(ops), (uint32_t)count);
}
