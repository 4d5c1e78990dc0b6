/* SPDX-License-Identifier: MIT */
/* Domains that a memory operation names, and whether the caller may act for them. */
#ifndef HV_FOREIGN_H
#define HV_FOREIGN_H

#include "hv/core/types.h"

struct domain;

/* DOMID_SELF, or a number. The caller gets a reference. NULL: *rc says why: -XEN_ESRCH, -XEN_EPERM.
 * DOMID_IO is none: it has no memory, and where devices' is meant is the caller's to say. */
struct domain *foreign_get(uint16_t id, int *rc);

#endif
