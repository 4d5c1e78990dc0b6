/* SPDX-License-Identifier: MIT */
/* Exceptions (Intel SDM volume 3A, table 6-1) and the hypervisor's own interrupts. */
#ifndef X86_VECTORS_H
#define X86_VECTORS_H

#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_BP 3
#define VECTOR_OF 4
#define VECTOR_BR 5
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_DF 8
#define VECTOR_TS 10
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MF 16
#define VECTOR_AC 17
#define VECTOR_MC 18
#define VECTOR_XM 19

/* Exceptions that push an error code: 8, 10..14, 17, 21, 29, 30. */
#define VECTORS_WITH_ERROR 0x60227d00

/* Devices', but for the one in between. */
#define VECTOR_DEVICE_FIRST 0x31
#define VECTOR_DEVICE_LAST 0xef
/* The software interrupt that most kernels use; a gate of its own. */
#define VECTOR_INT80 0x80

/* The local APIC's. */
#define VECTOR_IPI 0xf0
#define VECTOR_TIMER 0xf1
#define VECTOR_STOP 0xf2
#define VECTOR_FLUSH 0xf3
#define VECTOR_PMU 0xf4
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

#define VECTOR_COUNT 256

/* In regs.entry_vector, its sign: the guest entered by SYSCALL or may be left as if it had (RCX and
 * R11 are not its own any more). */
#define ENTRY_SYSCALL 0x80000000

#endif
