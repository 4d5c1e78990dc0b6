/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt a vector of a CPU stands for. Each CPU has vectors of its own, so that there can
 * be many more interrupts than a processor has vectors.
 */
#ifndef X86_IRQ_VECTORS_H
#define X86_IRQ_VECTORS_H

#include <stdint.h>

#define IRQ_NONE 0xffffU

/* A free vector of this CPU becomes irq's. 0: all are taken. Any context. */
uint8_t vector_take(uint32_t cpu, uint32_t irq);

/* What still arrives by it is nobody's, or the next one's. */
void vector_give(uint32_t cpu, uint8_t vector);

/* IRQ_NONE: nobody's. */
uint32_t vector_irq(uint32_t cpu, uint8_t vector);

#endif
