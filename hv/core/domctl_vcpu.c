/* SPDX-License-Identifier: MIT */
/* domctl: vcpus of others. */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/domctl.h"
#include "hv/core/guest_access.h"
#include "hv/core/vcpu.h"

/* NULL: there is none of this number. */
static struct vcpu *vcpu_of(struct domain *d, uint32_t id)
{
    return id < d->vcpus_max ? d->vcpus[id] : NULL;
}

long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
    if (d == current_vcpu()->domain || v == NULL)
        return -XEN_EINVAL;
    domain_hold(d);
    long rc = arch_vcpu_context_set(v, guest_handle(op->u.vcpucontext.ctxt));
    domain_unhold(d);
    return rc;
}

long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
    if (v == NULL || v == current_vcpu())
        return -XEN_EINVAL;
    if (!arch_vcpu_initialised(v))
        return -XEN_ENODATA;
    vcpu_pause(v, PAUSE_CHANGE);
    vcpu_wait_stopped(v);
    long rc = arch_vcpu_context_get(v, guest_handle(op->u.vcpucontext.ctxt));
    vcpu_unpause(v, PAUSE_CHANGE);
    return rc;
}

long domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_of(d, op->u.sendtrigger.vcpu);
    if (v == NULL)
        return -XEN_ESRCH;
    switch (op->u.sendtrigger.trigger) {
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        arch_vcpu_nmi(v);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_POWER: /* buttons of machines that are emulated whole */
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        return -XEN_EINVAL;
    default:
        return -XEN_ENOSYS;
    }
}
