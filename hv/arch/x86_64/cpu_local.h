/* SPDX-License-Identifier: MIT */
/*
 * A CPU's stack block: STACK_SIZE bytes at a multiple of STACK_SIZE, so that %rsp finds all of it.
 *
 *   0x0000  stack of double faults      \
 *   0x1000  stack of NMIs                 the interrupt stack table's (IST): these may strike while
 *   0x2000  stack of machine checks       %rsp still is the guest's
 *   0x3000  stack of debug exceptions   /
 *   0x4000  the stack, down from:
 *   top     struct cpu_local
 *
 * The first thing in cpu_local is the frame of the guest that was interrupted: the processor, and
 * then the entry code, push it there. So a hypervisor's stack holds nothing between two entries
 * and a descheduled vcpu is its registers, without a stack of its own.
 */
#ifndef X86_CPU_LOCAL_H
#define X86_CPU_LOCAL_H

#include "hv/arch/x86_64/layout.h"

#define IST_DOUBLE_FAULT 1
#define IST_NMI 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4
#define IST_SIZE 0x1000

#ifndef __ASSEMBLER__
#include "hv/core/abi.h"
#include "hv/core/types.h"

struct vcpu;

struct cpu_local {
    struct cpu_user_regs regs; /* up to ss; the segment selectors behind it are unused */
    struct vcpu *current;      /* NULL: idle */
    uint32_t work;             /* enum cpu_work; anyone may set bits */
    uint32_t id;
};

/* The processor aligns %rsp to 16 before it pushes a frame, which must end up in regs. */
_Static_assert((STACK_SIZE - sizeof(struct cpu_local) + offsetof(struct cpu_user_regs, es)) % 16 ==
                   0,
               "regs lie where the processor pushes");

extern char stacks[CPUS_MAX][STACK_SIZE];

static inline struct cpu_local *cpu_local_of(unsigned cpu)
{
    return (struct cpu_local *)(stacks[cpu] + STACK_SIZE - sizeof(struct cpu_local));
}

static inline struct cpu_local *this_cpu(void)
{
    uint64_t block = -(uint64_t)STACK_SIZE;
    /* Not volatile: within a function, asking once is enough. */
    __asm__("and %%rsp, %0" : "+r"(block));
    return (struct cpu_local *)(block + STACK_SIZE - sizeof(struct cpu_local));
}

static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}
#endif

#endif
