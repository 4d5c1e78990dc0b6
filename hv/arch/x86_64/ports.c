/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/ports.h"

#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/pci.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/vcpu.h"

struct port_range {
    uint16_t first, last;
};

/* Interrupt controllers, timer, its gate, serial lines. */
static const struct port_range own[] = {{0x20, 0x21}, {0xa0, 0xa1},   {0x40, 0x43},
                                        {0x61, 0x61}, {0x2f8, 0x2ff}, {0x3f8, 0x3ff}};

/* Shared between the hypervisor and the control domain, and so no other's: PCI configuration. */
static const struct port_range shared[] = {{0xcf8, 0xcff}};

static bool meets(const struct port_range *ranges, unsigned n, uint32_t first, uint32_t last)
{
    for (unsigned i = 0; i < n; i++) {
        if (first <= ranges[i].last && ranges[i].first <= last)
            return true;
    }
    return false;
}

bool arch_ports_reserved(uint32_t first, uint32_t last)
{
    return meets(own, array_size(own), first, last) ||
           meets(shared, array_size(shared), first, last);
}

static bool is_given(const struct vcpu *v, uint32_t first, uint32_t last)
{
    struct domain *d = v->domain;
    if (d->privileged)
        return !meets(own, array_size(own), first, last);
    if (d->device_ports == NULL)
        return false;
    lock(&d->mm_lock);
    bool given = ranges_hold(d->device_ports, first, last);
    unlock(&d->mm_lock);
    return given;
}

uint32_t guest_port_read(struct vcpu *v, uint16_t port, unsigned size)
{
    uint32_t value;
    if (!is_given(v, port, port + size - 1))
        return ~0U;
    if (v->domain->privileged && pci_port_read(v, port, size, &value))
        return value;
    return size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
}

void guest_port_write(struct vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
    if (!is_given(v, port, port + size - 1) ||
        (v->domain->privileged && pci_port_write(v, port, size, value)))
        return;
    if (size == 1)
        out8(port, (uint8_t)value);
    else if (size == 2)
        out16(port, (uint16_t)value);
    else
        out32(port, value);
}
