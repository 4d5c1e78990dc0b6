/* SPDX-License-Identifier: MIT */
/* What a guest may see and set of its own control state. */
#ifndef X86_TRAPS_H
#define X86_TRAPS_H

#include "hv/arch/x86_64/cpu_local.h"
#include "hv/core/vcpu.h"

/* Flags that ring 3 may choose freely; IF is always on, bit 1 is always set. */
#define RFLAGS_GUEST 0x254dd5UL /* CF PF AF ZF SF TF DF OF NT RF AC ID */
#define RFLAGS_FIXED 0x2UL

/* Registers that a guest gave become such that it can be returned to with them. */
void sanitise_regs(struct cpu_user_regs *r);

/*
 * What the assist architectural_iopl changes: the I/O privilege level is in the flags of frames,
 * both ways, as on real processors, and a kernel's own level is 0 rather than 1.
 */
static inline bool iopl_is_architectural(const struct vcpu *v)
{
    return (__atomic_load_n(&v->arch.iret_also, __ATOMIC_RELAXED) & IRET_SETS_IOPL) != 0;
}

/* Whether ports, CLI and STI are the guest's to use where it is now. */
bool iopl_allows(const struct vcpu *v);

/* CR4 as guests see it. */
uint64_t guest_cr4(void);

#endif
