/* SPDX-License-Identifier: MIT */
/* What the hypervisor told at start of day, and the command line. */
#ifndef GUEST_START_H
#define GUEST_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/xen.h"

extern const struct start_info *start_info;
extern struct shared_info *shared_info;

/* The processor's counter when the kernel began: at its second instruction. */
extern uint64_t start_counter;

/* What a workload provides: it runs on the first vcpu; the run ends when it returns. */
void guest_main(void);

/*
 * The value of `name=value` on the command line, of which words are separated by blanks, and its
 * length; NULL if it is not there. An empty value is one. It lasts.
 */
const char *start_option(const char *name, size_t *length);

/* As a number (decimal, 0x hexadecimal); `otherwise` if absent. Ends the run if it is no number. */
uint64_t start_option_number(const char *name, uint64_t otherwise);

/* Is the hypervisor Ringside? What only it has (hv/public/ringside.h), a guest tries only there. */
bool start_on_ringside(void);

#endif
