/* SPDX-License-Identifier: MIT */
/* Devices' interrupts where they arrive (hv/core/irq.h has the rest), and the hypervisor's own. */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include <stdint.h>

/* One came by this vector, interrupts off; its end is said to the local APIC after this. */
void irq_arrived(uint8_t vector);

/* Lets an old line interrupt this CPU; handler runs with interrupts off. */
void irq_enable(unsigned old_line, void (*handler)(void));

#endif
