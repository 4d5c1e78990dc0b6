/* SPDX-License-Identifier: MIT */
/* What every processor does for itself at its start. */
#ifndef X86_CPU_H
#define X86_CPU_H

#include <stdint.h>

void cpu_init(uint32_t cpu);

#endif
