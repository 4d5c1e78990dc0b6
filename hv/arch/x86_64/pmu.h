/* SPDX-License-Identifier: MIT */
/*
 * Performance counters of guests: the hypercall xenpmu_op, and what entry, exit and emulation need.
 * A vcpu that has never asked for counters costs one branch when it is switched to or from.
 */
#ifndef X86_PMU_H
#define X86_PMU_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

struct vcpu;
struct pmu_vcpu;

/* Looks for counters, stops them, and says what it found: CPU 0; then each of the others. */
void pmu_init(void);
void pmu_init_cpu(void);

/* v, which has a pmu_vcpu, comes to this CPU or goes; r: its registers. Interrupts off. */
void pmu_enter(struct vcpu *v);
void pmu_leave(struct vcpu *v, const struct cpu_user_regs *r);

/* A counter of this CPU has overflowed; v: current, or NULL. From the interrupt. */
void pmu_interrupt(struct vcpu *v, const struct cpu_user_regs *r);

/* What it left to be done with interrupts on, for the current vcpu. */
void pmu_work(struct vcpu *v);

/* Of the current vcpu. false: not for it. */
bool pmu_guest_read_msr(const struct vcpu *v, uint32_t msr, uint64_t *value);
bool pmu_guest_write_msr(struct vcpu *v, uint32_t msr, uint64_t value);
bool pmu_guest_rdpmc(const struct vcpu *v, uint32_t number, uint64_t *value);

/* CR4.PCE as the guest writes it: whether its user programs may use RDPMC. */
void pmu_guest_set_pce(struct vcpu *v, bool on);

/* CPUID leaf 0xa, and PerfCtrExtCore of leaf 0x80000001, as guests see them. */
void pmu_guest_leaf(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d);
bool pmu_guest_has_extended(void);

/* The frame that it shares; MFN_NONE: none. */
mfn_t pmu_shared_frame(const struct vcpu *v);

/* The vcpu runs nowhere and never will again: it gives the frame back; and what it has here. */
void pmu_release(struct vcpu *v);
void pmu_free(struct vcpu *v);

/* For do_xenpmu_op. */
long pmu_op(struct vcpu *v, unsigned op, vaddr_t argument);

#endif
