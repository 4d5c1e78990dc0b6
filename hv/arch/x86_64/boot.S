/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C. Multiboot 1 (section 3.2) and 2 (section 3.3) both enter here: 32-bit
 * protected mode, no paging, interrupts off, %eax the loader's magic, %ebx its information.
 *
 * The tables made here map memory's first 4 GiB three times: where it is, linearly, and, its first
 * GiB, as the image. start.c replaces them.
 */
#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/offsets.h"

#define PHYS(symbol) (symbol - IMAGE_VIRT)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* page-aligned modules, memory information, address fields valid */
#define MB2_MAGIC 0xe85250d6
#define MB2_TAG_INFORMATION 1
#define MB2_TAG_ADDRESS 2
#define MB2_TAG_ENTRY 3
#define MB2_TAG_ALIGN 6

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_ET (1 << 4)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define CR4_PGE (1 << 7)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define MSR_EFER 0xc0000080
#define EFER_SCE (1 << 0)
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)
#define CPUID_LONG_MODE (1 << 29)
#define CPUID_NX (1 << 20)

#define PTE_P 1
#define PTE_RW 2
#define PTE_PS 0x80

    .section .boot, "ax"
    .code32

    .align 4
mb1_header:
    .long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
    .long PHYS(mb1_header), PHYS(image_start), PHYS(data_end), PHYS(bss_end), PHYS(boot_entry)

    .align 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + mb2_end - mb2_header)
    .align 8
    .short MB2_TAG_INFORMATION, 0
    .long 8 + 3 * 4
    .long 1, 3, 6 /* command line, modules, memory map */
    .align 8
    .short MB2_TAG_ADDRESS, 0
    .long 24, PHYS(mb2_header), PHYS(image_start), PHYS(data_end), PHYS(bss_end)
    .align 8
    .short MB2_TAG_ENTRY, 0
    .long 12, PHYS(boot_entry)
    .align 8
    .short MB2_TAG_ALIGN, 0
    .long 8
    .align 8
    .short 0, 0
    .long 8
mb2_end:

    .globl boot_entry
boot_entry:
    cli
    cld
    mov %eax, %ebp
    mov %ebx, %esi

    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    and $(CPUID_LONG_MODE | CPUID_NX), %edx
    cmp $(CPUID_LONG_MODE | CPUID_NX), %edx
    jne no_long_mode

    /* Four tables of 2 MiB pages: the first 4 GiB. */
    mov $PHYS(boot_l2), %edi
    mov $(PTE_P | PTE_RW | PTE_PS), %eax
    mov $(4 * 512), %ecx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $8, %edi
    add $0x200000, %eax
    dec %ecx
    jnz 1b

    mov $PHYS(boot_l2) + PTE_P + PTE_RW, %eax
    mov %eax, PHYS(boot_l3)
    add $4096, %eax
    mov %eax, PHYS(boot_l3) + 8
    add $4096, %eax
    mov %eax, PHYS(boot_l3) + 16
    add $4096, %eax
    mov %eax, PHYS(boot_l3) + 24

    mov $PHYS(boot_l3) + PTE_P + PTE_RW, %eax
    mov %eax, PHYS(boot_l4)
    mov %eax, PHYS(boot_l4) + 8 * ((IMAGE_VIRT >> 39) & 511)
    mov %eax, PHYS(boot_l4) + 8 * ((LINEAR_VIRT >> 39) & 511)

    mov $PHYS(boot_l4), %eax
    call enter_long_mode
    ljmp $0x08, $PHYS(boot_64)

no_long_mode:
    /* The one message that has no driver to print it: to the first serial port, as it is. */
    mov $PHYS(no_long_mode_text), %esi
1:  lodsb
    test %al, %al
    jz 2f
    mov %al, %bl
    mov $0x3fd, %dx
3:  in %dx, %al
    test $0x20, %al
    jz 3b
    mov $0x3f8, %dx
    mov %bl, %al
    out %al, %dx
    jmp 1b
2:  hlt
    jmp 2b
no_long_mode_text:
    .asciz "Ringside needs a 64-bit processor that can forbid execution (NX).\r\n"

/* %eax: the top-level table. Then 64-bit code segments may be jumped to. Changes %eax, %ecx, %edx. */
    .globl enter_long_mode
enter_long_mode:
    mov %eax, %cr3
    mov $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_SCE | EFER_LME | EFER_NXE), %eax
    wrmsr
    mov $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    mov %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    ret

    .align 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* 64-bit code */
    .quad 0x00cf92000000ffff /* data */
boot_gdt_pointer:
    .short boot_gdt_pointer - boot_gdt - 1
    .long PHYS(boot_gdt)

    .code64
boot_64:
    movabs $boot_high, %rax
    jmp *%rax
boot_high:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    lea stacks + STACK_SIZE(%rip), %rsp
    sub $CPU_LOCAL_SIZE, %rsp
    xor %edi, %edi
    mov %ebp, %edi
    mov %esi, %esi
    xor %ebp, %ebp
    call start
    ud2

    .section .bss.stacks, "aw", @nobits
    .align STACK_SIZE
    .globl stacks
stacks:
    .skip STACK_SIZE * CPUS_MAX

    .section .bss, "aw", @nobits
    .align 4096
boot_l4: .skip 4096
boot_l3: .skip 4096
boot_l2: .skip 4 * 4096
