/* SPDX-License-Identifier: MIT */
/* Compiled to assembly only: numbers that entry.S needs from structures. See module.mk. */
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

#define SAY(name, value) __asm__ volatile("@@" #name " %c0" ::"i"(value))

void offsets(void)
{
    SAY(CPU_LOCAL_SIZE, sizeof(struct cpu_local));
    SAY(LOCAL_CURRENT, offsetof(struct cpu_local, current));
    SAY(LOCAL_WORK, offsetof(struct cpu_local, work));
    SAY(LOCAL_ID, offsetof(struct cpu_local, id));
    SAY(REGS_R15, offsetof(struct cpu_user_regs, r15));
    SAY(REGS_R14, offsetof(struct cpu_user_regs, r14));
    SAY(REGS_R13, offsetof(struct cpu_user_regs, r13));
    SAY(REGS_R12, offsetof(struct cpu_user_regs, r12));
    SAY(REGS_RBP, offsetof(struct cpu_user_regs, rbp));
    SAY(REGS_RBX, offsetof(struct cpu_user_regs, rbx));
    SAY(REGS_R11, offsetof(struct cpu_user_regs, r11));
    SAY(REGS_R10, offsetof(struct cpu_user_regs, r10));
    SAY(REGS_R9, offsetof(struct cpu_user_regs, r9));
    SAY(REGS_R8, offsetof(struct cpu_user_regs, r8));
    SAY(REGS_RAX, offsetof(struct cpu_user_regs, rax));
    SAY(REGS_RCX, offsetof(struct cpu_user_regs, rcx));
    SAY(REGS_RDX, offsetof(struct cpu_user_regs, rdx));
    SAY(REGS_RSI, offsetof(struct cpu_user_regs, rsi));
    SAY(REGS_RDI, offsetof(struct cpu_user_regs, rdi));
    SAY(REGS_VECTOR, offsetof(struct cpu_user_regs, entry_vector));
    SAY(REGS_RIP, offsetof(struct cpu_user_regs, rip));
    SAY(REGS_RFLAGS, offsetof(struct cpu_user_regs, rflags));
    SAY(REGS_RSP, offsetof(struct cpu_user_regs, rsp));
    SAY(REGS_CS, offsetof(struct cpu_user_regs, cs));
    SAY(REGS_END, offsetof(struct cpu_user_regs, es));
    SAY(RFLAGS_FIXED, RFLAGS_FIXED);
    SAY(RFLAGS_IF, RFLAGS_IF);
    SAY(VCPU_INFO, offsetof(struct vcpu, info));
    SAY(VCPU_IN_KERNEL, offsetof(struct vcpu, arch.in_kernel));
    SAY(HYPERCALL_COUNT, HYPERCALL_COUNT);
    SAY(INFO_PENDING, offsetof(struct vcpu_info, evtchn_upcall_pending));
    SAY(INFO_MASK, offsetof(struct vcpu_info, evtchn_upcall_mask));
}
