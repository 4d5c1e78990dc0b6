/* SPDX-License-Identifier: MIT */
/* Hypercalls about this processor's control state: handlers, stacks, segment bases, FPU, iret. */
#include "hv/arch/x86_64/bounce.h"
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/descriptors.h"
#include "hv/arch/x86_64/fixup.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#include <xen/callback.h>

/* ---- handlers */

long do_set_trap_table(uint64_t traps)
{
    struct vcpu *v = current_vcpu();
    if (traps == 0) {
        memset(v->arch.traps, 0, 256 * sizeof(v->arch.traps[0]));
        return 0;
    }
    /* At most one for each vector, and the end. Copied first: half a table is none. */
    struct trap_info list[32];
    for (unsigned pass = 0; pass < 2; pass++) {
        unsigned i = 0;
        for (; i <= 256; i++) {
            struct trap_info *t = &list[i % array_size(list)];
            if (!copy_element_from_guest(t, vaddr(traps), i, sizeof(*t)))
                return -XEN_EFAULT;
            if (t->address == 0)
                break;
            if (!address_canonical(t->address))
                return -XEN_EINVAL;
            if (pass == 1)
                v->arch.traps[t->vector] =
                    (struct guest_trap){t->address, (uint8_t)TI_GET_DPL(t), TI_GET_IF(t) != 0};
        }
        if (i > 256)
            return -XEN_EINVAL;
    }
    return 0;
}

long do_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall)
{
    struct vcpu *v = current_vcpu();
    if (!address_canonical(event) || !address_canonical(failsafe) || !address_canonical(syscall))
        return -XEN_EINVAL;
    v->arch.event = (struct guest_entry){event, true};
    v->arch.failsafe = (struct guest_entry){failsafe, v->arch.failsafe.disables_events};
    v->arch.syscall = (struct guest_entry){syscall, v->arch.syscall.disables_events};
    return 0;
}

static struct guest_entry *callback_of(struct vcpu *v, unsigned type)
{
    switch (type) {
    case CALLBACKTYPE_event:
        return &v->arch.event;
    case CALLBACKTYPE_failsafe:
        return &v->arch.failsafe;
    case CALLBACKTYPE_syscall:
        return &v->arch.syscall;
    case CALLBACKTYPE_syscall32:
        return &v->arch.syscall32;
    case CALLBACKTYPE_sysenter:
        return &v->arch.sysenter;
    case CALLBACKTYPE_nmi:
        return &v->arch.nmi;
    default:
        return NULL;
    }
}

static long callback_register(struct vcpu *v, vaddr_t from)
{
    struct callback_register c;
    if (!copy_from_guest(&c, from, sizeof(c)))
        return -XEN_EFAULT;
    struct guest_entry *e = callback_of(v, c.type);
    if (e == NULL)
        return -XEN_ENOSYS;
    if (!address_canonical(c.address))
        return -XEN_EINVAL;
    *e = (struct guest_entry){c.address, (c.flags & CALLBACKF_mask_events) != 0};
    return 0;
}

static long callback_unregister(struct vcpu *v, vaddr_t from)
{
    struct callback_unregister c;
    if (!copy_from_guest(&c, from, sizeof(c)))
        return -XEN_EFAULT;
    switch (c.type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_sysenter:
    case CALLBACKTYPE_syscall32:
        return -XEN_EINVAL; /* a vcpu cannot be without */
    case CALLBACKTYPE_nmi:
        v->arch.nmi = (struct guest_entry){0};
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

long do_callback_op(uint64_t op, uint64_t argument)
{
    switch ((unsigned)op) {
    case CALLBACKOP_register:
        return callback_register(current_vcpu(), vaddr(argument));
    case CALLBACKOP_unregister:
        return callback_unregister(current_vcpu(), vaddr(argument));
    default:
        return -XEN_ENOSYS;
    }
}

/* ---- stacks and segments */

long do_stack_switch(uint64_t ss, uint64_t sp)
{
    (void)ss; /* flat anyway */
    current_vcpu()->arch.kernel_sp = sp;
    return 0;
}

/* GS of user programs is where SWAPGS finds it; its selector is loaded with the base kept apart. */
static long set_user_gs(uint64_t selector)
{
    uint64_t gs = selector & 0xffff;
    arch_irq_off();
    __asm__ volatile("swapgs\n"
                     "1: mov %k0, %%gs\n"
                     "2: swapgs\n"
                     ".pushsection .text.fixup, \"ax\"\n"
                     "3: xor %k0, %k0\n"
                     "mov %k0, %%gs\n"
                     "jmp 2b\n"
                     ".popsection\n" FIXUP("1b", "3b")
                     : "+r"(gs)::"memory");
    arch_irq_on();
    return 0;
}

long do_set_segment_base(uint64_t which, uint64_t base)
{
    if ((unsigned)which != SEGBASE_GS_USER_SEL && !address_canonical(base))
        return -XEN_EINVAL;
    switch ((unsigned)which) {
    case SEGBASE_FS:
        write_msr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        write_msr(MSR_GS_SHADOW, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        write_msr(MSR_GS_BASE, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        return set_user_gs(base);
    default:
        return -XEN_EINVAL;
    }
}

long do_fpu_taskswitch(uint64_t set)
{
    fpu_set_task_switched(current_vcpu(), set != 0);
    return 0;
}

/* ---- iret */

void sanitise_regs(struct cpu_user_regs *r)
{
    r->rflags = (r->rflags & RFLAGS_GUEST) | RFLAGS_IF | RFLAGS_FIXED;
    r->cs |= 3;
    r->ss |= 3;
    r->entry_vector = 0;
}

/* Apart, so that the usual one saves no registers for it. */
static out_of_line void iret_other(struct vcpu *v, uint64_t rflags)
{
    if (iopl_is_architectural(v))
        v->arch.iopl = (uint8_t)(rflags >> RFLAGS_IOPL_SHIFT & 3);
    if (v->arch.iret_also & IRET_UNMASKS_NMI)
        nmi_unmask(v);
}

/* From entry.S, for hypercall iret: r becomes what the frame on the kernel's stack says. */
void guest_iret_frame(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    const struct iret_context *c = (const struct iret_context *)r->rsp;
    uint64_t cs, flags, rflags, ss;

    if (unlikely(!guest_start_ok((uint64_t)c)))
        goto unreadable;
    guest_get(cs, &c->cs, unreadable);
    guest_get(flags, &c->flags, unreadable);
    guest_get(rflags, &c->rflags, unreadable);
    guest_get(r->rax, &c->rax, unreadable);
    guest_get(r->rip, &c->rip, unreadable);
    if (flags & VGCF_in_syscall) {
        cs = (cs & 3) | (GUEST_CS64 & ~3U);
        ss = GUEST_SS;
    } else {
        guest_get(r->r11, &c->r11, unreadable);
        guest_get(r->rcx, &c->rcx, unreadable);
        guest_get(ss, &c->ss, unreadable);
        r->entry_vector = 0;
    }
    guest_get(r->rsp, &c->rsp, unreadable);
    r->cs = (uint16_t)cs | 3;
    r->ss = (uint16_t)ss | 3;
    r->rflags = (rflags & RFLAGS_GUEST) | RFLAGS_IF | RFLAGS_FIXED;
    v->info->evtchn_upcall_mask = !(rflags & RFLAGS_IF);
    if (unlikely(v->arch.iret_also != 0))
        iret_other(v, rflags);
    if ((cs & 3) == 3) {
        if (likely(v->arch.root_user != 0))
            switch_mode(v);
        else
            domain_crash(v, "iret to user mode without page tables for it");
    }
    return;

unreadable:
    domain_crash(v, "iret: its stack at %p cannot be read", (const void *)c);
}

void arch_hypercall_again(const uint64_t *arguments, unsigned n)
{
    struct cpu_user_regs *r = &this_cpu()->regs;
    uint64_t *const to[] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};
    for (unsigned i = 0; i < n; i++)
        *to[i] = arguments[i];
    r->rip -= 2; /* SYSCALL */
}

/* ---- the hypercall page */

void arch_hypercall_page_fill(void *page)
{
    /* push %rcx; push %r11; mov $number, %eax; syscall; pop %r11; pop %rcx; ret */
    static const uint8_t call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                   0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    /* push %rcx; push %r11; push %rax; mov $iret, %eax; syscall: rax, r11 and rcx are the frame's
     * top; it does not come back */
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05};
    memset(page, 0xcc, PAGE_SIZE);
    for (unsigned i = 0; i < PAGE_SIZE / 32; i++) {
        uint8_t *at = (uint8_t *)page + i * 32UL;
        bool is_iret = i == __HYPERVISOR_iret;
        memcpy(at, is_iret ? iret : call, is_iret ? sizeof(iret) : sizeof(call));
        at[is_iret ? 5 : 4] = (uint8_t)i;
    }
}

uint64_t arch_vm_assists(void)
{
    return 1UL << VMASST_TYPE_4gb_segments | 1UL << VMASST_TYPE_4gb_segments_notify |
           1UL << VMASST_TYPE_writable_pagetables | 1UL << VMASST_TYPE_pae_extended_cr3 |
           1UL << VMASST_TYPE_architectural_iopl | 1UL << VMASST_TYPE_runstate_update_flag |
           1UL << VMASST_TYPE_m2p_strict;
}

void arch_vm_assist_set(struct domain *d, unsigned type, bool on)
{
    if (type != VMASST_TYPE_architectural_iopl)
        return;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        struct vcpu *v = __atomic_load_n(&d->vcpus[i], __ATOMIC_ACQUIRE);
        if (v == NULL)
            continue;
        if (on)
            __atomic_fetch_or(&v->arch.iret_also, IRET_SETS_IOPL, __ATOMIC_RELAXED);
        else
            __atomic_fetch_and(&v->arch.iret_also, (uint8_t)~IRET_SETS_IOPL, __ATOMIC_RELAXED);
    }
}

/* ---- rights to ports */

void arch_set_iopl(struct vcpu *v, unsigned level)
{
    v->arch.iopl = (uint8_t)level;
}

void arch_set_port_bitmap(struct vcpu *v, vaddr_t bitmap, uint32_t ports)
{
    v->arch.port_bitmap = bitmap;
    v->arch.port_count = ports;
}

/* ---- performance counters */

long do_xenpmu_op(uint64_t op, uint64_t argument)
{
    return pmu_op(current_vcpu(), (unsigned)op, vaddr(argument));
}
