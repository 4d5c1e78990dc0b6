/* SPDX-License-Identifier: MIT */
/*
 * The domain's pages: first of all mapped linearly, then handed out one or several at a time.
 *
 * Calling context: kernel mode, one vcpu at a time; upcalls do not allocate.
 */
#ifndef GUEST_PAGE_H
#define GUEST_PAGE_H

#include <stddef.h>

#include "guest/address.h"

/* Pages that the domain was given at start: those of the linear map. */
extern size_t page_count;

/*
 * Completes the linear map, which the loader made only for what it loaded, and puts the rest into
 * the allocator. Before: no allocation. `loaded_end` is where the loader's last structure ends.
 */
void page_init(uintptr_t loaded_end);

/*
 * One page, or `n` that follow each other in the linear map (their frames need not), all zero. Ends
 * the run when there is none left: a test that wants to see that asks page_free_count() first.
 */
void *page_alloc(void);
void *page_alloc_run(size_t n);

/* The same; NULL when there are not as many in a row. */
void *page_try_run(size_t n);

/*
 * Takes back what was given, or a part of it; it must be mapped writable, at its own address only.
 */
void page_free(void *page);
void page_free_run(void *run, size_t n);

size_t page_free_count(void);

#endif
