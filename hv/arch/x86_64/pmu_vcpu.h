/* SPDX-License-Identifier: MIT */
/*
 * A vcpu's counters as it comes and goes, and the page that it shares: between pmu.c, which says
 * who may have them, and pmu_counters.h, which knows the registers.
 */
#ifndef X86_PMU_VCPU_H
#define X86_PMU_VCPU_H

#include "hv/arch/x86_64/pmu_machine.h"
#include "hv/core/types.h"

struct vcpu;

/* What the processor has, and XENPMU_FEATURE_*, which limit what guests may count. */
extern struct pmu_machine pmu_processor;
uint64_t pmu_features(void);

/*
 * From now on v shares frame m, of which the caller has a writable use; it keeps that if this is
 * not 0. caller: the current vcpu. -XEN_EEXIST: it has one already; -XEN_EBUSY: it had a moment
 * ago, and runs elsewhere still; -XEN_ENOMEM. The caller sees to it that there is one at a time of
 * these and the next.
 */
long pmu_vcpu_start(const struct vcpu *caller, struct vcpu *v, mfn_t m);

/* No more, and the frame's use is the caller's again. MFN_NONE: there was none. A vcpu that runs
 * elsewhere is stopped there when its CPU leaves it; caller: NULL if it runs nowhere. */
mfn_t pmu_vcpu_stop(const struct vcpu *caller, struct vcpu *v);

/* Takes from the page whether v, the current vcpu, wants interrupts; and, if the guest has them,
 * its registers, which are then in the processor. -XEN_EINVAL: no page; -XEN_EIO: registers that it
 * may not have, nothing is changed. */
long pmu_vcpu_take_mask(struct vcpu *v);
long pmu_vcpu_take_registers(struct vcpu *v);

#endif
