/* SPDX-License-Identifier: MIT */
/* Domains that a memory operation names, and whether the caller may act for them. */
#ifndef HV_FOREIGN_H
#define HV_FOREIGN_H

#include "hv/core/types.h"

struct domain;

/* DOMID_SELF, or a number, or DOMID_IO, which stands for the caller and devices. The caller gets a
 * reference. NULL: *rc says why: -XEN_ESRCH, -XEN_EPERM. */
struct domain *foreign_get(uint16_t id, int *rc);

#endif
