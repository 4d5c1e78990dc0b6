/* SPDX-License-Identifier: MIT */
/* domctl: frames of others, and what devices they may use. */
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/domctl.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"

#define FRAMES_AT_ONCE 1024 /* the ABI's */
#define PORTS 65536

/* ---- frames */

/* What the ABI calls what a frame is used as. */
static xen_pfn_t kind_of(struct domain *d, mfn_t m)
{
    if (mfn_eq(m, d->shared_mfn) || !frame_get(m, d))
        return XEN_DOMCTL_PFINFO_XTAB;
    struct frame *f = frame_of(m);
    xen_pfn_t kind = XEN_DOMCTL_PFINFO_NOTAB;
    for (enum frame_type t = TYPE_L1; t <= TYPE_L4; t++) {
        if (frame_is(f, t))
            kind = (xen_pfn_t)(t - TYPE_L1 + 1) * XEN_DOMCTL_PFINFO_L1TAB;
    }
    if (__atomic_load_n(&f->type, __ATOMIC_RELAXED) & TYPE_PINNED)
        kind |= XEN_DOMCTL_PFINFO_LPINTAB;
    frame_put(f);
    return kind;
}

long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
    vaddr_t list = guest_handle(op->u.getpageframeinfo3.array);
    if (op->u.getpageframeinfo3.num > FRAMES_AT_ONCE)
        return -XEN_E2BIG;
    for (uint64_t i = 0; i < op->u.getpageframeinfo3.num; i++) {
        xen_pfn_t number;
        if (!copy_element_from_guest(&number, list, i, sizeof(number)))
            return -XEN_EFAULT;
        number = kind_of(d, mfn(number));
        if (!copy_element_to_guest(list, i, &number, sizeof(number)))
            return -XEN_EFAULT;
    }
    return 0;
}

long domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
    mfn_t m = mfn(op->u.hypercall_init.gmfn);
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    long rc = -XEN_EPERM;
    if (frame_get_writable(frame_of(m)) == 0) {
        void *page = frame_map(m);
        arch_hypercall_page_fill(page);
        frame_unmap(page);
        frame_put_writable(frame_of(m));
        rc = 0;
    }
    frame_put(frame_of(m));
    return rc;
}

/* ---- devices */

/* mm_lock guards what the sets hold, because who maps or uses something holds it. */
static long permit(struct domain *d, struct ranges **set, uint64_t first, uint64_t last, bool allow)
{
    bool good = true;
    if (*set == NULL && allow) {
        struct ranges *fresh = heap_alloc_mapped(0);
        if (fresh == NULL)
            return -XEN_ENOMEM;
        __atomic_store_n(set, fresh, __ATOMIC_RELEASE);
    }
    lock(&d->mm_lock);
    if (allow)
        good = ranges_add(*set, first, last);
    else if (*set != NULL)
        good = ranges_remove(*set, first, last);
    unlock(&d->mm_lock);
    return good ? 0 : -XEN_ENOMEM;
}

long domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
    uint64_t first = op->u.iomem_permission.first_mfn;
    uint64_t last = first + op->u.iomem_permission.nr_mfns - 1;
    if (last < first)
        return -XEN_EINVAL;
    if (arch_device_frames_reserved(mfn(first), mfn(last)))
        return -XEN_EPERM;
    return permit(d, &d->device_frames, first, last, op->u.iomem_permission.allow_access != 0);
}

long domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
    uint32_t first = op->u.ioport_permission.first_port;
    uint32_t n = op->u.ioport_permission.nr_ports;
    if (n == 0 || first >= PORTS || n > PORTS - first)
        return -XEN_EINVAL;
    if (arch_ports_reserved(first, first + n - 1))
        return -XEN_EPERM;
    return permit(d, &d->device_ports, first, first + n - 1,
                  op->u.ioport_permission.allow_access != 0);
}

/* ---- how wide its addresses are: kernels of 64 bits are all there are */

#define ADDRESS_SIZE 64U

long domctl_set_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    switch (op->u.address_size.size) {
    case ADDRESS_SIZE:
        return 0;
    case 32:
        return -XEN_EOPNOTSUPP;
    default:
        return -XEN_EINVAL;
    }
}

long domctl_get_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    op->u.address_size.size = ADDRESS_SIZE;
    return 0;
}
