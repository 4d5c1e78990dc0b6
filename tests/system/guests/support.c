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

void user_space_make(struct user_space *space, const char *from, const char *to)
{
    *space =
        (struct user_space){.root = table_user_root(), .code = page_alloc(), .stack = page_alloc()};
    memcpy(space->code, from, (size_t)(to - from));
    const uint64_t flags = PTE_READ_WRITE | PTE_USER;
    uint64_t *code = table_reach(space->root, USER_CODE, 1);
    uint64_t *stack = table_reach(space->root, USER_STACK, 1);
    CHECK_EQUAL(table_set(code, pte_make(page_mfn(space->code), flags)), 0);
    CHECK_EQUAL(table_set(stack, pte_make(page_mfn(space->stack), flags)), 0);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, page_mfn(space->root)), 0);
    user_init(&space->state, USER_CODE, USER_STACK + PAGE_SIZE);
}

void user_space_free(struct user_space *space)
{
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, MFN(0)), 0);
    table_user_free(space->root);
    page_free(space->code);
    page_free(space->stack);
}
