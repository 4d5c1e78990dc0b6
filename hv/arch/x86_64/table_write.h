/* SPDX-License-Identifier: MIT */
/* VMASST_TYPE_writable_pagetables: a kernel writes to its page tables as if they were memory. */
#ifndef X86_TABLE_WRITE_H
#define X86_TABLE_WRITE_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

struct vcpu;

/* A kernel's write to a page that may be read faulted. true: it was one to an entry of a table in
 * use as level 1, and has been done, checked. false: it is the guest's fault, by its own rules. */
bool table_write(struct vcpu *v, struct cpu_user_regs *r, uint64_t address);

#endif
