/* SPDX-License-Identifier: MIT */
/* Exceptions in kernel mode: which arrive, with what in the frame, and how they are returned from.
 */
#include "tests/system/guests/support.h"

#define NON_CANONICAL 0x8000000000000000UL

TEST(trap_invalid_opcode)
{
    extern char ud_here[];
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile(".globl ud_here; ud_here: ud2")));
    CHECK_EQUAL(caught.frame.vector, TRAP_INVALID_OPCODE);
    CHECK_EQUAL(caught.frame.error, 0);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)ud_here);
}

TEST(trap_divide_error)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("xor %%edx, %%edx; mov %%edx, %%eax; div %%edx"
                                      :
                                      :
                                      : "rax", "rdx", "cc")));
    CHECK_EQUAL(caught.frame.vector, TRAP_DIVIDE);
    CHECK_EQUAL(caught.frame.error, 0);
}

/* A trap, not a fault: the frame points behind the instruction. */
TEST(trap_breakpoint)
{
    extern char behind_int3[];
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("int3; .globl behind_int3; behind_int3: nop")));
    CHECK_EQUAL(caught.frame.vector, TRAP_BREAKPOINT);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)behind_int3);
}

TEST(trap_protection)
{
    struct caught caught;
    CHECK(CATCH(&caught, *(volatile char *)NON_CANONICAL));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(caught.frame.error, 0);
}

/* The error code is the selector: there is no such descriptor. */
TEST(trap_bad_selector)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("mov %0, %%es" : : "r"(0x1230))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(caught.frame.error, 0x1230);
}

TEST(trap_page_fault_reading)
{
    struct caught caught;
    uint64_t va = spare_address() + 0x123;
    CHECK(CATCH(&caught, *(volatile char *)va));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.frame.error, 0);
    CHECK_EQUAL(caught.cr2, va);
}

TEST(trap_page_fault_writing)
{
    struct caught caught;
    uint64_t va = spare_address() + 0x456;
    CHECK(CATCH(&caught, *(volatile char *)va = 1));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.frame.error, FAULT_WRITE);
    CHECK_EQUAL(caught.cr2, va);
}

TEST(trap_page_fault_without_tables)
{
    struct caught caught;
    const uint64_t va = 0x00007edcba987654;
    CHECK(CATCH(&caught, *(volatile char *)va));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(caught.cr2, va);
}

TEST(trap_in_a_trap)
{
    struct caught outer;
    struct caught inner = {.cr2 = 0};
    CHECK(CATCH(&outer, {
        CHECK(CATCH(&inner, asm volatile("ud2")));
        *(volatile char *)spare_address();
    }));
    CHECK_EQUAL(inner.frame.vector, TRAP_INVALID_OPCODE);
    CHECK_EQUAL(outer.frame.vector, TRAP_PAGE_FAULT);
}

static struct trap_frame seen;
static bool seen_masked;

static void skip_ud2(struct trap_frame *frame)
{
    seen = *frame;
    seen_masked = vcpu_masked();
    frame->rip += 2;
}

/*
 * Loads rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to r15 from the first array, raises an exception, and
 * stores them to the second.
 */
void trap_with_registers(const uint64_t before[15], uint64_t after[15]);
asm(".pushsection .text\n"
    ".globl trap_with_registers\n"
    "trap_with_registers:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi\n"
    "mov %rdi, %rax\n"
    "mov 8(%rax), %rbx; mov 16(%rax), %rcx; mov 24(%rax), %rdx; mov 32(%rax), %rsi\n"
    "mov 40(%rax), %rdi; mov 48(%rax), %rbp; mov 56(%rax), %r8; mov 64(%rax), %r9\n"
    "mov 72(%rax), %r10; mov 80(%rax), %r11; mov 88(%rax), %r12; mov 96(%rax), %r13\n"
    "mov 104(%rax), %r14; mov 112(%rax), %r15; mov 0(%rax), %rax\n"
    "ud2\n"
    "xchg %rax, (%rsp)\n"
    "mov %rbx, 8(%rax); mov %rcx, 16(%rax); mov %rdx, 24(%rax); mov %rsi, 32(%rax)\n"
    "mov %rdi, 40(%rax); mov %rbp, 48(%rax); mov %r8, 56(%rax); mov %r9, 64(%rax)\n"
    "mov %r10, 72(%rax); mov %r11, 80(%rax); mov %r12, 88(%rax); mov %r13, 96(%rax)\n"
    "mov %r14, 104(%rax); mov %r15, 112(%rax); pop 0(%rax)\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "ret\n"
    ".popsection");

/* Every register arrives in the frame and comes back out of it. */
TEST(trap_keeps_registers)
{
    uint64_t before[15] = {0};
    uint64_t after[15] = {0};
    for (unsigned i = 0; i < LENGTH(before); i++)
        before[i] = 0x0101010101010101U * (i + 1);
    trap_handle_by(TRAP_INVALID_OPCODE, skip_ud2);
    trap_with_registers(before, after);
    trap_handle_by(TRAP_INVALID_OPCODE, NULL);
    CHECK_EQUAL(memcmp(before, after, sizeof(before)), 0);
    const uint64_t in_frame[] = {seen.rax, seen.rbx, seen.rcx, seen.rdx, seen.rsi,
                                 seen.rdi, seen.rbp, seen.r8,  seen.r9,  seen.r10,
                                 seen.r11, seen.r12, seen.r13, seen.r14, seen.r15};
    CHECK_EQUAL(memcmp(before, in_frame, sizeof(before)), 0);
}

TEST(trap_frame_segments)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("ud2")));
    CHECK_EQUAL(trap_cs(&caught.frame), FLAT_KERNEL_CS & ~3);
    CHECK_EQUAL((uint16_t)caught.frame.ss, FLAT_KERNEL_SS);
    CHECK(!trap_from_user(&caught.frame));
}

/* The saved mask is IF turned round, and a byte of the word that holds cs. */
TEST(trap_frame_has_the_upcall_mask)
{
    trap_handle_by(TRAP_INVALID_OPCODE, skip_ud2);
    vcpu_unmask();
    asm volatile("ud2");
    CHECK(seen.rflags & RFLAGS_IF);
    CHECK_EQUAL(seen.cs >> 32 & 0xff, 0);
    CHECK(!seen_masked);
    CHECK(!vcpu_masked());
    vcpu_mask();
    asm volatile("ud2");
    CHECK(!(seen.rflags & RFLAGS_IF));
    CHECK_EQUAL(seen.cs >> 32 & 0xff, 1);
    CHECK(seen_masked);
    CHECK(vcpu_masked());
    vcpu_unmask();
    trap_handle_by(TRAP_INVALID_OPCODE, NULL);
}

TEST(trap_may_mask_on_entry)
{
    struct trap_info table[] = {trap_entry_of(TRAP_INVALID_OPCODE, 0, true), {0}};
    CHECK_EQUAL(hypercall_set_trap_table(table), 0);
    trap_handle_by(TRAP_INVALID_OPCODE, skip_ud2);
    asm volatile("ud2");
    CHECK(seen_masked);
    CHECK(seen.rflags & RFLAGS_IF);
    CHECK(!vcpu_masked()); /* iret took it off again */
    trap_handle_by(TRAP_INVALID_OPCODE, NULL);
    trap_init();
}

static void return_masked(struct trap_frame *frame)
{
    frame->rip += 2;
    frame->rflags &= ~RFLAGS_IF;
}

TEST(trap_iret_sets_the_mask)
{
    trap_handle_by(TRAP_INVALID_OPCODE, return_masked);
    asm volatile("ud2");
    CHECK(vcpu_masked());
    trap_handle_by(TRAP_INVALID_OPCODE, NULL);
    vcpu_unmask();
}

/*
 * By vector 0x80, because QEMU's own processor reports any other one that is refused with a wrong
 * error code (the vector times 16 rather than 8), by which a hypervisor cannot tell which it was.
 */
TEST(trap_software_interrupt)
{
    const unsigned vector = 0x80;
    extern char behind_int[];
    struct trap_info table[] = {trap_entry_of(vector, 1, false), {0}};
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("int $0x80"))); /* not registered yet */
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(caught.frame.error, vector << 3 | 2);
    CHECK_EQUAL(hypercall_set_trap_table(table), 0);
    CHECK(CATCH(&caught, asm volatile("int $0x80; .globl behind_int; behind_int: nop")));
    CHECK_EQUAL(caught.frame.vector, vector);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)behind_int);
    trap_init();
}

TEST(trap_table_refuses)
{
    struct trap_info table[] = {trap_entry_of(TRAP_INVALID_OPCODE, 0, false), {0}};
    CHECK_EQUAL(hypercall_set_trap_table(POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_set_trap_table((void *)0x1000), -XEN_EFAULT);
    table[0].address = NON_CANONICAL;
    CHECK_EQUAL(hypercall_set_trap_table(table), -XEN_EINVAL);
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("ud2"))); /* still there */
    CHECK_EQUAL(caught.frame.vector, TRAP_INVALID_OPCODE);
}

/* One bad entry, and none of the table is taken; Xen takes those before it. */
TEST(trap_table_is_taken_whole_or_not)
{
    if (!start_on_ringside())
        SKIP("Xen takes half of it");
    struct trap_info table[] = {trap_entry_of(0x80, 3, false), trap_entry_of(0x80, 3, false), {0}};
    struct caught caught;
    CHECK_EQUAL(hypercall_set_trap_table(NULL), 0); /* all of it off */
    trap_init();
    table[1].address = NON_CANONICAL;
    CHECK_EQUAL(hypercall_set_trap_table(table), -XEN_EINVAL);
    CHECK(CATCH(&caught, asm volatile("int $0x80")));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
}

/*
 * An iret frame that the processor refuses is a general protection fault where it leads to. Not the
 * failsafe callback, which is for data segments that cannot be reloaded.
 */
TEST(trap_bad_iret_frame)
{
    extern char never[];
    struct caught caught;
    struct trap_frame frame = {.rip = (uintptr_t)never,
                               .cs = 0x1230,
                               .rflags = RFLAGS_FIXED | RFLAGS_IF,
                               .rsp = (uintptr_t)page_alloc() + PAGE_SIZE,
                               .ss = FLAT_KERNEL_SS};
    CHECK(CATCH(&caught, frame_resume(&frame)));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(caught.frame.error, 0x1230);
    CHECK_EQUAL(caught.frame.rip, (uintptr_t)never);
    page_free((void *)(frame.rsp - PAGE_SIZE));
    asm volatile("jmp 1f; .globl never; never: ud2; 1:");
}
