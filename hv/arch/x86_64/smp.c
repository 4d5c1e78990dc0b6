/* SPDX-License-Identifier: MIT */
/*
 * Starting the other processors: Intel SDM volume 3A, section 8.4. Each begins in real mode in a
 * page below 1 MiB, where ap_boot.S is copied, and finds its stack by its number.
 */
#include "hv/arch/x86_64/smp.h"

#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/clock.h"
#include "hv/arch/x86_64/cpu.h"
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/core/arch.h"
#include "hv/core/boot_info.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/schedule.h"
#include "hv/core/string.h"
#include "hv/core/time.h"

static uint64_t cpus_wanted = CPUS_MAX;
OPTION_NUMBER("cpus", cpus_wanted, 1, CPUS_MAX, "how many processors are used");

uint32_t cpus_online = 1;
uint32_t apic_ids[CPUS_MAX];

extern char ap_start[], ap_end[];
extern uint64_t ap_stack;

#define INIT_DELAY (10 * NS_PER_MS)
#define STARTUP_DELAY (200 * NS_PER_US)
#define PATIENCE (100 * NS_PER_MS)

static uint32_t arrived;

/* From ap_boot.S, on its own stack and the hypervisor's page tables. */
noreturn void ap_main(void);

noreturn void ap_main(void)
{
    cpu_init(this_cpu()->id);
    __atomic_store_n(&arrived, 1, __ATOMIC_RELEASE);
    /* Not before all are counted: a CPU that schedules is in everyone's sets. */
    while (__atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE) <= this_cpu()->id)
        arch_relax();
    arch_go_idle();
}

/* A page of memory below 1 MiB that firmware does not keep: the highest. 0: none. */
static paddr_t low_page(void)
{
    paddr_t best = 0;
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        const struct region *r = &boot_info.regions[i];
        paddr_t end = min(r->end, (paddr_t)0xa0000);
        if (r->kind == REGION_USABLE && r->start < end && end - r->start >= PAGE_SIZE)
            best = max(best, end - PAGE_SIZE);
    }
    return best;
}

static bool start_one(uint32_t cpu, uint32_t apic_id, paddr_t page)
{
    apic_ids[cpu] = apic_id;
    cpu_local_of(cpu)->id = cpu;
    ap_stack = (uint64_t)cpu_local_of(cpu);
    arrived = 0;
    ipi_init(apic_id);
    clock_delay(INIT_DELAY);
    for (int i = 0; i < 2 && !__atomic_load_n(&arrived, __ATOMIC_ACQUIRE); i++) {
        ipi_start(apic_id, (unsigned)(page >> PAGE_SHIFT));
        clock_delay(STARTUP_DELAY);
    }
    ns_t end = time_now() + PATIENCE;
    while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE)) {
        if (time_now() > end)
            return false;
        arch_relax();
    }
    return true;
}

uint32_t cpus_present(void)
{
    return (uint32_t)min((uint64_t)machine.cpus, cpus_wanted);
}

void smp_start(void)
{
    uint32_t self = local_apic_id();
    paddr_t page = low_page();
    uint32_t cpu = 1;
    apic_ids[0] = self;
    if (cpus_present() == 1)
        return;
    if (page == 0) {
        log_warning("no memory below 640 KiB to start other processors from\n");
        return;
    }
    void *to = (void *)(LINEAR_VIRT + page);
    memcpy(to, ap_start, (size_t)(ap_end - ap_start));
    /* Until it is on our tables a processor runs where it lies: mapped there, for this time only.
     */
    paging_map_low(true);
    for (uint32_t i = 0; i < machine.cpus && cpu < cpus_present(); i++) {
        if (machine.apic_ids[i] == self)
            continue;
        if (start_one(cpu, machine.apic_ids[i], page))
            __atomic_store_n(&cpus_online, ++cpu, __ATOMIC_RELEASE);
        else
            log_warning("processor with APIC id %u did not start\n", machine.apic_ids[i]);
    }
    paging_map_low(false);
    log_info("%u processors\n", cpus_online);
}

uint64_t arch_physical_id(uint32_t vcpu)
{
    uint32_t id = vcpu < cpus_online ? apic_ids[vcpu] : vcpu;
    return (uint64_t)id << 32 | id;
}

uint32_t arch_cpu_count(void)
{
    return cpus_online;
}
