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

/* One instruction on the entry at (%rdi); rax goes in and comes out. */
#define ON_ENTRY(text, entry, rax, flags)       \
    __asm__ volatile(text "\n\tpushf\n\tpop %1" \
                     : "+a"(rax), "=r"(flags)   \
                     : "D"(entry)               \
                     : "memory", "cc")

#define FLAG_CARRY (1UL << 0)
#define FLAG_ZERO (1UL << 6)
#define FLAG_SIGN (1UL << 7)

/* As compilers write to entries: whole, or in the byte where a flag is. */
TEST(assist_writes_parts_of_entries)
{
    volatile uint64_t *entry = table_entry(table_root, spare_address(), 1);
    uint64_t *page = page_alloc();
    uint64_t flags;
    uint64_t rax = 0;
    CHECK_EQUAL(enable(VMASST_TYPE_writable_pagetables), 0);
    *entry = pte_make(page_mfn(page), PTE_READ_WRITE);
    uint64_t full = *entry; /* with the bits that the hypervisor adds */

    ON_ENTRY("lock andb $0xfd, (%%rdi)", entry, rax, flags); /* the right to write */
    CHECK_EQUAL(*entry, full & ~PTE_WRITE);
    CHECK_EQUAL(flags & (FLAG_CARRY | FLAG_ZERO), 0);
    ON_ENTRY("lock orb $2, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(*entry, full);
    rax = PTE_DIRTY;
    ON_ENTRY("xorb %%al, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(*entry, full & ~PTE_DIRTY);
    ON_ENTRY("orw $0x200, (%%rdi)", entry, rax, flags); /* a bit of software's own */
    CHECK_EQUAL(*entry, (full & ~PTE_DIRTY) | 0x200);
    rax = PTE_DIRTY << 8 | 0xff; /* ah */
    ON_ENTRY("orb %%ah, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(*entry, full | 0x200);
    rax = 0xffffffffffff0000UL | (full & 0xff);
    ON_ENTRY("xchgb %%al, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(rax, 0xffffffffffff0000UL | (full & 0xff));
    ON_ENTRY("lock btrl $9, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(flags & FLAG_CARRY, FLAG_CARRY);
    CHECK_EQUAL(*entry, full);
    ON_ENTRY("lock btsq $63, (%%rdi)", entry, rax, flags); /* no execution */
    CHECK_EQUAL(flags & FLAG_CARRY, 0);
    CHECK_EQUAL(*entry, full | PTE_NO_EXECUTE);
    ON_ENTRY("andb $0x7f, 7(%%rdi)", entry, rax, flags); /* the same bit by its byte */
    CHECK_EQUAL(flags & (FLAG_ZERO | FLAG_SIGN), FLAG_ZERO);
    CHECK_EQUAL(*entry, full);
    ON_ENTRY("movb $0, (%%rdi)", entry, rax, flags);
    CHECK_EQUAL(*entry, full & ~0xffUL);
    *entry = 0;

    /* A part, too, is checked. */
    struct caught caught;
    *entry = pte_make(table_root_mfn(), PTE_READ_ONLY);
    uint64_t before = *entry;
    CHECK(CATCH(&caught, ON_ENTRY("orb $2, (%%rdi)", entry, rax, flags)));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(*entry, before);
    *entry = 0;
    CHECK_EQUAL(disable(VMASST_TYPE_writable_pagetables), 0);
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
