/* SPDX-License-Identifier: MIT */
/* Pinning: a frame's life as a page table of each level, and the conflicts on the way. */
#include "tests/system/guests/support.h"

static const unsigned pin_level[] = {0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
                                     MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE};

static long pin(unsigned level, void *page)
{
    return table_extended(pin_level[level], page_mfn(page));
}

static long unpin(void *page)
{
    return table_extended(MMUEXT_UNPIN_TABLE, page_mfn(page));
}

static long make_writable(void *page)
{
    return table_set_linear((uintptr_t)page, pte_make(page_mfn(page), PTE_READ_WRITE));
}

TEST(pin_each_level_and_back)
{
    uint64_t *table = table_alloc();
    for (unsigned level = 1; level <= TABLE_LEVELS; level++) {
        CHECK_EQUAL(pin(level, table), 0);
        CHECK_EQUAL(make_writable(table), -XEN_EBUSY);
        CHECK_EQUAL(unpin(table), 0);
        CHECK_EQUAL(make_writable(table), 0);
        memset(table, 0, PAGE_SIZE); /* an L4 came back with the hypervisor's slots */
        table_protect(table, PTE_READ_ONLY);
    }
    table_free(table);
}

TEST(pin_refuses_a_writable_page)
{
    uint64_t *page = page_alloc();
    for (unsigned level = 1; level <= TABLE_LEVELS; level++)
        CHECK_EQUAL(pin(level, page), -XEN_EINVAL);
    page[0] = 1;
    page_free(page);
}

TEST(pin_twice_is_refused)
{
    uint64_t *table = table_alloc();
    CHECK_EQUAL(pin(1, table), 0);
    CHECK_EQUAL(pin(1, table), -XEN_EINVAL);
    CHECK_EQUAL(unpin(table), 0);
    CHECK_EQUAL(unpin(table), -XEN_EINVAL);
    table_free(table);
}

TEST(pin_refuses_another_level)
{
    uint64_t *table = table_alloc();
    CHECK_EQUAL(pin(1, table), 0);
    for (unsigned level = 2; level <= TABLE_LEVELS; level++)
        CHECK_EQUAL(pin(level, table), -XEN_EINVAL);
    CHECK_EQUAL(unpin(table), 0);
    CHECK_EQUAL(pin(2, table), 0);
    CHECK_EQUAL(unpin(table), 0);
    table_free(table);
}

TEST(pin_refuses_frames_that_are_not_ours)
{
    for (unsigned level = 1; level <= TABLE_LEVELS; level++) {
        CHECK_EQUAL(table_extended(pin_level[level], frame_of_hypervisor()), -XEN_EINVAL);
        CHECK_EQUAL(table_extended(pin_level[level], FRAME_BEYOND), -XEN_EINVAL);
        CHECK_EQUAL(table_extended(pin_level[level], FRAME_OF_SCREEN), -XEN_EINVAL);
    }
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, frame_of_hypervisor()), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, FRAME_BEYOND), -XEN_EINVAL);
}

/* What a pinned L1 maps writable cannot become a table until the L1 lets go of it. */
TEST(pin_keeps_what_it_maps)
{
    uint64_t *table = page_alloc();
    uint64_t *mapped = page_alloc();
    table[0] = pte_make(page_mfn(mapped), PTE_READ_WRITE);
    table_protect(table, PTE_READ_ONLY);
    table_protect(mapped, PTE_READ_ONLY);
    CHECK_EQUAL(pin(1, mapped), 0); /* nobody maps it writable yet */
    CHECK_EQUAL(pin(1, table), -XEN_EBUSY);
    CHECK_EQUAL(unpin(mapped), 0);
    CHECK_EQUAL(pin(1, table), 0);
    CHECK_EQUAL(pin(1, mapped), -XEN_EINVAL);
    CHECK_EQUAL(table_set(&table[0], 0), 0);
    CHECK_EQUAL(pin(1, mapped), 0);
    CHECK_EQUAL(unpin(mapped), 0);
    CHECK_EQUAL(unpin(table), 0);
    table_free(table);
    table_free(mapped);
}

/* A whole tree: pinning the root types everything below it, unpinning takes it all back. */
TEST(pin_a_tree)
{
    uint64_t *tables[TABLE_LEVELS + 1]; /* by level */
    uint64_t *page = page_alloc();
    uint64_t below = pte_make(page_mfn(page), PTE_READ_ONLY);
    for (unsigned level = 1; level <= TABLE_LEVELS; level++) {
        tables[level] = page_alloc();
        tables[level][5] = below;
        below = pte_make(page_mfn(tables[level]), PTE_TABLE);
        table_protect(tables[level], PTE_READ_ONLY);
    }
    CHECK_EQUAL(pin(4, tables[4]), 0);
    for (unsigned level = 1; level <= TABLE_LEVELS; level++)
        CHECK_EQUAL(make_writable(tables[level]), -XEN_EBUSY);
    CHECK_EQUAL(pin(3, tables[3]), 0); /* part of it on its own account */
    CHECK_EQUAL(unpin(tables[4]), 0);
    CHECK_EQUAL(make_writable(tables[4]), 0);
    for (unsigned level = 1; level < TABLE_LEVELS; level++)
        CHECK_EQUAL(make_writable(tables[level]), -XEN_EBUSY);
    CHECK_EQUAL(unpin(tables[3]), 0);
    for (unsigned level = 1; level <= TABLE_LEVELS; level++)
        table_free(tables[level]);
    page_free(page);
}

/* One bad entry at the bottom, and nothing of the tree keeps a type. */
TEST(pin_a_bad_tree_leaves_nothing)
{
    uint64_t *tables[TABLE_LEVELS + 1];
    uint64_t below = pte_make(frame_of_hypervisor(), PTE_READ_WRITE);
    for (unsigned level = 1; level <= TABLE_LEVELS; level++) {
        tables[level] = page_alloc();
        tables[level][5] = below;
        below = pte_make(page_mfn(tables[level]), PTE_TABLE);
        table_protect(tables[level], PTE_READ_ONLY);
    }
    CHECK(pin(4, tables[4]) < 0);
    for (unsigned level = 1; level <= TABLE_LEVELS; level++)
        table_free(tables[level]);
}

/* A root that maps itself read-only at a slot of its own: a linear page table. */
TEST(pin_a_root_with_itself_inside)
{
    uint64_t *root = page_alloc();
    root[7] = pte_make(page_mfn(root), PTE_PRESENT | PTE_USER | PTE_ACCESSED);
    table_protect(root, PTE_READ_ONLY);
    CHECK_EQUAL(pin(4, root), 0);
    CHECK_EQUAL(unpin(root), 0);
    table_protect(root, PTE_READ_WRITE);
    root[7] = pte_make(page_mfn(root), PTE_TABLE); /* writable */
    table_protect(root, PTE_READ_ONLY);
    CHECK_EQUAL(pin(4, root), -XEN_EINVAL);
    table_free(root);
}

TEST(base_switch_and_back)
{
    uint64_t *root = page_alloc();
    volatile uint64_t *probe = page_alloc();
    memcpy(root, table_root, PAGE_SIZE);
    table_protect(root, PTE_READ_ONLY);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, page_mfn(root)), 0);
    *probe = 3; /* the same kernel is mapped there */
    CHECK_EQUAL(*probe, 3);
    CHECK_EQUAL(make_writable(root), -XEN_EBUSY); /* in use, though not pinned */
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, table_root_mfn()), 0);
    CHECK_EQUAL(make_writable(root), 0);
    page_free(root);
    page_free((void *)probe);
}

TEST(base_stays_when_unpinned)
{
    uint64_t *root = page_alloc();
    memcpy(root, table_root, PAGE_SIZE);
    table_protect(root, PTE_READ_ONLY);
    CHECK_EQUAL(pin(4, root), 0);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, page_mfn(root)), 0);
    CHECK_EQUAL(unpin(root), 0);
    CHECK_EQUAL(make_writable(root), -XEN_EBUSY);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, table_root_mfn()), 0);
    table_free(root);
}

TEST(base_refuses)
{
    uint64_t *page = page_alloc();
    uint64_t *table = table_alloc();
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, page_mfn(page)), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, frame_of_hypervisor()), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, FRAME_BEYOND), -XEN_EINVAL);
    CHECK_EQUAL(pin(2, table), 0);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_BASEPTR, page_mfn(table)), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, page_mfn(table)), -XEN_EINVAL);
    CHECK_EQUAL(unpin(table), 0);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, page_mfn(page)), -XEN_EINVAL);
    table_free(table);
    page_free(page);
}

TEST(base_of_user_mode_is_held)
{
    uint64_t *root = table_alloc();
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, page_mfn(root)), 0);
    CHECK_EQUAL(make_writable(root), -XEN_EBUSY);
    CHECK_EQUAL(table_extended(MMUEXT_NEW_USER_BASEPTR, MFN(0)), 0); /* none any more */
    CHECK_EQUAL(make_writable(root), 0);
    page_free(root);
}
