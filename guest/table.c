/* SPDX-License-Identifier: MIT */
#include "guest/table.h"
#include "guest/hypercall.h"
#include "guest/page.h"
#include "guest/power.h"

uint64_t *table_root;

/* The table that a present entry leads to; NULL for a large page or a frame that is not ours. */
static uint64_t *below(uint64_t entry)
{
    if (!(entry & PTE_PRESENT) || entry & PTE_LARGE)
        return NULL;
    pfn_t pfn = mfn_pfn(pte_mfn(entry));
    return pfn.n == FRAME_NONE ? NULL : pfn_page(pfn);
}

uint64_t *table_entry(uint64_t *root, uint64_t va, unsigned level)
{
    uint64_t *table = root;
    for (unsigned at = TABLE_LEVELS; table && at > level; at--)
        table = below(table[table_index(va, at)]);
    return table ? &table[table_index(va, level)] : NULL;
}

long table_set(uint64_t *entry, uint64_t value)
{
    struct mmu_update update = {.ptr = machine_address(entry) | MMU_NORMAL_PT_UPDATE, .val = value};
    return hypercall_mmu_update(&update, 1, NULL, DOMID_SELF);
}

long table_set_linear(uint64_t va, uint64_t value)
{
    return hypercall_update_va_mapping(va, value, UVMF_INVLPG | UVMF_LOCAL);
}

long table_extended(unsigned cmd, mfn_t mfn)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn.n};
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

void table_protect(void *page, uint64_t flags)
{
    long error = hypercall_update_va_mapping((uintptr_t)page, pte_make(page_mfn(page), flags),
                                             UVMF_INVLPG | UVMF_ALL);
    if (error)
        power_panic("page %p with flags %lx: error %ld", page, flags, error);
}

uint64_t *table_alloc(void)
{
    uint64_t *table = page_alloc();
    table_protect(table, PTE_READ_ONLY);
    return table;
}

void table_free(uint64_t *table)
{
    table_protect(table, PTE_READ_WRITE);
    page_free(table);
}

uint64_t *table_reach(uint64_t *root, uint64_t va, unsigned level)
{
    uint64_t *table = root;
    for (unsigned at = TABLE_LEVELS; at > level; at--) {
        uint64_t *entry = &table[table_index(va, at)];
        table = below(*entry);
        if (!table) {
            table = table_alloc();
            long error = table_set(entry, pte_make(page_mfn(table), PTE_TABLE));
            if (error)
                power_panic("a table of level %u for %lx: error %ld", at - 1, va, error);
        }
    }
    return &table[table_index(va, level)];
}

uint64_t *table_user_root(void)
{
    uint64_t *root = table_alloc();
    long error = table_extended(MMUEXT_PIN_L4_TABLE, page_mfn(root));
    if (error)
        power_panic("a root for user mode: error %ld", error);
    return root;
}

/* A table, of which nothing is in use any more, with all below it; what an L1 maps is not freed. */
static void free_below(uint64_t *table, unsigned level)
{
    unsigned end = level == TABLE_LEVELS ? TABLE_ENTRIES / 2 : TABLE_ENTRIES; /* user's half */
    for (unsigned i = 0; level > 1 && i < end; i++) {
        uint64_t *next = below(table[i]);
        if (next)
            free_below(next, level - 1);
    }
    table_free(table);
}

void table_user_free(uint64_t *root)
{
    long error = table_extended(MMUEXT_UNPIN_TABLE, page_mfn(root));
    if (error)
        power_panic("unpinning a root for user mode: error %ld", error);
    free_below(root, TABLE_LEVELS);
}
