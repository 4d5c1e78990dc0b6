/* SPDX-License-Identifier: MIT */
/* Instructions of guest kernels that fault because they run in ring 3. */
#ifndef X86_EMULATE_H
#define X86_EMULATE_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

struct vcpu;

/* The forced-emulation prefix (ud2; "xen") and CPUID. true: done, go on behind it. */
bool emulate_forced(struct vcpu *v, struct cpu_user_regs *r);

/* One that faulted with #GP. false: not one that is emulated, or its operands are refused. */
bool emulate_privileged(struct vcpu *v, struct cpu_user_regs *r);

/* CPUID as a guest is shown it. */
void guest_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, struct cpu_user_regs *r);

/* MSRs that guests may read or write. */
bool guest_read_msr(const struct vcpu *v, uint32_t msr, uint64_t *value);
bool guest_write_msr(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
