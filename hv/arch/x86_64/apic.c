/* SPDX-License-Identifier: MIT */
/* Intel SDM volume 3A, chapter 10; 8259A data sheet. */
#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/ioapic.h"
#include "hv/arch/x86_64/irq.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/smp.h"
#include "hv/arch/x86_64/tlb_flush.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/cpu.h"
#include "hv/core/log.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"

#define APIC_ID 0x20
#define APIC_EOI 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_COMMAND_LOW 0x300
#define APIC_COMMAND_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_PMU 0x340
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_START 0x380
#define APIC_TIMER_NOW 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define APIC_ENABLE 0x100
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define DIVIDE_BY_1 0xb
#define COMMAND_PENDING 0x1000
#define COMMAND_ASSERT 0x4000
#define COMMAND_INIT 0x500
#define COMMAND_STARTUP 0x600
#define COMMAND_NMI 0x400
#define COMMAND_OTHERS 0xc0000

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC (1UL << 10)
#define APIC_BASE_ENABLE (1UL << 11)

static volatile uint32_t *local;

static uint32_t local_read(unsigned reg)
{
    return local[reg / 4];
}

static void local_write(unsigned reg, uint32_t v)
{
    local[reg / 4] = v;
}

uint32_t local_apic_id(void)
{
    return local_read(APIC_ID) >> 24;
}

/* ---- the old controllers: initialised, because they may still have something, then masked */

static void pics_silence(void)
{
    out8(0x20, 0x11);
    out8(0xa0, 0x11);
    out8(0x21, 0x20);
    out8(0xa1, 0x28);
    out8(0x21, 0x04);
    out8(0xa1, 0x02);
    out8(0x21, 0x01);
    out8(0xa1, 0x01);
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
}

/* ---- local APIC */

void local_pmu_mask(bool on)
{
    local_write(APIC_LVT_PMU, VECTOR_PMU | (on ? LVT_MASKED : 0));
}

/* Firmware may leave it in x2APIC mode, where its registers are not in memory; the one way back is
 * to switch it off in between (Intel SDM volume 3A, 10.12.5). */
static void local_apic_enable(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);
    if (base & APIC_BASE_X2APIC) {
        base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
        write_msr(MSR_APIC_BASE, base);
    }
    write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
}

void local_apic_init(void)
{
    local_apic_enable();
    local_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
    local_write(APIC_LVT_LINT0, LVT_MASKED);
    local_write(APIC_LVT_LINT1, LVT_NMI);
    local_write(APIC_LVT_ERROR, VECTOR_ERROR);
    local_pmu_mask(true);
    local_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    local_write(APIC_LVT_TIMER, VECTOR_TIMER);
    local_write(APIC_TIMER_START, 0);
}

void interrupts_init(void)
{
    pics_silence();
    local = map_device(machine.local_apic, PAGE_SIZE);
    device_frame_reserve(paddr_to_mfn(machine.local_apic));
    local_apic_init();
    if (machine.cpus == 0) {
        machine.cpus = 1;
        machine.apic_ids[0] = local_apic_id();
    }
    io_apics_init();
}

void local_timer_set(uint32_t ticks)
{
    local_write(APIC_TIMER_START, ticks);
}

uint32_t local_timer_left(void)
{
    return local_read(APIC_TIMER_NOW);
}

/* ---- between processors */

static void command(uint32_t apic_id, uint32_t low)
{
    bool were_on = arch_irq_save();
    while (local_read(APIC_COMMAND_LOW) & COMMAND_PENDING)
        arch_relax();
    local_write(APIC_COMMAND_HIGH, apic_id << 24);
    local_write(APIC_COMMAND_LOW, low);
    arch_irq_restore(were_on);
}

void ipi_send(unsigned cpu, unsigned vector)
{
    command(apic_ids[cpu], vector | COMMAND_ASSERT);
}

void ipi_send_others(unsigned vector)
{
    if (local == NULL || cpus_online < 2)
        return;
    command(0, (vector == VECTOR_NMI ? COMMAND_NMI : vector) | COMMAND_ASSERT | COMMAND_OTHERS);
}

void ipi_init(uint32_t apic_id)
{
    command(apic_id, COMMAND_INIT | COMMAND_ASSERT);
}

void ipi_start(uint32_t apic_id, unsigned page)
{
    command(apic_id, COMMAND_STARTUP | COMMAND_ASSERT | page);
}

static struct {
    uint64_t n; /* this CPU's; read by others */
} cacheline_aligned pokes[CPUS_MAX];

static void count_poke(void)
{
    uint64_t *n = &pokes[arch_cpu_id()].n;
    __atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

void arch_cpu_poke(uint32_t cpu)
{
    ipi_send(cpu, VECTOR_IPI);
}

void arch_cpu_counts(uint32_t cpu, uint64_t *flushes, uint64_t *asked)
{
    *flushes = tlb_flush_requests(cpu);
    *asked = __atomic_load_n(&pokes[cpu].n, __ATOMIC_RELAXED);
}

/* ---- arrivals */

void interrupt(struct cpu_user_regs *r)
{
    unsigned vector = r->entry_vector;
    switch (vector) {
    case VECTOR_IPI: /* to look at work and events is all it asks */
        count_poke();
        break;
    case VECTOR_TIMER:
        __atomic_fetch_or(&this_cpu()->work, WORK_TIMERS, __ATOMIC_RELAXED);
        break;
    case VECTOR_FLUSH:
        tlb_flush_requested();
        break;
    case VECTOR_PMU:
        pmu_interrupt(current_vcpu(), &this_cpu()->regs);
        break;
    case VECTOR_STOP:
        for (;;)
            __asm__ volatile("cli\n\thlt");
    case VECTOR_SPURIOUS:
        return; /* without an end */
    default:
        irq_arrived((uint8_t)vector);
    }
    local_write(APIC_EOI, 0);
}

/* The one use: a CPU that panics stops the others, whatever they do. */
static bool stopping;

void arch_stop_others(void)
{
    stopping = true;
    ipi_send_others(VECTOR_NMI);
}

void nmi(void)
{
    while (stopping)
        __asm__ volatile("hlt");
    log_warning("NMI\n");
}

/* Each is written by its own CPU. */
static struct {
    ns_t waited;
} cacheline_aligned idle[CPUS_MAX];

void arch_wait(void)
{
    ns_t *waited = &idle[arch_cpu_id()].waited;
    ns_t before = time_now();
    /* Nothing comes between the two: interrupts are taken behind the instruction after STI. */
    __asm__ volatile("sti\n\thlt" ::: "memory");
    __atomic_store_n(waited, *waited + (time_now() - before), __ATOMIC_RELAXED);
}

ns_t arch_idle_time(uint32_t cpu)
{
    return __atomic_load_n(&idle[cpu].waited, __ATOMIC_RELAXED);
}
