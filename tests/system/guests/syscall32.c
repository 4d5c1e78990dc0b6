/* SPDX-License-Identifier: MIT */
/*
 * System calls of user programs by the entries that are not the usual one: SYSCALL in 32-bit code,
 * which AMD's processors have, SYSENTER, which Intel's have in 64-bit mode, and entries that nobody
 * registered.
 */
#include "tests/system/guests/support.h"

extern char syscall_callback[];

/* Counts, and says what the flags were. */
extern volatile uint32_t entered;
extern volatile uint64_t entered_flags;
extern char entry_here[];
asm(".pushsection .text\n"
    "entry_here:\n"
    "pushf; popq entered_flags(%rip)\n"
    "incl entered(%rip)\n"
    "jmp syscall_callback\n"
    ".popsection\n"
    ".pushsection .bss\n"
    ".balign 8\n"
    "entered_flags: .skip 8\n"
    "entered: .skip 4\n"
    ".popsection");

static long register_entry(unsigned type, unsigned flags, const void *address)
{
    struct callback_register callback = {
        .type = (uint16_t)type, .flags = (uint16_t)flags, .address = (xen_callback_t)address};
    entered = 0;
    return hypercall_callback_op(CALLBACKOP_register, &callback);
}

USER_PROGRAM(syscall_here, "std\n"
                           "syscall\n"
                           "ud2");
USER_PROGRAM(sysenter_here, "std\n"
                            "sysenter\n"
                            "ud2");

static bool masked_there;

static void look(struct trap_frame *frame)
{
    masked_there = vcpu_masked();
    trap_handle_by(TRAP_SYSCALL, NULL);
    if (frame->rip == 0) { /* SYSENTER */
        frame->rip = USER_CODE + 3;
        frame->cs = FLAT_USER_CS32;
        frame->rsp = USER_STACK + PAGE_SIZE;
    }
}

/* 32-bit code has an entry of its own; it comes back to 32-bit code. */
TEST(syscall_of_32_bit_code)
{
    struct user_space space;
    struct trap_frame *frame = &space.state.frame;
    for (unsigned flags = 0; flags <= CALLBACKF_mask_events; flags++) {
        /* Xen takes the mask's flag from the other one, so this is the same for both. */
        CHECK_EQUAL(register_entry(CALLBACKTYPE_syscall, flags, entry_here), 0);
        CHECK_EQUAL(register_entry(CALLBACKTYPE_syscall32, flags, entry_here), 0);
        user_space_make(&space, syscall_here_start, syscall_here_end);
        frame->cs = FLAT_USER_CS32;
        frame->rax = 0x1234;
        frame->r15 = 15; /* which the code cannot see, and a switch of modes keeps */
        trap_handle_by(TRAP_SYSCALL, look);
        user_run(&space.state);
        if (frame->vector == TRAP_INVALID_OPCODE && frame->rip == USER_CODE + 1) {
            trap_handle_by(TRAP_SYSCALL, NULL);
            trap_init();
            user_space_free(&space);
            SKIP("the processor has no SYSCALL in 32-bit code");
        }
        CHECK_EQUAL(entered, 1);
        CHECK_EQUAL(masked_there, flags == CALLBACKF_mask_events);
        CHECK_EQUAL(entered_flags & RFLAGS_DIRECTION, 0);
        CHECK_EQUAL(frame->vector, TRAP_INVALID_OPCODE);
        CHECK_EQUAL(frame->rip, USER_CODE + 3);
        CHECK_EQUAL(trap_cs(frame), FLAT_USER_CS32);
        CHECK_EQUAL(frame->rax, 0x1234);
        CHECK(frame->rflags & RFLAGS_DIRECTION);
        user_space_free(&space);
    }
    trap_init();
}

/* The direction is the user's, and not the kernel's that it enters. */
TEST(syscall_clears_direction)
{
    struct user_space space;
    CHECK_EQUAL(register_entry(CALLBACKTYPE_syscall, 0, entry_here), 0);
    user_space_make(&space, syscall_here_start, syscall_here_end);
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
    CHECK_EQUAL(entered, 1);
    CHECK_EQUAL(entered_flags & RFLAGS_DIRECTION, 0);
    CHECK(space.state.frame.rflags & RFLAGS_DIRECTION);
    trap_init();
    user_space_free(&space);
}

/* Without an entry the instruction is none; neither entry stands in for the other. */
TEST(syscall_without_an_entry)
{
    static const unsigned types[] = {CALLBACKTYPE_syscall, CALLBACKTYPE_syscall32};
    for (unsigned i = 0; i < LENGTH(types); i++) {
        struct user_space space;
        user_space_make(&space, syscall_here_start, syscall_here_end);
        CHECK_EQUAL(register_entry(types[i], 0, NULL), 0);
        space.state.frame.cs = i == 0 ? FLAT_USER_CS64 : FLAT_USER_CS32;
        user_run(&space.state);
        CHECK_EQUAL(space.state.frame.vector, TRAP_INVALID_OPCODE);
        CHECK_EQUAL(space.state.frame.rip, USER_CODE + 1);
        trap_init();
        user_space_free(&space);
    }
}

/* false: there is none, or, a protection fault, Xen leaves it off: on all processors but Intel's.
 */
static bool run_sysenter(struct user_space *space, uint64_t rflags)
{
    user_space_make(space, sysenter_here_start, sysenter_here_end);
    space->state.frame.cs = FLAT_USER_CS32;
    space->state.frame.rflags |= rflags;
    space->state.frame.rdi = 0xd1;
    user_run(&space->state);
    if (space->state.frame.vector == TRAP_DEBUG) /* TF: the first instruction is done */
        user_run(&space->state);
    if (space->state.frame.rip != USER_CODE + 1)
        return true;
    CHECK(!start_on_ringside() || space->state.frame.vector == TRAP_INVALID_OPCODE);
    return false;
}

/* The frame says that it came from user mode, and nothing of where. */
TEST(sysenter)
{
    struct user_space space;
    struct trap_frame *frame = &space.state.frame;
    CHECK_EQUAL(register_entry(CALLBACKTYPE_sysenter, 0, entry_here), 0);
    bool there = run_sysenter(&space, 0);
    if (there) {
        CHECK_EQUAL(entered, 1);
        CHECK_EQUAL(frame->vector, TRAP_SYSCALL);
        CHECK(trap_from_user(frame));
        CHECK_EQUAL(trap_cs(frame), 3);
        CHECK_EQUAL(frame->rip, 0);
        CHECK_EQUAL(frame->rsp, 0);
        CHECK_EQUAL(frame->ss, FLAT_USER_SS);
        CHECK_EQUAL(frame->rdi, 0xd1);
        CHECK(frame->rflags & RFLAGS_IF);
        CHECK(frame->rflags & RFLAGS_DIRECTION);
    }
    user_space_free(&space);
    if (!there)
        SKIP("SYSENTER is not there in 64-bit mode");
    /* Back to where the kernel says, with events as the flag says. */
    CHECK_EQUAL(register_entry(CALLBACKTYPE_sysenter, CALLBACKF_mask_events, entry_here), 0);
    trap_handle_by(TRAP_SYSCALL, look);
    run_sysenter(&space, 0);
    CHECK(masked_there);
    CHECK_EQUAL(frame->vector, TRAP_INVALID_OPCODE);
    CHECK_EQUAL(frame->rip, USER_CODE + 3);
    user_space_free(&space);
}

/* Flags that SYSENTER leaves as they are, and that a hypervisor must not run with. */
TEST(sysenter_with_every_flag)
{
    static const uint64_t flags[] = {RFLAGS_TRAP, 1UL << 14 /* NT */, RFLAGS_AC, RFLAGS_DIRECTION};
    struct user_space space;
    CHECK_EQUAL(register_entry(CALLBACKTYPE_sysenter, 0, entry_here), 0);
    for (unsigned i = 0; i < LENGTH(flags); i++) {
        bool there = run_sysenter(&space, flags[i]);
        if (there) {
            CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
            CHECK_EQUAL(space.state.frame.rip, 0);
        }
        user_space_free(&space);
        if (!there)
            SKIP("SYSENTER is not there in 64-bit mode");
    }
}

TEST(sysenter_without_an_entry)
{
    struct user_space space;
    CHECK_EQUAL(register_entry(CALLBACKTYPE_sysenter, 0, NULL), 0);
    bool there = run_sysenter(&space, 0);
    if (there) {
        CHECK_EQUAL(space.state.frame.vector, TRAP_PROTECTION);
        CHECK_EQUAL(space.state.frame.error, 0);
        CHECK_EQUAL(space.state.frame.rip, 0);
    }
    user_space_free(&space);
    if (!there)
        SKIP("SYSENTER is not there in 64-bit mode");
}
