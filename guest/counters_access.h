/* SPDX-License-Identifier: MIT */
/*
 * How counters.c reaches the processor, the hypervisor and memory. Included by include path, so
 * that the unit tests can put others in their place.
 */
#ifndef GUEST_COUNTERS_ACCESS_H
#define GUEST_COUNTERS_ACCESS_H

#include "guest/address.h"
#include "guest/cpuid.h"
#include "guest/hypercall.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/trap.h"
#include "guest/vcpu.h"

/* false: it was an exception. */
static inline bool access_write_msr(uint32_t msr, uint64_t value)
{
    struct caught caught;
    return !CATCH(&caught, asm volatile("wrmsr"
                                        :
                                        : "c"(msr), "a"((uint32_t)value), "d"(value >> 32)));
}

static inline uint64_t access_read_msr(uint32_t msr)
{
    uint32_t low;
    uint32_t high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t access_rdpmc(uint32_t number)
{
    uint32_t low;
    uint32_t high;
    asm volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

/* false: it is an exception. */
static inline bool access_may_rdpmc(uint32_t number)
{
    struct caught caught;
    return !CATCH(&caught, access_rdpmc(number));
}

/* Without a trap, where the hypervisor lets this kernel. */
static inline void access_allow_rdpmc(void)
{
    uint64_t cr4;
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    asm volatile("mov %0, %%cr4" : : "r"(cr4 | 1UL << 8 /* PCE */));
}

#endif
