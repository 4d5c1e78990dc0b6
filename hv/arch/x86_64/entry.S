/* SPDX-License-Identifier: MIT */
/*
 * Every way in and the one way out.
 *
 * A guest is entered from and returned to with its registers in cpu_local.regs, at the top of the
 * stack (cpu_local.h). Between the two, interrupts are on in hypercalls and exceptions, but off from
 * the last look at work and events until the guest runs: nothing is noticed too late.
 *
 * These paths are what the kit measures: an instruction here is one in every figure.
 */
#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/offsets.h"
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/vectors.h"

.macro PUSH_REGS
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro POP_REGS_TO_R8
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
.endm

    .text

/* ---- SYSCALL: from guest kernels a hypercall, from user programs the guest kernel's.
 *
 * %rsp still is the guest's and no register is free, so each CPU has its own first instructions,
 * which know their own memory. SFMASK has cleared IF, TF, AC, DF, NT, RF and VM.
 */
    .align 16
    .globl guest_iret, syscall_stubs, syscall_stubs_1, return_to_guest
syscall_stubs:
    .set cpu, 0
    .rept CPUS_MAX
    .align 32
    .if cpu == 1
syscall_stubs_1:
    .endif
    mov %rsp, syscall_rsp + 8 * cpu(%rip)
    lea stacks + (cpu + 1) * STACK_SIZE - CPU_LOCAL_SIZE + REGS_END(%rip), %rsp
    pushq $GUEST_SS
    pushq syscall_rsp + 8 * cpu(%rip)
    jmp syscall_entry
    .set cpu, cpu + 1
    .endr

    .align 16
syscall_entry:
    push %r11
    pushq $GUEST_CS64
    push %rcx
    pushq $0
    movl $ENTRY_SYSCALL, 4(%rsp)
    PUSH_REGS
    mov LOCAL_CURRENT(%rsp), %rbx
    sti
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je 2f
    cmp $HYPERCALL_COUNT, %rax
    jae 3f
    mov %r10, %rcx
    lea hypercall_table(%rip), %r11
    call *(%r11, %rax, 8)
    mov %rax, REGS_RAX(%rsp)

    /* Back to the guest, from anywhere. %rsp is at regs. */
return_to_guest:
    cli
    mov LOCAL_CURRENT(%rsp), %rbx
    cmpl $0, LOCAL_WORK(%rsp)
    jne 5f
    mov VCPU_INFO(%rbx), %rax
    cmpb $0, INFO_PENDING(%rax)
    jne 6f
restore_guest:
    testl $ENTRY_SYSCALL, REGS_VECTOR(%rsp)
    jz 7f
    /* SYSRET to an address that is not canonical faults with the guest's stack and our rights on
     * some processors (Intel SDM, SYSRET): those go by IRET. */
    mov REGS_RIP(%rsp), %rax
    sar $47, %rax
    inc %eax
    cmp $1, %eax
    ja 7f
    POP_REGS_TO_R8
    pop %rax
    add $8, %rsp
    pop %rdx
    pop %rsi
    pop %rdi
    add $8, %rsp
    pop %rcx
    add $8, %rsp
    pop %r11
    pop %rsp
    sysretq

7:  POP_REGS_TO_R8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $8, %rsp
guest_iret:
    iretq
    .pushsection .fixups, "a"
    .quad guest_iret, guest_iret_failed
    .popsection

2:  mov %rsp, %rdi
    call guest_syscall
    jmp return_to_guest
3:  movq $-38, REGS_RAX(%rsp) /* -ENOSYS */
    jmp return_to_guest
5:  call cpu_do_work
    jmp return_to_guest
6:  cmpb $0, INFO_MASK(%rax)
    jne restore_guest
    mov %rsp, %rdi
    call guest_upcall
    jmp return_to_guest

/* The guest's frame could not be loaded: what it returns to is its own doing. The fault pushed its
 * frame below the five words that IRET wanted; the registers are still the guest's. */
guest_iret_failed:
    pushq $0
    PUSH_REGS
    mov %rsp, %rdi
    call guest_return_failed
    jmp return_to_guest

/* ---- exceptions and interrupts */

    .align 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept VECTOR_COUNT
    .align 16
    .if vector >= 32 || !((VECTORS_WITH_ERROR >> (vector & 31)) & 1)
    pushq $0
    .endif
    movl $vector, 4(%rsp)
    .if vector == VECTOR_NMI || vector == VECTOR_MC || vector == VECTOR_DF
    jmp trap_apart
    .elseif vector == VECTOR_DB
    jmp trap_debug
    .elseif vector == VECTOR_INT80
    jmp trap_int80
    .elseif vector >= 32
    jmp interrupt_common
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr

    .align 16
trap_common:
    PUSH_REGS
    cld
    mov REGS_VECTOR(%rsp), %eax
    mov %rsp, %rdi
    testb $3, REGS_CS(%rsp)
    jz 1f
    lea guest_traps(%rip), %rcx
    call *(%rcx, %rax, 8)
    jmp return_to_guest
1:  xor %ebp, %ebp
    call hypervisor_trap
restore_hypervisor:
    POP_REGS_TO_R8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $8, %rsp
    iretq

interrupt_common:
    PUSH_REGS
    cld
    mov %rsp, %rdi
    call interrupt
    testb $3, REGS_CS(%rsp)
    jnz return_to_guest
    jmp restore_hypervisor

/* By INT, from guests alone: the processor lets nobody else in. */
trap_int80:
    PUSH_REGS
    cld
    mov %rsp, %rdi
    call guest_int80
    jmp return_to_guest

/* On a stack of their own; nothing of the guest's is changed and no work is done on return. */
trap_apart:
    PUSH_REGS
    cld
    mov %rsp, %rdi
    call trap_on_own_stack
    jmp restore_hypervisor

/* Debug exceptions come on a stack of their own, because one may strike on the first instruction
 * behind a SYSCALL (AMD and Intel both: a pending one is delivered behind MOV SS). From a guest they
 * go on on the usual one. */
trap_debug:
    PUSH_REGS
    cld
    mov %rsp, %rdi
    testb $3, REGS_CS(%rsp)
    jz trap_apart_called
    mov %rsp, %rsi
    and $-STACK_SIZE, %rdi
    add $(STACK_SIZE - CPU_LOCAL_SIZE), %rdi
    mov %rdi, %rsp
    mov $(REGS_END / 8), %ecx
    rep movsq
    mov %rsp, %rdi
    call *guest_traps + 8 * VECTOR_DB(%rip)
    jmp return_to_guest
trap_apart_called:
    call trap_on_own_stack
    jmp restore_hypervisor

/* ---- stacks */

/* noreturn void run_guest(void): what is in this CPU's regs. */
    .globl run_guest
run_guest:
    mov %rsp, %rax
    and $-STACK_SIZE, %rax
    lea STACK_SIZE - CPU_LOCAL_SIZE(%rax), %rsp
    xor %ebp, %ebp
    jmp return_to_guest

/* noreturn void restart_stack(void (*f)(void)): nothing on the stack is needed any more. */
    .globl restart_stack
restart_stack:
    mov %rsp, %rax
    and $-STACK_SIZE, %rax
    lea STACK_SIZE - CPU_LOCAL_SIZE(%rax), %rsp
    xor %ebp, %ebp
    call *%rdi
    ud2

    .section .data
    .align 64
syscall_rsp:
    .skip 8 * CPUS_MAX
