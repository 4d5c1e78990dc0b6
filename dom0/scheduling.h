/* SPDX-License-Identifier: MIT */
/*
 * Parameters of the scheduler, by the names that it has for them. Xen's `credit` and `credit2` know
 * weight and cap, `credit` also its timeslice, of all; on Ringside the policy says what it knows
 * (hv/public/ringside.h).
 */
#ifndef DOM0_SCHEDULING_H
#define DOM0_SCHEDULING_H

#include "dom0/description.h"
#include "dom0/domain.h"

/*
 * Sets words name=value for all vcpus of a domain. A name that the scheduler does not know is
 * passed over with a note on the console, because a description is for any hypervisor; a value that
 * it refuses is a problem.
 */
bool scheduling_set(const struct domain *domain, struct text settings, struct problem *problem);

/* Where they may run; 0: anywhere. */
bool scheduling_pin(const struct domain *domain, uint64_t cpus, struct problem *problem);

#endif
