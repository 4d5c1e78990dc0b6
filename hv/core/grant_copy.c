/* SPDX-License-Identifier: MIT */
/* copy: bytes between two places, each within a frame that is the caller's or granted to it. */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_ops.h"
#include "hv/core/guest_access.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

struct side {
    struct domain *domain; /* NULL: nothing is held */
    const struct gnttab_copy_ptr *place;
    mfn_t frame;
    bool by_reference, writes;
};

static void side_put(const struct side *s)
{
    if (s->domain == NULL)
        return;
    grant_let_go(s->frame, s->writes);
    if (s->by_reference)
        grant_unpin(s->domain->grants, s->place->u.ref, s->writes);
    domain_put(s->domain);
}

static int frame_get_for(struct vcpu *v, struct side *s, struct domain *d)
{
    if (!s->by_reference) {
        s->frame = mfn(s->place->u.gmfn);
        return grant_hold(d, s->frame, s->writes);
    }
    int rc = grant_pin(d->grants, s->place->u.ref, v->domain->id, GRANT_COPY, s->writes, &s->frame);
    if (unlikely(rc != GNTST_okay))
        return rc;
    rc = grant_hold(d, s->frame, s->writes);
    if (unlikely(rc != GNTST_okay))
        grant_unpin(d->grants, s->place->u.ref, s->writes);
    return rc;
}

static int side_get(struct vcpu *v, struct side *s)
{
    struct domain *d = domain_get(s->place->domid == DOMID_SELF ? v->domain->id : s->place->domid);
    if (unlikely(d == NULL))
        return GNTST_bad_domain;
    /* Whose frame it is by number only its owner may say. */
    int rc = s->by_reference || s->place->domid == DOMID_SELF ? frame_get_for(v, s, d)
                                                              : GNTST_permission_denied;
    if (likely(rc == GNTST_okay))
        s->domain = d;
    else
        domain_put(d);
    return rc;
}

static void copy_bytes(const struct side *to, const struct side *from, uint16_t size)
{
    char *t = frame_map(to->frame);
    char *f = frame_map(from->frame);
    /* Both may be in one frame. */
    memmove(t + to->place->offset, f + from->place->offset, size);
    frame_unmap(f);
    frame_unmap(t);
}

static int copy(struct vcpu *v, const struct gnttab_copy *op)
{
    struct side from = {.place = &op->source, .by_reference = op->flags & GNTCOPY_source_gref};
    struct side to = {
        .place = &op->dest, .by_reference = op->flags & GNTCOPY_dest_gref, .writes = true};
    if (unlikely((unsigned)op->source.offset + op->len > PAGE_SIZE ||
                 (unsigned)op->dest.offset + op->len > PAGE_SIZE))
        return GNTST_bad_copy_arg;
    int rc = side_get(v, &from);
    if (likely(rc == GNTST_okay))
        rc = side_get(v, &to);
    if (likely(rc == GNTST_okay))
        copy_bytes(&to, &from, op->len);
    side_put(&to);
    side_put(&from);
    return rc;
}

__attribute__((noinline)) long grant_copy(struct vcpu *v, vaddr_t at, uint32_t n)
{
    const size_t status = offsetof(struct gnttab_copy, len);
    for (; n != 0; n--, at.a += sizeof(struct gnttab_copy)) {
        struct gnttab_copy op;
        if (unlikely(!copy_from_guest(&op, at, sizeof(op))))
            return -XEN_EFAULT;
        op.status = (int16_t)copy(v, &op);
        if (unlikely(!copy_to_guest(vaddr(at.a + status), (char *)&op + status, 8)))
            return -XEN_EFAULT;
    }
    return 0;
}
_Static_assert(offsetof(struct gnttab_copy, len) + 8 == sizeof(struct gnttab_copy),
               "len, flags, status, nothing");
