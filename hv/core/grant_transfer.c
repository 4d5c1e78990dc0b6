/* SPDX-License-Identifier: MIT */
/*
 * transfer: a frame changes its owner, where the other domain has said that it accepts one; the
 * page flipping of "Xen and the Art of Virtualization", section 3.3.
 *
 * In three steps for a batch. The frames are taken from their owner, so that nobody can refer to
 * them; translations are flushed, once; each is given to its new owner. A frame that was taken and
 * that nobody accepts is lost to the one who gave it, as the ABI has it.
 */
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_ops.h"
#include "hv/core/guest_access.h"
#include "hv/core/tlb.h"
#include "hv/core/vcpu.h"

/* The frame is nobody's and out of all TLBs. */
static int give_to(const struct domain *from, struct domain *to, uint32_t ref, mfn_t m)
{
    uint32_t pfn;
    if (domain_is_dying(to) || !domain_charge(to, m))
        return GNTST_general_error;
    if (!grant_transfer_commit(to->grants, ref, from->id, &pfn)) {
        domain_uncharge(to);
        return GNTST_general_error;
    }
    arch_m2p_set(m, pfn);
    domain_give(to, m);
    grant_transfer_complete(to->grants, ref, m);
    return GNTST_okay;
}

static int give(struct domain *from, const struct gnttab_transfer *op)
{
    mfn_t m = mfn(op->mfn);
    int rc = GNTST_bad_domain;
    struct domain *to = domain_get(op->domid);
    domain_uncharge(from);
    if (to != NULL) {
        rc = give_to(from, to, op->ref, m);
        domain_put(to);
    }
    if (rc != GNTST_okay)
        heap_free(m, 0);
    return rc;
}

long grant_transfer(struct vcpu *v, vaddr_t at, uint32_t n)
{
    struct gnttab_transfer ops[GRANT_BATCH];
    const size_t size = sizeof(ops[0]);
    int rc = 0;
    uint32_t read = 0;
    for (; read < n; read++) {
        struct gnttab_transfer *op = &ops[read];
        if (!copy_element_from_guest(op, at, read, size)) {
            rc = -XEN_EFAULT;
            break;
        }
        op->status = frame_take(mfn(op->mfn), v->domain) ? GNTST_okay : GNTST_bad_page;
    }
    tlb_flush_older(tlb_now(), NULL);
    for (uint32_t i = 0; i < read; i++) {
        if (ops[i].status == GNTST_okay)
            ops[i].status = (int16_t)give(v->domain, &ops[i]);
        if (!copy_to_guest(vaddr(at.a + i * size + offsetof(struct gnttab_transfer, status)),
                           &ops[i].status, sizeof(ops[i].status)))
            rc = -XEN_EFAULT;
    }
    return rc;
}
