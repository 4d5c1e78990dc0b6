/* SPDX-License-Identifier: MIT */
/* From the boot loader to the control domain's first instruction. */
#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/clock.h"
#include "hv/arch/x86_64/cpu.h"
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/descriptors.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/irq.h"
#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/multiboot.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/serial.h"
#include "hv/arch/x86_64/smp.h"
#include "hv/build/control_domain.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/boot_info.h"
#include "hv/core/boot_memory.h"
#include "hv/core/console.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"
#include "hv/core/tlb.h"
#include "hv/core/trace.h"

extern char image_end[];

#define LOW_MEMORY 0x100000 /* kept for starting processors, and from firmware's mistakes */

#define CR4_SMEP (1UL << 20)
#define CPUID_7_B_SMEP (1U << 7)

void cpu_init(uint32_t cpu)
{
    cpu_local_of(cpu)->id = cpu;
    descriptors_load(cpu);
    /* All that guests have is accessible to user mode: the hypervisor never runs any of it. */
    if (cpuid(0, 0).a >= 7 && (cpuid(7, 0).b & CPUID_7_B_SMEP))
        write_cr4(read_cr4() | CR4_SMEP);
    fpu_init();
    if (cpu != 0) {
        local_apic_init();
        pmu_init_cpu();
    }
    tlb_flush_end(tlb_flush_begin());
}

static void read_boot_info(uint32_t magic, paddr_t information)
{
    char error[256];
    if (multiboot_read(&boot_info, magic, information, error, sizeof(error)) &&
        boot_modules_check(&boot_info, IMAGE_PHYS, (uint64_t)image_end - IMAGE_VIRT, error,
                           sizeof(error)))
        return;
    log_error("the boot loader's information cannot be used: %s\n", error);
    arch_machine_end(MACHINE_PANICKED);
}

static void say_option(const char *name, const char *values, const char *help)
{
    log_error("  %-10s %s (%s)\n", name, help, values);
}

static void read_options(void)
{
    char error[256];
    if (options_parse(boot_info.line, error, sizeof(error)))
        return;
    log_error("command line: %s. Options:\n", error);
    options_list(say_option);
    arch_machine_end(MACHINE_PANICKED);
}

/* Memory that nothing of use lies in. */
static void find_free_memory(void)
{
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        const struct region *r = &boot_info.regions[i];
        if (r->kind == REGION_USABLE)
            boot_memory_add(r->start, min(r->end, (paddr_t)LINEAR_SIZE));
    }
    boot_memory_take(0, LOW_MEMORY);
    boot_memory_take(IMAGE_PHYS, round_up((uint64_t)image_end - IMAGE_VIRT, PAGE_SIZE));
    for (unsigned i = 0; i < boot_info.n_modules; i++)
        boot_memory_take(round_down(boot_info.modules[i].start, PAGE_SIZE),
                         round_up(boot_info.modules[i].end, PAGE_SIZE));
}

static void serial_interrupt(void)
{
    console_typed(serial_get);
}

/* From boot.S. */
noreturn void start(uint32_t magic, uint32_t information);

/* The counter begins with the machine, on most, so that it also says what came before. What is left
 * until the first instruction of the control domain is to pick it and to load its registers. */
static void say_times(uint64_t entered)
{
    log_info("boot: entered after %lu us, control domain after %lu us\n",
             (uint64_t)(clock_ticks(entered) / NS_PER_US),
             (uint64_t)(clock_ticks(read_tsc() - entered) / NS_PER_US));
}

noreturn void start(uint32_t magic, uint32_t information)
{
    uint64_t entered = read_tsc();
    serial_init();
    read_boot_info(magic, information);
    read_options();
    serial_init(); /* as they say */
    log_info("Ringside, loaded by %s\n", boot_info.loader);

    acpi_read();
    find_free_memory();
    paging_init();
    cpu_init(0);
    interrupts_init();
    clock_init();
    pmu_init();
    smp_start();
    machine_memory_init();
    schedule_init(cpus_online);
    trace_init(cpus_online);

    int irq = serial_enable_interrupt();
    if (irq >= 0)
        irq_enable((unsigned)irq, serial_interrupt);
    control_domain_build();
    lock_check_interrupts();
    say_times(entered);
    arch_irq_on();
    arch_go_idle();
}
