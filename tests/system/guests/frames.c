/* SPDX-License-Identifier: MIT */
/* What a frame counts: its types and its uses, through many mappings and large trees. */
#include "guest/balloon.h"
#include "tests/system/guests/support.h"

static uint64_t writable(const void *page)
{
    return pte_make(page_mfn(page), PTE_READ_WRITE);
}

/* Only the last writable mapping that goes lets the frame become something else. */
TEST(frame_counts_writable_mappings)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    mfn_t mfn = page_mfn(page);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQUAL(table_set_linear(va + i * PAGE_SIZE, writable(page)), 0);
    table_protect(page, PTE_READ_ONLY);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, mfn), -XEN_EINVAL);
        CHECK_EQUAL(table_set_linear(va + i * PAGE_SIZE, i % 2 ? 0 : writable(page) & ~PTE_WRITE),
                    0);
    }
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, mfn), 0); /* read-only mappings do not count */
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, mfn), 0);
    for (unsigned i = 0; i < 8; i += 2)
        CHECK_EQUAL(table_set_linear(va + i * PAGE_SIZE, 0), 0);
    table_protect(page, PTE_READ_WRITE);
    page_free(page);
}

/* However a mapping came and went, no use stays behind: the frame can be given back at once. */
TEST(frame_uses_are_all_given_back)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    uint64_t *other = page_alloc();
    uint64_t *entry = table_entry(table_root, va, 1);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQUAL(table_set_linear(va, writable(page)), 0);
        CHECK_EQUAL(table_set_linear(va, writable(page)), 0);              /* again */
        CHECK_EQUAL(table_set_linear(va, writable(page) & ~PTE_WRITE), 0); /* protection */
        CHECK_EQUAL(table_set(entry, writable(other)), 0);                 /* another frame */
        CHECK_EQUAL(table_set(entry, writable(page) & ~PTE_PRESENT), 0);   /* not present */
        CHECK_EQUAL(table_set(entry, writable(page)), 0);
        CHECK(table_set_linear(va, pte_make(frame_of_hypervisor(), PTE_READ_WRITE)) < 0);
        CHECK_EQUAL(table_set_linear(va, 0), 0);
    }
    long before = balloon_current();
    CHECK_EQUAL(balloon_give(page, 1), 1);
    CHECK_EQUAL(balloon_current(), before - 1);
    CHECK_EQUAL(balloon_take(page, 1), 1);
    page_free(page);
    page_free(other);
}

/* Tables too: after a life as each of them. */
TEST(frame_uses_as_a_table_are_all_given_back)
{
    uint64_t *page = page_alloc();
    for (unsigned cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_PIN_L4_TABLE; cmd++) {
        table_protect(page, PTE_READ_ONLY);
        CHECK_EQUAL(table_extended(cmd, page_mfn(page)), 0);
        CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(page)), 0);
        table_protect(page, PTE_READ_WRITE);
        memset(page, 0, PAGE_SIZE);
    }
    long before = balloon_current();
    CHECK_EQUAL(balloon_give(page, 1), 1);
    CHECK_EQUAL(balloon_current(), before - 1);
    CHECK_EQUAL(balloon_take(page, 1), 1);
    page_free(page);
}

/* 128 full tables: more than a hypervisor checks without looking up in between. */
TEST(frame_large_tree)
{
    enum { TABLES = 128 };
    uint64_t *mapped = page_alloc();
    uint64_t *tables = page_alloc_run(TABLES);
    uint64_t *upper = page_alloc();
    for (unsigned i = 0; i < TABLES; i++) {
        uint64_t *table = tables + i * TABLE_ENTRIES;
        for (unsigned j = 0; j < TABLE_ENTRIES; j++)
            table[j] = pte_make(page_mfn(mapped), PTE_READ_WRITE);
        upper[i] = pte_make(page_mfn(table), PTE_TABLE);
        table_protect(table, PTE_READ_ONLY);
    }
    table_protect(upper, PTE_READ_ONLY);
    for (unsigned round = 0; round < 2; round++) {
        CHECK_EQUAL(table_extended(MMUEXT_PIN_L2_TABLE, page_mfn(upper)), 0);
        CHECK(table_set_linear((uintptr_t)tables, writable(tables)) < 0);
        CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(mapped)), -XEN_EINVAL);
        CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(upper)), 0);
    }
    table_free(upper);
    for (unsigned i = 0; i < TABLES; i++)
        table_free(tables + i * TABLE_ENTRIES);
    long before = balloon_current();
    CHECK_EQUAL(balloon_give(mapped, 1), 1);
    CHECK_EQUAL(balloon_current(), before - 1);
    CHECK_EQUAL(balloon_take(mapped, 1), 1);
    page_free(mapped);
}

/* The last entry of the last table is bad: everything before it is undone. */
TEST(frame_large_bad_tree)
{
    enum { TABLES = 64 };
    uint64_t *mapped = page_alloc();
    uint64_t *tables = page_alloc_run(TABLES);
    uint64_t *upper = page_alloc();
    for (unsigned i = 0; i < TABLES; i++) {
        uint64_t *table = tables + i * TABLE_ENTRIES;
        for (unsigned j = 0; j < TABLE_ENTRIES; j++)
            table[j] = pte_make(page_mfn(mapped), PTE_READ_WRITE);
        if (i == TABLES - 1)
            table[TABLE_ENTRIES - 1] = pte_make(table_root_mfn(), PTE_READ_WRITE);
        upper[i] = pte_make(page_mfn(table), PTE_TABLE);
        table_protect(table, PTE_READ_ONLY);
    }
    table_protect(upper, PTE_READ_ONLY);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L2_TABLE, page_mfn(upper)), -XEN_EBUSY);
    table_free(upper);
    for (unsigned i = 0; i < TABLES; i++)
        table_free(tables + i * TABLE_ENTRIES);
    table_protect(mapped, PTE_READ_ONLY); /* nothing maps it writable any more */
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(mapped)), 0);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(mapped)), 0);
    table_free(mapped);
}

/* A root in a slot of itself, read-only: each table appears at an address of its own. */
TEST(frame_linear_page_table)
{
    const unsigned slot = 200;
    uint64_t pte = pte_make(table_root_mfn(), PTE_PRESENT | PTE_USER | PTE_ACCESSED);
    uint64_t va = spare_address();
    CHECK_EQUAL(table_set(&table_root[slot], pte | PTE_WRITE), -XEN_EINVAL);
    CHECK_EQUAL(table_root[slot], 0);
    CHECK_EQUAL(table_set(&table_root[slot], pte), 0);
    const volatile uint64_t *linear = (uint64_t *)((uint64_t)slot << 39);
    CHECK_EQUAL(linear[va >> PAGE_SHIFT], entry_at(va));
    CHECK_EQUAL(table_set_linear(va, pte_make(table_root_mfn(), PTE_READ_ONLY)), 0);
    CHECK(linear[va >> PAGE_SHIFT] != 0);
    CHECK_EQUAL(linear[va >> PAGE_SHIFT], entry_at(va));
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    CHECK_EQUAL(table_set(&table_root[slot], 0), 0);
    CHECK_EQUAL(table_extended(MMUEXT_TLB_FLUSH_ALL, MFN(0)), 0);
}

/* A hypercall's result goes where the guest may write, and not into its page tables. */
TEST(frame_results_respect_protection)
{
    uint64_t before = table_root[0];
    CHECK_EQUAL(hypercall_xen_version(XENVER_extraversion, table_root), -XEN_EFAULT);
    CHECK_EQUAL(table_root[0], before);
    uint64_t *page = page_alloc();
    page[0] = 3;
    table_protect(page, PTE_READ_ONLY);
    CHECK_EQUAL(hypercall_xen_version(XENVER_extraversion, page), -XEN_EFAULT);
    CHECK_EQUAL(page[0], 3);
    table_protect(page, PTE_READ_WRITE);
    page_free(page);
}
