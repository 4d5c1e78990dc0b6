/* SPDX-License-Identifier: MIT */
/* update_va_mapping: what it maps, what it flushes, what it refuses and leaves alone. */
#include "tests/system/guests/support.h"

TEST(mapping_maps_and_unmaps)
{
    uint64_t va = spare_address();
    volatile uint64_t *page = page_alloc();
    struct caught caught;
    page[3] = 77;
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn((void *)page), PTE_READ_WRITE)), 0);
    volatile uint64_t *alias = (uint64_t *)va;
    CHECK_EQUAL(alias[3], 77);
    alias[4] = 78;
    CHECK_EQUAL(page[4], 78);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    CHECK_EQUAL(entry_at(va), 0);
    CHECK(CATCH(&caught, alias[3]));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.cr2, va + 24);
    CHECK_EQUAL(caught.frame.error, 0);
    page_free((void *)page);
}

TEST(mapping_to_read_only_takes_effect_at_once)
{
    volatile uint64_t *page = page_alloc();
    struct caught caught;
    page[0] = 5;
    CHECK_EQUAL(table_set_linear((uintptr_t)page, pte_make(page_mfn((void *)page), PTE_READ_ONLY)),
                0);
    CHECK_EQUAL(page[0], 5);
    CHECK(CATCH(&caught, page[0] = 6));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.frame.error, FAULT_PRESENT | FAULT_WRITE);
    CHECK_EQUAL(caught.cr2, (uintptr_t)page);
    CHECK_EQUAL(page[0], 5);
    CHECK_EQUAL(table_set_linear((uintptr_t)page, pte_make(page_mfn((void *)page), PTE_READ_WRITE)),
                0);
    page[0] = 6;
    CHECK_EQUAL(page[0], 6);
    page_free((void *)page);
}

/* One frame, two pages in turn: without the flush the first one would still be seen. */
TEST(mapping_flushes_as_told)
{
    static const uint64_t flags[] = {UVMF_INVLPG | UVMF_LOCAL, UVMF_INVLPG | UVMF_ALL,
                                     UVMF_TLB_FLUSH | UVMF_LOCAL, UVMF_TLB_FLUSH | UVMF_ALL};
    uint64_t va = spare_address();
    uint64_t *pages[2] = {page_alloc(), page_alloc()};
    pages[0][0] = 100;
    pages[1][0] = 101;
    for (unsigned i = 0; i < 2 * LENGTH(flags); i++) {
        uint64_t pte = pte_make(page_mfn(pages[i % 2]), PTE_READ_ONLY);
        CHECK_EQUAL(hypercall_update_va_mapping(va, pte, flags[i / 2]), 0);
        CHECK_EQUAL(*(volatile uint64_t *)va, 100 + i % 2);
    }
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(pages[0]);
    page_free(pages[1]);
}

/* With UVMF_MULTI the flags carry the address of a bitmap of vcpus. */
TEST(mapping_flushes_a_set_of_vcpus)
{
    static uint64_t vcpus __attribute__((aligned(8))) = 1;
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    page[0] = 9;
    uint64_t pte = pte_make(page_mfn(page), PTE_READ_ONLY);
    CHECK_EQUAL(hypercall_update_va_mapping(va, pte, UVMF_INVLPG | (uintptr_t)&vcpus), 0);
    CHECK_EQUAL(*(volatile uint64_t *)va, 9);
    CHECK_EQUAL(hypercall_update_va_mapping(va, 0, UVMF_TLB_FLUSH | (uintptr_t)&vcpus), 0);
    CHECK_EQUAL(entry_at(va), 0);
    page_free(page);
}

/* Bits that are the guest's own come back as they were. */
TEST(mapping_keeps_available_bits)
{
    const uint64_t available = 0x07e0000000000e00; /* 9 to 11, 53 to 58 */
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    uint64_t pte = pte_make(page_mfn(page), PTE_READ_ONLY | available);
    CHECK_EQUAL(table_set_linear(va, pte), 0);
    CHECK_EQUAL(entry_at(va) & (PTE_FRAME | available), pte & (PTE_FRAME | available));
    CHECK_EQUAL(table_set_linear(va, 0x12345678e00), 0); /* not present: any bits */
    CHECK_EQUAL(entry_at(va), 0x12345678e00);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(page);
}

TEST(mapping_no_execute)
{
    uint64_t va = spare_address();
    uint8_t *page = page_alloc();
    struct caught caught;
    page[0] = 0xc3; /* ret */
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(page), PTE_READ_ONLY)), 0);
    CHECK(!CATCH(&caught, ((void (*)(void))va)()));
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(page), PTE_READ_ONLY | PTE_NO_EXECUTE)), 0);
    CHECK(CATCH(&caught, ((void (*)(void))va)()));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.frame.error, FAULT_PRESENT | FAULT_FETCH);
    CHECK_EQUAL(caught.cr2, va);
    CHECK_EQUAL(caught.frame.rip, va);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(page);
}

TEST(mapping_refuses_a_writable_page_table)
{
    uint64_t va = spare_address();
    mfn_t tables[] = {table_root_mfn(), pte_mfn(table_root[table_index(va, 4)])};
    for (unsigned i = 0; i < LENGTH(tables); i++) {
        uint64_t pte = pte_make(tables[i], PTE_READ_WRITE);
        CHECK_EQUAL(table_set_linear(va, pte), -XEN_EBUSY);
        CHECK_EQUAL(entry_at(va), 0);
        CHECK_EQUAL(table_set_linear(va, pte & ~PTE_WRITE), 0); /* to read it is allowed */
        CHECK_EQUAL(table_set_linear(va, pte), -XEN_EBUSY);
        CHECK_EQUAL(entry_at(va) & PTE_WRITE, 0);
        CHECK_EQUAL(table_set_linear(va, 0), 0);
    }
}

TEST(mapping_refuses_frames_of_the_hypervisor)
{
    uint64_t va = spare_address();
    CHECK_EQUAL(table_set_linear(va, pte_make(frame_of_hypervisor(), PTE_READ_ONLY)), -XEN_EBUSY);
    CHECK_EQUAL(entry_at(va), 0);
    CHECK_EQUAL(table_set_linear(va, pte_make(frame_of_hypervisor(), PTE_READ_WRITE)), -XEN_EBUSY);
    CHECK_EQUAL(entry_at(va), 0);
}

TEST(mapping_refuses_frames_beyond_the_machine)
{
    uint64_t va = spare_address();
    CHECK_EQUAL(table_set_linear(va, pte_make(FRAME_BEYOND, PTE_READ_ONLY)), -XEN_EINVAL);
    CHECK_EQUAL(entry_at(va), 0);
}

/* The hypervisor's own addresses, the hole, and where there is no L1. */
TEST(mapping_refuses_addresses)
{
    static const uint64_t addresses[] = {
        HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - PAGE_SIZE,
        0x0000800000000000,    0x0001000000000000,
        0x00007edcba987000,
    };
    uint64_t *page = page_alloc();
    uint64_t pte = pte_make(page_mfn(page), PTE_READ_ONLY);
    for (unsigned i = 0; i < LENGTH(addresses); i++)
        CHECK_EQUAL(table_set_linear(addresses[i], pte), -XEN_EINVAL);
    page_free(page);
}

TEST(mapping_other_domain)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    uint64_t pte = pte_make(page_mfn(page), PTE_READ_ONLY);
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, DOMID_SELF), 0);
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain(va, 0, UVMF_INVLPG, DOMID_SELF), 0);
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, DOMAIN_NOBODY),
                -XEN_ESRCH);
    CHECK_EQUAL(entry_at(va), 0);
    /* Only I/O memory may be mapped that way, and a page of memory is none. */
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, DOMID_IO),
                -XEN_EBUSY);
    CHECK_EQUAL(entry_at(va), 0);
    /* Nor has it tables, nor frames whose place in the guest's numbering could be told. */
    struct mmu_update place = {.ptr = page_mfn(page).n << PAGE_SHIFT | MMU_MACHPHYS_UPDATE,
                               .val = page_pfn(page).n};
    CHECK_EQUAL(hypercall_mmu_update(&place, 1, NULL, DOMID_IO), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_mmu_update(&place, 1, NULL, DOMID_SELF | (DOMID_IO + 1U) << 16),
                -XEN_ESRCH);
    CHECK_EQUAL(hypercall_mmu_update(&place, 1, NULL, DOMID_SELF | (DOMID_SELF + 1U) << 16),
                -XEN_ESRCH);
    page_free(page);
}

/* Memory of devices: the control domain's to map, where the hypervisor does not need it itself. */
TEST(mapping_device_memory)
{
    uint64_t va = spare_address();
    uint64_t pte = pte_make(FRAME_OF_SCREEN, PTE_READ_WRITE | PTE_NO_CACHE);
    CHECK_EQUAL(table_set_linear(va, pte), 0);
    volatile uint16_t *screen = (uint16_t *)va;
    (void)screen[0];
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, DOMID_IO), 0);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    CHECK(table_set_linear(va, pte_make(FRAME_OF_LOCAL_APIC, PTE_READ_WRITE)) < 0);
    CHECK_EQUAL(entry_at(va), 0);
}
