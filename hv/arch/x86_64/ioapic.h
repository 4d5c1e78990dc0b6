/* SPDX-License-Identifier: MIT */
/*
 * The inputs of all IO-APICs, by the global numbers (GSI) that ACPI gives them. What an input is
 * set to is the caller's to know, and one at a time changes an input.
 */
#ifndef X86_IOAPIC_H
#define X86_IOAPIC_H

#include "hv/core/types.h"

struct io_line {
    uint8_t vector;
    uint8_t apic_id;
    bool level, low;
};

/* Those of ACPI's tables, all inputs masked. */
void io_apics_init(void);

/* One more than the highest input; there may be gaps below it. */
uint32_t io_apic_lines(void);
bool io_apic_has(uint32_t gsi);

/* Where the input leads to; masked by this. */
void io_apic_route(uint32_t gsi, const struct io_line *line);
void io_apic_mask(uint32_t gsi, const struct io_line *line, bool on);

/* A level that was delivered, whose end has not come by yet: it comes by vector, which must stay.
 */
bool io_apic_in_service(uint32_t gsi);

/* For guests that want to look. The IO-APIC at an address: its number, or -1. */
int io_apic_at(paddr_t address);
uint32_t io_apic_read(int number, uint32_t reg);

/* The line whose redirection a register is half of, or -1. */
int io_apic_line_of(int number, uint32_t reg);

#endif
