/* SPDX-License-Identifier: MIT */
/* The other processors. */
#ifndef X86_SMP_H
#define X86_SMP_H

#include <stdint.h>

extern uint32_t cpus_online; /* CPUs [0, cpus_online) run */
extern uint32_t apic_ids[];

/* How many there are, and are wanted. */
uint32_t cpus_present(void);

/* Starts all that ACPI lists, up to `cpus=`. */
void smp_start(void);

#endif
