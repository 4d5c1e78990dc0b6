/* SPDX-License-Identifier: MIT */
/*
 * Devices that raise interrupts when they are asked to: the clock chip by its old line (edges), and
 * QEMU's `edu` device by its pin (a level) or by message. Sources: MC146818A data sheet; QEMU
 * docs/specs/edu.txt; PCI Local Bus Specification 3.0, chapter 6.
 */
#ifndef TESTS_SYSTEM_GUESTS_DEVICES_H
#define TESTS_SYSTEM_GUESTS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

/* ---- ports; the kernel has the I/O level that they take */

void port_write_8(uint16_t port, uint8_t value);
uint8_t port_read_8(uint16_t port);

/* ---- PCI configuration space of bus 0, by ports */

#define PCI_COMMAND 0x04
#define PCI_BAR_0 0x10
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_CAPABILITY_MSI 0x05
#define PCI_CAPABILITY_MSIX 0x11

uint32_t pci_read(unsigned devfn, unsigned at);
void pci_write(unsigned devfn, unsigned at, uint32_t value);

/* devfn of the first one, or -1. */
int pci_find(uint16_t vendor, uint16_t device);

/* Where a capability is; 0: it has none. */
unsigned pci_capability(unsigned devfn, uint8_t id);

/* Of MSI: what the kernel does with what the hypervisor has set up. */
void pci_enable_messages(unsigned devfn, bool on);
bool pci_messages_enabled(unsigned devfn);

/* Where a memory BAR points. */
uint64_t pci_bar(unsigned devfn, unsigned bar);

/* A page of a device, at spare_address(), until device_unmap(). */
volatile uint32_t *device_map(uint64_t at);
void device_unmap(void);

/* ---- edu */

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

struct edu {
    unsigned devfn;
    volatile uint32_t *registers;
};

/* false: there is none. Its registers are mapped, it may write to memory, and it is quiet. */
bool edu_open(struct edu *edu);
void edu_close(const struct edu *edu);

/* Until it is acknowledged: its pin, unless it may send messages, of which that is one. */
void edu_raise(const struct edu *edu);
void edu_acknowledge(const struct edu *edu);

/* ---- a device with a table of messages */

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_RNG_DEVICE 0x1005

/* ---- the clock chip's periodic interrupt, rate: 3 (8192 Hz) to 15 (2 Hz) */

#define CLOCK_LINE 8

void clock_start(unsigned rate);
void clock_stop(void);

/* It sends no other before this is called. */
void clock_acknowledge(void);

#endif
