/* SPDX-License-Identifier: MIT */
#include "hv/core/guest_access.h"

#include "hv/arch/x86_64/fixup.h"

bool copy_many_from_guest(void *to, uint64_t from, size_t size)
{
    if (unlikely(!guest_range_ok(from, size)))
        return false;
    return copy_fixed_up(to, (const void *)from, size) == 0;
}

bool copy_many_to_guest(uint64_t to, const void *from, size_t size)
{
    if (unlikely(!guest_range_ok(to, size)))
        return false;
    return copy_fixed_up((void *)to, from, size) == 0;
}

bool clear_guest(vaddr_t to, size_t size)
{
    if (unlikely(!guest_range_ok(to.a, size)))
        return false;
    size_t left = size;
    __asm__ volatile("1: rep stosb\n2:\n" FIXUP("1b", "2b")
                     : "+D"(to.a), "+c"(left)
                     : "a"(0)
                     : "memory");
    return left == 0;
}
