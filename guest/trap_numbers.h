/* SPDX-License-Identifier: MIT */
/* What assembly and C must agree on about traps and saved contexts. */
#ifndef GUEST_TRAP_NUMBERS_H
#define GUEST_TRAP_NUMBERS_H

#define TRAP_DIVIDE 0
#define TRAP_DEBUG 1
#define TRAP_BREAKPOINT 3
#define TRAP_OVERFLOW 4
#define TRAP_INVALID_OPCODE 6
#define TRAP_NO_FPU 7
#define TRAP_SEGMENT 11
#define TRAP_STACK 12
#define TRAP_PROTECTION 13
#define TRAP_PAGE_FAULT 14
#define TRAP_FPU 16
#define TRAP_ALIGNMENT 17
#define TRAP_SIMD 19
#define TRAP_VECTORS 256

/* Beyond the vectors: the callbacks. */
#define TRAP_SYSCALL 256
#define TRAP_EVENT 257
#define TRAP_FAILSAFE 258
#define TRAP_KINDS 259

#define TRAP_STUB_SIZE 16

/* struct context (guest/trap.h) */
#define CONTEXT_RBX 0
#define CONTEXT_RBP 8
#define CONTEXT_R12 16
#define CONTEXT_R13 24
#define CONTEXT_R14 32
#define CONTEXT_R15 40
#define CONTEXT_RSP 48
#define CONTEXT_RIP 56

#endif
