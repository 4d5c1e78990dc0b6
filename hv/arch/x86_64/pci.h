/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space of segment 0, by ports: PCI Local Bus Specification 3.0,
 * section 3.2.2.3.2.
 *
 * Two ports are one access: an address, then data. The hypervisor uses them as well as the control
 * domain, so that the domain's address is kept for its vcpu until it gets to the data.
 */
#ifndef X86_PCI_H
#define X86_PCI_H

#include "hv/core/irq.h"

#define PCI_COMMAND 0x04
#define PCI_BAR_0 0x10
#define PCI_BARS 6

#define PCI_COMMAND_MEMORY (1U << 1)

#define PCI_CAPABILITY_MSI 0x05
#define PCI_CAPABILITY_MSIX 0x11

/* at: a multiple of 4, or of 2. Any context. */
uint32_t pci_read(pci_function_t f, unsigned at);
uint16_t pci_read_16(pci_function_t f, unsigned at);
void pci_write(pci_function_t f, unsigned at, uint32_t v);
void pci_write_16(pci_function_t f, unsigned at, uint16_t v);

/* 0: it has none. */
unsigned pci_capability(pci_function_t f, uint8_t id);

/* Where a BAR of memory points; 0: it is none, or off. */
paddr_t pci_bar(pci_function_t f, unsigned bar);

struct vcpu;

/* A guest's access to one of the ports, of 1, 2 or 4 bytes. false: it is none of these. */
bool pci_port_read(struct vcpu *v, uint16_t port, unsigned size, uint32_t *value);
bool pci_port_write(struct vcpu *v, uint16_t port, unsigned size, uint32_t value);

#endif
