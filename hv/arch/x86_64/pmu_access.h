/* SPDX-License-Identifier: MIT */
/*
 * How the performance counters' code reaches the processor: CPUID, MSRs, CR4 and the local APIC.
 * Included by include path, like arch_inline.h, so that the unit tests can put a processor of their
 * own in its place.
 */
#ifndef X86_PMU_ACCESS_H
#define X86_PMU_ACCESS_H

#include "hv/arch/x86_64/fixup.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/core/types.h"

/* For registers that no CPUID bit vouches for. false: there is none of that number; 0 was read. */
static inline bool try_read_msr(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0;
    uint32_t high = 0;
    uint32_t failed = 0;
    __asm__ volatile("1: rdmsr\n2:\n"
                     ".pushsection .text.fixup, \"ax\"\n"
                     "3: movl $1, %2\n"
                     "jmp 2b\n"
                     ".popsection\n" FIXUP("1b", "3b")
                     : "+a"(low), "+d"(high), "+m"(failed)
                     : "c"(msr));
    *value = (uint64_t)high << 32 | low;
    return failed == 0;
}

static inline bool try_write_msr(uint32_t msr, uint64_t value)
{
    uint32_t failed = 0;
    __asm__ volatile("1: wrmsr\n2:\n"
                     ".pushsection .text.fixup, \"ax\"\n"
                     "3: movl $1, %0\n"
                     "jmp 2b\n"
                     ".popsection\n" FIXUP("1b", "3b")
                     : "+m"(failed)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return failed == 0;
}

#define CR4_PCE (1UL << 8)

/* Whether ring 3 may use RDPMC on this CPU. */
static inline void allow_rdpmc(bool on)
{
    uint64_t cr4 = read_cr4();
    if (((cr4 & CR4_PCE) != 0) != on)
        write_cr4(cr4 ^ CR4_PCE);
}

#endif
