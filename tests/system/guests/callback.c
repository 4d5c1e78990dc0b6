/* SPDX-License-Identifier: MIT */
/* callback_op and set_callbacks. */
#include "tests/system/guests/support.h"

#define NON_CANONICAL 0x8000000000000000UL

extern char event_callback[], syscall_callback[], failsafe_callback[];

static long register_callback(unsigned type, unsigned flags, const void *address)
{
    struct callback_register callback = {
        .type = (uint16_t)type, .flags = (uint16_t)flags, .address = (xen_callback_t)address};
    return hypercall_callback_op(CALLBACKOP_register, &callback);
}

static long unregister_callback(unsigned type)
{
    struct callback_unregister callback = {.type = (uint16_t)type};
    return hypercall_callback_op(CALLBACKOP_unregister, &callback);
}

TEST(callback_register)
{
    CHECK_EQUAL(register_callback(CALLBACKTYPE_event, 0, event_callback), 0);
    CHECK_EQUAL(register_callback(CALLBACKTYPE_failsafe, 0, failsafe_callback), 0);
    CHECK_EQUAL(register_callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events, failsafe_callback),
                0);
    CHECK_EQUAL(register_callback(CALLBACKTYPE_syscall, 0, syscall_callback), 0);
    trap_init();
}

USER_PROGRAM(callback_program, "syscall");

static bool masked_in_syscall;

static void look_at_mask(struct trap_frame *frame)
{
    (void)frame;
    masked_in_syscall = vcpu_masked();
    trap_handle_by(TRAP_SYSCALL, NULL);
    /* Back to user mode, which executes the next instruction: an invalid one. */
}

/* With the flag, system calls arrive with upcalls masked. */
TEST(callback_syscall_masks_events)
{
    struct user_space space;
    for (unsigned flags = 0; flags <= CALLBACKF_mask_events; flags++) {
        user_space_make(&space, callback_program_start, callback_program_end);
        space.code[2] = 0x0f; /* ud2 */
        space.code[3] = 0x0b;
        CHECK_EQUAL(register_callback(CALLBACKTYPE_syscall, flags, syscall_callback), 0);
        trap_handle_by(TRAP_SYSCALL, look_at_mask);
        user_run(&space.state);
        CHECK_EQUAL(masked_in_syscall, flags == CALLBACKF_mask_events);
        CHECK_EQUAL(space.state.frame.vector, TRAP_INVALID_OPCODE);
        user_space_free(&space);
    }
    trap_init();
}

/* The NMI callback's own entry: it counts, and goes on by iret. */
extern volatile uint32_t nmi_count;
extern char nmi_entry[];
asm(".pushsection .text\n"
    "nmi_entry:\n"
    "pop %rcx; pop %r11\n"
    "incl nmi_count(%rip)\n"
    "pushq $0\n"
    "jmp hypercall_page + 23 * 32\n"
    ".popsection\n"
    ".pushsection .bss\n"
    ".balign 4\n"
    "nmi_count: .skip 4\n"
    ".popsection");

TEST(callback_nmi)
{
    CHECK_EQUAL(register_callback(CALLBACKTYPE_nmi, 0, nmi_entry), 0);
    vcpu_mask(); /* which does not hold it off */
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    CHECK_EQUAL(nmi_count, 1);
    CHECK(vcpu_masked());
    vcpu_unmask();
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    CHECK_EQUAL(nmi_count, 2); /* iret let the next one in */
    CHECK_EQUAL(unregister_callback(CALLBACKTYPE_nmi), 0);
}

TEST(callback_refuses)
{
    struct callback_register *bad = POINTER_BAD;
    CHECK_EQUAL(register_callback(77, 0, event_callback), -XEN_ENOSYS);
    CHECK_EQUAL(register_callback(CALLBACKTYPE_event, 0, (void *)NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_callback_op(CALLBACKOP_register, bad), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_callback_op(77, NULL), -XEN_ENOSYS);
    CHECK_EQUAL(unregister_callback(CALLBACKTYPE_event), -XEN_EINVAL);
    CHECK_EQUAL(unregister_callback(CALLBACKTYPE_failsafe), -XEN_EINVAL);
    CHECK_EQUAL(unregister_callback(CALLBACKTYPE_syscall), -XEN_EINVAL);
    CHECK_EQUAL(unregister_callback(77), -XEN_ENOSYS);
}
