/* SPDX-License-Identifier: MIT */
/*
 * Exceptions, system calls and the callbacks: one frame, one handler a kind.
 *
 * A handler runs on the interrupted stack (from user mode, on the vcpu's own entry stack) and may
 * change the frame, which is what execution continues from. An exception that nobody handles ends
 * the run with a dump of the frame.
 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/trap_numbers.h"
#include "guest/xen.h"

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector; /* or TRAP_SYSCALL and the like */
    uint64_t error;  /* 0 where the processor pushes none */
    uint64_t rip;
    uint64_t cs;     /* bits 0-15, of which 0-1 are 3 in user mode only; the rest see trap_cs() */
    uint64_t rflags; /* IF: upcalls were not masked */
    uint64_t rsp;
    uint64_t ss;
};

/* The selector alone: above it the hypervisor keeps the saved upcall mask. */
static inline uint16_t trap_cs(const struct trap_frame *frame)
{
    return (uint16_t)frame->cs;
}

static inline bool trap_from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) == 3;
}

#define RFLAGS_CARRY 0x1UL
#define RFLAGS_FIXED 0x2UL
#define RFLAGS_IOPL_1 (1UL << 12) /* the I/O level by which a kernel uses ports */
#define RFLAGS_TRAP 0x100UL
#define RFLAGS_IF 0x200UL
#define RFLAGS_DIRECTION 0x400UL
#define RFLAGS_AC 0x40000UL

/* Error code of a page fault (Intel SDM volume 3, 4.7). */
#define FAULT_PRESENT 0x1UL
#define FAULT_WRITE 0x2UL
#define FAULT_USER 0x4UL
#define FAULT_RESERVED 0x8UL
#define FAULT_FETCH 0x10UL

typedef void trap_handler(struct trap_frame *frame);

/* `kind` is a vector or one of TRAP_SYSCALL, TRAP_FAILSAFE. NULL: as at the start. */
void trap_handle_by(unsigned kind, trap_handler *handler);

/*
 * The entry of a vector in the trap table, for those who register one themselves: level as in
 * xen/arch-x86/xen.h (0 to 3), `mask` to enter with upcalls masked.
 */
struct trap_info trap_entry_of(unsigned vector, unsigned level, bool mask);

/* Registers the table and callbacks of this library for the calling vcpu. */
void trap_init(void);

/* Callee-saved registers and where to go on. */
struct context {
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

bool context_save(struct context *context) __attribute__((returns_twice));
void context_restore(const struct context *context) __attribute__((noreturn));

/* Both in one: comes back when somebody restores or switches to *from. */
void context_switch(struct context *from, const struct context *to);
void frame_resume(const struct trap_frame *frame) __attribute__((noreturn));

/* An exception in kernel mode that was expected, with the registers at that point. */
struct caught {
    struct context resume;
    struct caught *outer;
    struct trap_frame frame;
    uint64_t cr2;
};

/*
 * Executes the statement and answers whether it raised an exception or failsafe callback, which
 * *into then describes; what was left of the statement has not been executed. Handlers set by
 * trap_handle_by() come first. Do not leave the statement by a jump. Locals that the statement
 * changes, and that are read afterwards, must be volatile.
 */
#define CATCH(into, ...)                                   \
    ({                                                     \
        struct caught *caught_ = (into);                   \
        bool trapped_ = context_save(trap_catch(caught_)); \
        if (!trapped_) {                                   \
            __VA_ARGS__;                                   \
            trap_release(caught_);                         \
        }                                                  \
        trapped_;                                          \
    })

struct context *trap_catch(struct caught *caught);
void trap_release(struct caught *caught);

/* A register dump as commentary of TAP, with the calls that led there. */
void trap_print(const struct trap_frame *frame);

/* That, and the end of the run. */
void trap_die(const struct trap_frame *frame) __attribute__((noreturn));

#endif
