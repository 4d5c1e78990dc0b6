/* SPDX-License-Identifier: MIT */
/* mmu_update: its three commands, batches, and what it refuses. */
#include "tests/system/guests/support.h"

static uint64_t *spare_entry(void)
{
    return table_entry(table_root, spare_address(), 1);
}

static long update(uint64_t ptr, uint64_t value)
{
    struct mmu_update one = {.ptr = ptr, .val = value};
    return hypercall_mmu_update(&one, 1, NULL, DOMID_SELF);
}

TEST(mmu_sets_an_entry)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    page[0] = 42;
    CHECK_EQUAL(table_set(spare_entry(), pte_make(page_mfn(page), PTE_READ_ONLY)), 0);
    CHECK_EQUAL(*(volatile uint64_t *)va, 42);
    CHECK_EQUAL(table_set(spare_entry(), 0), 0);
    CHECK_EQUAL(*spare_entry(), 0);
    CHECK_EQUAL(table_extended(MMUEXT_TLB_FLUSH_LOCAL, MFN(0)), 0);
    page_free(page);
}

TEST(mmu_preserves_accessed_and_dirty)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    uint64_t *entry = spare_entry();
    uint64_t clean = pte_make(page_mfn(page), PTE_PRESENT | PTE_WRITE);
    CHECK_EQUAL(table_set_linear(va, clean), 0);
    CHECK_EQUAL(*entry & (PTE_ACCESSED | PTE_DIRTY), 0);
    *(volatile uint64_t *)va = 1;
    CHECK_EQUAL(*entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    CHECK_EQUAL(update(machine_address(entry) | MMU_PT_UPDATE_PRESERVE_AD, clean & ~PTE_WRITE), 0);
    CHECK_EQUAL(*entry & (PTE_WRITE | PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    CHECK_EQUAL(update(machine_address(entry) | MMU_NORMAL_PT_UPDATE, clean), 0);
    CHECK_EQUAL(*entry & (PTE_WRITE | PTE_ACCESSED | PTE_DIRTY), PTE_WRITE);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(page);
}

TEST(mmu_sets_machine_to_physical)
{
    uint64_t *page = page_alloc();
    mfn_t mfn = page_mfn(page);
    uint64_t before = machine_to_phys_mapping[mfn.n];
    CHECK_EQUAL(update(mfn.n << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 12345), 0);
    CHECK_EQUAL(machine_to_phys_mapping[mfn.n], 12345);
    CHECK_EQUAL(update(mfn.n << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, before), 0);
    CHECK_EQUAL(machine_to_phys_mapping[mfn.n], before);
    page_free(page);
}

TEST(mmu_machine_to_physical_refuses_foreign_frames)
{
    mfn_t foreign = frame_of_hypervisor();
    uint64_t before = machine_to_phys_mapping[foreign.n];
    CHECK_EQUAL(update(foreign.n << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
    CHECK_EQUAL(machine_to_phys_mapping[foreign.n], before);
    CHECK_EQUAL(update(FRAME_BEYOND.n << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
}

TEST(mmu_batch_is_done_in_order)
{
    enum { COUNT = 100 };
    static struct mmu_update batch[COUNT];
    uint64_t *entries = table_reach(table_root, 0x0000123400000000, 1);
    uint64_t *page = page_alloc();
    unsigned done = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        batch[i].ptr = machine_address(&entries[i]);
        batch[i].val = pte_make(page_mfn(page), PTE_READ_ONLY);
    }
    CHECK_EQUAL(hypercall_mmu_update(batch, COUNT, &done, DOMID_SELF), 0);
    CHECK_EQUAL(done, COUNT);
    unsigned set = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        set += entries[i] != 0;
        batch[i].val = 0;
    }
    CHECK_EQUAL(set, COUNT);
    CHECK_EQUAL(hypercall_mmu_update(batch, COUNT, &done, DOMID_SELF), 0);
    for (unsigned i = 0; i < COUNT; i++)
        set -= entries[i] == 0;
    CHECK_EQUAL(set, 0);
    page_free(page);
}

/* The one in the middle is bad: those before it are done, it and those after it are not. */
TEST(mmu_batch_stops_at_the_first_error)
{
    uint64_t *entries = table_reach(table_root, 0x0000123400000000, 1);
    uint64_t *page = page_alloc();
    uint64_t good = pte_make(page_mfn(page), PTE_READ_ONLY);
    struct mmu_update batch[5];
    unsigned done = 77;
    for (unsigned i = 0; i < LENGTH(batch); i++)
        batch[i] = (struct mmu_update){.ptr = machine_address(&entries[i]), .val = good};
    batch[2].val = pte_make(table_root_mfn(), PTE_READ_WRITE);
    CHECK_EQUAL(hypercall_mmu_update(batch, LENGTH(batch), &done, DOMID_SELF), -XEN_EBUSY);
    CHECK_EQUAL(done, 2);
    CHECK(entries[0] != 0 && entries[1] != 0);
    CHECK(entries[2] == 0 && entries[3] == 0 && entries[4] == 0);
    CHECK_EQUAL(table_set(&entries[0], 0), 0);
    CHECK_EQUAL(table_set(&entries[1], 0), 0);
    page_free(page);
}

/* The list ends in the middle of nowhere: what came before has been done, and is counted. */
TEST(mmu_batch_stops_where_memory_ends)
{
    uint64_t va = spare_address();
    uint64_t *entries = table_reach(table_root, 0x0000123400000000, 1);
    uint64_t *page = page_alloc();
    unsigned done = 77;
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(page), PTE_READ_WRITE)), 0);
    struct mmu_update *batch = (struct mmu_update *)(va + PAGE_SIZE) - 2;
    for (unsigned i = 0; i < 2; i++)
        batch[i] = (struct mmu_update){.ptr = machine_address(&entries[i]),
                                       .val = pte_make(page_mfn(page), PTE_READ_ONLY)};
    CHECK_EQUAL(hypercall_mmu_update(batch, 3, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQUAL(done, 2);
    CHECK(entries[0] != 0 && entries[1] != 0 && entries[2] == 0);
    CHECK_EQUAL(table_set(&entries[0], 0), 0);
    CHECK_EQUAL(table_set(&entries[1], 0), 0);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(page);
}

/* So many that others are let run in between. */
TEST(mmu_long_batch)
{
    enum { COUNT = 20000 };
    const size_t pages = (COUNT * sizeof(struct mmu_update) + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t *entries = table_reach(table_root, 0x0000123400000000, 1);
    struct mmu_update *batch = page_alloc_run(pages);
    uint64_t *page = page_alloc();
    unsigned done = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t pte = pte_make(page_mfn(page), PTE_READ_WRITE);
        batch[i].ptr = machine_address(&entries[i % TABLE_ENTRIES]);
        batch[i].val = i < COUNT - TABLE_ENTRIES ? pte : 0;
    }
    CHECK_EQUAL(hypercall_mmu_update(batch, COUNT, &done, DOMID_SELF), 0);
    CHECK_EQUAL(done, COUNT);
    unsigned set = 0;
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        set += entries[i] != 0;
    CHECK_EQUAL(set, 0);
    for (size_t i = 0; i < pages; i++)
        page_free((char *)batch + i * PAGE_SIZE);
    page_free(page);
}

TEST(mmu_empty_batch)
{
    unsigned done = 77;
    CHECK_EQUAL(hypercall_mmu_update(NULL, 0, &done, DOMID_SELF), 0);
    CHECK_EQUAL(done, 0);
}

/* The command is all that is below an entry's alignment. */
TEST(mmu_refuses_unknown_command)
{
    uint64_t before = *spare_entry();
    CHECK_EQUAL(update(machine_address(spare_entry()) | 7, 0), -XEN_ENOSYS);
    CHECK_EQUAL(*spare_entry(), before);
}

TEST(mmu_refuses_misaligned_entries)
{
    uint64_t before = *spare_entry();
    CHECK_EQUAL(update(machine_address(spare_entry()) + 4, 0xfff), -XEN_ENOSYS);
    CHECK_EQUAL(*spare_entry(), before);
}

TEST(mmu_refuses_bad_pointers)
{
    unsigned done = 77;
    CHECK_EQUAL(hypercall_mmu_update(POINTER_BAD, 1, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_mmu_update((void *)0x1000, 1, &done, DOMID_SELF), -XEN_EFAULT);
}

TEST(mmu_refuses_foreign_tables)
{
    struct mmu_update one = {.ptr = frame_of_hypervisor().n << PAGE_SHIFT, .val = 0};
    CHECK_EQUAL(hypercall_mmu_update(&one, 1, NULL, DOMID_SELF), -XEN_EINVAL);
    one.ptr = FRAME_BEYOND.n << PAGE_SHIFT;
    CHECK_EQUAL(hypercall_mmu_update(&one, 1, NULL, DOMID_SELF), -XEN_EINVAL);
    one.ptr = FRAME_OF_SCREEN.n << PAGE_SHIFT;
    CHECK_EQUAL(hypercall_mmu_update(&one, 1, NULL, DOMID_SELF), -XEN_EINVAL);
}

TEST(mmu_refuses_unknown_domains)
{
    struct mmu_update one = {.ptr = machine_address(spare_entry()), .val = 0};
    CHECK_EQUAL(hypercall_mmu_update(&one, 1, NULL, DOMAIN_NOBODY), -XEN_ESRCH);
    CHECK_EQUAL(hypercall_mmu_update(&one, 1, NULL, (DOMAIN_NOBODY + 1U) << 16 | DOMID_SELF),
                -XEN_ESRCH);
}

/* A page that is no table is data: writing it is as writing through a mapping. */
TEST(mmu_writes_writable_pages)
{
    volatile uint64_t *page = page_alloc();
    CHECK_EQUAL(update(machine_address((void *)&page[9]), 0xabcdef), 0);
    CHECK_EQUAL(page[9], 0xabcdef);
    page_free((void *)page);
}

/* The rest of the root is the hypervisor's: its slots are 256 to 271. */
TEST(mmu_refuses_the_hypervisors_slots)
{
    for (unsigned slot = 256; slot < 272; slot++) {
        uint64_t before = table_root[slot];
        CHECK_EQUAL(table_set(&table_root[slot], 0), -XEN_EINVAL);
        CHECK_EQUAL(table_root[slot], before);
    }
}

TEST(mmu_refuses_large_pages)
{
    uint64_t *entry = table_reach(table_root, 0x0000123480000000, 2);
    uint64_t *page = page_alloc();
    CHECK_EQUAL(table_set(entry, pte_make(page_mfn(page), PTE_READ_ONLY | PTE_LARGE)), -XEN_EINVAL);
    CHECK_EQUAL(*entry, 0);
    page_free(page);
}

/* An upper entry: the table that it leads to must be one, and of the next level. */
TEST(mmu_refuses_tables_of_a_wrong_level)
{
    uint64_t *l2_entry = table_reach(table_root, 0x0000123480000000, 2);
    uint64_t *l3_entry = table_entry(table_root, 0x0000123480000000, 3);
    mfn_t l3 = pte_mfn(table_root[table_index(0x0000123480000000, 4)]);
    CHECK_EQUAL(table_set(l2_entry, pte_make(l3, PTE_TABLE)), -XEN_EINVAL);
    CHECK_EQUAL(*l2_entry, 0);
    CHECK_EQUAL(table_set(l2_entry, pte_make(pte_mfn(*l3_entry), PTE_TABLE)), -XEN_EINVAL);
    CHECK_EQUAL(*l2_entry, 0);
}

/* A page that somebody can write to becomes no table. */
TEST(mmu_refuses_writable_tables)
{
    uint64_t *l2_entry = table_reach(table_root, 0x0000123480000000, 2);
    uint64_t *page = page_alloc();
    uint64_t entry = pte_make(page_mfn(page), PTE_TABLE);
    CHECK_EQUAL(table_set(l2_entry, entry), -XEN_EINVAL);
    CHECK_EQUAL(*l2_entry, 0);
    page[7] = 1; /* still ours */
    page[7] = 0;
    table_protect(page, PTE_READ_ONLY);
    CHECK_EQUAL(table_set(l2_entry, entry), 0);
    CHECK_EQUAL(table_set_linear((uintptr_t)page, pte_make(page_mfn(page), PTE_READ_WRITE)),
                -XEN_EBUSY);
    CHECK_EQUAL(table_set(l2_entry, 0), 0);
    table_free((uint64_t *)page);
}

/* What is in a page counts when it becomes a table: one bad entry and it does not. */
TEST(mmu_refuses_tables_with_bad_entries)
{
    uint64_t *l2_entry = table_reach(table_root, 0x0000123480000000, 2);
    uint64_t *page = page_alloc();
    page[200] = pte_make(page_mfn(page), PTE_READ_ONLY);
    page[300] = pte_make(frame_of_hypervisor(), PTE_READ_WRITE);
    table_protect(page, PTE_READ_ONLY);
    CHECK_EQUAL(table_set(l2_entry, pte_make(page_mfn(page), PTE_TABLE)), -XEN_EBUSY);
    CHECK_EQUAL(*l2_entry, 0);
    table_protect(page, PTE_READ_WRITE);                  /* no type stayed behind */
    page[300] = pte_make(page_mfn(page), PTE_READ_WRITE); /* itself, writable */
    table_protect(page, PTE_READ_ONLY);
    CHECK_EQUAL(table_set(l2_entry, pte_make(page_mfn(page), PTE_TABLE)), -XEN_EBUSY);
    CHECK_EQUAL(*l2_entry, 0);
    table_free(page);
}

/* A table that is shared by two entries stays one until both are gone. */
TEST(mmu_counts_uses_of_a_table)
{
    uint64_t *entries = table_reach(table_root, 0x0000123480000000, 2);
    uint64_t *table = table_alloc();
    uint64_t entry = pte_make(page_mfn(table), PTE_TABLE);
    CHECK_EQUAL(table_set(&entries[0], entry), 0);
    CHECK_EQUAL(table_set(&entries[1], entry), 0);
    CHECK_EQUAL(table_set(&entries[0], 0), 0);
    uint64_t writable = pte_make(page_mfn(table), PTE_READ_WRITE);
    CHECK_EQUAL(table_set_linear((uintptr_t)table, writable), -XEN_EBUSY);
    CHECK_EQUAL(table_set(&entries[1], 0), 0);
    table_free(table);
}
