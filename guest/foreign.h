/* SPDX-License-Identifier: MIT */
/* Frames of another domain, mapped by a domain that may: the control domain. */
#ifndef GUEST_FOREIGN_H
#define GUEST_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "guest/xen.h"

/*
 * Maps `n` machine frames of `domain`, one behind the other, writable. NULL, and *error the
 * hypervisor's, if one cannot be had; nothing is mapped then. A frame that is mapped here cannot
 * become a page table there.
 */
void *foreign_map(domid_t domain, const uint64_t *frames, size_t n, long *error);

void foreign_unmap(void *at, size_t n);

#endif
