/* SPDX-License-Identifier: MIT */
/*
 * What ACPI says about interrupts and their controllers (MADT: ACPI Specification 6.5, section
 * 5.2.12), and where PCI configuration space lies in memory (MCFG: PCI Firmware Specification 3.0,
 * section 4.1.2).
 */
#include "hv/arch/x86_64/acpi.h"

#define MADT_LOCAL_APIC_AT 36
#define MADT_ENTRIES_AT 44
#define MCFG_ENTRIES_AT 44
#define MCFG_ENTRY_SIZE 16

enum { ENTRY_LOCAL_APIC = 0, ENTRY_IO_APIC = 1, ENTRY_OVERRIDE = 2, ENTRY_APIC_ADDRESS = 5 };

/* Of those that are read; a shorter one says nothing. */
static const uint8_t entry_sizes[] = {
    [ENTRY_LOCAL_APIC] = 8, [ENTRY_IO_APIC] = 12, [ENTRY_OVERRIDE] = 10, [ENTRY_APIC_ADDRESS] = 12};

#define PROCESSOR_ENABLED 1U

/* Flags of an override: table 5.24. 0: as the bus has it, which on ISA is edges, active high. */
#define POLARITY(flags) ((flags)&3)
#define TRIGGER(flags) ((flags) >> 2 & 3)
#define ACTIVE_LOW 3
#define LEVEL 3

void machine_old_lines(struct machine *m)
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        m->irqs[i].global = i;
        m->irqs[i].low = m->irqs[i].level = false;
    }
}

static void read_entry(struct machine *m, const uint8_t *e)
{
    switch (e[0]) {
    case ENTRY_LOCAL_APIC:
        if ((table_32(e + 4) & PROCESSOR_ENABLED) && m->cpus < CPUS_MAX)
            m->apic_ids[m->cpus++] = e[3];
        break;
    case ENTRY_IO_APIC:
        if (m->n_io_apics < IO_APICS_MAX) {
            m->io_apics[m->n_io_apics].address = table_32(e + 4);
            m->io_apics[m->n_io_apics++].first = table_32(e + 8);
        }
        break;
    case ENTRY_OVERRIDE:
        if (e[3] < ISA_IRQS) {
            m->irqs[e[3]].global = table_32(e + 4);
            m->irqs[e[3]].low = POLARITY(e[8]) == ACTIVE_LOW;
            m->irqs[e[3]].level = TRIGGER(e[8]) == LEVEL;
        }
        break;
    case ENTRY_APIC_ADDRESS:
        m->local_apic = table_64(e + 4);
        break;
    default:
        break;
    }
}

void madt_read(struct machine *m, const void *table, uint32_t length)
{
    const uint8_t *bytes = table;
    if (length < MADT_ENTRIES_AT)
        return;
    m->local_apic = table_32(bytes + MADT_LOCAL_APIC_AT);
    for (uint32_t at = MADT_ENTRIES_AT; at + 2 <= length; at += bytes[at + 1]) {
        const uint8_t *e = bytes + at;
        if (e[1] < 2 || e[1] > length - at)
            return;
        if (e[0] < array_size(entry_sizes) && entry_sizes[e[0]] != 0 && e[1] >= entry_sizes[e[0]])
            read_entry(m, e);
    }
}

void mcfg_read(struct machine *m, const void *table, uint32_t length)
{
    const uint8_t *bytes = table;
    for (uint32_t at = MCFG_ENTRIES_AT; at + MCFG_ENTRY_SIZE <= length; at += MCFG_ENTRY_SIZE) {
        const uint8_t *e = bytes + at;
        if (m->n_pci_windows == PCI_WINDOWS_MAX)
            return;
        m->pci_windows[m->n_pci_windows].address = table_64(e);
        m->pci_windows[m->n_pci_windows].segment = (uint16_t)(e[8] | e[9] << 8);
        m->pci_windows[m->n_pci_windows].first_bus = e[10];
        m->pci_windows[m->n_pci_windows++].last_bus = e[11];
    }
}
