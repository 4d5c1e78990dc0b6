/* SPDX-License-Identifier: MIT */
#include "hv/core/domctl.h"

#include "hv/core/domain.h"
#include "hv/core/domctl_sched.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

/* Those of domctl_sched.c take their own part of the argument. The scheduler has forgotten the
 * vcpus of a domain that is dying. */
static long scheduler_op(struct domain *d, struct xen_domctl *op)
{
    return domain_is_dying(d) ? -XEN_ESRCH : domctl_scheduler_op(d, &op->u.scheduler_op);
}

static long setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    return domain_is_dying(d) ? -XEN_ESRCH : domctl_set_affinity(d, &op->u.vcpuaffinity);
}

static long getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    return domctl_get_affinity(d, &op->u.vcpuaffinity);
}

static long getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
    return domctl_vcpu_info(d, &op->u.getvcpuinfo);
}

static const struct operation {
    long (*perform)(struct domain *d, struct xen_domctl *op);
    bool has_result;
} operations[] = {
    [XEN_DOMCTL_destroydomain] = {domctl_destroydomain, false},
    [XEN_DOMCTL_pausedomain] = {domctl_pausedomain, false},
    [XEN_DOMCTL_unpausedomain] = {domctl_unpausedomain, false},
    [XEN_DOMCTL_setvcpuaffinity] = {setvcpuaffinity, true},
    [XEN_DOMCTL_max_mem] = {domctl_max_mem, false},
    [XEN_DOMCTL_setvcpucontext] = {domctl_setvcpucontext, false},
    [XEN_DOMCTL_getvcpucontext] = {domctl_getvcpucontext, false},
    [XEN_DOMCTL_getvcpuinfo] = {getvcpuinfo, true},
    [XEN_DOMCTL_max_vcpus] = {domctl_max_vcpus, false},
    [XEN_DOMCTL_scheduler_op] = {scheduler_op, true},
    [XEN_DOMCTL_setdomainhandle] = {domctl_setdomainhandle, false},
    [XEN_DOMCTL_iomem_permission] = {domctl_iomem_permission, false},
    [XEN_DOMCTL_ioport_permission] = {domctl_ioport_permission, false},
    [XEN_DOMCTL_hypercall_init] = {domctl_hypercall_init, false},
    [XEN_DOMCTL_settimeoffset] = {domctl_settimeoffset, false},
    [XEN_DOMCTL_getvcpuaffinity] = {getvcpuaffinity, true},
    [XEN_DOMCTL_resumedomain] = {domctl_resumedomain, false},
    [XEN_DOMCTL_sendtrigger] = {domctl_sendtrigger, false},
    [XEN_DOMCTL_set_address_size] = {domctl_set_address_size, false},
    [XEN_DOMCTL_get_address_size] = {domctl_get_address_size, true},
    [XEN_DOMCTL_getpageframeinfo3] = {domctl_getpageframeinfo3, false},
    [XEN_DOMCTL_set_virq_handler] = {domctl_set_virq_handler, false},
};

/* The next domain there is, whose number the caller gets. */
static long getdomaininfo(struct xen_domctl *op)
{
    struct domain *d = domain_get_next(op->domain);
    if (d == NULL)
        return -XEN_ESRCH;
    domain_describe(d, &op->u.getdomaininfo);
    op->domain = d->id;
    domain_put(d);
    return 0;
}

static long of_domain(struct xen_domctl *op, bool *has_result)
{
    struct domain *d = domain_get(op->domain);
    if (d == NULL)
        return -XEN_ESRCH;
    long rc = -XEN_ENOSYS;
    if (op->cmd < array_size(operations) && operations[op->cmd].perform != NULL) {
        const struct operation *o = &operations[op->cmd];
        lock(&d->control_lock);
        rc = o->perform(d, op);
        unlock(&d->control_lock);
        *has_result = o->has_result;
    }
    domain_put(d);
    return rc;
}

long do_domctl(uint64_t argument)
{
    struct xen_domctl op;
    bool has_result = true;
    long rc;

    if (!copy_from_guest(&op, vaddr(argument), sizeof(op)))
        return -XEN_EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -XEN_EACCES;
    /* Before anything is said that depends on which domains there are. */
    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    if (op.cmd == XEN_DOMCTL_createdomain)
        rc = domctl_createdomain(&op);
    else if (op.cmd == XEN_DOMCTL_getdomaininfo)
        rc = getdomaininfo(&op);
    else
        rc = of_domain(&op, &has_result);
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_domctl, 1, argument);
    if (rc == 0 && has_result && !copy_to_guest(vaddr(argument), &op, sizeof(op)))
        return -XEN_EFAULT;
    return rc;
}
