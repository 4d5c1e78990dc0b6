/* SPDX-License-Identifier: MIT */
/*
 * Interrupts that devices send as messages: PCI Local Bus Specification 3.0, section 6.8; what they
 * say, Intel SDM volume 3A, section 10.11.
 *
 * The device's table and capability are the control domain's to read and write as any of its
 * registers: it drives the device, which could send any message, or write any memory, on its own.
 */
#ifndef X86_MSI_H
#define X86_MSI_H

#include "hv/arch/x86_64/pci.h"
#include "hv/core/irq.h"

struct message {
    struct irq_message id;
    uint8_t capability; /* where it is; 0: this is none */
    bool wide;          /* MSI: addresses of 64 bits */
    bool maskable;      /* by itself; MSI-X always */
    bool switched_off;  /* MSI: in place of masked; it was on before */
    paddr_t slot;       /* MSI-X: the table's entry */
};

/* What there is to know of it. 0, -XEN_ENODEV, -XEN_EINVAL (irq.h). */
int message_find(struct message *m, const struct irq_message *id);

/* It is sent to this vector from now on. MSI-X: masked by this. */
void message_write(struct message *m, uint8_t apic_id, uint8_t vector);

void message_mask(struct message *m, bool on);

/* The device does not send it any more. */
void message_stop(struct message *m);

#endif
