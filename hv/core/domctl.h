/* SPDX-License-Identifier: MIT */
/*
 * domctl: what the control domain does to others (xen/domctl.h).
 *
 * Each operation is a function of its domain, with a reference and its control_lock held, and of a
 * copy of the argument, which goes back to the caller if the operation has results. They return 0,
 * an error of the ABI with nothing changed, or -XEN_ERESTART: make the call again as it is.
 */
#ifndef HV_DOMCTL_H
#define HV_DOMCTL_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

#include <xen/domctl.h>

struct domain;
struct vcpu;

/* domctl_domain.c. The first has no domain yet. */
long domctl_createdomain(struct xen_domctl *op);
long domctl_destroydomain(struct domain *d, struct xen_domctl *op);
long domctl_pausedomain(struct domain *d, struct xen_domctl *op);
long domctl_unpausedomain(struct domain *d, struct xen_domctl *op);
long domctl_resumedomain(struct domain *d, struct xen_domctl *op);
long domctl_max_mem(struct domain *d, struct xen_domctl *op);
long domctl_max_vcpus(struct domain *d, struct xen_domctl *op);
long domctl_setdomainhandle(struct domain *d, struct xen_domctl *op);
long domctl_settimeoffset(struct domain *d, struct xen_domctl *op);
long domctl_set_virq_handler(struct domain *d, struct xen_domctl *op);

/* domctl_vcpu.c */
long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op);
long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op);
long domctl_sendtrigger(struct domain *d, struct xen_domctl *op);

/* domctl_memory.c */
long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op);
long domctl_hypercall_init(struct domain *d, struct xen_domctl *op);
long domctl_iomem_permission(struct domain *d, struct xen_domctl *op);
long domctl_ioport_permission(struct domain *d, struct xen_domctl *op);
long domctl_set_address_size(struct domain *d, struct xen_domctl *op);
long domctl_get_address_size(struct domain *d, struct xen_domctl *op);

/* What is known about a domain; for getdomaininfo and getdomaininfolist. */
void domain_describe(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
