/* SPDX-License-Identifier: MIT */
/*
 * All that a domain has and that nobody else may change: it is put into a known state, and looked
 * at again and again. Each look answers how many things are not as they were left.
 */
#ifndef TESTS_SYSTEM_HOSTILE_STATE_H
#define TESTS_SYSTEM_HOSTILE_STATE_H

#include <stdint.h>

/* Once, before any of the others. `pages`: how much memory is watched. */
void state_init(unsigned pages);

/* One step of a sum over all of the memory, which is known: a page is read, checked, and written
 * anew. */
uint64_t state_memory(void);

/* General registers hold what they held `rounds` loops ago. */
uint64_t state_registers(uint64_t rounds);

/* Vectors, of the greatest width there is, the x87 stack and both control words. */
uint64_t state_vectors(void);

/* Another domain's vectors, x87, debug registers and base of %fs: what a processor would still
 * hold if they were not changed when it goes from one domain to another. */
void state_others(uint64_t n);

/* Breakpoint addresses, and the base of %fs. */
uint64_t state_debug(void);
uint64_t state_segment(void);

/* A table of 512 entries that come and go, and frames that are still this domain's. */
uint64_t state_tables(void);
uint64_t state_frames(void);

/* An exception comes to where it belongs. */
uint64_t state_traps(void);

#endif
