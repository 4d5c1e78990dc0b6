/* SPDX-License-Identifier: MIT */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include "hv/core/boot_info.h"

/* Fills *b. magic, information: what the loader left in %eax and %ebx. false: `error` says what is
 * wrong with it; *b is of no use then. */
bool multiboot_read(struct boot_info *b, uint32_t magic, paddr_t information, char *error,
                    size_t size);

#endif
