/* SPDX-License-Identifier: MIT */
/* The local APIC and what comes by it. */
#ifndef X86_INTERRUPTS_H
#define X86_INTERRUPTS_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

/* Finds the APICs by ACPI's tables, silences the old interrupt controllers. */
void interrupts_init(void);

/* This CPU's local APIC. */
void local_apic_init(void);

/* From entry.S. */
void interrupt(struct cpu_user_regs *r);
void nmi(void);

/* Ticks of the local APIC's timer from now; 0 stops it. */
void local_timer_set(uint32_t ticks);
uint32_t local_timer_left(void);

/* Of this CPU's performance counters. */
void local_pmu_mask(bool on);

void ipi_send(unsigned cpu, unsigned vector);
void ipi_send_others(unsigned vector);
void ipi_init(uint32_t apic_id);
/* The start-up of the MP protocol, behind INIT. page: of the code, below 1 MiB. */
void ipi_start(uint32_t apic_id, unsigned page);

uint32_t local_apic_id(void);

#endif
