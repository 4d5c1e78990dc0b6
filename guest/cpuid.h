/* SPDX-License-Identifier: MIT */
/* CPUID as the hypervisor answers it: the processor's own answers are not all meant for a guest. */
#ifndef GUEST_CPUID_H
#define GUEST_CPUID_H

#include "guest/xen.h"

#include <xen/arch-x86/cpuid.h>

struct cpuid {
    uint32_t a, b, c, d;
};

/* With the prefix that forces emulation (xen/arch-x86/xen.h). */
static inline struct cpuid cpuid_forced(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r = {.a = leaf, .c = subleaf};
    asm volatile(XEN_CPUID : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
    return r;
}

#endif
