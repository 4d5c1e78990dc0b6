/* SPDX-License-Identifier: MIT */
/*
 * VMASST_TYPE_architectural_iopl: the I/O privilege level is where processors have it, in the flags
 * that frames hold, and a kernel is at level 0. Without the assist it is PHYSDEVOP_set_iopl's
 * alone, frames do not show it, and a kernel is at level 1.
 */
#include "tests/system/guests/support.h"

#define RFLAGS_IOPL (3UL << 12)
#define RFLAGS_IOPL_OF(level) ((uint64_t)(level) << 12)

static long set_iopl(unsigned level)
{
    struct physdev_set_iopl iopl = {.iopl = level};
    return hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl);
}

static long assist(bool on)
{
    return hypercall_vm_assist(on ? VMASST_CMD_enable : VMASST_CMD_disable,
                               VMASST_TYPE_architectural_iopl);
}

/* The level that a frame of the kernel's own says. */
static uint64_t iopl_in_frame(void)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("ud2")));
    return caught.frame.rflags & RFLAGS_IOPL;
}

static bool port_may_be_read(void)
{
    struct caught caught;
    return !CATCH(&caught, asm volatile("in $0x61, %%al" : : : "rax"));
}

TEST(iopl_is_not_in_frames)
{
    CHECK_EQUAL(assist(false), 0);
    for (unsigned level = 0; level <= 3; level++) {
        CHECK_EQUAL(set_iopl(level), 0);
        CHECK_EQUAL(iopl_in_frame(), 0);
    }
    CHECK_EQUAL(set_iopl(0), 0);
}

/* CATCH goes on by a frame with level 0, which sets it. */
TEST(iopl_is_in_frames_with_the_assist)
{
    CHECK_EQUAL(assist(true), 0);
    for (unsigned level = 0; level <= 3; level++) {
        CHECK_EQUAL(set_iopl(level), 0);
        CHECK_EQUAL(iopl_in_frame(), RFLAGS_IOPL_OF(level));
        CHECK_EQUAL(iopl_in_frame(), 0);
    }
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK_EQUAL(assist(false), 0);
}

/* A kernel is at level 0, which no level forbids. */
TEST(iopl_of_kernels_with_the_assist)
{
    struct caught caught;
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK(!port_may_be_read());
    CHECK_EQUAL(assist(true), 0);
    CHECK(port_may_be_read());
    CHECK(!CATCH(&caught, asm volatile("cli; sti")));
    CHECK(!vcpu_masked());
    CHECK_EQUAL(assist(false), 0);
    CHECK(!port_may_be_read());
}

USER_PROGRAM(iopl_program, "mov $0x61, %dx\n"
                           "in %dx, %al\n"
                           "cli\n"
                           "sti\n"
                           "pushf\n"
                           "pop %rbx\n"
                           "syscall");

/* Where user mode is entered with, its kernel says in the frame; and hears of it in the next one.
 */
TEST(iopl_of_user_mode_by_frame)
{
    CHECK_EQUAL(assist(true), 0);
    for (unsigned level = 0; level <= 3; level++) {
        struct user_space space;
        user_space_make(&space, iopl_program_start, iopl_program_end);
        space.state.frame.rflags |= RFLAGS_IOPL_OF(level);
        user_run(&space.state);
        CHECK_EQUAL(space.state.frame.vector, level == 3 ? TRAP_SYSCALL : TRAP_PROTECTION);
        CHECK_EQUAL(space.state.frame.rflags & RFLAGS_IOPL, RFLAGS_IOPL_OF(level));
        /* The processor's own level is not the guest's to raise. */
        CHECK_EQUAL(space.state.frame.rbx & RFLAGS_IOPL, 0);
        user_space_free(&space);
    }
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK_EQUAL(assist(false), 0);
}

TEST(iopl_of_user_mode_by_call)
{
    CHECK_EQUAL(assist(false), 0);
    for (unsigned level = 0; level <= 3; level++) {
        struct user_space space;
        user_space_make(&space, iopl_program_start, iopl_program_end);
        space.state.frame.rflags |= RFLAGS_IOPL; /* which nobody asks */
        CHECK_EQUAL(set_iopl(level), 0);
        user_run(&space.state);
        CHECK_EQUAL(space.state.frame.vector, level == 3 ? TRAP_SYSCALL : TRAP_PROTECTION);
        CHECK_EQUAL(space.state.frame.rflags & RFLAGS_IOPL, 0);
        user_space_free(&space);
    }
    CHECK_EQUAL(set_iopl(0), 0);
}
