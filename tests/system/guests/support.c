/* SPDX-License-Identifier: MIT */
#include "tests/system/guests/support.h"

uint64_t spare_address(void)
{
    const uint64_t va = 0x0000123456789000;
    table_reach(table_root, va, 1);
    return va;
}

uint64_t entry_at(uint64_t va)
{
    return *table_entry(table_root, va, 1);
}

mfn_t frame_of_hypervisor(void)
{
    xen_pfn_t first = 0;
    struct xen_machphys_mfn_list list = {.max_extents = 1, .extent_start = {&first}};
    hypercall_memory_op(XENMEM_machphys_mfn_list, &list);
    return MFN(first);
}
