/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices, as the machine numbers them: [0, arch_interrupt_lines()) are lines that
 * lead to an interrupt controller, by the number that firmware gives each (GSI); those above are
 * messages (MSI), each a number from when it is set up until it ends.
 *
 * pirq.h says whose they are. What is declared here is the processor's part, which is told and
 * asked of one interrupt with that interrupt's lock held.
 */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include "hv/core/types.h"

#define IRQS_MAX 1024

/* The interval timer's line, wherever it leads: no guest's, and 0 is no interrupt in all tables. */
#define IRQ_TIMER 0

/* A device's function, as requester ids have it: bus, device, function. Of PCI segment 0. */
typedef uint16_t pci_function_t;

/* Which message of a device. */
struct irq_message {
    pci_function_t function;
    bool is_x;      /* MSI-X: one of a table, else MSI, of which a device has one here */
    uint32_t entry; /* MSI-X */
};

/* One more than the highest line; there may be gaps. None: */
uint32_t arch_interrupt_lines(void);
bool arch_interrupt_exists(uint32_t line);

/* The hypervisor's own device is on this line. None. */
bool arch_interrupt_is_own(uint32_t line);

/* How a line says that it wants something, once, and not when it is bound. -XEN_EEXIST: it was said
 * already. */
int arch_interrupt_set_line(uint32_t line, bool level, bool low);

/*
 * Makes an interrupt ready to arrive here, masked. 0 or, with nothing changed,
 *   -XEN_ENOSPC   this CPU has no vector left
 *   -XEN_ENODEV   the function has no such messages
 *   -XEN_EINVAL   it has no such entry, or its table is nowhere that one can be
 *   -XEN_EEXIST   the message is another interrupt's already
 * One call at a time.
 */
int arch_interrupt_start_line(uint32_t line);
int arch_interrupt_start_message(uint32_t irq, const struct irq_message *id);

/* Masks it; it arrives nowhere any more. */
void arch_interrupt_stop(uint32_t irq);

/* A message that its device cannot mask is switched off instead, with all of the device's. */
void arch_interrupt_mask(uint32_t irq, bool on);

/* A change to level asserts until it is masked or served; all others are edges. */
bool arch_interrupt_is_level(uint32_t irq);

/* While it is masked, one that comes is forgotten. */
bool arch_interrupt_forgets(uint32_t irq);

/* From now on it arrives at this CPU, if that has room; one that is on its way may be lost: raise
 * its event afterwards. */
void arch_interrupt_aim(uint32_t irq, uint32_t cpu);

/* Is it a message of this function, of any kind or of MSI-X? */
bool arch_interrupt_is_of(uint32_t irq, pci_function_t f, bool x_only);

/* Tells the device again what it may have lost. */
void arch_interrupt_restore(uint32_t irq);

/* A guest looks at an interrupt controller's register. -XEN_EINVAL: there is no controller. And
 * writes one: the line that it is about and what is said of it; -1: none. */
int arch_interrupt_register_read(paddr_t controller, uint32_t reg, uint32_t *value);
int arch_interrupt_register_write(paddr_t controller, uint32_t reg, uint32_t value, int *line,
                                  bool *level, bool *low);

/* Firmware said so: configuration space of these buses is in memory there. */
bool arch_pci_window_is(paddr_t address, uint16_t segment, uint8_t first_bus, uint8_t last_bus);

#endif
