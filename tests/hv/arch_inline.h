/* SPDX-License-Identifier: MIT */
/* The processor that the hypervisor's parts run on in unit tests: one, whose memory is an array. */
#ifndef TESTS_HV_ARCH_INLINE_H
#define TESTS_HV_ARCH_INLINE_H

#include <sched.h>

#include "hv/core/types.h"

#define CPUS_MAX 32

#ifndef out_of_line /* how a call is made is no matter here */
#define out_of_line
#endif

/* Who holds what this thread waits for may not be running. */
static inline void arch_relax(void)
{
    sched_yield();
}

static inline uint32_t arch_cpu_id(void)
{
    return 0;
}

static inline void arch_irq_on(void)
{
}

static inline void arch_irq_off(void)
{
}

static inline bool arch_irq_save(void)
{
    return true;
}

static inline void arch_irq_restore(bool on)
{
    (void)on;
}

/* Whose hypercall it is, and whether it is to make room for others: the test says. */
struct vcpu;
extern struct vcpu *machine_vcpu;
extern bool machine_work;

static inline struct vcpu *current_vcpu(void)
{
    return machine_vcpu;
}

static inline bool arch_work_pending(void)
{
    return machine_work;
}

/* The machine's memory (machine.h): address 0 on. */
extern char *machine_memory;
struct frame;
extern struct frame *frame_table;

static inline void *frame_map(mfn_t m)
{
    return machine_memory + (m.n << PAGE_SHIFT);
}

static inline void frame_unmap(void *contents)
{
    (void)contents;
}

static inline void *arch_heap_address(mfn_t m)
{
    return machine_memory + (m.n << PAGE_SHIFT);
}

static inline mfn_t arch_heap_mfn(const void *memory)
{
    return mfn((uint64_t)((const char *)memory - machine_memory) >> PAGE_SHIFT);
}

#endif
