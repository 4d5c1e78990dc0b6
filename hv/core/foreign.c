/* SPDX-License-Identifier: MIT */
#include "hv/core/foreign.h"

#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/vcpu.h"

struct domain *foreign_get(uint16_t id, int *rc)
{
    struct domain *self = current_vcpu()->domain;
    if (likely(id == DOMID_SELF)) {
        domain_get_more(self);
        return self;
    }
    struct domain *d = domain_get(id);
    if (d == NULL) {
        *rc = -XEN_ESRCH;
    } else if (d != self && !self->privileged) {
        domain_put(d);
        d = NULL;
        *rc = -XEN_EPERM;
    }
    return d;
}
