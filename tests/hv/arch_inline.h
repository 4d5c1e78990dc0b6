/* SPDX-License-Identifier: MIT */
/* The processor that the hypervisor's parts run on in unit tests: one, whose memory is an array. */
#ifndef TESTS_HV_ARCH_INLINE_H
#define TESTS_HV_ARCH_INLINE_H

#include "hv/core/types.h"

#define CPUS_MAX 32

#ifndef out_of_line /* how a call is made is no matter here */
#define out_of_line
#endif

static inline void arch_relax(void)
{
    __builtin_ia32_pause();
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
