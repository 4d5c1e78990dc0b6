/* SPDX-License-Identifier: MIT */
/* What ACPI says about fixed hardware (FADT: ACPI Specification 6.5, section 5.2.9): a timer, and
 * how the machine is switched off or reset. */
#include "hv/arch/x86_64/acpi.h"

#define FADT_PM1A_CONTROL 64
#define FADT_PM_TIMER 76
#define FADT_1_END 80 /* what is read here of the first version */
#define FADT_FLAGS 112
#define FADT_RESET_REGISTER 116 /* a generic address: section 5.2.3.2 */
#define FADT_RESET_VALUE 128
#define FADT_RESET_END 129

#define FLAG_RESET_REGISTER (1U << 10)

#define GENERIC_SPACE 0
#define GENERIC_ADDRESS 4
#define SPACE_IO 1

/* Of a register that is no port nothing is known: machines have it as 0xcf9. */
static void read_reset(struct machine *m, const uint8_t *b)
{
    const uint8_t *r = b + FADT_RESET_REGISTER;
    uint64_t address = table_64(r + GENERIC_ADDRESS);
    if (!(table_32(b + FADT_FLAGS) & FLAG_RESET_REGISTER) || r[GENERIC_SPACE] != SPACE_IO ||
        address > UINT16_MAX)
        return;
    m->reset_port = (uint16_t)address;
    m->reset_value = b[FADT_RESET_VALUE];
}

void fadt_read(struct machine *m, const void *table, uint32_t length)
{
    const uint8_t *b = table;
    if (length < FADT_1_END)
        return;
    m->pm_timer = (uint16_t)table_32(b + FADT_PM_TIMER);
    m->power_port = (uint16_t)table_32(b + FADT_PM1A_CONTROL);
    if (length >= FADT_RESET_END)
        read_reset(m, b);
}
