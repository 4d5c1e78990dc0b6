/* SPDX-License-Identifier: MIT */
/*
 * Intel SDM volume 3A: descriptors section 3.4.5, gates 6.14.1, TSS 7.7, SYSCALL 5.8.8.
 *
 * The GDT that the processor uses is a window (paging.h): pages 0..13 are the frames that the
 * running guest set, page 14 is the hypervisor's, at the selectors that the ABI says.
 */
#include "hv/arch/x86_64/descriptors.h"

#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/abi.h"
#include "hv/core/arch.h"

struct tss {
    uint32_t reserved;
    uint64_t rsp[3];
    uint64_t reserved_2;
    uint64_t ist[7];
    uint64_t reserved_3;
    uint16_t reserved_4, io_map;
} __attribute__((packed));

struct gate {
    uint16_t offset_0, selector;
    uint8_t ist, type;
    uint16_t offset_16;
    uint32_t offset_32, reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

#define GATE_INTERRUPT 0x8e
#define SYSTEM_LDT 0x82
#define SYSTEM_TSS 0x89
#define GATE_USER 0x60 /* DPL 3 */
#define TRAP_STUB_SIZE 16
#define SYSCALL_STUB_SIZE 32

extern char trap_stubs[], syscall_stubs[], syscall32_stubs[], sysenter_entry[];

static struct tss tss[CPUS_MAX] cacheline_aligned;
static struct gate idt[VECTOR_COUNT] cacheline_aligned;
static uint64_t reserved_page[CPUS_MAX][PAGE_SIZE / 8] __attribute__((aligned(4096)));

static uint64_t *reserved_entry(unsigned cpu, unsigned selector)
{
    return &reserved_page[cpu][(selector - FIRST_RESERVED_GDT_BYTE) / 8];
}

/* Base in three pieces; type and presence behind bit 40. */
static void set_system(uint64_t *e, uint64_t base, uint32_t limit, uint64_t type)
{
    e[0] = limit | (base & 0xffffff) << 16 | type << 40 | (base >> 24 & 0xff) << 56;
    e[1] = base >> 32;
}

void descriptors_set_ldt(unsigned cpu, uint64_t base, uint32_t entries)
{
    if (entries == 0) {
        __asm__ volatile("lldt %w0" ::"r"(0));
        return;
    }
    set_system(reserved_entry(cpu, HV_LDT), base, entries * 8 - 1, SYSTEM_LDT);
    __asm__ volatile("lldt %w0" ::"r"(HV_LDT));
}

static void make_gdt(unsigned cpu)
{
    /* Flat, accessed. */
    *reserved_entry(cpu, HV_CS) = 0x00af9b000000ffff;
    *reserved_entry(cpu, HV_SS) = 0x00cf93000000ffff;
    *reserved_entry(cpu, GUEST_CS32 & ~7U) = 0x00cffb000000ffff;
    *reserved_entry(cpu, GUEST_SS & ~7U) = 0x00cff3000000ffff;
    *reserved_entry(cpu, GUEST_CS64 & ~7U) = 0x00affb000000ffff;

    set_system(reserved_entry(cpu, HV_TSS), (uint64_t)&tss[cpu], sizeof(struct tss) - 1,
               SYSTEM_TSS);

    uint64_t window = gdt_window(cpu);
    for (unsigned i = 0; i < WINDOW_PAGES; i++)
        window_set(window + i * PAGE_SIZE, MFN_NONE);
    window_set(window + FIRST_RESERVED_GDT_BYTE,
               paddr_to_mfn((uint64_t)reserved_page[cpu] - IMAGE_VIRT));
}

static void make_tss(unsigned cpu)
{
    struct tss *t = &tss[cpu];
    t->rsp[0] = (uint64_t)&cpu_local_of(cpu)->regs.es;
    for (unsigned i = 1; i <= IST_DEBUG; i++)
        t->ist[i - 1] = (uint64_t)stacks[cpu] + i * IST_SIZE;
    t->io_map = sizeof(*t);
}

static void make_idt(void)
{
    for (unsigned v = 0; v < VECTOR_COUNT; v++) {
        /* Stubs differ in length by nothing but padding up to their alignment. */
        uint64_t at = (uint64_t)trap_stubs + v * TRAP_STUB_SIZE;
        idt[v] = (struct gate){
            .offset_0 = (uint16_t)at,
            .selector = HV_CS,
            .type = GATE_INTERRUPT,
            .offset_16 = (uint16_t)(at >> 16),
            .offset_32 = (uint32_t)(at >> 32),
        };
    }
    idt[VECTOR_DF].ist = IST_DOUBLE_FAULT;
    idt[VECTOR_NMI].ist = IST_NMI;
    idt[VECTOR_MC].ist = IST_MACHINE_CHECK;
    idt[VECTOR_DB].ist = IST_DEBUG;
    /* A guest's INT3, INTO and INT 0x80 are themselves; its other INTs fault, and are looked up. */
    idt[VECTOR_INT80].type |= GATE_USER;
    idt[VECTOR_BP].type |= GATE_USER;
    idt[VECTOR_OF].type |= GATE_USER;
}

static void load_segments(void)
{
    __asm__ volatile("pushq %0\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1: mov %1, %%ss\n\t"
                     "mov %2, %%ds\n\t"
                     "mov %2, %%es\n\t"
                     "mov %2, %%fs\n\t"
                     "mov %2, %%gs\n\t"
                     "lldt %w2\n\t"
                     "ltr %w3" ::"i"(HV_CS),
                     "r"(HV_SS), "r"(0), "r"(HV_TSS)
                     : "rax", "memory");
}

void descriptors_load(unsigned cpu)
{
    if (cpu == 0)
        make_idt();
    make_tss(cpu);
    make_gdt(cpu);

    struct table_pointer g = {FIRST_RESERVED_GDT_BYTE + PAGE_SIZE - 1, gdt_window(cpu)};
    struct table_pointer i = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0\n\tlidt %1" ::"m"(g), "m"(i));
    load_segments();

    write_msr(MSR_STAR, (uint64_t)GUEST_CS32 << 48 | (uint64_t)HV_CS << 32);
    write_msr(MSR_LSTAR, (uint64_t)syscall_stubs + cpu * SYSCALL_STUB_SIZE);
    write_msr(MSR_CSTAR, (uint64_t)syscall32_stubs + cpu * SYSCALL_STUB_SIZE);
    write_msr(MSR_SFMASK, 1UL << 8 | RFLAGS_IF | 1UL << 10 | 3UL << 12 | 1UL << 14 | 1UL << 16 |
                              1UL << 17 | 1UL << 18);
    write_msr(MSR_SYSENTER_CS, HV_CS);
    write_msr(MSR_SYSENTER_ESP, tss[cpu].rsp[0]);
    write_msr(MSR_SYSENTER_EIP, (uint64_t)sysenter_entry);
}
