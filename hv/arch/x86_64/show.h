/* SPDX-License-Identifier: MIT */
/* What is printed when something has gone wrong. */
#ifndef X86_SHOW_H
#define X86_SHOW_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

void show_registers(const struct cpu_user_regs *r);

/* Callers in the hypervisor, by name, from a frame pointer on. */
void show_backtrace(uint64_t rip, uint64_t rbp);

/* The top of a guest's stack. */
void show_guest_stack(const struct cpu_user_regs *r);

/* The name of the function that holds an address of the image, its length, and how far into it that
 * is. NULL: none. */
const char *symbol_at(uint64_t address, uint64_t *offset, unsigned *length);

#endif
