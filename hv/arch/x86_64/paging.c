/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/paging.h"

#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/boot_info.h"
#include "hv/core/boot_memory.h"
#include "hv/core/frame.h"
#include "hv/core/log.h"
#include "hv/core/string.h"

pte_t *hv_l4;
paddr_t hv_l4_phys;

extern char image_start[], text_end[], rodata_end[], image_end[];

#define HV_RO (PTE_P | PTE_A | PTE_G | PTE_NX)
#define HV_RW (HV_RO | PTE_RW | PTE_D)
#define HV_RX (PTE_P | PTE_A | PTE_G)
#define HV_TABLE (PTE_P | PTE_RW | PTE_A)

static void *linear(paddr_t a)
{
    return (void *)(LINEAR_VIRT + a);
}

static paddr_t new_table(void)
{
    paddr_t a = boot_memory_alloc(PAGE_SIZE, PAGE_SIZE, BOOT_MAPPED);
    memset(linear(a), 0, PAGE_SIZE);
    return a;
}

/* The entry of a level (1..3) that maps the address, with the tables that lead to it. */
static pte_t *entry_for(uint64_t address, unsigned level, uint64_t table_flags)
{
    pte_t *table = hv_l4;
    for (unsigned l = 4; l > level; l--) {
        pte_t *e = &table[pt_index(address, l)];
        if (!(*e & PTE_P))
            *e = new_table() | table_flags;
        ASSERT(!(*e & PTE_PS));
        table = linear(*e & PTE_FRAME_MASK);
    }
    return &table[pt_index(address, level)];
}

static bool has_giant_pages(void)
{
    return cpuid(0x80000001, 0).d & (1U << 26);
}

/* With the largest pages that fit. */
static void map(uint64_t address, paddr_t to, uint64_t bytes, uint64_t flags)
{
    bool giants = has_giant_pages();
    while (bytes != 0) {
        uint64_t size = PAGE_SIZE;
        unsigned level = 1;
        if (((address | to) & (GIANT_SIZE - 1)) == 0 && bytes >= GIANT_SIZE && giants) {
            size = GIANT_SIZE;
            level = 3;
        } else if (((address | to) & (LARGE_SIZE - 1)) == 0 && bytes >= LARGE_SIZE) {
            size = LARGE_SIZE;
            level = 2;
        }
        *entry_for(address, level, HV_TABLE) = to | flags | (level > 1 ? PTE_PS : 0);
        address += size;
        to += size;
        bytes -= size;
    }
}

static void map_image(void)
{
    static const struct {
        const char *start, *end;
        uint64_t flags;
    } parts[] = {
        {image_start, text_end, HV_RX},
        {text_end, rodata_end, HV_RO},
        {rodata_end, image_end, HV_RW},
    };
    for (unsigned i = 0; i < array_size(parts); i++) {
        uint64_t start = (uint64_t)parts[i].start;
        map(start, start - IMAGE_VIRT, (uint64_t)(parts[i].end - parts[i].start), parts[i].flags);
    }
}

/* Fresh memory, in large pages, filled with a byte. */
static void map_fresh(uint64_t address, uint64_t bytes, uint64_t flags, int fill)
{
    for (uint64_t at = 0; at < bytes; at += LARGE_SIZE) {
        paddr_t a = boot_memory_alloc(LARGE_SIZE, LARGE_SIZE, BOOT_MAPPED);
        memset(linear(a), fill, LARGE_SIZE);
        *entry_for(address + at, 2, HV_TABLE | (flags & PTE_USER)) = a | flags | PTE_PS;
    }
}

/*
 * Guests read the table through slot 256, whose entry lacks the right to write; the hypervisor
 * writes the same pages through slot 257, whose entry lacks the right of users. Not global: two
 * translations of different rights would do no harm, but guests' are flushed like all of theirs.
 */
static void map_m2p(void)
{
    _Static_assert(M2P_GUEST_VIRT == HYPERVISOR_VIRT_START, "where the ABI has it");
    /* Not what the ABI leaves to a frame without a place in a domain: all ones. */
    map_fresh(M2P_VIRT, frame_count * sizeof(uint64_t),
              PTE_P | PTE_RW | PTE_USER | PTE_A | PTE_D | PTE_NX, 0xff);
    pte_t writable = hv_l4[pt_index(M2P_VIRT, 4)];
    hv_l4[pt_index(M2P_VIRT, 4)] = writable & ~PTE_USER;
    hv_l4[pt_index(M2P_GUEST_VIRT, 4)] = writable & ~PTE_RW;
}

static void map_memory(void)
{
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        const struct region *r = &boot_info.regions[i];
        if (r->kind == REGION_RESERVED && r->end > BOOT_MAPPED)
            continue; /* devices' */
        paddr_t end = min(r->end, (paddr_t)LINEAR_SIZE);
        if (r->start < end)
            map(LINEAR_VIRT + r->start, r->start, end - r->start, HV_RW);
    }
}

static uint64_t highest_frame(void)
{
    paddr_t end = 0;
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        if (boot_info.regions[i].kind == REGION_USABLE)
            end = max(end, boot_info.regions[i].end);
    }
    return min(end, (paddr_t)LINEAR_SIZE) >> PAGE_SHIFT;
}

/* ---- windows */

static mfn_t zero_frame;
static uint64_t next_device; /* page of the devices' part of the window slot */

/* GDT and LDT of each CPU, then devices: all in one L2's worth of L1 tables. */
#define DEVICE_PAGES 512
#define DEVICE_VIRT (WINDOW_VIRT + (uint64_t)CPUS_MAX * 2 * WINDOW_PAGES * PAGE_SIZE)

uint64_t gdt_window(unsigned cpu)
{
    return WINDOW_VIRT + (uint64_t)cpu * 2 * WINDOW_PAGES * PAGE_SIZE;
}

uint64_t ldt_window(unsigned cpu)
{
    return gdt_window(cpu) + WINDOW_PAGES * PAGE_SIZE;
}

/* All tables on the way are made at boot, so that later only level 1 changes. */
static void make_windows(void)
{
    zero_frame = paddr_to_mfn(new_table());
    for (uint64_t a = WINDOW_VIRT; a < DEVICE_VIRT + DEVICE_PAGES * PAGE_SIZE; a += PAGE_SIZE)
        *entry_for(a, 1, HV_TABLE) = a < DEVICE_VIRT ? pte_make(zero_frame, HV_RO & ~PTE_G) : 0;
}

void window_set(uint64_t address, mfn_t m)
{
    pte_t *e = entry_for(address, 1, 0);
    *e = mfn_is_none(m) ? pte_make(zero_frame, HV_RO & ~PTE_G) : pte_make(m, HV_RW & ~PTE_G);
}

volatile void *map_device(paddr_t a, uint64_t bytes)
{
    uint64_t first = next_device;
    uint64_t pages = (round_up(a + bytes, PAGE_SIZE) - round_down(a, PAGE_SIZE)) >> PAGE_SHIFT;
    ASSERT(first + pages <= DEVICE_PAGES - CPUS_MAX);
    next_device += pages;
    for (uint64_t i = 0; i < pages; i++)
        *entry_for(DEVICE_VIRT + (first + i) * PAGE_SIZE, 1, 0) =
            round_down(a + i * PAGE_SIZE, PAGE_SIZE) | HV_RW | PTE_PCD | PTE_PWT;
    return (volatile void *)(DEVICE_VIRT + first * PAGE_SIZE + (a & ~PAGE_MASK));
}

volatile void *device_window(paddr_t a)
{
    uint64_t window = DEVICE_VIRT + (DEVICE_PAGES - 1 - arch_cpu_id()) * PAGE_SIZE;
    *entry_for(window, 1, 0) = round_down(a, PAGE_SIZE) | (HV_RW & ~PTE_G) | PTE_PCD | PTE_PWT;
    invlpg(window);
    return (volatile void *)(window + (a & ~PAGE_MASK));
}

extern uint64_t ap_l4;

void paging_map_low(bool on)
{
    paddr_t end = (uint64_t)image_end - IMAGE_VIRT;
    for (paddr_t a = 0; on && a < end; a += LARGE_SIZE)
        *entry_for(a, 2, HV_TABLE) = a | PTE_P | PTE_RW | PTE_PS;
    if (!on)
        hv_l4[0] = 0; /* its tables stay taken */
    ap_l4 = hv_l4_phys;
    write_cr3(hv_l4_phys);
}

void paging_init(void)
{
    frame_count = highest_frame();
    hv_l4_phys = new_table();
    hv_l4 = linear(hv_l4_phys);

    map_image();
    map_memory();
    map_fresh(FRAME_TABLE_VIRT, frame_count * sizeof(struct frame), HV_RW, 0);
    map_m2p();
    make_windows();
    write_cr3(hv_l4_phys);
}

const void *arch_boot_memory(paddr_t a)
{
    return linear(a);
}

void arch_m2p_set(mfn_t m, uint64_t n)
{
    *m2p_entry(m) = n;
}

uint64_t arch_m2p(mfn_t m)
{
    return *m2p_entry(m);
}

mfn_t arch_m2p_extent(uint32_t n)
{
    uint64_t at = (uint64_t)n * LARGE_SIZE;
    if (at >= frame_count * sizeof(uint64_t))
        return MFN_NONE;
    return pte_mfn(*entry_for(M2P_VIRT + at, 2, 0) & ~PTE_PS);
}
