/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/msi.h"

#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/core/abi.h"
#include "hv/core/arch.h"

/* Of the capability, from its start. */
#define CONTROL 2
#define MSI_ADDRESS 4
#define MSI_ADDRESS_HIGH 8 /* if wide, and all behind it is 4 further on */
#define MSI_DATA(m) ((m)->wide ? 12U : 8U)
#define MSI_MASK(m) ((m)->wide ? 16U : 12U)
#define MSIX_TABLE 4

#define MSI_ENABLE (1U << 0)
#define MSI_COUNT_LOG (7U << 4) /* of messages in use */
#define MSI_WIDE (1U << 7)
#define MSI_MASKABLE (1U << 8)
#define MSIX_COUNT(control) (((control)&0x7ff) + 1U)
#define MSIX_BAR(table) ((table)&7)
#define MSIX_OFFSET(table) ((table) & ~7U)

/* An entry of MSI-X's table, in words of 32 bits. */
enum { SLOT_ADDRESS, SLOT_ADDRESS_HIGH, SLOT_DATA, SLOT_CONTROL, SLOT_WORDS };
#define SLOT_SIZE_BYTES (SLOT_WORDS * 4)
#define SLOT_MASKED 1U

/* Fixed delivery, by physical id, an edge: all zeros but for these. */
#define ADDRESS(apic_id) (0xfee00000U | (uint32_t)(apic_id) << 12)

static uint16_t control(const struct message *m)
{
    return pci_read_16(m->id.function, m->capability + CONTROL);
}

static void set_control(const struct message *m, unsigned v)
{
    pci_write_16(m->id.function, m->capability + CONTROL, (uint16_t)v);
}

/* Where the entry is, if that can be a device's. 0: it cannot. */
static paddr_t slot_of(const struct message *m)
{
    uint32_t table = pci_read(m->id.function, m->capability + MSIX_TABLE);
    paddr_t bar = pci_bar(m->id.function, MSIX_BAR(table));
    if (bar == 0)
        return 0;
    paddr_t at = bar + MSIX_OFFSET(table) + m->id.entry * (paddr_t)SLOT_SIZE_BYTES;
    mfn_t frame = paddr_to_mfn(at);
    if (at >> physical_bits != 0 || is_memory(frame) || device_frame_is_reserved(frame))
        return 0;
    return at;
}

int message_find(struct message *m, const struct irq_message *id)
{
    *m = (struct message){.id = *id, .maskable = true};
    unsigned at = pci_capability(id->function, id->is_x ? PCI_CAPABILITY_MSIX : PCI_CAPABILITY_MSI);
    if (at == 0)
        return -XEN_ENODEV;
    m->capability = (uint8_t)at;
    uint16_t is = control(m);
    if (!id->is_x) {
        m->wide = is & MSI_WIDE;
        m->maskable = is & MSI_MASKABLE;
        return 0;
    }
    if (id->entry >= MSIX_COUNT(is))
        return -XEN_EINVAL;
    m->slot = slot_of(m);
    return m->slot == 0 ? -XEN_EINVAL : 0;
}

/* The window that the slot is looked at through is this CPU's, so nothing may come between. */
static void slot_write(const struct message *m, unsigned word, uint32_t v)
{
    bool were_on = arch_irq_save();
    volatile uint32_t *slot = device_window(m->slot);
    slot[word] = v;
    (void)slot[word]; /* has arrived when this has */
    arch_irq_restore(were_on);
}

void message_write(struct message *m, uint8_t apic_id, uint8_t vector)
{
    if (m->id.is_x) {
        slot_write(m, SLOT_CONTROL, SLOT_MASKED);
        slot_write(m, SLOT_ADDRESS, ADDRESS(apic_id));
        slot_write(m, SLOT_ADDRESS_HIGH, 0);
        slot_write(m, SLOT_DATA, vector);
        return;
    }
    unsigned at = m->capability;
    set_control(m, control(m) & ~MSI_COUNT_LOG);
    pci_write(m->id.function, at + MSI_ADDRESS, ADDRESS(apic_id));
    if (m->wide)
        pci_write(m->id.function, at + MSI_ADDRESS_HIGH, 0);
    pci_write_16(m->id.function, at + MSI_DATA(m), vector);
}

void message_mask(struct message *m, bool on)
{
    if (m->id.is_x) {
        slot_write(m, SLOT_CONTROL, on ? SLOT_MASKED : 0);
    } else if (m->maskable) {
        pci_write(m->id.function, m->capability + MSI_MASK(m), on ? 1 : 0);
    } else if (on) {
        uint16_t is = control(m);
        m->switched_off = m->switched_off || (is & MSI_ENABLE);
        set_control(m, is & ~MSI_ENABLE);
    } else if (m->switched_off) {
        m->switched_off = false;
        set_control(m, control(m) | MSI_ENABLE);
    }
}

void message_stop(struct message *m)
{
    message_mask(m, true);
    if (!m->id.is_x)
        set_control(m, control(m) & ~MSI_ENABLE);
}
