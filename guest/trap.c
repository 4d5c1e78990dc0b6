/* SPDX-License-Identifier: MIT */
#include "guest/trap.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/user.h"
#include "guest/vcpu.h"

_Static_assert(__builtin_offsetof(struct context, rip) == CONTEXT_RIP, "entry.S");
_Static_assert(__builtin_offsetof(struct context, r15) == CONTEXT_R15, "entry.S");

extern char trap_stubs[], event_callback[], failsafe_callback[], syscall_callback[];

static trap_handler *handlers[TRAP_KINDS];

void trap_handle_by(unsigned kind, trap_handler *handler)
{
    handlers[kind] = handler;
}

struct trap_info trap_entry_of(unsigned vector, unsigned level, bool mask)
{
    struct trap_info info = {.vector = (uint8_t)vector,
                             .cs = FLAT_KERNEL_CS,
                             .address = (uintptr_t)trap_stubs + vector * TRAP_STUB_SIZE};
    TI_SET_DPL(&info, level);
    TI_SET_IF(&info, mask);
    return info;
}

/* Vectors that the processor raises and a guest may see. */
static const uint8_t exceptions[] = {
    TRAP_DIVIDE,
    TRAP_DEBUG,
    TRAP_BREAKPOINT,
    TRAP_OVERFLOW,
    5 /* bound range */,
    TRAP_INVALID_OPCODE,
    TRAP_NO_FPU,
    9 /* coprocessor overrun */,
    10 /* task segment */,
    TRAP_SEGMENT,
    TRAP_STACK,
    TRAP_PROTECTION,
    TRAP_PAGE_FAULT,
    TRAP_FPU,
    TRAP_ALIGNMENT,
    18 /* machine check */,
    TRAP_SIMD,
};

void trap_init(void)
{
    struct trap_info table[sizeof(exceptions) + 1] = {0}; /* ends at the one without address */
    for (unsigned i = 0; i < sizeof(exceptions); i++) {
        unsigned level = exceptions[i] == TRAP_BREAKPOINT || exceptions[i] == TRAP_OVERFLOW ? 3 : 0;
        table[i] = trap_entry_of(exceptions[i], level, false);
    }
    long error = hypercall_set_trap_table(table);
    if (!error)
        error = hypercall_set_callbacks((uintptr_t)event_callback, (uintptr_t)failsafe_callback,
                                        (uintptr_t)syscall_callback);
    if (error)
        power_panic("the trap table or callbacks are refused: error %ld", error);
}

struct context *trap_catch(struct caught *caught)
{
    struct vcpu *self = vcpu_self();
    caught->outer = self->catching;
    self->catching = caught;
    return &caught->resume;
}

void trap_release(struct caught *caught)
{
    vcpu_self()->catching = caught->outer;
}

/* Continues behind the CATCH, with the upcall mask as it was where the exception came. */
static void resume_caught(struct vcpu *self, struct trap_frame *frame)
{
    struct caught *caught = self->catching;
    caught->frame = *frame;
    caught->cr2 = self->info->arch.cr2;
    trap_release(caught);
    const struct context *to = &caught->resume;
    frame->rbx = to->rbx;
    frame->rbp = to->rbp;
    frame->r12 = to->r12;
    frame->r13 = to->r13;
    frame->r14 = to->r14;
    frame->r15 = to->r15;
    frame->rsp = to->rsp;
    frame->rip = to->rip;
    frame->rax = true;
    frame->cs = FLAT_KERNEL_CS & ~3UL;
    frame->ss = FLAT_KERNEL_SS;
    frame->rflags &= RFLAGS_IF;
    frame->rflags |= RFLAGS_FIXED;
}

static void leave_user(struct vcpu *self, const struct trap_frame *frame)
{
    struct user_state *user = self->in_user;
    self->in_user = NULL;
    user->frame = *frame;
    user->cr2 = self->info->arch.cr2;
    context_restore(&user->kernel);
}

/* Called by entry.S. */
void trap_handle(struct trap_frame *frame);
void trap_handle(struct trap_frame *frame)
{
    struct vcpu *self = vcpu_self();
    if (frame->vector == TRAP_EVENT) {
        event_upcall();
        if (trap_from_user(frame) && self->in_user && self->in_user->stop)
            leave_user(self, frame);
    } else if (handlers[frame->vector]) {
        handlers[frame->vector](frame);
    } else if (trap_from_user(frame) && self->in_user) {
        leave_user(self, frame);
    } else if (self->catching) {
        resume_caught(self, frame);
    } else {
        trap_die(frame);
    }
}

static const char *kind_name(uint64_t vector)
{
    static const char *const names[] = {
        [TRAP_DIVIDE] = "divide error",
        [TRAP_DEBUG] = "debug exception",
        [TRAP_BREAKPOINT] = "breakpoint",
        [TRAP_OVERFLOW] = "overflow",
        [TRAP_INVALID_OPCODE] = "invalid opcode",
        [TRAP_NO_FPU] = "no FPU",
        [TRAP_SEGMENT] = "segment not present",
        [TRAP_STACK] = "stack fault",
        [TRAP_PROTECTION] = "general protection",
        [TRAP_PAGE_FAULT] = "page fault",
        [TRAP_FPU] = "FPU error",
        [TRAP_ALIGNMENT] = "alignment check",
        [TRAP_SIMD] = "SIMD error",
        [TRAP_SYSCALL] = "system call",
        [TRAP_FAILSAFE] = "failsafe callback",
    };
    const char *name = vector < sizeof(names) / sizeof(*names) ? names[vector] : NULL;
    return name ? name : "trap";
}

/* Follows saved frame pointers upwards for as long as they rise through mapped memory. */
static void print_calls(uint64_t rbp)
{
    for (int depth = 0; depth < 16 && rbp && rbp % 8 == 0; depth++) {
        const uint64_t *link = (const uint64_t *)rbp;
        struct caught caught;
        volatile uint64_t next = 0;
        volatile uint64_t from = 0;
        if (CATCH(&caught, next = link[0]; from = link[1]) || next <= rbp)
            break;
        printf("#   called from %016lx\n", from);
        rbp = next;
    }
}

void trap_print(const struct trap_frame *frame)
{
    printf("# vcpu %u: unexpected %s (vector %lu, error %lx) in %s mode\n", vcpu_self()->id,
           kind_name(frame->vector), frame->vector, frame->error,
           trap_from_user(frame) ? "user" : "kernel");
    printf("#   rip %04x:%016lx  rsp %04lx:%016lx  rflags %lx\n", trap_cs(frame), frame->rip,
           frame->ss, frame->rsp, frame->rflags);
    printf("#   rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", frame->rax, frame->rbx,
           frame->rcx, frame->rdx);
    printf("#   rsi %016lx  rdi %016lx  rbp %016lx  cr2 %016lx\n", frame->rsi, frame->rdi,
           frame->rbp, vcpu_self()->info->arch.cr2);
    printf("#   r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx\n", frame->r8, frame->r9, frame->r10,
           frame->r11);
    printf("#   r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx\n", frame->r12, frame->r13,
           frame->r14, frame->r15);
    if (!trap_from_user(frame))
        print_calls(frame->rbp);
}

/* What the dump needs may be what is broken: once is enough. */
void trap_die(const struct trap_frame *frame)
{
    static bool dying;
    if (__atomic_exchange_n(&dying, true, __ATOMIC_RELAXED))
        power_off(POWER_CRASH);
    trap_print(frame);
    power_panic("nobody expected that");
}
