/* SPDX-License-Identifier: MIT */
#include "hv/core/global_virq.h"

#include "hv/core/abi.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/lock.h"

#define GLOBAL_VIRQS                                                                        \
    (1U << VIRQ_CONSOLE | 1U << VIRQ_DOM_EXC | 1U << VIRQ_TBUF | 1U << VIRQ_DEBUGGER |      \
     1U << VIRQ_CON_RING | 1U << VIRQ_PCPU_STATE | 1U << VIRQ_MEM_EVENT | 1U << VIRQ_ARGO | \
     1U << VIRQ_ENOMEM)

static struct lock handlers_lock = LOCK(LOCK_HANDLERS);
static struct domain *handlers[NR_VIRQS]; /* NULL: the control domain. With a reference each */

void global_virq_raise(uint32_t virq)
{
    lock(&handlers_lock);
    struct domain *d = handlers[virq] != NULL ? handlers[virq] : control_domain;
    if (d != NULL)
        domain_get_more(d);
    unlock(&handlers_lock);
    if (d == NULL)
        return;
    if (d->vcpus[0] != NULL)
        events_raise_virq(d->vcpus[0], virq);
    domain_put(d);
}

int global_virq_set_handler(struct domain *d, uint32_t virq)
{
    if (virq >= NR_VIRQS || !(GLOBAL_VIRQS >> virq & 1) || domain_is_dying(d))
        return -XEN_EINVAL;
    if (d != control_domain)
        domain_get_more(d);
    lock(&handlers_lock);
    struct domain *before = handlers[virq];
    handlers[virq] = d == control_domain ? NULL : d;
    unlock(&handlers_lock);
    if (before != NULL)
        domain_put(before);
    return 0;
}

void global_virq_forget(struct domain *d)
{
    for (uint32_t i = 0; i < NR_VIRQS; i++) {
        lock(&handlers_lock);
        bool was = handlers[i] == d;
        if (was)
            handlers[i] = NULL;
        unlock(&handlers_lock);
        if (was)
            domain_put(d);
    }
}
