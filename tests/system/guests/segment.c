/* SPDX-License-Identifier: MIT */
/* Segment bases, descriptor tables, and the selectors that use them. */
#include "tests/system/guests/support.h"

#define NON_CANONICAL 0x8000000000000000UL

/* Flat data and code, level 3, accessed; and a 16-byte data segment that lsl tells apart. */
#define DESCRIPTOR_DATA 0x00cff3000000ffffUL
#define DESCRIPTOR_SMALL 0x0040f3000000000fUL
#define DESCRIPTOR_CODE 0x00affb000000ffffUL
#define DESCRIPTOR_KERNEL_CODE 0x00af9b000000ffffUL /* level 0: not for a guest */
#define DESCRIPTOR_TASK 0x0000890000000067UL        /* a system descriptor */

/* The limit of a segment, or -1 where the selector names none. */
static int64_t limit_of(unsigned selector)
{
    uint64_t limit;
    bool valid;
    asm volatile("lsl %2, %0" : "=r"(limit), "=@ccz"(valid) : "r"((uint64_t)selector));
    return valid ? (int64_t)limit : -1;
}

TEST(segment_base_fs)
{
    uint64_t value[4] = {11, 22, 33, 44};
    uint64_t seen;
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_FS, (uintptr_t)value), 0);
    asm volatile("mov %%fs:16, %0" : "=r"(seen));
    CHECK_EQUAL(seen, 33);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_FS, 0), 0);
}

TEST(segment_base_gs_kernel)
{
    static uint64_t fake[4];
    struct vcpu *self = vcpu_self();
    uint64_t seen;
    fake[1] = 0x77;
    vcpu_mask(); /* a handler would look for its vcpu there */
    long error = hypercall_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)fake);
    asm volatile("mov %%gs:8, %0" : "=r"(seen));
    long back = hypercall_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)self);
    vcpu_unmask();
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(back, 0);
    CHECK_EQUAL(seen, 0x77);
}

TEST(segment_base_refuses)
{
    struct vcpu *self = vcpu_self();
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_FS, NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_KERNEL, NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER, NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_set_segment_base(9, 0), -XEN_EINVAL);
    CHECK_EQUAL((uintptr_t)vcpu_self(), (uintptr_t)self);
}

TEST(segment_base_gs_user_selector)
{
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER_SEL, FLAT_USER_DS32), 0);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
}

/* The flat segments that every guest has without a table of its own. */
TEST(segment_flat_ones_exist)
{
    CHECK_EQUAL(limit_of(FLAT_KERNEL_CS), 0xffffffff);
    CHECK_EQUAL(limit_of(FLAT_KERNEL_SS), 0xffffffff);
    CHECK_EQUAL(limit_of(FLAT_USER_CS32), 0xffffffff);
    CHECK_EQUAL(limit_of(0x1230), -1);
}

TEST(gdt_set_and_unset)
{
    uint64_t *gdt = page_alloc();
    gdt[1] = DESCRIPTOR_DATA;
    gdt[2] = DESCRIPTOR_SMALL;
    gdt[3] = DESCRIPTOR_CODE;
    table_protect(gdt, PTE_READ_ONLY);
    xen_pfn_t frame = page_mfn(gdt).n;
    CHECK_EQUAL(hypercall_set_gdt(&frame, PAGE_SIZE / 8), 0);
    CHECK_EQUAL(limit_of(8), 0xffffffff);
    CHECK_EQUAL(limit_of(16), 15);
    CHECK_EQUAL(limit_of(FLAT_KERNEL_CS), 0xffffffff); /* the reserved ones stay */
    uint64_t seen;
    asm volatile("mov %1, %%es; mov %%es, %0; mov %2, %%es" : "=r"(seen) : "r"(8UL | 3), "r"(0UL));
    CHECK_EQUAL(seen & 0xffff, 8 | 3);
    CHECK_EQUAL(table_set_linear((uintptr_t)gdt, pte_make(page_mfn(gdt), PTE_READ_WRITE)),
                -XEN_EBUSY);
    CHECK_EQUAL(hypercall_set_gdt(NULL, 0), 0);
    CHECK_EQUAL(limit_of(8), -1);
    table_protect(gdt, PTE_READ_WRITE);
    page_free(gdt);
}

TEST(gdt_refuses)
{
    uint64_t *gdt = page_alloc();
    xen_pfn_t frames[FIRST_RESERVED_GDT_PAGE + 2];
    for (unsigned i = 0; i < LENGTH(frames); i++)
        frames[i] = page_mfn(gdt).n;
    CHECK_EQUAL(hypercall_set_gdt(frames, PAGE_SIZE / 8), -XEN_EINVAL); /* writable */
    table_protect(gdt, PTE_READ_ONLY);
    CHECK_EQUAL(hypercall_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_set_gdt(POINTER_BAD, 1), -XEN_EFAULT);
    frames[0] = frame_of_hypervisor().n;
    CHECK_EQUAL(hypercall_set_gdt(frames, 1), -XEN_EINVAL);
    frames[0] = FRAME_BEYOND.n;
    CHECK_EQUAL(hypercall_set_gdt(frames, 1), -XEN_EINVAL);
    frames[0] = table_root_mfn().n;
    CHECK_EQUAL(hypercall_set_gdt(frames, 1), -XEN_EINVAL);
    table_protect(gdt, PTE_READ_WRITE); /* no type stayed behind */
    page_free(gdt);
}

/* What is in the page counts: a descriptor that a guest must not have. */
TEST(gdt_refuses_bad_descriptors)
{
    static const uint64_t bad[] = {DESCRIPTOR_TASK};
    for (unsigned i = 0; i < LENGTH(bad); i++) {
        uint64_t *gdt = page_alloc();
        gdt[100] = bad[i];
        table_protect(gdt, PTE_READ_ONLY);
        xen_pfn_t frame = page_mfn(gdt).n;
        CHECK_EQUAL(hypercall_set_gdt(&frame, PAGE_SIZE / 8), -XEN_EINVAL);
        table_protect(gdt, PTE_READ_WRITE);
        page_free(gdt);
    }
}

TEST(descriptor_update)
{
    uint64_t *gdt = page_alloc();
    table_protect(gdt, PTE_READ_ONLY);
    xen_pfn_t frame = page_mfn(gdt).n;
    CHECK_EQUAL(hypercall_set_gdt(&frame, PAGE_SIZE / 8), 0);
    uint64_t machine = machine_address(&gdt[5]);
    CHECK_EQUAL(hypercall_update_descriptor(machine, DESCRIPTOR_SMALL), 0);
    CHECK_EQUAL(limit_of(40), 15);
    CHECK_EQUAL(hypercall_update_descriptor(machine, DESCRIPTOR_TASK), -XEN_EINVAL);
    CHECK_EQUAL(limit_of(40), 15);
    CHECK_EQUAL(hypercall_update_descriptor(machine + 4, DESCRIPTOR_SMALL), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_update_descriptor(machine, 0), 0);
    CHECK_EQUAL(limit_of(40), -1);
    CHECK_EQUAL(hypercall_set_gdt(NULL, 0), 0);
    table_protect(gdt, PTE_READ_WRITE);
    page_free(gdt);
}

TEST(descriptor_update_refuses_frames)
{
    uint64_t foreign = frame_of_hypervisor().n << PAGE_SHIFT;
    uint64_t table = machine_address(&table_root[0]);
    uint64_t before = table_root[0];
    CHECK_EQUAL(hypercall_update_descriptor(foreign, DESCRIPTOR_DATA), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_update_descriptor(FRAME_BEYOND.n << PAGE_SHIFT, DESCRIPTOR_DATA),
                -XEN_EINVAL);
    CHECK_EQUAL(hypercall_update_descriptor(table, DESCRIPTOR_DATA), -XEN_EINVAL);
    CHECK_EQUAL(table_root[0], before);
}

/* A level that is too good becomes the guest's. */
TEST(descriptor_level_is_raised)
{
    uint64_t *gdt = page_alloc();
    table_protect(gdt, PTE_READ_ONLY);
    xen_pfn_t frame = page_mfn(gdt).n;
    CHECK_EQUAL(hypercall_set_gdt(&frame, PAGE_SIZE / 8), 0);
    CHECK_EQUAL(hypercall_update_descriptor(machine_address(&gdt[5]), DESCRIPTOR_KERNEL_CODE), 0);
    CHECK_EQUAL(gdt[5] >> 45 & 3, 3);
    CHECK_EQUAL(hypercall_set_gdt(NULL, 0), 0);
    table_protect(gdt, PTE_READ_WRITE);
    page_free(gdt);
}

static long set_ldt(const void *base, unsigned entries)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (uintptr_t)base, .arg2.nr_ents = entries};
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

TEST(ldt_set_and_unset)
{
    uint64_t *ldt = page_alloc();
    const unsigned selector = 3 << 3 | 4 | 3;
    ldt[3] = DESCRIPTOR_SMALL;
    table_protect(ldt, PTE_READ_ONLY);
    CHECK_EQUAL(limit_of(selector), -1);
    CHECK_EQUAL(set_ldt(ldt, 16), 0);
    CHECK_EQUAL(limit_of(selector), 15);
    CHECK_EQUAL(table_set_linear((uintptr_t)ldt, pte_make(page_mfn(ldt), PTE_READ_WRITE)),
                -XEN_EBUSY);
    CHECK_EQUAL(set_ldt(NULL, 0), 0);
    CHECK_EQUAL(limit_of(selector), -1);
    table_protect(ldt, PTE_READ_WRITE);
    page_free(ldt);
}

TEST(ldt_refuses)
{
    uint64_t *ldt = page_alloc();
    CHECK_EQUAL(set_ldt((char *)ldt + 8, 16), -XEN_EINVAL);
    CHECK_EQUAL(set_ldt(ldt, 8193), -XEN_EINVAL);
    CHECK_EQUAL(set_ldt(POINTER_BAD, 16), -XEN_EINVAL);
    page_free(ldt);
}
