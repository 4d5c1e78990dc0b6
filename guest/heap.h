/* SPDX-License-Identifier: MIT */
/*
 * Memory in bytes, as <stdlib.h> has it: aligned to 16, NULL when there is none left. Calling
 * context: as for pages (guest/page.h).
 */
#ifndef GUEST_HEAP_H
#define GUEST_HEAP_H

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);

#endif
