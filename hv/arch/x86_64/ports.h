/* SPDX-License-Identifier: MIT */
/* Ports of devices, as guests see them: those that a domain has been given no right to, and the
 * hypervisor's own, look as if nothing were there. */
#ifndef X86_PORTS_H
#define X86_PORTS_H

#include "hv/core/types.h"

struct vcpu;

/* size: 1, 2 or 4 bytes. All ones where there is nothing; what is written there is lost. */
uint32_t guest_port_read(struct vcpu *v, uint16_t port, unsigned size);
void guest_port_write(struct vcpu *v, uint16_t port, unsigned size, uint32_t value);

#endif
