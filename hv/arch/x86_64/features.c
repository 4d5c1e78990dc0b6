/* SPDX-License-Identifier: MIT */
/* What the processor can do, in words of CPUID: leaves and registers in the order of the ABI's
 * feature set (xen/arch-x86/cpufeatureset.h). */
#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"

void arch_features(uint32_t words[8])
{
    struct cpuid basic = cpuid(1, 0);
    struct cpuid extended = cpuid(0x80000001, 0);
    words[0] = basic.d;
    words[1] = basic.c;
    words[2] = extended.d;
    words[3] = extended.c;
    words[4] = cpuid(0, 0).a >= 0xd ? cpuid(0xd, 1).a : 0;
    struct cpuid structured = cpuid(0, 0).a >= 7 ? cpuid(7, 0) : (struct cpuid){0};
    words[5] = structured.b;
    words[6] = structured.c;
    words[7] = cpuid(0x80000000, 0).a >= 0x80000007 ? cpuid(0x80000007, 0).d : 0;
}
