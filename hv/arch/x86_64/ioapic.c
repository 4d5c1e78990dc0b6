/* SPDX-License-Identifier: MIT */
/* 82093AA I/O APIC data sheet. */
#include "hv/arch/x86_64/ioapic.h"

#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/core/lock.h"

#define SELECT 0x00
#define WINDOW 0x10
#define REGISTERS_SIZE 0x20

#define REG_VERSION 1
#define REG_REDIRECTION 0x10 /* two each: what and how, then where to */

#define REDIRECTION_LOW (1U << 13)
#define REDIRECTION_IN_SERVICE (1U << 14)
#define REDIRECTION_LEVEL (1U << 15)
#define REDIRECTION_MASKED (1U << 16)
#define REDIRECTION_TO_SHIFT 24

static struct {
    struct lock lock; /* io_apic_lock; interrupts off: a register is selected, then used */
    volatile uint32_t *select, *window;
    uint32_t first, inputs;
} apics[IO_APICS_MAX] = {[0 ... IO_APICS_MAX - 1] = {.lock = LOCK(LOCK_IO_APIC)}};

/* With the IO-APIC's lock. */
static uint32_t get(unsigned n, uint32_t reg)
{
    *apics[n].select = reg;
    return *apics[n].window;
}

static void set(unsigned n, uint32_t reg, uint32_t v)
{
    *apics[n].select = reg;
    *apics[n].window = v;
}

void io_apics_init(void)
{
    for (unsigned i = 0; i < machine.n_io_apics; i++) {
        paddr_t a = machine.io_apics[i].address;
        volatile char *at = map_device(a, REGISTERS_SIZE);
        device_frame_reserve(paddr_to_mfn(a));
        apics[i].select = (volatile uint32_t *)(at + SELECT);
        apics[i].window = (volatile uint32_t *)(at + WINDOW);
        apics[i].first = machine.io_apics[i].first;
        apics[i].inputs = (get(i, REG_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t n = 0; n < apics[i].inputs; n++)
            set(i, REG_REDIRECTION + 2 * n, REDIRECTION_MASKED);
    }
}

/* -1: no IO-APIC has this input. */
static int find(uint32_t gsi, uint32_t *input)
{
    for (unsigned i = 0; i < machine.n_io_apics; i++) {
        *input = gsi - apics[i].first;
        if (gsi >= apics[i].first && *input < apics[i].inputs)
            return (int)i;
    }
    return -1;
}

uint32_t io_apic_lines(void)
{
    uint32_t end = 0;
    for (unsigned i = 0; i < machine.n_io_apics; i++)
        end = max(end, apics[i].first + apics[i].inputs);
    return end;
}

bool io_apic_has(uint32_t gsi)
{
    uint32_t input;
    return find(gsi, &input) >= 0;
}

static uint32_t redirection(const struct io_line *line, bool masked)
{
    return line->vector | (line->low ? REDIRECTION_LOW : 0) |
           (line->level ? REDIRECTION_LEVEL : 0) | (masked ? REDIRECTION_MASKED : 0);
}

void io_apic_route(uint32_t gsi, const struct io_line *line)
{
    uint32_t input;
    int n = find(gsi, &input);
    if (n < 0)
        return;
    bool were_on = lock_irq(&apics[n].lock);
    set((unsigned)n, REG_REDIRECTION + 2 * input, REDIRECTION_MASKED);
    set((unsigned)n, REG_REDIRECTION + 2 * input + 1,
        (uint32_t)line->apic_id << REDIRECTION_TO_SHIFT);
    set((unsigned)n, REG_REDIRECTION + 2 * input, redirection(line, true));
    unlock_irq(&apics[n].lock, were_on);
}

void io_apic_mask(uint32_t gsi, const struct io_line *line, bool on)
{
    uint32_t input;
    int n = find(gsi, &input);
    if (n < 0)
        return;
    bool were_on = lock_irq(&apics[n].lock);
    set((unsigned)n, REG_REDIRECTION + 2 * input, redirection(line, on));
    unlock_irq(&apics[n].lock, were_on);
}

bool io_apic_in_service(uint32_t gsi)
{
    uint32_t input;
    int n = find(gsi, &input);
    return n >= 0 && (io_apic_read(n, REG_REDIRECTION + 2 * input) & REDIRECTION_IN_SERVICE) != 0;
}

int io_apic_at(paddr_t address)
{
    for (unsigned i = 0; i < machine.n_io_apics; i++) {
        if (machine.io_apics[i].address == address)
            return (int)i;
    }
    return -1;
}

uint32_t io_apic_read(int number, uint32_t reg)
{
    bool were_on = lock_irq(&apics[number].lock);
    uint32_t v = get((unsigned)number, reg);
    unlock_irq(&apics[number].lock, were_on);
    return v;
}

int io_apic_line_of(int number, uint32_t reg)
{
    uint32_t input = (reg - REG_REDIRECTION) / 2;
    if (reg < REG_REDIRECTION || input >= apics[number].inputs)
        return -1;
    return (int)(apics[number].first + input);
}
