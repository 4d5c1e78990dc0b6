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

/*
 * Where SYSCALL leads to. %rsp still is the guest's and no register is free, so each CPU has its own
 * first instructions, which know their own memory. SFMASK has cleared IF, TF, AC, DF, NT, RF and VM.
 */
.macro SYSCALL_STUBS entry
    .set cpu, 0
    .rept CPUS_MAX
    .align 32
    mov %rsp, stacks + (cpu + 1) * STACK_SIZE - CPU_LOCAL_SIZE + REGS_RSP(%rip)
    lea stacks + (cpu + 1) * STACK_SIZE - CPU_LOCAL_SIZE + REGS_RSP(%rip), %rsp
    movq $GUEST_SS, 8(%rsp)
    jmp \entry
    .set cpu, cpu + 1
    .endr
.endm

/* ---- SYSCALL: from guest kernels a hypercall, from user programs the guest kernel's */
    .align 16
    .globl guest_iret, syscall_stubs, return_to_guest
syscall_stubs:
    SYSCALL_STUBS syscall_entry

/*
 * Registers that C preserves (rbx, rbp, r12 to r15) stay in the processor: a hypercall that is over
 * at once, as most are, never needs them in the frame. RETURN_TO_GUEST puts them there when something
 * else has to be done first; until then what a dump shows of them is old.
 */
    .align 16
syscall_entry:
    push %r11
    pushq $GUEST_CS64
    push %rcx
    pushq $-1 /* ENTRY_SYSCALL, and all else */
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    sub $REGS_R11, %rsp
    mov LOCAL_CURRENT(%rsp), %r11
    sti
    cmpb $0, VCPU_IN_KERNEL(%r11)
    je 2f
    cmp $HYPERCALL_COUNT, %rax
    jae 3f
    cmpb $0, trace_on(%rip)
    jne 4f
1:  mov %r10, %rcx
    lea hypercall_table(%rip), %r11
    call *(%r11, %rax, 8)

    /* Back by SYSRET with the result in %rax. */
return_fast:
    cli
    mov LOCAL_CURRENT(%rsp), %rdx
    cmpl $0, LOCAL_WORK(%rsp)
    jne 5f
    mov VCPU_INFO(%rdx), %rdx
    cmpb $0, INFO_PENDING(%rdx)
    jne 6f
restore_fast:
    /* SYSRET to an address that is not canonical faults with the guest's stack and our rights on
     * some processors (Intel SDM, SYSRET): those go by IRET. */
    mov REGS_RIP(%rsp), %rcx
    mov %rcx, %rdx
    sar $47, %rdx
    inc %edx
    cmp $1, %edx
    ja 5f
    mov REGS_R10(%rsp), %r10
    mov REGS_R9(%rsp), %r9
    mov REGS_R8(%rsp), %r8
    mov REGS_RDX(%rsp), %rdx
    mov REGS_RSI(%rsp), %rsi
    mov REGS_RDI(%rsp), %rdi
    mov REGS_RFLAGS(%rsp), %r11
    mov REGS_RSP(%rsp), %rsp
    sysretq

2:  mov %rsp, %rdi
    call guest_syscall
    mov REGS_RAX(%rsp), %rax
    jmp return_fast
3:  mov $-38, %rax /* -ENOSYS */
    jmp return_fast
4:  mov %rsp, %rdi
    call trace_hypercall
    mov REGS_RAX(%rsp), %rax
    mov REGS_RDI(%rsp), %rdi
    mov REGS_RSI(%rsp), %rsi
    mov REGS_RDX(%rsp), %rdx
    mov REGS_R10(%rsp), %r10
    mov REGS_R8(%rsp), %r8
    mov REGS_R9(%rsp), %r9
    jmp 1b

6:  cmpb $0, INFO_MASK(%rdx)
    jne restore_fast
5:  mov %rax, REGS_RAX(%rsp)
save_rest:
    mov %rbx, REGS_RBX(%rsp)
    mov %rbp, REGS_RBP(%rsp)
    mov %r12, REGS_R12(%rsp)
    mov %r13, REGS_R13(%rsp)
    mov %r14, REGS_R14(%rsp)
    mov %r15, REGS_R15(%rsp)

    /* Back to the guest, from anywhere. %rsp is at regs, and all are there. */
return_to_guest:
    cli
    mov LOCAL_CURRENT(%rsp), %rbx
    cmpl $0, LOCAL_WORK(%rsp)
    jne 1f
    mov VCPU_INFO(%rbx), %rax
    cmpb $0, INFO_PENDING(%rax)
    jne 2f
restore_guest:
    cmpl $0, REGS_VECTOR(%rsp)
    jns 3f
    mov REGS_RIP(%rsp), %rax
    sar $47, %rax
    inc %eax
    cmp $1, %eax
    ja 3f
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

3:  POP_REGS_TO_R8
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

1:  call cpu_do_work
    jmp return_to_guest
2:  cmpb $0, INFO_MASK(%rax)
    jne restore_guest
    mov %rsp, %rdi
    call guest_upcall
    jmp return_to_guest

/* The hypercall iret: what the call would return to is another context. */
    .globl hypercall_iret
hypercall_iret:
    add $8, %rsp
    mov %rsp, %rdi
    call guest_iret_frame
    cli
    mov LOCAL_CURRENT(%rsp), %rdx
    cmpl $0, LOCAL_WORK(%rsp)
    jne save_rest
    mov VCPU_INFO(%rdx), %rdx
    cmpb $0, INFO_PENDING(%rdx)
    jne 1f
    cmpl $0, REGS_VECTOR(%rsp)
    js 2f
3:  add $REGS_R11, %rsp
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $8, %rsp
    jmp guest_iret
1:  cmpb $0, INFO_MASK(%rdx)
    je save_rest
    cmpl $0, REGS_VECTOR(%rsp)
    jns 3b
2:  mov REGS_RAX(%rsp), %rax
    jmp restore_fast

/* The guest's frame could not be loaded: what it returns to is its own doing. The fault pushed its
 * frame below the five words that IRET wanted; the registers are still the guest's. */
guest_iret_failed:
    pushq $0
    PUSH_REGS
    mov %rsp, %rdi
    call guest_return_failed
    jmp return_to_guest

/* ---- system calls of 32-bit user programs. Never a hypercall, and never back by SYSRET: it would
 * go to 64-bit code.
 *
 * By SYSCALL, where the processor is AMD's: as above. */
    .align 16
    .globl syscall32_stubs, sysenter_entry
syscall32_stubs:
    SYSCALL_STUBS syscall32_entry

syscall32_entry:
    push %r11
    pushq $GUEST_CS32
    push %rcx
    pushq $0
    PUSH_REGS
    sti
    mov %rsp, %rdi
    call guest_syscall32
    jmp return_to_guest

/*
 * By SYSENTER, where it is Intel's. %rsp is at the end of regs, and where the guest was is not
 * known but by the guest. Flags are as they were, but for IF: with TF each of these instructions
 * is a debug exception, which is ignored, up to where they are made ours.
 */
    .align 16
sysenter_entry:
    pushq $GUEST_SS
    pushq $0 /* rsp */
    pushfq
    pushq $RFLAGS_FIXED
    popfq
    orl $RFLAGS_IF, (%rsp)
    pushq $3 /* cs: user mode's, and none */
    pushq $0 /* rip */
    pushq $0
    PUSH_REGS
    sti
    mov %rsp, %rdi
    call guest_sysenter
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
    /* Bounced, and nothing emulated: what C preserves is as it came. */
    mov REGS_RAX(%rsp), %rax
    cmpl $0, REGS_VECTOR(%rsp)
    js return_fast
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
