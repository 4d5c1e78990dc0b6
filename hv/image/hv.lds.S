/* SPDX-License-Identifier: MIT */
/*
 * The image: one segment, so that a loader that knows only "copy the file from here to there"
 * (multiboot 1's address fields) loads it as well as one that reads ELF. paging.c later gives each
 * section its own rights.
 */
#include "hv/arch/x86_64/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_entry_phys)

PHDRS
{
    all PT_LOAD FILEHDR PHDRS FLAGS(7);
}

SECTIONS
{
    /* With the file's own headers, so that the multiboot headers come early enough in the file. */
    . = IMAGE_VIRT + IMAGE_PHYS;
    image_start = .;
    . += SIZEOF_HEADERS;

    .text : AT(ADDR(.text) - IMAGE_VIRT) {
        *(.boot)
        *(.text .text.*)
        . = ALIGN(4096);
        text_end = .;
    } :all

    .rodata : AT(ADDR(.rodata) - IMAGE_VIRT) {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        fixups_start = .;
        *(.fixups)
        fixups_end = .;
        __start_hv_options = .;
        KEEP(*(hv_options))
        __stop_hv_options = .;
    } :all

    /* Filled in when all addresses are known; symbols.awk keeps to the size. */
    .symbols : AT(ADDR(.symbols) - IMAGE_VIRT) {
        symbols_start = .;
        BYTE(0)
        . += 65535;
        . = ALIGN(4096);
        rodata_end = .;
    } :all

    .data : AT(ADDR(.data) - IMAGE_VIRT) {
        *(.data .data.*)
        . = ALIGN(4096);
        data_end = .;
    } :all

    .bss : AT(ADDR(.bss) - IMAGE_VIRT) {
        bss_start = .;
        *(.bss.stacks)
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        bss_end = .;
        image_end = .;
    } :all

    boot_entry_phys = boot_entry - IMAGE_VIRT;

    /DISCARD/ : { *(.comment) *(.note .note.*) *(.eh_frame) }
}
