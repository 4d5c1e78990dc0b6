/* SPDX-License-Identifier: MIT */
/*
 * Entering the guest's kernel at one of the addresses that it registered: what a processor does
 * with an interrupt descriptor table, done by the hypervisor for a kernel that may not have one.
 */
#ifndef X86_BOUNCE_H
#define X86_BOUNCE_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

struct vcpu;

/* At e, with the interrupted context on its stack. Or the domain is crashed. */
void bounce(struct vcpu *v, struct cpu_user_regs *r, uint64_t address, bool disables_events);
void bounce_with_error(struct vcpu *v, struct cpu_user_regs *r, uint64_t address,
                       bool disables_events, uint32_t error);
/* SYSCALL. A kernel that has not registered an entry does not know the instruction. */
struct guest_entry;
void bounce_syscall(struct vcpu *v, struct cpu_user_regs *r, const struct guest_entry *to);
void bounce_failsafe(struct vcpu *v, struct cpu_user_regs *r);

/* The guest's handler for an exception; without one the domain is crashed. */
void bounce_trap(struct vcpu *v, struct cpu_user_regs *r, unsigned vector, uint32_t error);

/* An NMI for a vcpu, from any CPU; and what it waits for. */
void nmi_unmask(struct vcpu *v);

/* The guest's user mode begins or ends: page tables and GS base. */
void switch_mode(struct vcpu *v);

#endif
