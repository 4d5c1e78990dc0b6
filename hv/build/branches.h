/* SPDX-License-Identifier: MIT */
/* The .xz format's filter of x86 code: its calls and jumps hold absolute addresses. */
#ifndef BUILD_BRANCHES_H
#define BUILD_BRANCHES_H

#include "hv/core/types.h"

/* Makes them relative again, in place. */
void branches_restore(uint8_t *code, uint64_t size);

#endif
