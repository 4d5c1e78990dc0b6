/* SPDX-License-Identifier: MIT */
/* mmu_update and update_va_mapping: single entries of page tables. */
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/arch/x86_64/tlb_flush.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/foreign.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"

/* ---- mmu_update */

/* The frame that the last request was about, with a reference: most are about the same table. */
#define NO_TARGET UINT64_MAX
struct target {
    uint64_t n;      /* its number; NO_TARGET without one */
    struct frame *f; /* NULL: none yet */
};

static int target_set(struct target *t, const struct domain *owner, uint64_t n)
{
    if (t->f != NULL)
        frame_put(t->f);
    *t = (struct target){NO_TARGET, NULL};
    if (!frame_get(mfn(n), owner))
        return -XEN_EINVAL;
    *t = (struct target){n, frame_of(mfn(n))};
    return 0;
}

/* Not a table of level 1: another one, or not in use as a table and so memory like any other. */
static out_of_line int update_other(struct vcpu *v, struct table_owner o, struct frame *f,
                                    pte_t *slot, pte_t value, enum entry_write how)
{
    enum frame_type t = frame_type_of(f);
    if (t >= TYPE_L2 && t <= TYPE_L4 && frame_is(f, t))
        return entry_replace(v, o, (unsigned)t - TYPE_L1 + 1, slot, frame_mfn(f), value, how);
    int rc = frame_get_writable(f);
    if (rc == 0) {
        __atomic_store_n(slot, value, __ATOMIC_RELAXED);
        frame_put_writable(f);
    }
    return rc;
}

static inline int update_table(struct vcpu *v, struct table_owner o, struct target *t, uint64_t ptr,
                               pte_t value, enum entry_write how)
{
    uint64_t n = ptr >> PAGE_SHIFT;
    if (unlikely(n != t->n)) {
        int rc = target_set(t, o.tables, n);
        if (unlikely(rc != 0))
            return rc;
    }
    pte_t *slot = (pte_t *)((char *)frame_map(mfn(n)) + (ptr & ~PAGE_MASK));
    int rc = likely(frame_is(t->f, TYPE_L1)) ? l1_replace(o, slot, value, how)
                                             : update_other(v, o, t->f, slot, value, how);
    frame_unmap(slot);
    return rc;
}

static out_of_line int update_m2p(const struct domain *d, uint64_t ptr, uint64_t value)
{
    mfn_t m = paddr_to_mfn(ptr);
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    *m2p_entry(m) = value;
    frame_put(frame_of(m));
    return 0;
}

static inline int update(struct vcpu *v, struct table_owner o, struct target *t,
                         const struct mmu_update *u)
{
    unsigned command = u->ptr & (sizeof(pte_t) - 1);
    uint64_t ptr = u->ptr & ~(sizeof(pte_t) - 1);

    if (likely(command == MMU_NORMAL_PT_UPDATE))
        return update_table(v, o, t, ptr, u->val, ENTRY_SET);
    switch (command) {
    case MMU_PT_UPDATE_NO_TRANSLATE:
        return update_table(v, o, t, ptr, u->val, ENTRY_SET);
    case MMU_PT_UPDATE_PRESERVE_AD:
        return update_table(v, o, t, ptr, u->val, ENTRY_KEEP_AD);
    case MMU_MACHPHYS_UPDATE:
        return o.frames == NULL ? -XEN_EINVAL : update_m2p(o.frames, ptr, u->val);
    default:
        return -XEN_ENOSYS;
    }
}

/* 0, or an error; -XEN_ERESTART: *done of them were done. */
static inline int update_all(struct vcpu *v, struct table_owner o, struct target *t,
                             vaddr_t requests, uint32_t count, uint32_t *done)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mmu_update u;
        if (unlikely(v->stale_table != NULL || (i != 0 && preempt_needed_of(v))))
            return -XEN_ERESTART;
        if (unlikely(!copy_from_guest(&u, requests, sizeof(u))))
            return -XEN_EFAULT;
        int rc = update(v, o, t, &u);
        if (unlikely(rc != 0))
            return rc;
        *done = i + 1;
        requests.a += sizeof(u);
    }
    return v->stale_table == NULL ? 0 : -XEN_ERESTART;
}

static out_of_line void owners_put(struct table_owner o)
{
    domain_put(o.tables);
    if (o.frames != NULL)
        domain_put(o.frames);
}

/* Both domains that `foreign` names: whose frames, DOMID_IO for devices only, and behind bit 16, +
 * 1, whose tables, where only a number is a name. */
static out_of_line int owners_get(uint64_t foreign, struct table_owner *o)
{
    int rc;
    uint16_t frames = (uint16_t)foreign;
    uint16_t tables = (uint16_t)((uint32_t)foreign >> 16);
    if (tables > DOMID_FIRST_RESERVED)
        return -XEN_ESRCH;
    *o = (struct table_owner){
        .tables = foreign_get(tables == 0 ? DOMID_SELF : (uint16_t)(tables - 1), &rc)};
    if (o->tables == NULL)
        return rc;
    if (frames == DOMID_IO)
        return 0;
    o->frames = foreign_get(frames, &rc);
    if (o->frames != NULL)
        return 0;
    domain_put(o->tables);
    return rc;
}

/* So many were done before the call was continued. */
static out_of_line uint32_t done_before(uint64_t count, vaddr_t done)
{
    uint32_t n = 0;
    if ((count & MMU_UPDATE_PREEMPTED) && done.a != 0)
        copy_from_guest(&n, done, sizeof(n));
    return n;
}

static out_of_line long mmu_update_again(uint64_t requests, uint32_t left, uint64_t done_at,
                                         uint64_t foreign)
{
    return hypercall_continue(__HYPERVISOR_mmu_update, 4, requests,
                              (uint64_t)(left | MMU_UPDATE_PREEMPTED), done_at, foreign);
}

static long mmu_update_all(struct vcpu *v, uint64_t requests, uint64_t count, uint64_t done_at,
                           uint64_t foreign)
{
    struct table_owner o = {v->domain, v->domain};
    bool own = (uint32_t)foreign == DOMID_SELF;
    uint32_t n = (uint32_t)count & ~MMU_UPDATE_PREEMPTED;
    uint32_t before =
        unlikely(count & MMU_UPDATE_PREEMPTED) ? done_before(count, vaddr(done_at)) : 0;
    uint32_t done = 0;
    int rc;

    if (unlikely(!own) && (rc = owners_get(foreign, &o)) != 0)
        return rc;
    struct target t = {NO_TARGET, NULL};
    rc = stale_table_finish(v);
    if (likely(rc == 0)) {
        lock(&o.tables->mm_lock);
        rc = update_all(v, o, &t, vaddr(requests), n, &done);
        unlock(&o.tables->mm_lock);
    }
    if (t.f != NULL)
        frame_put(t.f);
    if (unlikely(!own))
        owners_put(o);

    uint32_t all = before + done;
    if (done_at != 0 && unlikely(!copy_to_guest(vaddr(done_at), &all, sizeof(all))) && rc == 0)
        rc = -XEN_EFAULT;
    if (unlikely(rc == -XEN_ERESTART))
        return mmu_update_again(requests + done * sizeof(struct mmu_update), n - done, done_at,
                                foreign);
    return rc;
}

/* One request for an entry of level 1 of the guest's own, as most calls have. 0: done. Otherwise it
 * is something else, or wrong: nothing was changed, and the long way says what it is. */
static inline int mmu_update_one(struct domain *d, uint64_t request)
{
    struct mmu_update u;
    if (unlikely(!copy_from_guest(&u, vaddr(request), sizeof(u)) || (u.ptr & 7) != 0 ||
                 !frame_get(paddr_to_mfn(u.ptr), d)))
        return 1;
    int rc = 1;
    struct frame *f = frame_of(paddr_to_mfn(u.ptr));
    lock(&d->mm_lock);
    if (likely(frame_is(f, TYPE_L1))) {
        char *table = frame_map(paddr_to_mfn(u.ptr));
        rc = l1_replace((struct table_owner){d, d}, (pte_t *)(table + (u.ptr & ~PAGE_MASK)), u.val,
                        ENTRY_SET);
        frame_unmap(table);
    }
    unlock(&d->mm_lock);
    frame_put(f);
    return rc;
}

long do_mmu_update(uint64_t requests, uint64_t count, uint64_t done_at, uint64_t foreign)
{
    struct vcpu *v = current_vcpu();
    if (unlikely((uint32_t)count != 1 || (uint32_t)foreign != DOMID_SELF ||
                 v->stale_table != NULL || mmu_update_one(v->domain, requests) != 0))
        return mmu_update_all(v, requests, count, done_at, foreign);
    static const uint32_t one = 1;
    if (done_at != 0 && unlikely(!copy_to_guest(vaddr(done_at), &one, sizeof(one))))
        return -XEN_EFAULT;
    return 0;
}

/* ---- update_va_mapping */

/* The CPUs that the vcpus in a guest's bitmap run on. */
bool cpus_of_bitmap(const struct domain *d, vaddr_t bitmap, uint64_t *set)
{
    uint64_t vcpus = 0;
    if (!copy_from_guest(&vcpus, bitmap, (d->vcpus_max + 7) / 8))
        return false;
    *set = cpus_of_vcpus(d, vcpus);
    return true;
}

static int flush(struct vcpu *v, uint64_t address, uint64_t flags)
{
    uint64_t set;
    uint64_t where = flags & ~UVMF_FLUSHTYPE_MASK;

    switch (flags & UVMF_FLUSHTYPE_MASK) {
    case UVMF_TLB_FLUSH:
        if (where == UVMF_LOCAL)
            tlb_flush_local();
        else if (where == UVMF_ALL)
            tlb_flush_cpus(cpus_of_vcpus(v->domain, ~0UL));
        else if (cpus_of_bitmap(v->domain, vaddr(where), &set))
            tlb_flush_cpus(set);
        else
            return -XEN_EFAULT;
        return 0;
    case UVMF_INVLPG:
        if (likely(where == UVMF_LOCAL)) {
            invlpg(address);
            return 0;
        }
        if (where == UVMF_ALL)
            set = cpus_of_vcpus(v->domain, ~0UL);
        else if (!cpus_of_bitmap(v->domain, vaddr(where), &set))
            return -XEN_EFAULT;
        tlb_flush_cpus(set);
        return 0;
    default:
        return 0;
    }
}

static long update_va(struct vcpu *v, struct table_owner o, uint64_t address, pte_t value,
                      uint64_t flags)
{
    mfn_t table;
    int rc = -XEN_EINVAL;
    lock(&o.tables->mm_lock);
    pte_t *slot = entry_find(paddr_to_mfn(v->arch.root_kernel), address, &table);
    if (likely(slot != NULL)) {
        if (likely(frame_is(frame_of(table), TYPE_L1)))
            rc = l1_replace(o, slot, value, ENTRY_SET);
        frame_unmap(slot);
    }
    unlock(&o.tables->mm_lock);
    if (likely(rc == 0))
        rc = flush(v, address, flags);
    return rc;
}

long do_update_va_mapping(uint64_t address, uint64_t value, uint64_t flags)
{
    struct vcpu *v = current_vcpu();
    return update_va(v, (struct table_owner){v->domain, v->domain}, address, value, flags);
}

/* Who may map devices without the privilege does so by mmu_update, as on Xen. */
long do_update_va_mapping_otherdomain(uint64_t address, uint64_t value, uint64_t flags,
                                      uint64_t domain)
{
    struct vcpu *v = current_vcpu();
    struct table_owner o;
    if ((uint16_t)domain == DOMID_IO && !v->domain->privileged)
        return -XEN_EPERM;
    int rc = owners_get((uint16_t)domain, &o);
    if (rc != 0)
        return rc;
    long result = update_va(v, o, address, value, flags);
    owners_put(o);
    return result;
}
