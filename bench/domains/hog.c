/* SPDX-License-Identifier: MIT */
/* Computes without end. */
#include "guest/start.h"

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
void guest_main(void)
{
    for (;;)
        asm volatile(".rept 400; nop; .endr");
}
