/* SPDX-License-Identifier: MIT */
/* User mode: how it is entered and left, and what it may not do. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

USER_PROGRAM(user_syscall, "mov $0x1234, %edi\n"
                           "mov $0x5678, %eax\n"
                           "stc\n"
                           "syscall\n"
                           "mov %rax, %rbx\n"
                           "syscall");

TEST(user_system_call)
{
    struct user_space space;
    user_space_make(&space, user_syscall_start, user_syscall_end);
    struct trap_frame *frame = &space.state.frame;
    user_run(&space.state);
    CHECK_EQUAL(frame->vector, TRAP_SYSCALL);
    CHECK_EQUAL(frame->rdi, 0x1234);
    CHECK_EQUAL(frame->rax, 0x5678);
    CHECK(frame->rip > USER_CODE && frame->rip < USER_CODE + 32);
    CHECK_EQUAL(frame->rsp, USER_STACK + PAGE_SIZE);
    CHECK(frame->rflags & RFLAGS_CARRY);
    CHECK(frame->rflags & RFLAGS_IF);
    CHECK(trap_from_user(frame));
    frame->rax = 0x9abc; /* the result, seen by the second call */
    user_run(&space.state);
    CHECK_EQUAL(frame->vector, TRAP_SYSCALL);
    CHECK_EQUAL(frame->rbx, 0x9abc);
    user_space_free(&space);
}

USER_PROGRAM(user_registers, "push %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rdi\n"
                             "push %rbp; push %r8; push %r9; push %r10; push %r11; push %r12\n"
                             "push %r13; push %r14; push %r15\n"
                             "ud2");

TEST(user_starts_with_the_registers_of_the_frame)
{
    struct user_space space;
    user_space_make(&space, user_registers_start, user_registers_end);
    struct trap_frame *frame = &space.state.frame;
    uint64_t *registers[] = {&frame->rax, &frame->rbx, &frame->rcx, &frame->rdx, &frame->rsi,
                             &frame->rdi, &frame->rbp, &frame->r8,  &frame->r9,  &frame->r10,
                             &frame->r11, &frame->r12, &frame->r13, &frame->r14, &frame->r15};
    for (unsigned i = 0; i < LENGTH(registers); i++)
        *registers[i] = 0x1111111111111111U * (i + 1);
    user_run(&space.state);
    CHECK_EQUAL(frame->vector, TRAP_INVALID_OPCODE);
    CHECK_EQUAL(frame->rsp, USER_STACK + PAGE_SIZE - 8 * LENGTH(registers));
    const uint64_t *top = space.stack + PAGE_SIZE / 8 - 1;
    for (unsigned i = 0; i < LENGTH(registers); i++) {
        CHECK_EQUAL(top[-(int)i], 0x1111111111111111U * (i + 1));
        CHECK_EQUAL(*registers[i], 0x1111111111111111U * (i + 1));
    }
    user_space_free(&space);
}

USER_PROGRAM(user_write, "movl $1, 0x10(%rdi)\n"
                         "syscall");

/* Page faults of user mode say so, and carry the address. */
TEST(user_page_fault)
{
    struct user_space space;
    user_space_make(&space, user_write_start, user_write_end);
    struct trap_frame *frame = &space.state.frame;
    frame->rdi = 0x500000;
    user_run(&space.state);
    CHECK_EQUAL(frame->vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(frame->error, FAULT_WRITE | FAULT_USER);
    CHECK_EQUAL(space.state.cr2, 0x500010);
    CHECK_EQUAL(frame->rip, USER_CODE);
    /* Mapped now, it goes on where it was. */
    uint64_t *page = page_alloc();
    uint64_t pte = pte_make(page_mfn(page), PTE_READ_WRITE | PTE_USER);
    CHECK_EQUAL(table_set(table_reach(space.root, 0x500000, 1), pte), 0);
    user_run(&space.state);
    CHECK_EQUAL(frame->vector, TRAP_SYSCALL);
    CHECK_EQUAL(page[2], 1);
    user_space_free(&space);
    page_free(page);
}

USER_PROGRAM(user_read, "mov (%rdi), %rax\n"
                        "syscall");

/* The kernel, the machine-to-physical table and the hypervisor are out of reach. */
TEST(user_sees_no_kernel)
{
    static const uint64_t addresses[] = {GUEST_BASE, 0xffff82d040200000,
                                         HYPERVISOR_VIRT_END - PAGE_SIZE};
    struct user_space space;
    user_space_make(&space, user_read_start, user_read_end);
    for (unsigned i = 0; i < LENGTH(addresses); i++) {
        user_init(&space.state, USER_CODE, USER_STACK + PAGE_SIZE);
        space.state.frame.rdi = addresses[i];
        user_run(&space.state);
        CHECK_EQUAL(space.state.frame.vector, TRAP_PAGE_FAULT);
        CHECK_EQUAL(space.state.cr2, addresses[i]);
        CHECK(space.state.frame.error & FAULT_USER);
    }
    user_space_free(&space);
}

USER_PROGRAM(user_cli, "cli");
USER_PROGRAM(user_hlt, "hlt");
USER_PROGRAM(user_cr0, "mov %cr0, %rax");
USER_PROGRAM(user_cr3, "mov %rax, %cr3");
USER_PROGRAM(user_rdmsr, "mov $0xc0000080, %ecx; rdmsr");
USER_PROGRAM(user_out, "mov $0x80, %dx; out %al, %dx");
USER_PROGRAM(user_in, "mov $0x61, %dx; in %dx, %al");

TEST(user_may_not_be_privileged)
{
    static const struct {
        const char *start, *end;
    } programs[] = {
        {user_cli_start, user_cli_end},     {user_hlt_start, user_hlt_end},
        {user_cr0_start, user_cr0_end},     {user_cr3_start, user_cr3_end},
        {user_rdmsr_start, user_rdmsr_end}, {user_out_start, user_out_end},
        {user_in_start, user_in_end},
    };
    for (unsigned i = 0; i < LENGTH(programs); i++) {
        struct user_space space;
        user_space_make(&space, programs[i].start, programs[i].end);
        user_run(&space.state);
        if (!CHECK_EQUAL(space.state.frame.vector, TRAP_PROTECTION))
            trap_print(&space.state.frame);
        user_space_free(&space);
    }
}

USER_PROGRAM(user_int3, "int3");
USER_PROGRAM(user_int80, "int $0x80");

/* By vector 0x80, for the reason that trap_software_interrupt gives. */
TEST(user_software_interrupts)
{
    struct trap_info table[] = {trap_entry_of(0x80, 3, false), {0}};
    struct user_space space;
    user_space_make(&space, user_int3_start, user_int3_end);
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_BREAKPOINT);
    CHECK_EQUAL(space.state.frame.rip, USER_CODE + 1);
    user_space_free(&space);

    user_space_make(&space, user_int80_start, user_int80_end);
    CHECK_EQUAL(hypercall_set_trap_table(table), 0);
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, 0x80);
    CHECK_EQUAL(space.state.frame.error, 0);
    CHECK_EQUAL(space.state.frame.rip, USER_CODE + 2);
    user_space_free(&space);
}

USER_PROGRAM(user_segments, "mov %gs:0, %rax\n"
                            "mov %fs:0, %rbx\n"
                            "syscall");

/* User mode has a gs base of its own; fs is the kernel's and the user's. */
TEST(user_segment_bases)
{
    struct user_space space;
    user_space_make(&space, user_segments_start, user_segments_end);
    struct vcpu *self = vcpu_self();
    space.stack[1] = 0xaaaa;
    space.stack[2] = 0xbbbb;
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER, USER_STACK + 8), 0);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_FS, USER_STACK + 16), 0);
    CHECK_EQUAL((uintptr_t)vcpu_self(), (uintptr_t)self);
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
    CHECK_EQUAL(space.state.frame.rax, 0xaaaa);
    CHECK_EQUAL(space.state.frame.rbx, 0xbbbb);
    CHECK_EQUAL((uintptr_t)vcpu_self(), (uintptr_t)self);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_FS, 0), 0);
    CHECK_EQUAL(hypercall_set_segment_base(SEGBASE_GS_USER, 0), 0);
    user_space_free(&space);
}

USER_PROGRAM(user_loop, "1: add $1, %rax\n"
                        "cmpq $0, (%rsp)\n"
                        "je 1b\n"
                        "syscall");

static volatile uint64_t *stop_flag;
static volatile unsigned timer_calls;

static void stop_loop(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    timer_calls++;
    *stop_flag = 1;
}

/* An event comes in between, and user mode goes on with what it had. */
TEST(user_is_interrupted_by_events)
{
    struct user_space space;
    user_space_make(&space, user_loop_start, user_loop_end);
    timer_calls = 0;
    space.state.frame.rsp -= 8;
    stop_flag = &space.stack[PAGE_SIZE / 8 - 1];
    time_on_timer(stop_loop, NULL);
    CHECK_EQUAL(hypercall_set_timer_op(time_system().n + NS_PER_MS), 0);
    user_run(&space.state);
    time_on_timer(NULL, NULL);
    CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
    CHECK(space.state.frame.rax > 0);
    CHECK_EQUAL(timer_calls, 1);
    user_space_free(&space);
}

/* Entered masked, and an event waits until the kernel lets it in. */
TEST(user_runs_masked_if_told)
{
    struct user_space space;
    user_space_make(&space, user_syscall_start, user_syscall_end);
    space.state.frame.rflags &= ~RFLAGS_IF;
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
    CHECK(!(space.state.frame.rflags & RFLAGS_IF));
    user_space_free(&space);
}

/* The stack that entries from user mode use is what stack_switch said last. */
TEST(user_entry_stack)
{
    struct user_space space;
    user_space_make(&space, user_syscall_start, user_syscall_end);
    volatile uint64_t *stack = page_alloc_run(2);
    const size_t words = 2 * PAGE_SIZE / 8;
    CHECK_EQUAL(hypercall_stack_switch(FLAT_KERNEL_SS, (uintptr_t)(stack + words)), 0);
    user_run(&space.state);
    CHECK_EQUAL(stack[words - 1] & 0xffff, FLAT_USER_SS);
    CHECK_EQUAL(stack[words - 2], USER_STACK + PAGE_SIZE);
    CHECK_EQUAL(stack[words - 4] & 0xffff, FLAT_USER_CS);
    CHECK_EQUAL(hypercall_stack_switch(FLAT_KERNEL_SS,
                                       (uintptr_t)vcpu_self()->entry_stack + VCPU_STACK_SIZE),
                0);
    user_space_free(&space);
}
