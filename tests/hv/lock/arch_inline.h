/* SPDX-License-Identifier: MIT */
/* Processors as far as locks see them: which one it is, and whether it lets interrupts in. */
#ifndef TESTS_HV_LOCK_ARCH_INLINE_H
#define TESTS_HV_LOCK_ARCH_INLINE_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX 32

extern uint32_t machine_cpu;
extern bool machine_interrupts;

static inline void arch_relax(void)
{
}

static inline uint32_t arch_cpu_id(void)
{
    return machine_cpu;
}

static inline bool arch_irq_save(void)
{
    bool on = machine_interrupts;
    machine_interrupts = false;
    return on;
}

static inline void arch_irq_restore(bool on)
{
    machine_interrupts = on;
}

#endif
