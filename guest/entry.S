/* SPDX-License-Identifier: MIT */
/*
 * Where the hypervisor enters the kernel: start of day, the trap table's stubs, the three callbacks;
 * and where the kernel leaves: iret, and the two saved contexts (trap_catch, user_enter).
 *
 * A frame that the hypervisor pushes holds, from the lowest address (Xen's create_bounce_frame, as
 * the public headers imply by iret_context): rcx, r11, [error code], rip, cs, rflags, rsp, ss. The
 * stubs turn all of them into a struct trap_frame (guest/trap.h) and call one C function.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>
#include <xen/xen.h>
#include <xen/features.h>

#include "guest/trap_numbers.h"

#define GUEST_BASE __HYPERVISOR_VIRT_END

#define BOOT_STACK_SIZE 32768
#define IRET_STUB (hypercall_page + __HYPERVISOR_iret * 32)

/* The notes by which a loader recognises a paravirtual kernel (xen/elfnote.h). */
.macro note type:req, desc:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 8f - 7f, \type
    .asciz "Xen"
7:  \desc
8:  .balign 4
    .popsection
.endm

    note XEN_ELFNOTE_GUEST_OS, .asciz "Ringside"
    note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
    note XEN_ELFNOTE_VIRT_BASE, .quad GUEST_BASE
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_ENTRY, .quad _start
    note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
    note XEN_ELFNOTE_HV_START_LOW, .quad __HYPERVISOR_VIRT_START
    note XEN_ELFNOTE_FEATURES, .asciz "mmu_pt_update_preserve_ad"
    note XEN_ELFNOTE_SUPPORTED_FEATURES, .long (1 << XENFEAT_mmu_pt_update_preserve_ad) | (1 << XENFEAT_dom0)

    .text

/* rsi: start_info. Everything else is as in a fresh vcpu; the upcall mask is set. */
    .globl _start
    .type _start, @function
_start:
    cld
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, start_counter(%rip)
    lea boot_stack + BOOT_STACK_SIZE(%rip), %rsp
    xor %ebp, %ebp
    mov %rsi, %rdi
    call guest_start
    ud2

/* A vcpu brought up by vcpu_up(): rdi, its function; rsi, its struct vcpu. */
    .globl vcpu_entry
    .type vcpu_entry, @function
vcpu_entry:
    cld
    xor %ebp, %ebp
    call vcpu_start
    ud2

/* Filled in by the hypervisor: a stub of 32 bytes for each hypercall. */
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

/*
 * One stub a vector, TRAP_STUB_SIZE apart. Where the processor pushes no error code, 0 stands in
 * its place.
 */
    .balign TRAP_STUB_SIZE
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .balign TRAP_STUB_SIZE
    pop %rcx
    pop %r11
    .ifeq (vector - 8) * (vector - 10) * (vector - 11) * (vector - 12) * (vector - 13) * (vector - 14) * (vector - 17) * (vector - 21)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp trap_entry
    .set vector, vector + 1
    .endr

    .globl event_callback
event_callback:
    pop %rcx
    pop %r11
    pushq $0
    pushq $TRAP_EVENT
    jmp trap_entry

    .globl syscall_callback
syscall_callback:
    pop %rcx
    pop %r11
    pushq $0
    pushq $TRAP_SYSCALL
    jmp trap_entry

/* Here rcx and r11 are followed by ds, es, fs, gs. */
    .globl failsafe_callback
failsafe_callback:
    pop %rcx
    pop %r11
    add $4 * 8, %rsp
    pushq $0
    pushq $TRAP_FAILSAFE
    jmp trap_entry

    .type trap_entry, @function
trap_entry:
    cld
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
    mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call trap_handle
    mov %rbx, %rsp

/* rsp: a struct trap_frame to continue from. */
trap_return:
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
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $2 * 8, %rsp            /* vector and error code */
    pushq $0                    /* flags: restore rcx and r11 too */
    jmp IRET_STUB

/* void frame_resume(const struct trap_frame *): continues there for good. */
    .globl frame_resume
    .type frame_resume, @function
frame_resume:
    mov %rdi, %rsp
    jmp trap_return

/* void context_switch(struct context *from, const struct context *to) */
    .globl context_switch
    .type context_switch, @function
context_switch:
    push %rsi
    call context_save
    pop %rdi
    test %eax, %eax
    jz context_restore
    ret

/* bool context_save(struct context *): false now; true when context_restore() comes back here. */
    .globl context_save
    .type context_save, @function
context_save:
    mov %rbx, CONTEXT_RBX(%rdi)
    mov %rbp, CONTEXT_RBP(%rdi)
    mov %r12, CONTEXT_R12(%rdi)
    mov %r13, CONTEXT_R13(%rdi)
    mov %r14, CONTEXT_R14(%rdi)
    mov %r15, CONTEXT_R15(%rdi)
    lea 8(%rsp), %rax
    mov %rax, CONTEXT_RSP(%rdi)
    mov (%rsp), %rax
    mov %rax, CONTEXT_RIP(%rdi)
    xor %eax, %eax
    ret

/* void context_restore(const struct context *) */
    .globl context_restore
    .type context_restore, @function
context_restore:
    mov CONTEXT_RBX(%rdi), %rbx
    mov CONTEXT_RBP(%rdi), %rbp
    mov CONTEXT_R12(%rdi), %r12
    mov CONTEXT_R13(%rdi), %r13
    mov CONTEXT_R14(%rdi), %r14
    mov CONTEXT_R15(%rdi), %r15
    mov CONTEXT_RSP(%rdi), %rsp
    mov $1, %eax
    jmp *CONTEXT_RIP(%rdi)

    .bss
    .balign 16
boot_stack:
    .skip BOOT_STACK_SIZE

    .section .note.GNU-stack, "", @progbits
