/* SPDX-License-Identifier: MIT */
/*
 * Instructions that may fault in the hypervisor, and where it then goes on: pairs of addresses in
 * .fixups, looked up by hypervisor_trap(). All have in common that a guest chose the address, which
 * is its own to use and may still not be mapped.
 */
#ifndef X86_FIXUP_H
#define X86_FIXUP_H

#include "hv/arch/x86_64/layout.h"
#include "hv/core/abi.h"
#include "hv/core/types.h"

#define FIXUP(at, to)               \
    ".pushsection .fixups, \"a\"\n" \
    ".quad " at ", " to "\n"        \
    ".popsection\n"

struct fixup {
    uint64_t at, to;
};

/* All of the guest's own range; nothing is said about what is mapped there. Addresses that are not
 * canonical fault by themselves. */
static inline bool guest_range_ok(uint64_t start, uint64_t size)
{
    return start + size >= start &&
           (start + size <= HYPERVISOR_VIRT_START || start >= HYPERVISOR_VIRT_END);
}

/*
 * The same for what is shorter than a page and touched upwards: where it starts says all. Below the
 * hypervisor's range no address is canonical, so that the first one touched faults; and behind the
 * last address there is the guest's first.
 */
#define HYPERVISOR_RANGE_BITS 43
_Static_assert(HYPERVISOR_VIRT_END - HYPERVISOR_VIRT_START == 1UL << HYPERVISOR_RANGE_BITS &&
                   HYPERVISOR_VIRT_START % (1UL << HYPERVISOR_RANGE_BITS) == 0,
               "one value of the upper bits");

static inline bool guest_start_ok(uint64_t start)
{
    return start >> HYPERVISOR_RANGE_BITS != HYPERVISOR_VIRT_START >> HYPERVISOR_RANGE_BITS;
}

/* Bytes that could not be copied. Words first: most of what is copied is a few of them. */
static inline size_t copy_fixed_up(void *to, const void *from, size_t size)
{
    size_t words = size / 8;
    size_t bytes = size % 8;
    __asm__ volatile("1: rep movsq\n"
                     "mov %[bytes], %%rcx\n"
                     "2: rep movsb\n"
                     "jmp 4f\n"
                     "3: lea (%[bytes], %%rcx, 8), %%rcx\n"
                     "4:\n" FIXUP("1b", "3b") FIXUP("2b", "4b")
                     : "+D"(to), "+S"(from), "+c"(words)
                     : [bytes] "r"(bytes)
                     : "memory");
    return words;
}

/* One word to an address of a guest's; goes to the label if it cannot. */
#define guest_put64(address, value, fault)                                             \
    __asm__ volatile goto(                                                             \
        "1: movq %1, %0\n" FIXUP("1b", "%l[" #fault "]")::"m"(*(uint64_t *)(address)), \
        "er"((uint64_t)(value))                                                        \
        : "memory"                                                                     \
        : fault)

/* One number, of `to`'s size, from an address of a guest's; goes to the label if it cannot. The
 * empty statement keeps GCC before 12.4 from losing the output (its bug 113921). */
#define guest_get(to, address, fault)                                         \
    do {                                                                      \
        __asm__ volatile goto("1: mov %1, %0\n" FIXUP("1b", "%l[" #fault "]") \
                              : "=r"(to)                                      \
                              : "m"(*(const __typeof__(to) *)(address))       \
                              :                                               \
                              : fault);                                       \
        __asm__ volatile("");                                                 \
    } while (0)

/* NULL-free lookup: 0 if there is none. */
uint64_t fixup_for(uint64_t rip);

#endif
