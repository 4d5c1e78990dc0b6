/* SPDX-License-Identifier: MIT */
/* GDT, IDT and TSS of each CPU. */
#ifndef X86_DESCRIPTORS_H
#define X86_DESCRIPTORS_H

#include <stdint.h>

/* Loads this CPU's tables and the MSRs of SYSCALL. */
void descriptors_load(unsigned cpu);

/* This CPU's LDT: entries at base; 0: none. */
void descriptors_set_ldt(unsigned cpu, uint64_t base, uint32_t entries);

/* Base of a segment that MSRs hold. */
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_GS_SHADOW 0xc0000102

#endif
