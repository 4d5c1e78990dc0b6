/* SPDX-License-Identifier: MIT */
/*
 * Programs of random bytes in user mode, from a seed: what a hypervisor decodes and emulates, and
 * every way into it but the hypercall.
 *
 *   seed=1            of the generator
 *   programs=2000
 */
#include "guest/time.h"
#include "tests/system/guests/random.h"
#include "tests/system/guests/support.h"

uint64_t random_states[VCPU_MAX];

/* What is of interest to a hypervisor, at the start of a program: the rest is random. */
static const struct {
    uint8_t length;
    uint8_t bytes[8];
} openings[] = {
    {2, {0x0f, 0x01}}, /* descriptor tables, msw, swapgs, ... */
    {2, {0x0f, 0x00}}, /* sldt, ltr, ... */
    {2, {0x0f, 0x20}}, /* mov from and to control registers, ... */
    {2, {0x0f, 0x22}},
    {2, {0x0f, 0x21}}, /* ... and debug registers */
    {2, {0x0f, 0x23}},
    {2, {0x0f, 0x30}}, /* wrmsr, rdmsr, rdpmc, clts, invd, wbinvd */
    {2, {0x0f, 0x32}},
    {2, {0x0f, 0x33}},
    {2, {0x0f, 0x06}},
    {2, {0x0f, 0x08}},
    {2, {0x0f, 0x09}},
    {2, {0x0f, 0x34}}, /* sysenter, sysexit, sysret */
    {2, {0x0f, 0x35}},
    {2, {0x0f, 0x07}},
    {5, {0x0f, 0x0b, 0x78, 0x65, 0x6e}},             /* the prefix that forces emulation */
    {7, {0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2}}, /* ... of cpuid */
    {3, {0x0f, 0xc7, 0xc8}},                         /* cmpxchg8b of a register */
    {1, {0xcd}},                                     /* int n, iret, far returns, hlt, cli, sti */
    {1, {0xcf}},
    {1, {0xcb}},
    {1, {0xf4}},
    {1, {0xfa}},
    {1, {0xfb}},
    {1, {0xe4}}, /* in, out, ins, outs */
    {1, {0xec}},
    {1, {0xe6}},
    {1, {0xef}},
    {1, {0x6c}},
    {2, {0xf3, 0x6f}},
    {1, {0x9d}},       /* popf */
    {2, {0x8e, 0xd8}}, /* mov to a segment register */
    {2, {0x0f, 0x05}}, /* syscall */
};

/* An address of the kernel's, the hypervisor's, the program's own, or a number. */
static uint64_t any_value(void)
{
    switch (below(5)) {
    case 0:
        return HYPERVISOR_VIRT_START + below(1UL << 43);
    case 1:
        return GUEST_BASE + below(page_count * PAGE_SIZE);
    case 2:
        return USER_CODE + below(64);
    case 3:
        return below(20);
    default:
        return draw() >> below(64);
    }
}

static void write_program(struct user_space *space)
{
    uint64_t *words = (uint64_t *)space->code;
    for (unsigned i = 0; i < 8; i++)
        words[i] = draw();
    unsigned at = 0;
    if (one_in(4))
        space->code[at++] = (uint8_t)(0x40 | below(16)); /* REX */
    if (one_in(8))
        space->code[at++] = one_in(2) ? 0xf0 : 0x66;
    if (!one_in(4)) {
        uint64_t i = below(LENGTH(openings));
        memcpy(space->code + at, openings[i].bytes, openings[i].length);
    }
    struct trap_frame *frame = &space->state.frame;
    uint64_t *registers[] = {&frame->rax, &frame->rbx, &frame->rcx, &frame->rdx, &frame->rsi,
                             &frame->rdi, &frame->rbp, &frame->r8,  &frame->r15};
    user_init(&space->state, USER_CODE, USER_STACK + PAGE_SIZE - 256);
    for (unsigned i = 0; i < LENGTH(registers); i++)
        *registers[i] = any_value();
    if (one_in(8))
        frame->rflags |= RFLAGS_TRAP;
}

static void stop_program(evtchn_port_t port, void *data)
{
    struct user_space *space = data;
    (void)port;
    space->state.stop = true;
}

/*
 * Whatever a program is, it ends in a system call, an exception or a timer, and the kernel goes on.
 */
TEST(random_programs)
{
    uint64_t programs = start_option_number("programs", 2000);
    struct user_space space;
    unsigned ends[TRAP_KINDS] = {0};
    random_states[0] = start_option_number("seed", 1);
    user_space_make(&space, (const char *)openings, (const char *)openings);
    time_on_timer(stop_program, &space);
    for (uint64_t i = 0; i < programs; i++) {
        write_program(&space);
        CHECK_EQUAL(hypercall_set_timer_op(time_system().n + NS_PER_MS / 2), 0);
        user_run(&space.state);
        REQUIRE(space.state.frame.vector < TRAP_KINDS);
        ends[space.state.frame.vector]++;
    }
    CHECK_EQUAL(hypercall_set_timer_op(0), 0);
    time_on_timer(NULL, NULL);
    for (unsigned i = 0; i < TRAP_KINDS; i++) {
        if (ends[i])
            tap_note("%u programs ended by vector %u", ends[i], i);
    }
    CHECK(ends[TRAP_PROTECTION] > 0 && ends[TRAP_INVALID_OPCODE] > 0 && ends[TRAP_PAGE_FAULT] > 0);
    user_space_free(&space);
}
