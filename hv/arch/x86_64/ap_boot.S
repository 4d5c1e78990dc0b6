/* SPDX-License-Identifier: MIT */
/*
 * Another processor's first instructions: copied to a page below 1 MiB, entered in real mode with
 * %cs that page. Everything is relative to the page until paging is on; then the image is there.
 */
#include "hv/arch/x86_64/layout.h"

#define PHYS(symbol) (symbol - IMAGE_VIRT)
#define HERE(symbol) (symbol - ap_start)

    .section .rodata
    .code16
    .align 16
    .globl ap_start, ap_end
ap_start:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    movzwl %ax, %ebx
    shl $4, %ebx
    /* The far pointers below are made absolute. */
    lea HERE(ap_32)(%ebx), %eax
    mov %eax, HERE(ap_to_32)
    lea HERE(ap_gdt)(%ebx), %eax
    mov %eax, HERE(ap_gdt_pointer) + 2
    lgdtl HERE(ap_gdt_pointer)
    mov $0x11, %eax /* PE, ET */
    mov %eax, %cr0
    ljmpl *HERE(ap_to_32)

    .code32
ap_32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    /* One word of stack, behind this code, for the call. */
    lea HERE(ap_scratch)(%ebx), %esp
    mov PHYS(ap_l4), %eax
    mov $PHYS(enter_long_mode), %ecx
    call *%ecx
    ljmp $0x08, $PHYS(ap_64)

    .align 8
ap_gdt:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
ap_gdt_pointer:
    .short ap_gdt_pointer - ap_gdt - 1
    .long 0
ap_to_32:
    .long 0
    .short 0x08
    .align 8
    .skip 16
ap_scratch:
ap_end:

    .section .boot, "ax"
    .code64
ap_64:
    movabs $ap_high, %rax
    jmp *%rax
ap_high:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov ap_stack(%rip), %rsp
    xor %ebp, %ebp
    call ap_main
    ud2

    .data
    .align 8
    .globl ap_stack, ap_l4
ap_stack:
    .quad 0
ap_l4: /* the physical address of the tables, below 4 GiB */
    .quad 0
