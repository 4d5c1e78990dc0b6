/* SPDX-License-Identifier: MIT */
/* Which vector of which CPU an interrupt arrives by, and who makes it do so: an IO-APIC's input or
 * the device itself. */
#include "hv/arch/x86_64/irq.h"

#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/ioapic.h"
#include "hv/arch/x86_64/irq_vectors.h"
#include "hv/arch/x86_64/msi.h"
#include "hv/arch/x86_64/smp.h"
#include "hv/core/abi.h"
#include "hv/core/arch.h"
#include "hv/core/log.h"
#include "hv/core/pirq.h"

/* Of each interrupt, under its lock (hv/core/pirq.c). */
static struct route {
    struct io_line line;    /* of a line; of a message, where it leads to */
    struct message message; /* capability 0: a line */
    uint32_t cpu;
    bool line_is_set;      /* by firmware's table or a guest: level and low are right */
    bool masked;           /* by arch_interrupt_mask(); a change of direction must not lift it */
    void (*handler)(void); /* the hypervisor's own; never changes back */
} routes[IRQS_MAX];

static bool is_message(const struct route *r)
{
    return r->message.capability != 0;
}

/* ---- lines */

uint32_t arch_interrupt_lines(void)
{
    return min(io_apic_lines(), (uint32_t)IRQS_MAX);
}

bool arch_interrupt_exists(uint32_t line)
{
    return line < arch_interrupt_lines() && io_apic_has(line);
}

bool arch_interrupt_is_own(uint32_t line)
{
    return routes[line].handler != NULL;
}

/* An old line that firmware has led here says how it is; others, until somebody says, are edges. */
static void set_by_firmware(uint32_t line)
{
    struct route *r = &routes[line];
    for (unsigned i = 0; i < ISA_IRQS && !r->line_is_set; i++) {
        if (machine.irqs[i].global != line)
            continue;
        r->line.level = machine.irqs[i].level;
        r->line.low = machine.irqs[i].low;
    }
}

int arch_interrupt_set_line(uint32_t line, bool level, bool low)
{
    struct route *r = &routes[line];
    if (r->line_is_set || r->handler != NULL)
        return -XEN_EEXIST;
    r->line_is_set = true;
    r->line.level = level;
    r->line.low = low;
    if (r->line.vector != 0)
        io_apic_route(line, &r->line);
    return 0;
}

/* ---- both kinds */

static void direct(uint32_t irq, uint32_t cpu, uint8_t vector)
{
    struct route *r = &routes[irq];
    r->cpu = cpu;
    r->line.vector = vector;
    r->line.apic_id = (uint8_t)apic_ids[cpu];
    if (is_message(r))
        message_write(&r->message, r->line.apic_id, vector);
    else
        io_apic_route(irq, &r->line);
}

static void apply_mask(uint32_t irq)
{
    struct route *r = &routes[irq];
    if (is_message(r))
        message_mask(&r->message, r->masked);
    else
        io_apic_mask(irq, &r->line, r->masked);
}

static int start(uint32_t irq)
{
    uint32_t here = arch_cpu_id();
    uint8_t vector = vector_take(here, irq);
    if (vector == 0)
        return -XEN_ENOSPC;
    routes[irq].masked = true;
    direct(irq, here, vector);
    apply_mask(irq);
    return 0;
}

int arch_interrupt_start_line(uint32_t line)
{
    set_by_firmware(line);
    return start(line);
}

static bool is_taken(const struct message *m)
{
    for (uint32_t i = arch_interrupt_lines(); i < IRQS_MAX; i++) {
        const struct message *other = &routes[i].message;
        /* A device sends messages of one kind at a time. */
        if (is_message(&routes[i]) && other->id.function == m->id.function &&
            (!other->id.is_x || !m->id.is_x || other->id.entry == m->id.entry))
            return true;
    }
    return false;
}

int arch_interrupt_start_message(uint32_t irq, const struct irq_message *id)
{
    struct message m;
    int rc = message_find(&m, id);
    if (rc == 0 && is_taken(&m))
        rc = -XEN_EEXIST;
    if (rc != 0)
        return rc;
    routes[irq].message = m;
    rc = start(irq);
    if (rc != 0)
        routes[irq].message = (struct message){0};
    return rc;
}

void arch_interrupt_stop(uint32_t irq)
{
    struct route *r = &routes[irq];
    r->masked = true;
    if (is_message(r))
        message_stop(&r->message);
    else
        apply_mask(irq);
    vector_give(r->cpu, r->line.vector);
    r->line.vector = 0;
    r->message = (struct message){0};
}

void arch_interrupt_mask(uint32_t irq, bool on)
{
    routes[irq].masked = on;
    apply_mask(irq);
}

bool arch_interrupt_is_level(uint32_t irq)
{
    return !is_message(&routes[irq]) && routes[irq].line.level;
}

bool arch_interrupt_forgets(uint32_t irq)
{
    return !is_message(&routes[irq]) || !routes[irq].message.maskable;
}

/*
 * A level that was delivered and has not been ended is ended by its vector, which the input must
 * keep until then. It will come by again.
 */
void arch_interrupt_aim(uint32_t irq, uint32_t cpu)
{
    struct route *r = &routes[irq];
    if (r->cpu == cpu || cpu >= cpus_online ||
        (arch_interrupt_is_level(irq) && io_apic_in_service(irq)))
        return;
    uint8_t vector = vector_take(cpu, irq);
    if (vector == 0)
        return;
    uint32_t old_cpu = r->cpu;
    uint8_t old_vector = r->line.vector;
    direct(irq, cpu, vector);
    apply_mask(irq);
    vector_give(old_cpu, old_vector);
}

bool arch_interrupt_is_of(uint32_t irq, pci_function_t f, bool x_only)
{
    const struct route *r = &routes[irq];
    return is_message(r) && r->message.id.function == f && (r->message.id.is_x || !x_only);
}

void arch_interrupt_restore(uint32_t irq)
{
    direct(irq, routes[irq].cpu, routes[irq].line.vector);
    apply_mask(irq);
}

/* ---- arrivals */

/* By vectors that are nobody's: late ones. Said when there are many. */
static uint32_t unexpected;

void irq_arrived(uint8_t vector)
{
    uint32_t irq = vector_irq(arch_cpu_id(), vector);
    if (irq == IRQ_NONE) {
        uint32_t n = __atomic_add_fetch(&unexpected, 1, __ATOMIC_RELAXED);
        if ((n & (n - 1)) == 0)
            log_warning("unexpected interrupt, vector 0x%x (%u so far)\n", vector, n);
    } else if (routes[irq].handler != NULL) {
        routes[irq].handler();
    } else {
        pirq_arrived(irq);
    }
}

void irq_enable(unsigned old_line, void (*handler)(void))
{
    uint32_t line = machine.irqs[old_line].global;
    if (!arch_interrupt_exists(line))
        return;
    set_by_firmware(line);
    routes[line].handler = handler;
    if (start(line) == 0)
        arch_interrupt_mask(line, false);
}

/* ---- what guests look at themselves */

#define REDIRECTION_LOW (1U << 13)
#define REDIRECTION_LEVEL (1U << 15)

int arch_interrupt_register_read(paddr_t controller, uint32_t reg, uint32_t *value)
{
    int n = io_apic_at(controller);
    if (n < 0)
        return -XEN_EINVAL;
    *value = io_apic_read(n, reg);
    return 0;
}

int arch_interrupt_register_write(paddr_t controller, uint32_t reg, uint32_t value, int *line,
                                  bool *level, bool *low)
{
    int n = io_apic_at(controller);
    if (n < 0)
        return -XEN_EINVAL;
    *line = reg & 1 ? -1 : io_apic_line_of(n, reg);
    *level = value & REDIRECTION_LEVEL;
    *low = value & REDIRECTION_LOW;
    return 0;
}

bool arch_pci_window_is(paddr_t address, uint16_t segment, uint8_t first_bus, uint8_t last_bus)
{
    for (uint32_t i = 0; i < machine.n_pci_windows; i++) {
        if (machine.pci_windows[i].address == address &&
            machine.pci_windows[i].segment == segment &&
            machine.pci_windows[i].first_bus == first_bus &&
            machine.pci_windows[i].last_bus == last_bus)
            return true;
    }
    return false;
}
