/* SPDX-License-Identifier: MIT */
/* The processor's caches, line by line. */
#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"

/* CPUID leaf 1, EBX bits 8 to 15: what CLFLUSH is about, in units of 8 bytes. */
static unsigned line_size(void)
{
    return (cpuid(1, 0).b >> 8 & 0xff) * 8;
}

void arch_cache_write_back(mfn_t m, unsigned offset, unsigned length)
{
    unsigned line = line_size();
    char *contents = frame_map(m);
    for (unsigned at = round_down(offset, line); at < offset + length; at += line)
        __asm__ volatile("clflush %0" : "+m"(contents[at]));
    __asm__ volatile("mfence" ::: "memory");
    frame_unmap(contents);
}
