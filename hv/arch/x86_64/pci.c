/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/pci.h"

#include "hv/arch/x86_64/io.h"
#include "hv/core/lock.h"
#include "hv/core/vcpu.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define ADDRESS_ENABLE 0x80000000U

#define STATUS 0x06
#define STATUS_CAPABILITIES (1U << 4)
#define CAPABILITIES 0x34
#define CAPABILITIES_MAX 48 /* as many as there is room for: a list that is longer is a circle */

#define BAR_IO (1U << 0)
#define BAR_TYPE(low) ((low) >> 1 & 3)
#define BAR_64 2
#define BAR_FLAGS 0xfU

static struct lock pci_lock =
    LOCK(LOCK_PCI); /* interrupts off: the address is written, then data used */

/* A part of one register's 4 bytes. */
static uint32_t transfer(uint32_t address, unsigned offset, unsigned size, bool write, uint32_t v)
{
    uint16_t port = (uint16_t)(PORT_DATA + offset);
    bool were_on = lock_irq(&pci_lock);
    out32(PORT_ADDRESS, address);
    if (write && size == 1)
        out8(port, (uint8_t)v);
    else if (write && size == 2)
        out16(port, (uint16_t)v);
    else if (write)
        out32(port, v);
    else
        v = size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
    unlock_irq(&pci_lock, were_on);
    return v;
}

static uint32_t address_of(pci_function_t f, unsigned at)
{
    return ADDRESS_ENABLE | (uint32_t)f << 8 | (at & 0xfc);
}

uint32_t pci_read(pci_function_t f, unsigned at)
{
    return transfer(address_of(f, at), 0, 4, false, 0);
}

uint16_t pci_read_16(pci_function_t f, unsigned at)
{
    return (uint16_t)transfer(address_of(f, at), at & 2, 2, false, 0);
}

void pci_write(pci_function_t f, unsigned at, uint32_t v)
{
    transfer(address_of(f, at), 0, 4, true, v);
}

void pci_write_16(pci_function_t f, unsigned at, uint16_t v)
{
    transfer(address_of(f, at), at & 2, 2, true, v);
}

unsigned pci_capability(pci_function_t f, uint8_t id)
{
    if (pci_read(f, 0) == ~0U || !(pci_read_16(f, STATUS) & STATUS_CAPABILITIES))
        return 0;
    unsigned at = pci_read(f, CAPABILITIES) & 0xfc;
    for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
        uint16_t header = pci_read_16(f, at);
        if ((header & 0xff) == id)
            return at;
        at = header >> 8 & 0xfc;
    }
    return 0;
}

paddr_t pci_bar(pci_function_t f, unsigned bar)
{
    uint32_t low = bar < PCI_BARS ? pci_read(f, PCI_BAR_0 + 4 * bar) : BAR_IO;
    if ((low & BAR_IO) || !(pci_read_16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY))
        return 0;
    bool wide = BAR_TYPE(low) == BAR_64 && bar + 1 < PCI_BARS;
    paddr_t high = wide ? pci_read(f, PCI_BAR_0 + 4 * bar + 4) : 0;
    return high << 32 | (low & ~BAR_FLAGS);
}

/* ---- guests' ports */

bool pci_port_read(struct vcpu *v, uint16_t port, unsigned size, uint32_t *value)
{
    if (port == PORT_ADDRESS && size == 4)
        *value = v->arch.pci_address;
    else if (port >= PORT_DATA && port + size <= PORT_DATA + 4)
        *value = transfer(v->arch.pci_address, port & 3, size, false, 0);
    else
        return false;
    return true;
}

bool pci_port_write(struct vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
    if (port == PORT_ADDRESS && size == 4)
        v->arch.pci_address = value;
    else if (port >= PORT_DATA && port + size <= PORT_DATA + 4)
        transfer(v->arch.pci_address, port & 3, size, true, value);
    else
        return false;
    return true;
}
