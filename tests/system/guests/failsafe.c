/* SPDX-License-Identifier: MIT */
/*
 * The failsafe callback: a vcpu goes on, and a selector that it had cannot be loaded any more. So
 * another vcpu must have been on its processor meanwhile, and `processors=1` on the command line
 * says that there is one processor for both.
 */
#include "tests/system/guests/support.h"

/* Flat data, level 3, accessed. */
#define DESCRIPTOR_DATA 0x00cff3000000ffffUL
#define SELECTOR_DATA (1U << 3 | 3U)

/* The frame has the four selectors as they were; the library's entry has no use for them. */
extern volatile uint64_t failsafe_selectors[4]; /* ds, es, fs, gs */
extern volatile uint32_t failsafe_count;
extern char failsafe_entry[];
asm(".pushsection .text\n"
    "failsafe_entry:\n"
    "mov 16(%rsp), %rcx; mov %rcx, failsafe_selectors(%rip)\n"
    "mov 24(%rsp), %rcx; mov %rcx, failsafe_selectors + 8(%rip)\n"
    "mov 32(%rsp), %rcx; mov %rcx, failsafe_selectors + 16(%rip)\n"
    "mov 40(%rsp), %rcx; mov %rcx, failsafe_selectors + 24(%rip)\n"
    "incl failsafe_count(%rip)\n"
    "jmp failsafe_callback\n"
    ".popsection\n"
    ".pushsection .bss\n"
    ".balign 8\n"
    "failsafe_selectors: .skip 32\n"
    "failsafe_count: .skip 4\n"
    ".popsection");

static bool one_processor(void)
{
    return vcpu_count() >= 2 && start_option_number("processors", 0) == 1;
}

#define NEED_ONE_PROCESSOR()                                                                 \
    do {                                                                                     \
        if (!one_processor())                                                                \
            SKIP("needs two vcpus on one processor, which processors=1 on the command line " \
                 "says");                                                                    \
    } while (0)

/* With no-failsafe=1 on the command line there is none, and the domain ends by that. */
static void register_failsafe(unsigned flags)
{
    struct callback_register callback = {.type = CALLBACKTYPE_failsafe,
                                         .flags = (uint16_t)flags,
                                         .address = (xen_callback_t)failsafe_entry};
    if (start_option_number("no-failsafe", 0) == 1)
        callback.address = 0;
    CHECK_EQUAL(hypercall_callback_op(CALLBACKOP_register, &callback), 0);
    failsafe_count = 0;
}

static uint64_t *gdt;

static void gdt_make(void)
{
    gdt = page_alloc();
    gdt[1] = DESCRIPTOR_DATA;
    table_protect(gdt, PTE_READ_ONLY);
    xen_pfn_t frame = page_mfn(gdt).n;
    CHECK_EQUAL(hypercall_set_gdt(&frame, PAGE_SIZE / 8), 0);
}

static void gdt_free(void)
{
    CHECK_EQUAL(hypercall_set_gdt(NULL, 0), 0);
    table_protect(gdt, PTE_READ_WRITE);
    page_free(gdt);
}

static void descriptor_clear(void)
{
    CHECK_EQUAL(hypercall_update_descriptor(machine_address(&gdt[1]), 0), 0);
}

static volatile bool stop_there;
static volatile uint64_t turns_there;

static void take_turns(void)
{
    while (!stop_there) {
        turns_there++;
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
}

/* Until the other vcpu has had the processor. */
static void let_other_run(void)
{
    uint64_t before = turns_there;
    while (turns_there == before)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

static void other_stop(void)
{
    stop_there = true;
    while (vcpu_is_up(1) != 0)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

static struct trap_frame seen;
static bool seen_masked;

static void look(struct trap_frame *frame)
{
    seen = *frame;
    seen_masked = vcpu_masked();
}

TEST(failsafe_in_kernel_mode)
{
    NEED_ONE_PROCESSOR();
    for (unsigned flags = 0; flags <= CALLBACKF_mask_events; flags++) {
        uint64_t es = SELECTOR_DATA;
        bool masked_after;
        gdt_make();
        register_failsafe(flags);
        trap_handle_by(TRAP_FAILSAFE, look);
        stop_there = false;
        CHECK_EQUAL(vcpu_up(1, take_turns), 0);
        let_other_run();
        asm volatile("mov %0, %%es" : : "r"(es));
        let_other_run(); /* which changes nothing */
        CHECK_EQUAL(failsafe_count, 0);
        descriptor_clear();
        let_other_run();
        asm volatile("mov %%es, %0" : "=r"(es));
        masked_after = vcpu_masked();
        other_stop();
        CHECK_EQUAL(failsafe_count, 1);
        CHECK_EQUAL(failsafe_selectors[0] & 0xffff, 0);
        CHECK_EQUAL(failsafe_selectors[1] & 0xffff, SELECTOR_DATA);
        CHECK_EQUAL(es & 0xffff, 0);
        CHECK(!trap_from_user(&seen));
        CHECK_EQUAL(trap_cs(&seen) | 3, FLAT_KERNEL_CS);
        CHECK(seen.rflags & RFLAGS_IF);
        CHECK_EQUAL(seen_masked, flags == CALLBACKF_mask_events);
        CHECK(!masked_after);
        trap_handle_by(TRAP_FAILSAFE, NULL);
        trap_init();
        gdt_free();
    }
}

USER_PROGRAM(failsafe_program, "mov %edi, %es\n"
                               "mov %edi, %fs\n"
                               "movq $1, -8(%rsp)\n"
                               "1: cmpq $2, -8(%rsp)\n"
                               "jne 1b\n"
                               "mov %es, %ebx\n"
                               "syscall");

static volatile uint64_t *said; /* in user mode: 1; then there: 2 */

static void clear_behind_user_mode(void)
{
    while (*said != 1)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    descriptor_clear();
    *said = 2;
}

TEST(failsafe_in_user_mode)
{
    NEED_ONE_PROCESSOR();
    struct user_space space;
    gdt_make();
    register_failsafe(0);
    user_space_make(&space, failsafe_program_start, failsafe_program_end);
    said = &space.stack[PAGE_SIZE / 8 - 1];
    space.state.frame.rdi = SELECTOR_DATA;
    CHECK_EQUAL(vcpu_up(1, clear_behind_user_mode), 0);
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_FAILSAFE);
    CHECK_EQUAL(failsafe_count, 1);
    CHECK_EQUAL(failsafe_selectors[1] & 0xffff, SELECTOR_DATA);
    CHECK_EQUAL(failsafe_selectors[2] & 0xffff, SELECTOR_DATA);
    CHECK_EQUAL(failsafe_selectors[3] & 0xffff, 0);
    CHECK(trap_from_user(&space.state.frame));
    CHECK_EQUAL(space.state.frame.rsp, USER_STACK + PAGE_SIZE);
    CHECK(space.state.frame.rip > USER_CODE && space.state.frame.rip < USER_CODE + 64);
    /* It goes on where it was, with no selector in place of the bad ones. */
    user_run(&space.state);
    CHECK_EQUAL(space.state.frame.vector, TRAP_SYSCALL);
    CHECK_EQUAL(space.state.frame.rbx, 0);
    CHECK_EQUAL(failsafe_count, 1);
    while (vcpu_is_up(1) != 0)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    trap_init();
    user_space_free(&space);
    gdt_free();
}
