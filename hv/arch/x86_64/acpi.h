/* SPDX-License-Identifier: MIT */
/* What the hypervisor wants of ACPI's tables: processors, interrupt controllers, a clock, and how
 * to end. Read once, at boot. ACPI Specification 6.5, chapter 5. */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include "hv/arch/x86_64/layout.h"
#include "hv/core/string.h"
#include "hv/core/types.h"

#define IO_APICS_MAX 8
#define ISA_IRQS 16
#define PCI_WINDOWS_MAX 8

struct machine {
    uint32_t apic_ids[CPUS_MAX]; /* enabled processors */
    uint32_t cpus;
    paddr_t local_apic;
    struct {
        paddr_t address;
        uint32_t first; /* global interrupt number of its first input */
    } io_apics[IO_APICS_MAX];
    uint32_t n_io_apics;
    struct {
        uint32_t global;
        bool low, level;
    } irqs[ISA_IRQS]; /* where the old lines go */
    struct {
        paddr_t address;
        uint16_t segment;
        uint8_t first_bus, last_bus;
    } pci_windows[PCI_WINDOWS_MAX]; /* configuration space in memory */
    uint32_t n_pci_windows;
    uint16_t pm_timer; /* port; 0: none */
    uint16_t power_port;
    uint16_t power_off;  /* what to write there; 0: not known */
    uint16_t reset_port; /* 0: not known */
    uint8_t reset_value;
};

extern struct machine machine;

/* Before paging_init(): the tables lie where the boot tables map. */
void acpi_read(void);

/* The old lines where they are unless a table says otherwise: edges, active high. */
void machine_old_lines(struct machine *m);

/* What a table has at any place: nothing in it need be aligned. */
static inline uint32_t table_32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t table_64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* A table of so many bytes. Entries that do not fit into it end it; unknown ones are passed over.
 */
void fadt_read(struct machine *m, const void *table, uint32_t length);
void madt_read(struct machine *m, const void *table, uint32_t length);
void mcfg_read(struct machine *m, const void *table, uint32_t length);

#endif
