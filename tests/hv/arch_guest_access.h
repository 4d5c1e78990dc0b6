/* SPDX-License-Identifier: MIT */
/* Guests' memory in unit tests: the test's own, but for the first page, which nobody has. */
#ifndef TESTS_HV_ARCH_GUEST_ACCESS_H
#define TESTS_HV_ARCH_GUEST_ACCESS_H

#include <string.h>

#include "hv/core/types.h"

static inline bool copy_from_guest(void *to, vaddr_t from, size_t size)
{
    if (from.a < PAGE_SIZE)
        return false;
    memcpy(to, (const void *)from.a, size);
    return true;
}

static inline bool copy_to_guest(vaddr_t to, const void *from, size_t size)
{
    if (to.a < PAGE_SIZE)
        return false;
    memcpy((void *)to.a, from, size);
    return true;
}

#endif
