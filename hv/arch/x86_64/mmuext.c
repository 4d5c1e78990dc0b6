/* SPDX-License-Identifier: MIT */
/* mmuext_op: whole tables, roots, flushes. */
#include "hv/arch/x86_64/descriptor_tables.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/arch/x86_64/tlb_flush.h"
#include "hv/core/domain.h"
#include "hv/core/foreign.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/string.h"
#include "hv/core/tlb.h"
#include "hv/core/vcpu.h"

static int pin(struct domain *d, enum frame_type t, mfn_t m)
{
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    struct frame *f = frame_of(m);
    int rc = frame_get_type(f, t);
    if (rc == 0 && (f->type & TYPE_PINNED)) {
        frame_put_type(f); /* not the last one: the pin's own is there */
        rc = -XEN_EINVAL;
    }
    if (rc == 0)
        __atomic_fetch_or(&f->type, TYPE_PINNED, __ATOMIC_RELAXED); /* keeps both references */
    else
        frame_put(f);
    return rc;
}

static int unpin(struct domain *d, mfn_t m)
{
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    struct frame *f = frame_of(m);
    int rc = -XEN_EINVAL;
    if (f->type & TYPE_PINNED) {
        rc = frame_put_type(f);
        if (rc == 0) {
            __atomic_fetch_and(&f->type, ~TYPE_PINNED, __ATOMIC_RELAXED);
            frame_put(f);
        }
    }
    frame_put(f);
    return rc;
}

/* A root that the caller may have: with a reference and a use. */
static int root_get(struct domain *d, mfn_t m)
{
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    int rc = frame_get_type(frame_of(m), TYPE_L4);
    if (rc != 0)
        frame_put(frame_of(m));
    return rc;
}

/* Whether an address space shows the machine-to-physical table: with VMASST_TYPE_m2p_strict, those
 * of user programs do not. */
static void show_m2p(mfn_t root, bool shown)
{
    pte_t *table = frame_map(root);
    table[HV_SLOT_FIRST] = shown ? hv_l4[HV_SLOT_FIRST] : 0;
    frame_unmap(table);
}

int new_base(struct vcpu *v, mfn_t m)
{
    int rc = root_get(v->domain, m);
    if (rc != 0)
        return rc;
    show_m2p(m, true);
    mfn_t old = paddr_to_mfn(v->arch.root_kernel);
    v->arch.root_kernel = mfn_to_paddr(m);
    uint64_t tick = tlb_flush_begin();
    write_cr3(v->arch.root_kernel);
    tlb_flush_end(tick);
    table_put(v, frame_of(old));
    return 0;
}

static int new_user_base(struct vcpu *v, uint64_t n)
{
    mfn_t m = mfn(n);
    if (n != 0) {
        int rc = root_get(v->domain, m);
        if (rc != 0)
            return rc;
        show_m2p(m, !(v->domain->vm_assist & 1UL << VMASST_TYPE_m2p_strict));
    }
    mfn_t old = paddr_to_mfn(v->arch.root_user);
    v->arch.root_user = mfn_to_paddr(m);
    if (old.n != 0)
        table_put(v, frame_of(old));
    return 0;
}

static int flush_vcpus(struct vcpu *v, vaddr_t bitmap)
{
    uint64_t set;
    if (!cpus_of_bitmap(v->domain, bitmap, &set))
        return -XEN_EINVAL;
    tlb_flush_cpus(set);
    return 0;
}

/* A frame's contents are written to by the hypervisor as a guest would: it must be writable. */
static struct frame *writable_get(struct domain *d, mfn_t m)
{
    if (!frame_get(m, d))
        return NULL;
    if (frame_get_writable(frame_of(m)) == 0)
        return frame_of(m);
    frame_put(frame_of(m));
    return NULL;
}

static int clear_frame(struct domain *d, mfn_t m)
{
    struct frame *f = writable_get(d, m);
    if (f == NULL)
        return -XEN_EINVAL;
    void *to = frame_map(m);
    memset(to, 0, PAGE_SIZE);
    frame_unmap(to);
    frame_put_writable(f);
    frame_put(f);
    return 0;
}

static int copy_frame(struct domain *d, mfn_t to, mfn_t from)
{
    if (!frame_get(from, d))
        return -XEN_EINVAL;
    struct frame *f = writable_get(d, to);
    if (f != NULL) {
        void *t = frame_map(to);
        void *s = frame_map(from);
        memcpy(t, s, PAGE_SIZE);
        frame_unmap(s);
        frame_unmap(t);
        frame_put_writable(f);
        frame_put(f);
    }
    frame_put(frame_of(from));
    return f == NULL ? -XEN_EINVAL : 0;
}

/* Needs no mm_lock, and interrupts others. -XEN_ENOSYS: it is no flush. */
static int flush(struct vcpu *v, const struct mmuext_op *op)
{
    switch (op->cmd) {
    case MMUEXT_TLB_FLUSH_LOCAL:
        tlb_flush_local();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        if (address_canonical(op->arg1.linear_addr))
            invlpg(op->arg1.linear_addr);
        return 0;
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        return flush_vcpus(v, guest_handle(op->arg2.vcpumask));
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
        tlb_flush_cpus(cpus_of_vcpus(v->domain, ~0UL));
        return 0;
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        if (!v->domain->privileged)
            return -XEN_EACCES;
        __asm__ volatile("wbinvd" ::: "memory");
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

/* Translations and caches are the caller's own to flush. */
static out_of_line int flush_of_other(unsigned command)
{
    switch (command) {
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return -XEN_EPERM;
    default:
        return -XEN_ENOSYS;
    }
}

static int perform(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    mfn_t m = mfn(op->arg1.mfn);
    bool own = d == v->domain;
    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        if (unlikely(domain_is_dying(d)))
            return -XEN_EINVAL; /* nobody would unpin it */
        return pin(d, (enum frame_type)(TYPE_L1 + op->cmd - MMUEXT_PIN_L1_TABLE), m);
    case MMUEXT_UNPIN_TABLE:
        return unpin(d, m);
    case MMUEXT_NEW_BASEPTR:
        return own ? new_base(v, m) : -XEN_EPERM;
    case MMUEXT_NEW_USER_BASEPTR:
        return own ? new_user_base(v, op->arg1.mfn) : -XEN_EPERM;
    case MMUEXT_SET_LDT:
        return own ? ldt_set(v, op->arg1.linear_addr, op->arg2.nr_ents) : -XEN_EPERM;
    case MMUEXT_CLEAR_PAGE:
        return clear_frame(d, m);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -XEN_EOPNOTSUPP;
    case MMUEXT_COPY_PAGE:
        return copy_frame(d, m, mfn(op->arg2.src_mfn));
    default:
        return -XEN_ENOSYS;
    }
}

static int perform_all(struct vcpu *v, struct domain *d, vaddr_t ops, uint32_t count,
                       uint32_t *done)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mmuext_op op;
        int rc;
        if (v->stale_table != NULL || (i != 0 && preempt_needed()))
            return -XEN_ERESTART;
        if (!copy_element_from_guest(&op, ops, i, sizeof(op)))
            return -XEN_EFAULT;
        rc = likely(d == v->domain) ? flush(v, &op) : flush_of_other(op.cmd);
        if (rc == -XEN_ENOSYS) {
            lock(&d->mm_lock);
            rc = perform(v, d, &op);
            unlock(&d->mm_lock);
        }
        if (rc != 0)
            return rc;
        *done = i + 1;
    }
    return v->stale_table == NULL ? 0 : -XEN_ERESTART;
}

/* DOMID_IO has no memory that anything could be done with here. As on Xen, only the control domain
 * is told what about each operation is wrong. */
static struct domain devices = {.id = DOMID_IO, .references = 1, .mm_lock = LOCK(LOCK_MM)};

static struct domain *domain_named(uint16_t id, int *rc)
{
    struct domain *d = foreign_get(id, rc);
    if (likely(d != NULL) || id != DOMID_IO)
        return d;
    if (!current_vcpu()->domain->privileged) {
        *rc = -XEN_EPERM;
        return NULL;
    }
    domain_get_more(&devices);
    return &devices;
}

long do_mmuext_op(uint64_t ops, uint64_t count, uint64_t done_at, uint64_t foreign)
{
    struct vcpu *v = current_vcpu();
    uint32_t n = (uint32_t)count & ~MMU_UPDATE_PREEMPTED;
    uint32_t before = 0;
    uint32_t done = 0;
    int rc;

    if ((count & MMU_UPDATE_PREEMPTED) && done_at != 0)
        copy_from_guest(&before, vaddr(done_at), sizeof(before));
    struct domain *d = domain_named((uint16_t)foreign, &rc);
    if (d == NULL)
        return rc;
    rc = stale_table_finish(v);
    if (rc == 0)
        rc = perform_all(v, d, vaddr(ops), n, &done);
    domain_put(d);

    uint32_t all = before + done;
    if (done_at != 0 && !copy_to_guest(vaddr(done_at), &all, sizeof(all)) && rc == 0)
        rc = -XEN_EFAULT;
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_mmuext_op, 4, ops + done * sizeof(struct mmuext_op),
                                  (uint64_t)((n - done) | MMU_UPDATE_PREEMPTED), done_at, foreign);
    return rc;
}
