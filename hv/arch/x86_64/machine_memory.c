/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/machine_memory.h"

#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/boot_info.h"
#include "hv/core/boot_memory.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/log.h"

unsigned physical_bits;

/* Local APIC, IO-APICs, and room for a timer. */
#define RESERVED_MAX 16
static mfn_t reserved[RESERVED_MAX];
static unsigned n_reserved;

void device_frame_reserve(mfn_t m)
{
    ASSERT(n_reserved < RESERVED_MAX);
    reserved[n_reserved++] = m;
}

bool device_frame_is_reserved(mfn_t m)
{
    return arch_device_frames_reserved(m, m);
}

bool device_frame_allowed(const struct domain *d, mfn_t m)
{
    return (d->privileged || ranges_hold(d->device_frames, m.n, m.n)) &&
           !device_frame_is_reserved(m);
}

bool arch_device_frames_reserved(mfn_t first, mfn_t last)
{
    for (unsigned i = 0; i < n_reserved; i++) {
        if (first.n <= reserved[i].n && reserved[i].n <= last.n)
            return true;
    }
    return false;
}

static void give_to_heap(paddr_t start, paddr_t end)
{
    for (uint64_t n = start >> PAGE_SHIFT; n < end >> PAGE_SHIFT; n++)
        frame_table[n].count = FRAME_FREE;
    heap_add(paddr_to_mfn(start), (end - start) >> PAGE_SHIFT);
}

void machine_memory_init(void)
{
    physical_bits = cpuid(0x80000008, 0).a & 0xff;
    for (uint64_t n = 0; n < frame_count; n++)
        frame_table[n] = (struct frame){.count = FRAME_FREE, .type = TYPE_NOT_MEMORY};
    /* All memory is the hypervisor's, but for what is free. */
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        const struct region *r = &boot_info.regions[i];
        if (r->kind != REGION_USABLE)
            continue;
        for (uint64_t n = r->start >> PAGE_SHIFT; n < r->end >> PAGE_SHIFT && n < frame_count; n++)
            frame_table[n] = (struct frame){.count = FRAME_ALLOCATED | FRAME_OF_HYPERVISOR};
    }
    boot_memory_give(give_to_heap);
    domain_memory_init();
    log_info("%lu MiB of memory, %lu MiB free\n", frame_count >> 8, heap_free_frames() >> 8);
}
