/* SPDX-License-Identifier: MIT */
/* What core/ needs of the processor and what must cost no call. */
#ifndef X86_ARCH_INLINE_H
#define X86_ARCH_INLINE_H

#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/layout.h"
#include "hv/core/types.h"

/* A function for what is rare on a path that is measured: it saves all registers that it uses, so
 * that its caller keeps nothing on the stack for its sake. */
#define out_of_line __attribute__((__noinline__, no_caller_saved_registers))

#define RFLAGS_IF (1UL << 9)

static inline void arch_relax(void)
{
    __builtin_ia32_pause();
}

static inline uint32_t arch_cpu_id(void)
{
    return this_cpu()->id;
}

/* Work of this CPU (enum cpu_work) waits. */
static inline bool arch_work_pending(void)
{
    return __atomic_load_n(&this_cpu()->work, __ATOMIC_RELAXED) != 0;
}

/* Asks this CPU for work itself. */
static inline void arch_request_here(uint32_t work)
{
    __atomic_fetch_or(&this_cpu()->work, work, __ATOMIC_RELAXED);
}

static inline void arch_irq_on(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline void arch_irq_off(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline bool arch_irq_are_on(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpop %0" : "=r"(flags));
    return flags & RFLAGS_IF;
}

static inline bool arch_irq_save(void)
{
    bool on = arch_irq_are_on();
    arch_irq_off();
    return on;
}

static inline void arch_irq_restore(bool on)
{
    if (on)
        arch_irq_on();
}

/*
 * A frame's contents. Here all memory is mapped; core/ does not rely on that: what it maps, it
 * unmaps, and it never maps more than two frames at once.
 */
static inline void *frame_map(mfn_t m)
{
    return (void *)(LINEAR_VIRT + (m.n << PAGE_SHIFT));
}

/* Entered and left in its own way, in entry.S; and not from within a batch. */
void hypercall_iret(void);
#define ARCH_HYPERCALLS [__HYPERVISOR_iret] = (hypercall_fn *)hypercall_iret,

static inline bool arch_hypercall_in_batch(uint64_t number)
{
    return number != __HYPERVISOR_iret;
}

#define frame_table ((struct frame *)FRAME_TABLE_VIRT)

/* The hypervisor's own memory stays mapped. */
static inline void *arch_heap_address(mfn_t m)
{
    return (void *)(LINEAR_VIRT + (m.n << PAGE_SHIFT));
}

static inline mfn_t arch_heap_mfn(const void *memory)
{
    return mfn(((uint64_t)memory - LINEAR_VIRT) >> PAGE_SHIFT);
}

static inline void frame_unmap(void *contents)
{
    (void)contents;
}

#endif
