/* SPDX-License-Identifier: MIT */
/* What the hypervisor wants of ACPI's tables: processors, interrupt controllers, a clock, and how
 * to end. Read once, at boot. ACPI Specification 6.5, chapter 5. */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include "hv/arch/x86_64/layout.h"
#include "hv/core/types.h"

#define IO_APICS_MAX 8
#define ISA_IRQS 16

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
    } irqs[ISA_IRQS];  /* where the old lines go */
    uint16_t pm_timer; /* port; 0: none */
    uint16_t power_port;
    uint16_t power_off; /* what to write there; 0: not known */
};

extern struct machine machine;

/* Before paging_init(): the tables lie where the boot tables map. */
void acpi_read(void);

#endif
