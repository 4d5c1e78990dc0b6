/* SPDX-License-Identifier: MIT */
/*
 * The frame on the guest kernel's stack, from %rsp up (arch-x86/xen.h describes it by the iret that
 * undoes it): rcx, r11, [ds, es, fs, gs,] [error,] rip, cs, rflags, rsp, ss. The selector in cs
 * says by its privilege level where the guest was: 0 its kernel, 3 a user program. Bits 32..39 are
 * the upcall mask, which rflags.IF repeats inverted.
 */
#include "hv/arch/x86_64/bounce.h"

#include "hv/arch/x86_64/fixup.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/arch.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/schedule.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"

/* What an exception clears on real processors; AC, which means something else in ring 3; and DF,
 * which kernels have SYSCALL clear. */
#define RFLAGS_TF (1UL << 8)
#define RFLAGS_DF (1UL << 10)
#define RFLAGS_NT (1UL << 14)
#define RFLAGS_RF (1UL << 16)
#define RFLAGS_VM (1UL << 17)
#define RFLAGS_AC (1UL << 18)
#define RFLAGS_CLEARED (RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC)

#define vectors_with_error(vector) ((VECTORS_WITH_ERROR >> (vector)) & 1)

void switch_mode(struct vcpu *v)
{
    v->arch.in_kernel = !v->arch.in_kernel;
    __asm__ volatile("swapgs" ::: "memory");
    write_cr3(v->arch.in_kernel ? v->arch.root_kernel : v->arch.root_user);
}

/* The upper end of the frame: room for `words` below it, on the kernel's stack. */
static inline __attribute__((always_inline)) uint64_t *
enter(struct vcpu *v, const struct cpu_user_regs *r, unsigned words, uint64_t *cs)
{
    uint64_t sp = r->rsp;
    *cs = r->cs & 0xfffcU;
    if (!v->arch.in_kernel) {
        *cs |= 3;
        switch_mode(v);
        sp = v->arch.kernel_sp;
    }
    return (uint64_t *)(sp & ~15UL) - words;
}

static inline __attribute__((always_inline)) void leave_to(struct vcpu *v, struct cpu_user_regs *r,
                                                           uint64_t sp, uint64_t address,
                                                           bool disables_events)
{
    r->rsp = sp;
    r->ss = GUEST_SS;
    r->cs = GUEST_CS64;
    r->rip = address;
    r->rflags &= ~RFLAGS_CLEARED;
    r->entry_vector = ENTRY_SYSCALL; /* rcx and r11 are on the stack */
    if (disables_events)
        v->info->evtchn_upcall_mask = 1;
}

/* words: of the whole frame. The labels' code is the same for all frames, so this is one place. */
static inline __attribute__((always_inline)) void
push_frame(struct vcpu *v, struct cpu_user_regs *r, uint64_t address, bool disables_events,
           bool has_error, uint32_t error, bool is_failsafe)
{
    unsigned words = 7U + has_error + (is_failsafe ? 4U : 0U);
    uint64_t cs;
    uint64_t *to = enter(v, r, words, &cs);
    if (unlikely(address == 0 || !guest_start_ok((uint64_t)to)))
        goto fault;

    uint8_t mask = v->info->evtchn_upcall_mask;
    uint64_t rflags = (r->rflags & ~RFLAGS_IF) | (mask ? 0 : RFLAGS_IF);
    if (unlikely(v->arch.iopl != 0) && iopl_is_architectural(v))
        rflags |= (uint64_t)v->arch.iopl << RFLAGS_IOPL_SHIFT;
    uint64_t *up = to;
    guest_put64(up, r->rcx, fault);
    guest_put64(up + 1, r->r11, fault);
    up += 2;
    if (is_failsafe) {
        guest_put64(up, r->ds, fault);
        guest_put64(up + 1, r->es, fault);
        guest_put64(up + 2, r->fs, fault);
        guest_put64(up + 3, r->gs, fault);
        up += 4;
    }
    if (has_error) {
        guest_put64(up, error, fault);
        up++;
    }
    guest_put64(up, r->rip, fault);
    guest_put64(up + 1, cs | (uint64_t)mask << 32, fault);
    guest_put64(up + 2, rflags, fault);
    guest_put64(up + 3, r->rsp, fault);
    guest_put64(up + 4, r->ss, fault);
    leave_to(v, r, (uint64_t)to, address, disables_events);
    return;

fault:
    if (address == 0)
        domain_crash(v, "no handler is registered");
    else
        domain_crash(v, "its kernel stack at %p cannot be written", (void *)to);
}

void bounce(struct vcpu *v, struct cpu_user_regs *r, uint64_t address, bool disables_events)
{
    push_frame(v, r, address, disables_events, false, 0, false);
}

void bounce_with_error(struct vcpu *v, struct cpu_user_regs *r, uint64_t address,
                       bool disables_events, uint32_t error)
{
    push_frame(v, r, address, disables_events, true, error, false);
}

#define SYSCALL_LENGTH 2

void bounce_syscall(struct vcpu *v, struct cpu_user_regs *r, const struct guest_entry *to)
{
    uint64_t address = to->address;
    if (unlikely(address == 0)) {
        r->rip -= SYSCALL_LENGTH;
        bounce_trap(v, r, VECTOR_UD, 0);
        return;
    }
    push_frame(v, r, address, to->disables_events, false, 0, false);
}

void bounce_failsafe(struct vcpu *v, struct cpu_user_regs *r)
{
    push_frame(v, r, v->arch.failsafe.address, v->arch.failsafe.disables_events, false, 0, true);
}

static inline void bounce_untraced(struct vcpu *v, struct cpu_user_regs *r, unsigned vector,
                                   uint32_t error)
{
    const struct guest_trap *t = &v->arch.traps[vector];
    if (unlikely(t->address == 0)) {
        domain_crash(v, "exception %u (error 0x%x) without a handler", vector, error);
        return;
    }
    if (vector < 32 && vectors_with_error(vector))
        bounce_with_error(v, r, t->address, t->disables_events, error);
    else
        bounce(v, r, t->address, t->disables_events);
}

/* Apart, so that nothing has to be kept over the call where there is none. */
static out_of_line void bounce_traced(struct vcpu *v, struct cpu_user_regs *r, unsigned vector,
                                      uint32_t error)
{
    trace_record(TRACE_EXCEPTION, vector, r->rip);
    bounce_untraced(v, r, vector, error);
}

void bounce_trap(struct vcpu *v, struct cpu_user_regs *r, unsigned vector, uint32_t error)
{
    if (unlikely(trace_on))
        bounce_traced(v, r, vector, error);
    else
        bounce_untraced(v, r, vector, error);
}

/* ---- NMIs, which no mask of events holds off */

void arch_vcpu_nmi(struct vcpu *v)
{
    __atomic_store_n(&v->arch.nmi_pending, true, __ATOMIC_SEQ_CST);
    vcpu_kick(v);
    cpu_request(vcpu_cpu(v), WORK_GUEST);
}

void nmi_unmask(struct vcpu *v)
{
    __atomic_fetch_and(&v->arch.iret_also, (uint8_t)~IRET_UNMASKS_NMI, __ATOMIC_RELAXED);
    if (v->arch.nmi_pending)
        cpu_request(arch_cpu_id(), WORK_GUEST);
}

void arch_guest_work(void)
{
    struct vcpu *v = current_vcpu();
    if (v == NULL)
        return;
    pmu_work(v);
    if ((v->arch.iret_also & IRET_UNMASKS_NMI) || v->arch.nmi.address == 0 ||
        !__atomic_exchange_n(&v->arch.nmi_pending, false, __ATOMIC_SEQ_CST))
        return;
    __atomic_fetch_or(&v->arch.iret_also, IRET_UNMASKS_NMI, __ATOMIC_RELAXED);
    bounce(v, &this_cpu()->regs, v->arch.nmi.address, v->arch.nmi.disables_events);
}
