/* SPDX-License-Identifier: MIT */
/*
 * Where the hypervisor lies in every address space: the 16 top-level slots that the ABI reserves
 * (HYPERVISOR_VIRT_START to _END, xen-x86_64.h). Each slot is 512 GiB and is the same in all
 * tables.
 *
 * - 256  machine-to-physical table, as guests see it: user, read-only by the slot's own entry
 * - 257  the same tables below, writable, for the hypervisor
 * - 258  frame table
 * - 259  windows: descriptor tables of each CPU, registers of devices
 * - 260  the hypervisor's image
 * - 262  all memory, linearly, up to slot 271
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define SLOT_SIZE 0x8000000000

#define HV_SLOT_FIRST 256
#define HV_SLOT_COUNT 16

#define M2P_GUEST_VIRT 0xffff800000000000
#define M2P_VIRT 0xffff808000000000
#define FRAME_TABLE_VIRT 0xffff810000000000
#define WINDOW_VIRT 0xffff818000000000
#define IMAGE_VIRT 0xffff820000000000
#define LINEAR_VIRT 0xffff830000000000
#define LINEAR_SIZE (10 * SLOT_SIZE)

/* So much memory the boot tables map linearly: what is used before their successors lies in it. */
#define BOOT_MAPPED 0x100000000

/* Where the image lies in memory: clear of what firmware keeps below 1 MiB, on a large page. */
#define IMAGE_PHYS 0x200000

/* A CPU's stack block; see cpu_local.h. */
#define STACK_SHIFT 15
#define STACK_SIZE (1 << STACK_SHIFT)

#define CPUS_MAX 32

/* Selectors of the hypervisor's own, in the part of the GDT that the ABI keeps for it. The order
 * HV_CS, HV_SS and 32-bit code, data, 64-bit code for guests is what SYSCALL and SYSRET demand. */
#define HV_CS 0xe008
#define HV_SS 0xe010
#define GUEST_CS32 0xe023
#define GUEST_SS 0xe02b
#define GUEST_CS64 0xe033
#define HV_TSS 0xe040
#define HV_LDT 0xe050

#endif
