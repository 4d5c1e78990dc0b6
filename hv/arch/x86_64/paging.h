/* SPDX-License-Identifier: MIT */
/* The hypervisor's own page tables. */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/pte.h"

extern pte_t *hv_l4; /* of CPUs that run no guest; slots 256..271 are everyone's */
extern paddr_t hv_l4_phys;

/* Makes the tables, with the frame table and the machine-to-physical table, and switches to them.
 */
void paging_init(void);

/* The machine-to-physical table. */
static inline uint64_t *m2p_entry(mfn_t m)
{
    return (uint64_t *)M2P_VIRT + m.n;
}

/* The first memory, up to the image's end, also where it is: for processors that start. During
 * boot, while boot_memory_alloc() works. */
void paging_map_low(bool on);

/* A device's registers, uncached; stays mapped. bytes: at most 16 pages. */
volatile void *map_device(paddr_t a, uint64_t bytes);

/* The page around an address of a device's, through this CPU's only window, until it is next asked
 * for. Interrupts off. */
volatile void *device_window(paddr_t a);

/* Frames at a fixed place: the descriptor table windows of this CPU, 16 pages each. */
#define WINDOW_PAGES 16
uint64_t gdt_window(unsigned cpu);
uint64_t ldt_window(unsigned cpu);

/* MFN_NONE: a frame of zeros. Writable for the hypervisor: the processor marks descriptors. The
 * caller flushes. */
void window_set(uint64_t address, mfn_t m);

#endif
