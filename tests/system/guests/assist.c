/* SPDX-License-Identifier: MIT */
/* vm_assist, and what the assists do. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

static long enable(unsigned type)
{
    return hypercall_vm_assist(VMASST_CMD_enable, type);
}

static long disable(unsigned type)
{
    return hypercall_vm_assist(VMASST_CMD_disable, type);
}

TEST(assist_types)
{
    static const unsigned types[] = {VMASST_TYPE_writable_pagetables,
                                     VMASST_TYPE_architectural_iopl,
                                     VMASST_TYPE_runstate_update_flag, VMASST_TYPE_m2p_strict};
    for (unsigned i = 0; i < LENGTH(types); i++) {
        CHECK_EQUAL(enable(types[i]), 0);
        CHECK_EQUAL(disable(types[i]), 0);
    }
    CHECK_EQUAL(enable(63), -XEN_EINVAL);
    CHECK_EQUAL(enable(64), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_vm_assist(77, VMASST_TYPE_m2p_strict), -XEN_ENOSYS);
}

/* An L1 of its own, mapped read-only where it is written to. */
TEST(assist_writable_page_tables)
{
    volatile uint64_t *entry = table_entry(table_root, spare_address(), 1);
    uint64_t *page = page_alloc();
    struct caught caught;
    page[0] = 31;
    CHECK_EQUAL(enable(VMASST_TYPE_writable_pagetables), 0);
    CHECK(!CATCH(&caught, *entry = pte_make(page_mfn(page), PTE_READ_ONLY)));
    CHECK_EQUAL(*(volatile uint64_t *)spare_address(), 31);
    CHECK(!CATCH(&caught, *entry = 0));
    CHECK_EQUAL(*entry, 0);
    /* Checked as a hypercall is: what it would refuse is a fault. */
    CHECK(CATCH(&caught, *entry = pte_make(table_root_mfn(), PTE_READ_WRITE)));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.cr2, (uintptr_t)entry);
    CHECK_EQUAL(*entry, 0);
    /* The bottom level only. */
    volatile uint64_t *upper = table_entry(table_root, spare_address(), 2);
    uint64_t before = *upper;
    CHECK(CATCH(&caught, *upper = 0));
    CHECK_EQUAL(*upper, before);
    page_free(page);
}

/* The flag is set while the area is written, and not seen set in between. */
TEST(assist_runstate_update_flag)
{
    static volatile struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area set = {.addr.v = (struct vcpu_runstate_info *)&area};
    CHECK_EQUAL(enable(VMASST_TYPE_runstate_update_flag), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &set), 0);
    time_sleep_until(NS(time_system().n + NS_PER_MS));
    CHECK(area.state_entry_time > 0);
    CHECK_EQUAL(area.state_entry_time & XEN_RUNSTATE_UPDATE, 0);
    set.addr.v = NULL;
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &set), 0);
    CHECK_EQUAL(disable(VMASST_TYPE_runstate_update_flag), 0);
}

USER_PROGRAM(assist_read, "mov (%rdi), %rax; syscall");

/* With the assist, a root for user mode is made without the machine-to-physical table. */
TEST(assist_hides_the_machine_table_from_user_mode)
{
    struct user_space space;
    CHECK_EQUAL(enable(VMASST_TYPE_m2p_strict), 0);
    user_space_make(&space, assist_read_start, assist_read_end);
    space.state.frame.rdi = MACH2PHYS_VIRT_START;
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(space.state.cr2, MACH2PHYS_VIRT_START);
    CHECK(machine_to_phys_mapping[frame_list[0]] == 0); /* the kernel sees it still */
    user_space_free(&space);
    CHECK_EQUAL(disable(VMASST_TYPE_m2p_strict), 0);
}
