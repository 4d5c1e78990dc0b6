/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: copy the arguments, check everything, then commit what can no longer fail. Where the
 * result is an error, nothing was changed; operations in batches say how many were done.
 *
 * A call runs for the current vcpu, whose kernel made it, with interrupts on. One that would take
 * long looks at preempt_needed() between steps and returns hypercall_continue(): the guest makes it
 * again, with other arguments, without noticing but by the time.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include "hv/core/arch.h"
#include "hv/core/types.h"
#include "hv/core/vcpu.h"

#define HYPERCALL_COUNT 64

typedef long hypercall_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* By number; never NULL. */
extern hypercall_fn *const hypercall_table[HYPERCALL_COUNT];

/* Entries of the table, by name. Written out, because each has its own number of arguments. */
long do_set_trap_table(uint64_t traps);
long do_mmu_update(uint64_t requests, uint64_t count, uint64_t done, uint64_t foreign);
long do_set_gdt(uint64_t frames, uint64_t entries);
long do_stack_switch(uint64_t ss, uint64_t sp);
long do_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall);
long do_fpu_taskswitch(uint64_t set);
long do_set_debugreg(uint64_t reg, uint64_t value);
long do_get_debugreg(uint64_t reg);
long do_update_descriptor(uint64_t address, uint64_t descriptor);
long do_memory_op(uint64_t op, uint64_t argument);
long do_multicall(uint64_t calls, uint64_t count);
long do_update_va_mapping(uint64_t address, uint64_t value, uint64_t flags);
long do_set_timer_op(uint64_t when);
long do_xen_version(uint64_t op, uint64_t argument);
long do_console_io(uint64_t op, uint64_t count, uint64_t buffer);
long do_update_va_mapping_otherdomain(uint64_t address, uint64_t value, uint64_t flags,
                                      uint64_t domain);
long do_grant_table_op(uint64_t command, uint64_t ops, uint64_t count);
long do_vcpu_op(uint64_t op, uint64_t number, uint64_t argument);
long do_set_segment_base(uint64_t which, uint64_t base);
long do_mmuext_op(uint64_t ops, uint64_t count, uint64_t done, uint64_t foreign);
long do_callback_op(uint64_t op, uint64_t argument);
long do_sched_op(uint64_t op, uint64_t argument);
long do_vm_assist(uint64_t cmd, uint64_t type);
long do_event_channel_op(uint64_t op, uint64_t argument);
long do_physdev_op(uint64_t op, uint64_t argument);
long do_sysctl(uint64_t argument);
long do_platform_op(uint64_t argument);
long do_domctl(uint64_t argument);
long do_xenpmu_op(uint64_t op, uint64_t argument);
long do_ringside(uint64_t op, uint64_t argument);

/* The guest makes this call again, with these arguments. Return what this returns. */
long hypercall_continue(unsigned number, unsigned n_arguments, ...);

/* In the count of a batch that was continued: those that are done already are in *done. The ABI
 * keeps the bit for this. */
#define MMU_UPDATE_PREEMPTED (1U << 31)

/* Somebody waits: this CPU has been asked for something, or an event is due. */
static inline bool preempt_needed_of(const struct vcpu *v)
{
    return unlikely(arch_work_pending()) ||
           (v->info->evtchn_upcall_pending != 0 && v->info->evtchn_upcall_mask == 0);
}

/* The same where there may be no vcpu: while the first domain is made. */
static inline bool preempt_needed(void)
{
    const struct vcpu *v = current_vcpu();
    return v != NULL && preempt_needed_of(v);
}

/* A multicall's entry that is being done on this CPU, for hypercall_continue. */
struct multicall_state {
    bool active, continued;
    uint32_t n; /* so many of them: those behind are another call's, perhaps of another domain */
    uint64_t arguments[6];
};

#endif
