/* SPDX-License-Identifier: MIT */
/*
 * What domctl, sysctl and our own hypercall do about scheduling. The dispatchers have checked the
 * caller and the interface's version, hold a reference to the domain and copy the structure back
 * when the result is not an error.
 */
#ifndef HV_DOMCTL_SCHED_H
#define HV_DOMCTL_SCHED_H

#include "hv/core/domain.h"
#include "hv/core/types.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

/*
 * XEN_DOMCTL_scheduler_op, where the policy has what Xen's structures have: `credit` is Xen's
 * credit scheduler (weight; cap, of a domain, is shared among its vcpus), `sedf` is what Xen's RTDS
 * is for (period, budget and extra time of each vcpu). The rest is RINGSIDE_sched_*.
 *
 * -XEN_EINVAL: another policy's number, an unknown command, a value out of range.
 */
long domctl_scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *op);

/* XEN_DOMCTL_setvcpuaffinity and getvcpuaffinity. The soft one is kept, and has no consequences.
 * -XEN_EINVAL: no such vcpu, nothing asked for, no CPU left; -XEN_ESRCH: the vcpu is not made;
 * -XEN_EFAULT: the bitmaps. */
long domctl_set_affinity(struct domain *d, struct xen_domctl_vcpuaffinity *a);
long domctl_get_affinity(struct domain *d, struct xen_domctl_vcpuaffinity *a);

/* XEN_DOMCTL_getvcpuinfo. Errors as above. */
long domctl_vcpu_info(struct domain *d, struct xen_domctl_getvcpuinfo *info);

/* XEN_SYSCTL_sched_id, and XEN_SYSCTL_scheduler_op for `credit`. -XEN_ESRCH: a CPU pool that is not
 * the one that there is; -XEN_EINVAL as above. */
uint32_t sysctl_sched_id(void);
long sysctl_scheduler_op(struct xen_sysctl_scheduler_op *op);

/* RINGSIDE_sched_* and RINGSIDE_cpu_counts; -XEN_ENOSYS: another operation. */
long ringside_sched(uint32_t op, vaddr_t argument);

#endif
