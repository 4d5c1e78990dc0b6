/* SPDX-License-Identifier: MIT */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include <stdint.h>

#include "hv/core/types.h"

/* Fills boot_info. magic, information: what the loader left in %eax and %ebx. */
void multiboot_read(uint32_t magic, paddr_t information);

#endif
