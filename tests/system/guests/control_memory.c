/* SPDX-License-Identifier: MIT */
/* What a control domain does to the memory of others, by domctl, memory_op, mmu_update, mmuext_op.
 */
#include "guest/foreign.h"
#include "guest/time.h"
#include "tests/system/guests/tiny.h"

TINY_PROGRAM(stays, "1: jmp 1b");

static long reservation(unsigned op, domid_t id)
{
    domid_t argument = id;
    return hypercall_memory_op(op, &argument);
}

TEST(control_memory_has_a_maximum)
{
    uint64_t frames[8];
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    REQUIRE(tiny_create(&t, 4));
    CHECK_EQUAL(control_populate(t.id, frames, 8), 4);
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(info.tot_pages, 4);
    CHECK_EQUAL(info.max_pages, 4);
    CHECK_EQUAL(reservation(XENMEM_current_reservation, t.id), 4);
    CHECK_EQUAL(reservation(XENMEM_maximum_reservation, t.id), 4);
    /* Less than it has: it keeps that, and gets no more. */
    CHECK_EQUAL(control_max_memory(t.id, 2), 0);
    CHECK_EQUAL(control_populate(t.id, frames + 4, 1), 0);
    struct xen_memory_reservation r = {.extent_start = {frames}, .nr_extents = 3, .domid = t.id};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &r), 3);
    CHECK_EQUAL(reservation(XENMEM_current_reservation, t.id), 1);
    CHECK_EQUAL(control_populate(t.id, frames, 2), 1);
    tiny_destroy(&t);
    CHECK_EQUAL(reservation(XENMEM_current_reservation, DOMAIN_NOBODY), -XEN_ESRCH);
}

static bool all_zero(const uint64_t *page)
{
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++) {
        if (page[i] != 0)
            return false;
    }
    return true;
}

#define MANY 64

/* Nothing of what a domain wrote is there for the next one. */
TEST(control_memory_comes_clean)
{
    static uint64_t frames[MANY];
    long error;
    for (unsigned round = 0; round < 2; round++) {
        struct tiny t;
        REQUIRE(tiny_create(&t, MANY));
        CHECK_EQUAL(control_populate(t.id, frames, MANY), MANY);
        char *at = foreign_map(t.id, frames, MANY, &error);
        REQUIRE(at != NULL);
        bool clean = true;
        for (unsigned i = 0; i < MANY; i++)
            clean = clean && all_zero((const uint64_t *)(at + i * PAGE_SIZE));
        CHECK(clean);
        memset(at, 0xa5, MANY * PAGE_SIZE);
        foreign_unmap(at, MANY);
        tiny_destroy(&t);
    }
}

TEST(control_page_kinds)
{
    static xen_pfn_t list[TINY_PAGES + 2];
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    CHECK_EQUAL(control_info(t.id, &info), 0);
    memcpy(list, t.frames, sizeof(t.frames));
    list[TINY_PAGES] = 0xffffffffff;
    list[TINY_PAGES + 1] = info.shared_info_frame;
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getpageframeinfo3,
                            .domain = t.id,
                            .u.getpageframeinfo3 = {.num = LENGTH(list)}};
    set_xen_guest_handle(op.u.getpageframeinfo3.array, list);
    CHECK_EQUAL(control_domain(&op), 0);
    CHECK_EQUAL(list[TINY_PAGE_DATA], XEN_DOMCTL_PFINFO_NOTAB);
    CHECK_EQUAL(list[TINY_PAGE_L1], XEN_DOMCTL_PFINFO_L1TAB);
    CHECK_EQUAL(list[TINY_PAGE_L2], XEN_DOMCTL_PFINFO_L2TAB);
    CHECK_EQUAL(list[TINY_PAGE_L3], XEN_DOMCTL_PFINFO_L3TAB);
    CHECK_EQUAL(list[TINY_PAGE_L4], XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
    CHECK_EQUAL(list[TINY_PAGES], XEN_DOMCTL_PFINFO_XTAB);
    CHECK_EQUAL(list[TINY_PAGES + 1], XEN_DOMCTL_PFINFO_XTAB);
    op.u.getpageframeinfo3.num = 1025;
    CHECK_EQUAL(control_domain(&op), -XEN_E2BIG);
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array.p = POINTER_BAD;
    CHECK_EQUAL(control_domain(&op), -XEN_EFAULT);
    tiny_destroy(&t);
}

TEST(control_hypercall_page)
{
    struct tiny t;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    CHECK_EQUAL(control_hypercall_page(t.id, t.frames[TINY_PAGE_SPARE]), 0);
    const uint8_t *page = tiny_map(&t, TINY_PAGE_SPARE);
    REQUIRE(page != NULL);
    /* Each stub has the hypercall's number, and SYSCALL behind it somewhere. */
    bool found = false;
    const uint8_t *stub = page + __HYPERVISOR_sched_op * HYPERCALL_STUB_SIZE;
    for (unsigned i = 0; i + 1 < HYPERCALL_STUB_SIZE; i++)
        found = found || (stub[i] == 0x0f && stub[i + 1] == 0x05);
    CHECK(found);
    tiny_unmap((void *)page);
    CHECK_EQUAL(control_hypercall_page(t.id, t.frames[TINY_PAGE_L1]), -XEN_EPERM);
    CHECK_EQUAL(control_hypercall_page(t.id, frame_of_hypervisor().n), -XEN_EINVAL);
    CHECK_EQUAL(control_hypercall_page(t.id, FRAME_BEYOND.n), -XEN_EINVAL);
    tiny_destroy(&t);
}

/* ---- foreign mappings */

/* foreign: as mmu_update has it. */
static long update(uint64_t ptr, uint64_t value, unsigned foreign)
{
    struct mmu_update u = {.ptr = ptr, .val = value};
    return hypercall_mmu_update(&u, 1, NULL, foreign);
}

TEST(control_maps_no_tables_writable)
{
    struct tiny t;
    long error;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    CHECK(foreign_map(t.id, &t.frames[TINY_PAGE_L1], 1, &error) == NULL);
    CHECK_EQUAL(error, -XEN_EBUSY);
    uint64_t *entry = table_entry(table_root, spare_address(), 1);
    uint64_t at = machine_address(entry);
    uint64_t l1 = t.frames[TINY_PAGE_L1] << PAGE_SHIFT;
    CHECK_EQUAL(update(at, l1 | PTE_READ_ONLY, t.id), 0);
    CHECK_EQUAL(update(at, 0, t.id), 0);
    CHECK_EQUAL(update(at, l1 | PTE_READ_ONLY, DOMID_SELF), -XEN_EBUSY);
    CHECK_EQUAL(update(at, l1 | PTE_READ_ONLY, DOMAIN_NOBODY), -XEN_ESRCH);
    tiny_destroy(&t);
}

/* Entries of its tables: the domain is in the upper half. */
TEST(control_changes_its_tables)
{
    struct tiny t;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    unsigned tables = (t.id + 1U) << 16;
    uint64_t entry = (t.frames[TINY_PAGE_L1] << PAGE_SHIFT) + 256 * sizeof(uint64_t);
    uint64_t spare = t.frames[TINY_PAGE_SPARE] << PAGE_SHIFT | PTE_READ_WRITE | PTE_USER;
    CHECK_EQUAL(update(entry, spare, tables | t.id), 0);
    CHECK_EQUAL(update(entry, t.frames[TINY_PAGE_L2] << PAGE_SHIFT | PTE_READ_WRITE, tables | t.id),
                -XEN_EBUSY);
    /* It is in use as memory there, and so cannot become a table. */
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = t.frames[TINY_PAGE_SPARE]};
    CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, t.id), -XEN_EINVAL);
    CHECK_EQUAL(update(entry, 0, tables | t.id), 0);
    CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, t.id), 0);
    op.cmd = MMUEXT_UNPIN_TABLE;
    CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, t.id), 0);
    CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, t.id), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, DOMAIN_NOBODY), -XEN_ESRCH);
    /* Tables that are not those of the domain named. */
    CHECK_EQUAL(update(entry, 0, t.id), -XEN_EINVAL);
    tiny_destroy(&t);
}

TEST(control_numbers_its_frames)
{
    const uint64_t *numbers = (const uint64_t *)MACH2PHYS_VIRT_START;
    struct tiny t;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    uint64_t frame = t.frames[TINY_PAGE_SPARE];
    CHECK_EQUAL(numbers[frame], TINY_PAGE_SPARE); /* by populate_physmap */
    CHECK_EQUAL(update(frame << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 4242, t.id), 0);
    CHECK_EQUAL(numbers[frame], 4242);
    CHECK_EQUAL(update(frame << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 1, DOMID_SELF), -XEN_EINVAL);
    CHECK_EQUAL(numbers[frame], 4242);
    tiny_destroy(&t);
}

TEST(control_maps_by_address)
{
    struct tiny t;
    REQUIRE(tiny_build(&t, stays_start, stays_end));
    uint64_t *at = (uint64_t *)spare_address();
    uint64_t entry = t.frames[TINY_PAGE_SPARE] << PAGE_SHIFT | PTE_READ_WRITE;
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain((uint64_t)at, entry,
                                                        UVMF_INVLPG | UVMF_LOCAL, t.id),
                0);
    CHECK_EQUAL(*at, 0);
    *at = 17;
    CHECK_EQUAL(hypercall_update_va_mapping((uint64_t)at, 0, UVMF_INVLPG | UVMF_LOCAL), 0);
    CHECK_EQUAL(hypercall_update_va_mapping_otherdomain((uint64_t)at, entry, 0, DOMAIN_NOBODY),
                -XEN_ESRCH);
    tiny_destroy(&t);
}

/* ---- devices */

TEST(control_device_permissions)
{
    struct tiny t;
    REQUIRE(tiny_create(&t, 1));
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_iomem_permission,
        .domain = t.id,
        .u.iomem_permission = {.first_mfn = FRAME_OF_SCREEN.n, .nr_mfns = 8, .allow_access = 1}};
    CHECK_EQUAL(control_domain(&op), 0);
    op.u.iomem_permission.allow_access = 0;
    CHECK_EQUAL(control_domain(&op), 0);
    op.u.iomem_permission.nr_mfns = 0;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    op.u.iomem_permission.nr_mfns = 1;
    op.u.iomem_permission.first_mfn = FRAME_OF_LOCAL_APIC.n;
    CHECK_EQUAL(control_domain(&op), -XEN_EPERM);

    op = (struct xen_domctl){
        .cmd = XEN_DOMCTL_ioport_permission,
        .domain = t.id,
        .u.ioport_permission = {.first_port = 0x3c0, .nr_ports = 0x20, .allow_access = 1}};
    CHECK_EQUAL(control_domain(&op), 0);
    op.u.ioport_permission.nr_ports = 0;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    op.u.ioport_permission.first_port = 0xffff;
    op.u.ioport_permission.nr_ports = 2;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    op.u.ioport_permission.first_port = 0x20; /* the interrupt controller's */
    op.u.ioport_permission.nr_ports = 1;
    CHECK_EQUAL(control_domain(&op), -XEN_EPERM);
    tiny_destroy(&t);
}
