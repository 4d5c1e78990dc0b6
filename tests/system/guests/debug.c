/* SPDX-License-Identifier: MIT */
/* Debug registers and single-stepping. */
#include "tests/system/guests/support.h"

#define DR6_BREAKPOINT_0 0x1UL
#define DR6_SINGLE_STEP 0x4000UL
#define DR7_ENABLE_0 0x3UL
#define DR7_WRITE_8_BYTES_0 (0x9UL << 16)

TEST(debug_registers_keep_their_values)
{
    static uint64_t watched[4];
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(hypercall_set_debugreg(i, (uintptr_t)&watched[i]), 0);
        CHECK_EQUAL(hypercall_get_debugreg(i), (uintptr_t)&watched[i]);
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(hypercall_set_debugreg(i, 0), 0);
}

TEST(debug_registers_refuse)
{
    CHECK_EQUAL(hypercall_set_debugreg(0, HYPERVISOR_VIRT_START), -XEN_EPERM);
    CHECK_EQUAL(hypercall_get_debugreg(0), 0);
    CHECK_EQUAL(hypercall_set_debugreg(8, 0), -XEN_ENODEV);
    CHECK_EQUAL(hypercall_set_debugreg(7, 1UL << 32), -XEN_EINVAL);
    /* The header says the one, Xen the other. */
    int64_t found = (int64_t)hypercall_get_debugreg(8);
    CHECK(found == -XEN_EINVAL || found == -XEN_ENODEV);
}

TEST(debug_breakpoint)
{
    extern char break_here[];
    struct caught caught;
    CHECK_EQUAL(hypercall_set_debugreg(0, (uintptr_t)break_here), 0);
    CHECK_EQUAL(hypercall_set_debugreg(7, DR7_ENABLE_0), 0);
    CHECK(CATCH(&caught, asm volatile("nop; .globl break_here; break_here: nop")));
    CHECK_EQUAL(caught.frame.vector, TRAP_DEBUG);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)break_here);
    CHECK(hypercall_get_debugreg(6) & DR6_BREAKPOINT_0);
    CHECK_EQUAL(hypercall_set_debugreg(7, 0), 0);
    CHECK_EQUAL(hypercall_set_debugreg(6, 0), 0);
    CHECK(!CATCH(&caught, asm volatile("call 1f; jmp 2f; 1: ret; 2:")));
}

TEST(debug_watchpoint)
{
    static volatile uint64_t watched __attribute__((aligned(8)));
    struct caught caught;
    CHECK_EQUAL(hypercall_set_debugreg(0, (uintptr_t)&watched), 0);
    CHECK_EQUAL(hypercall_set_debugreg(7, DR7_ENABLE_0 | DR7_WRITE_8_BYTES_0), 0);
    CHECK(CATCH(&caught, watched = 5));
    CHECK_EQUAL(caught.frame.vector, TRAP_DEBUG);
    CHECK_EQUAL(watched, 5); /* after the write */
    CHECK(hypercall_get_debugreg(6) & DR6_BREAKPOINT_0);
    CHECK_EQUAL(hypercall_set_debugreg(7, 0), 0);
    CHECK_EQUAL(hypercall_set_debugreg(6, 0), 0);
    watched = 6;
    CHECK_EQUAL(watched, 6);
}

TEST(debug_single_step)
{
    extern char stepped[];
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("pushf; orl $0x100, (%%rsp); popf\n"
                                      "nop\n"
                                      ".globl stepped; stepped: nop"
                                      :
                                      :
                                      : "cc", "memory")));
    CHECK_EQUAL(caught.frame.vector, TRAP_DEBUG);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)stepped);
    CHECK(caught.frame.rflags & RFLAGS_TRAP);
    CHECK(hypercall_get_debugreg(6) & DR6_SINGLE_STEP);
    CHECK_EQUAL(hypercall_set_debugreg(6, 0), 0);
}
