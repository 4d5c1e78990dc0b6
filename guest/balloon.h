/* SPDX-License-Identifier: MIT */
/*
 * Memory given back to the hypervisor and taken again: the page keeps its place in the linear map,
 * the frame behind it goes and another one comes.
 */
#ifndef GUEST_BALLOON_H
#define GUEST_BALLOON_H

#include <stddef.h>

#include "guest/xen.h"

/*
 * Gives `n` pages that follow each other in the linear map back: unmapped, and no frame in the
 * list. Returns how many the hypervisor took; the rest are mapped again.
 */
size_t balloon_give(void *pages, size_t n);

/*
 * Asks for frames for pages that were given: mapped writable, contents of no meaning. Returns for
 * how many, the first ones, there were frames.
 */
size_t balloon_take(void *pages, size_t n);

/* Pages that the domain has, and may have at most; or the hypervisor's error. */
long balloon_current(void);
long balloon_maximum(void);

#endif
