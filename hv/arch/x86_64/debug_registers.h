/* SPDX-License-Identifier: MIT */
/* Debug registers: Intel SDM volume 3B, section 17.2. */
#ifndef X86_DEBUG_REGISTERS_H
#define X86_DEBUG_REGISTERS_H

#include "hv/core/types.h"

struct vcpu;

void debug_registers_reset(struct vcpu *v);
void debug_registers_leave(const struct vcpu *v);
void debug_registers_enter(const struct vcpu *v);

/* v runs here. 0 or -XEN_EINVAL, -XEN_EPERM. */
long debug_register_set(struct vcpu *v, unsigned reg, uint64_t value);

/* The same of one that does not run. */
long debug_register_keep(struct vcpu *v, unsigned reg, uint64_t value);

#endif
