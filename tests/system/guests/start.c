/* SPDX-License-Identifier: MIT */
/* What a kernel finds at start of day, and what it can ask about its hypervisor. */
#include "tests/system/guests/support.h"

TEST(start_info_is_complete)
{
    CHECK(!strncmp(start_info->magic, "xen-", 4));
    CHECK(strnlen(start_info->magic, sizeof(start_info->magic)) < sizeof(start_info->magic));
    CHECK(start_info->flags & SIF_PRIVILEGED);
    CHECK(start_info->flags & SIF_INITDOMAIN);
    CHECK_EQUAL(start_info->shared_info & ~PAGE_MASK, 0);
    CHECK_EQUAL(start_info->pt_base & ~PAGE_MASK, 0);
    CHECK(start_info->nr_pt_frames >= 4); /* L4, L3, L2, L1 */
    CHECK(strnlen((const char *)start_info->cmd_line, MAX_GUEST_CMDLINE) < MAX_GUEST_CMDLINE);
}

/* xen/xen.h, "Start-of-day memory layout", item 3: image, list of frames, start info, tables. */
TEST(start_layout_is_in_order)
{
    extern char _start[];
    CHECK((uintptr_t)_start >= GUEST_BASE);
    CHECK((uintptr_t)_start < start_info->mfn_list);
    CHECK(start_info->mfn_list + start_info->nr_pages * sizeof(uint64_t) <= (uintptr_t)start_info);
    CHECK((uintptr_t)start_info + sizeof(*start_info) <= start_info->pt_base);
}

TEST(start_frame_list_is_inverse_of_machine_table)
{
    unsigned long wrong = 0;
    for (size_t i = 0; i < page_count; i++)
        wrong += machine_to_phys_mapping[frame_list[i]] != i;
    CHECK_EQUAL(wrong, 0);
}

/* Not tried by writing, which an assist may emulate (VMASST_TYPE_writable_pagetables). */
TEST(start_tables_are_read_only)
{
    for (unsigned i = 0; i < start_info->nr_pt_frames; i++)
        CHECK_EQUAL(entry_at(start_info->pt_base + i * PAGE_SIZE) & PTE_WRITE, 0);
}

TEST(start_machine_table_is_read_only)
{
    struct caught caught;
    volatile unsigned long *entry = &machine_to_phys_mapping[frame_list[0]];
    CHECK(CATCH(&caught, *entry = 1));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.frame.error, FAULT_PRESENT | FAULT_WRITE);
    CHECK_EQUAL(*entry, 0);
}

/* The rest of the hypervisor's range is not for guests, be it mapped or not. */
TEST(start_hypervisor_range_is_closed)
{
    static const uint64_t addresses[] = {
        MACH2PHYS_VIRT_END + 0x10000000000,                  /* behind the table */
        HYPERVISOR_VIRT_END - PAGE_SIZE, 0xffff82d040200000, /* where Xen 4.17 has its code */
    };
    struct caught caught;
    for (unsigned i = 0; i < LENGTH(addresses); i++) {
        CHECK(CATCH(&caught, *(volatile char *)addresses[i]));
        CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
        CHECK_EQUAL(caught.cr2, addresses[i]);
    }
}

TEST(version_is_4_17)
{
    long version = hypercall_xen_version(XENVER_version, NULL);
    CHECK_EQUAL(version >> 16, 4);
    CHECK_EQUAL(version & 0xffff, 17);
    CHECK_EQUAL(hypercall_xen_version(XENVER_pagesize, NULL), PAGE_SIZE);
}

/* Each fills a buffer of a size of its own, as a string that ends within it. */
TEST(version_strings_end)
{
    static union {
        xen_extraversion_t extra;
        xen_capabilities_info_t capabilities;
        xen_changeset_info_t changeset;
        xen_commandline_t line;
    } u;
    memset(&u, 0xff, sizeof(u));
    CHECK_EQUAL(hypercall_xen_version(XENVER_extraversion, u.extra), 0);
    CHECK(strnlen(u.extra, sizeof(u.extra)) < sizeof(u.extra));
    memset(&u, 0xff, sizeof(u));
    CHECK_EQUAL(hypercall_xen_version(XENVER_capabilities, u.capabilities), 0);
    CHECK(strnlen(u.capabilities, sizeof(u.capabilities)) < sizeof(u.capabilities));
    CHECK(!strncmp(u.capabilities, "xen-3.0-x86_64", 14));
    memset(&u, 0xff, sizeof(u));
    CHECK_EQUAL(hypercall_xen_version(XENVER_changeset, u.changeset), 0);
    CHECK(strnlen(u.changeset, sizeof(u.changeset)) < sizeof(u.changeset));
    memset(&u, 0xff, sizeof(u));
    CHECK_EQUAL(hypercall_xen_version(XENVER_commandline, u.line), 0);
    CHECK(strnlen(u.line, sizeof(u.line)) < sizeof(u.line));
}

TEST(version_compile_info)
{
    struct xen_compile_info info;
    memset(&info, 0xff, sizeof(info));
    CHECK_EQUAL(hypercall_xen_version(XENVER_compile_info, &info), 0);
    CHECK(strnlen(info.compiler, sizeof(info.compiler)) < sizeof(info.compiler));
    CHECK(strnlen(info.compile_date, sizeof(info.compile_date)) < sizeof(info.compile_date));
}

TEST(version_platform_parameters)
{
    struct xen_platform_parameters parameters = {0};
    CHECK_EQUAL(hypercall_xen_version(XENVER_platform_parameters, &parameters), 0);
    CHECK_EQUAL(parameters.virt_start, HYPERVISOR_VIRT_START);
}

TEST(version_features)
{
    struct xen_feature_info info = {.submap_idx = 0};
    CHECK_EQUAL(hypercall_xen_version(XENVER_get_features, &info), 0);
    CHECK(info.submap & 1U << XENFEAT_mmu_pt_update_preserve_ad);
    CHECK(info.submap & 1U << XENFEAT_highmem_assist);
    CHECK(info.submap & 1U << XENFEAT_dom0);
    CHECK(!(info.submap & 1U << XENFEAT_auto_translated_physmap));
    CHECK(!(info.submap & 1U << XENFEAT_writable_page_tables));
    CHECK(!(info.submap & 1U << XENFEAT_supervisor_mode_kernel));
    info.submap_idx = XENFEAT_NR_SUBMAPS;
    CHECK_EQUAL(hypercall_xen_version(XENVER_get_features, &info), -XEN_EINVAL);
}

TEST(version_guest_handle)
{
    xen_domain_handle_t handle;
    memset(handle, 0xff, sizeof(handle));
    CHECK_EQUAL(hypercall_xen_version(XENVER_guest_handle, handle), 0);
    for (unsigned i = 0; i < sizeof(handle); i++)
        CHECK_EQUAL(handle[i], 0); /* the first domain's */
}

TEST(version_refuses)
{
    CHECK_EQUAL(hypercall_xen_version(99, NULL), -XEN_ENOSYS);
    CHECK_EQUAL(hypercall_xen_version(-1, NULL), -XEN_ENOSYS);
    CHECK_EQUAL(hypercall_xen_version(XENVER_extraversion, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_xen_version(XENVER_extraversion, (void *)8), -XEN_EFAULT);
}

TEST(hypercalls_unknown)
{
    static const uint64_t none[5];
    static const unsigned numbers[] = {11, 43, 47, 48 + 5, 63};
    for (unsigned i = 0; i < LENGTH(numbers); i++)
        CHECK_EQUAL(hypercall_indirect(numbers[i], none), -XEN_ENOSYS);
}

/* Registers that the ABI does not name are as they were. */
TEST(hypercall_keeps_registers)
{
    uint64_t rbx = 0x1111;
    uint64_t rbp_after = 0;
    uint64_t kept[6] = {0};
    asm volatile("push %%rbp; push %%r15\n"
                 "mov $0x2222, %%ebp; mov $0x3333, %%r12d; mov $0x4444, %%r13d\n"
                 "mov $0x5555, %%r14d; mov $0x6666, %%r15d; mov $0x7777, %%r9d\n"
                 "mov $0x8888, %%ecx; mov $0x9999, %%r11d\n"
                 "xor %%edi, %%edi; xor %%esi, %%esi\n"
                 "push %[kept]\n"
                 "call hypercall_page + 17 * 32\n"
                 "pop %%rsi\n"
                 "mov %%r12, 0(%%rsi); mov %%r13, 8(%%rsi); mov %%r14, 16(%%rsi)\n"
                 "mov %%r15, 24(%%rsi); mov %%r9, 32(%%rsi); mov %%rcx, 40(%%rsi)\n"
                 "mov %%rbp, %%rdx; mov %%r11, %%rdi; pop %%r15; pop %%rbp"
                 : "+b"(rbx), "=&d"(rbp_after)
                 : [kept] "a"(kept)
                 : "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory");
    CHECK_EQUAL(rbx, 0x1111);
    CHECK_EQUAL(rbp_after, 0x2222);
    CHECK_EQUAL(kept[0], 0x3333);
    CHECK_EQUAL(kept[1], 0x4444);
    CHECK_EQUAL(kept[2], 0x5555);
    CHECK_EQUAL(kept[3], 0x6666);
    CHECK_EQUAL(kept[4], 0x7777);
    CHECK_EQUAL(kept[5], 0x8888);
}
