/* SPDX-License-Identifier: MIT */
/* What a guest may see and set of its own control state. */
#ifndef X86_TRAPS_H
#define X86_TRAPS_H

#include "hv/arch/x86_64/cpu_local.h"

/* Flags that ring 3 may choose freely; IF is always on, bit 1 is always set. */
#define RFLAGS_GUEST 0x254dd5UL /* CF PF AF ZF SF TF DF OF NT RF AC ID */
#define RFLAGS_FIXED 0x2UL
#define RFLAGS_IOPL_SHIFT 12

/* Registers that a guest gave become such that it can be returned to with them. */
void sanitise_regs(struct cpu_user_regs *r);

/* CR4 as guests see it. */
uint64_t guest_cr4(void);

#endif
