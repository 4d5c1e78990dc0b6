/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall of the ABI that a paravirtual guest may make, by its public name. They go through
 * the hypercall page; results are as the headers say: negative is an errno of xen/errno.h.
 *
 * Arguments travel in rdi, rsi, rdx, r10, r8, and all five may come back changed
 * (xen/arch-x86/xen-x86_64.h).
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include "guest/xen.h"

#define HYPERCALL_STUB_SIZE 32 /* bytes of the hypercall page a number */

extern char hypercall_page[];

/* `number` is a constant; use hypercall_indirect() for one that is not. */
static inline __attribute__((always_inline)) long hypercall(unsigned number, uint64_t a, uint64_t b,
                                                            uint64_t c, uint64_t d, uint64_t e)
{
    long result;
    register uint64_t r10 asm("r10") = d;
    register uint64_t r8 asm("r8") = e;
    asm volatile("call hypercall_page + %c[stub]"
                 : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                 : [stub] "i"(number * HYPERCALL_STUB_SIZE)
                 : "memory");
    return result;
}

/* By a number up to 127 that is found at run time. Not for iret, which takes its stack. */
static inline long hypercall_indirect(unsigned number, const uint64_t args[5])
{
    long result;
    uint64_t a = args[0];
    uint64_t b = args[1];
    uint64_t c = args[2];
    register uint64_t r10 asm("r10") = args[3];
    register uint64_t r8 asm("r8") = args[4];
    asm volatile("call *%[stub]"
                 : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                 : [stub] "r"(hypercall_page + number * HYPERCALL_STUB_SIZE)
                 : "memory");
    return result;
}

#define HYPERCALL(name, a, b, c, d, e)                                                         \
    hypercall(__HYPERVISOR_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), \
              (uint64_t)(e))

static inline long hypercall_set_trap_table(const struct trap_info *traps)
{
    return HYPERCALL(set_trap_table, traps, 0, 0, 0, 0);
}

static inline long hypercall_mmu_update(const struct mmu_update *updates, unsigned count,
                                        unsigned *done, unsigned foreign)
{
    return HYPERCALL(mmu_update, updates, count, done, foreign, 0);
}

static inline long hypercall_set_gdt(const xen_pfn_t *frames, unsigned entries)
{
    return HYPERCALL(set_gdt, frames, entries, 0, 0, 0);
}

static inline long hypercall_stack_switch(uint64_t ss, uint64_t sp)
{
    return HYPERCALL(stack_switch, ss, sp, 0, 0, 0);
}

static inline long hypercall_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall)
{
    return HYPERCALL(set_callbacks, event, failsafe, syscall, 0, 0);
}

static inline long hypercall_fpu_taskswitch(int set)
{
    return HYPERCALL(fpu_taskswitch, set, 0, 0, 0, 0);
}

static inline long hypercall_set_debugreg(int number, uint64_t value)
{
    return HYPERCALL(set_debugreg, number, value, 0, 0, 0);
}

static inline uint64_t hypercall_get_debugreg(int number)
{
    return (uint64_t)HYPERCALL(get_debugreg, number, 0, 0, 0, 0);
}

static inline long hypercall_update_descriptor(uint64_t machine, uint64_t descriptor)
{
    return HYPERCALL(update_descriptor, machine, descriptor, 0, 0, 0);
}

static inline long hypercall_memory_op(unsigned cmd, void *arg)
{
    return HYPERCALL(memory_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_multicall(struct multicall_entry *calls, uint32_t count)
{
    return HYPERCALL(multicall, calls, count, 0, 0, 0);
}

static inline long hypercall_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags)
{
    return HYPERCALL(update_va_mapping, va, value, flags, 0, 0);
}

static inline long hypercall_update_va_mapping_otherdomain(uint64_t va, uint64_t value,
                                                           uint64_t flags, domid_t domain)
{
    return HYPERCALL(update_va_mapping_otherdomain, va, value, flags, domain, 0);
}

/* `timeout` is in system time, ns; 0 takes the timer back. */
static inline long hypercall_set_timer_op(uint64_t timeout)
{
    return HYPERCALL(set_timer_op, timeout, 0, 0, 0, 0);
}

static inline long hypercall_xen_version(int cmd, void *arg)
{
    return HYPERCALL(xen_version, cmd, arg, 0, 0, 0);
}

static inline long hypercall_console_io(unsigned cmd, unsigned count, char *buffer)
{
    return HYPERCALL(console_io, cmd, count, buffer, 0, 0);
}

static inline long hypercall_vm_assist(unsigned cmd, unsigned type)
{
    return HYPERCALL(vm_assist, cmd, type, 0, 0, 0);
}

static inline long hypercall_vcpu_op(int cmd, unsigned vcpu, void *arg)
{
    return HYPERCALL(vcpu_op, cmd, vcpu, arg, 0, 0);
}

static inline long hypercall_set_segment_base(unsigned which, uint64_t base)
{
    return HYPERCALL(set_segment_base, which, base, 0, 0, 0);
}

static inline long hypercall_mmuext_op(const struct mmuext_op *ops, unsigned count, unsigned *done,
                                       unsigned foreign)
{
    return HYPERCALL(mmuext_op, ops, count, done, foreign, 0);
}

static inline long hypercall_sched_op(int cmd, void *arg)
{
    return HYPERCALL(sched_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_callback_op(int cmd, void *arg)
{
    return HYPERCALL(callback_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_event_channel_op(int cmd, void *arg)
{
    return HYPERCALL(event_channel_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_grant_table_op(unsigned cmd, void *ops, unsigned count)
{
    return HYPERCALL(grant_table_op, cmd, ops, count, 0, 0);
}

static inline long hypercall_physdev_op(int cmd, void *arg)
{
    return HYPERCALL(physdev_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_xenpmu_op(unsigned cmd, void *arg)
{
    return HYPERCALL(xenpmu_op, cmd, arg, 0, 0, 0);
}

static inline long hypercall_domctl(struct xen_domctl *op)
{
    return HYPERCALL(domctl, op, 0, 0, 0, 0);
}

static inline long hypercall_sysctl(struct xen_sysctl *op)
{
    return HYPERCALL(sysctl, op, 0, 0, 0, 0);
}

static inline long hypercall_platform_op(struct xen_platform_op *op)
{
    return HYPERCALL(platform_op, op, 0, 0, 0, 0);
}

#endif
