/* SPDX-License-Identifier: MIT */
/*
 * The only way to a guest's memory by its own addresses, in the address space that is loaded now.
 *
 * Each function checks that the range is the guest's to use and survives that it is not mapped.
 * What is copied is copied once: check the copy, never the original.
 */
#ifndef HV_GUEST_ACCESS_H
#define HV_GUEST_ACCESS_H

#include "hv/core/arch.h"
#include "hv/core/types.h"

/* false: not all of it could be copied. */
static inline bool copy_from_guest(void *to, vaddr_t from, size_t size);
static inline bool copy_to_guest(vaddr_t to, const void *from, size_t size);
bool clear_guest(vaddr_t to, size_t size);

/* The n-th of an array of such elements; n is the guest's: an overflow is false. */
static inline bool guest_element(vaddr_t array, uint64_t n, size_t size, vaddr_t *at)
{
    uint64_t offset;
    return !__builtin_mul_overflow(n, size, &offset) &&
           !__builtin_add_overflow(array.a, offset, &at->a);
}

static inline bool copy_element_from_guest(void *to, vaddr_t array, uint64_t n, size_t size)
{
    vaddr_t at;
    return guest_element(array, n, size, &at) && copy_from_guest(to, at, size);
}

static inline bool copy_element_to_guest(vaddr_t array, uint64_t n, const void *from, size_t size)
{
    vaddr_t at;
    return guest_element(array, n, size, &at) && copy_to_guest(at, from, size);
}

#include "arch_guest_access.h" /* the two above; by include path */

#define guest_handle(h) vaddr((uint64_t)(h).p)

#endif
