/* SPDX-License-Identifier: MIT */
/*
 * The hostile peer: an input is a list of calls to make and of changes to shared memory, made
 * between calls or just before an access within one.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts a run. The input and the region stay the caller's. */
void fuzz_begin(const uint8_t *input, size_t size);
void fuzz_region(void *region, size_t size);

/* The next of the input, little-endian; zeroes behind its end. */
bool fuzz_more(void);
uint8_t fuzz_u8(void);
uint16_t fuzz_u16(void);
uint32_t fuzz_u32(void);

/* Reads a change from the input: made now, or kept for an access of a call to come. */
void fuzz_scribble(void);
void fuzz_plan(void);

/* Has shared memory been changed in this run? Until then both ends are honest. */
bool fuzz_hostile(void);

/* Before each call: the most accesses that it may make. */
void fuzz_call(const char *name, size_t accesses);

/* The contract as an assertion that says which call broke it. */
void fuzz_check_(bool holds, const char *what);
#define fuzz_check(holds) fuzz_check_((holds), #holds)

#endif
