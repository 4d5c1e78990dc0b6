/* SPDX-License-Identifier: MIT */
/* Exceptions: those of guests go to their kernels, those of the hypervisor are fixed up or fatal.
 */
#include "hv/arch/x86_64/bounce.h"
#include "hv/arch/x86_64/emulate.h"
#include "hv/arch/x86_64/fixup.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/show.h"
#include "hv/arch/x86_64/table_write.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/log.h"
#include "hv/core/vcpu.h"

#define PF_PRESENT 1U
#define PF_WRITE 2U
#define PF_USER 4U

/* Selector error codes: Intel SDM volume 3A, section 6.13. */
#define ERROR_IDT 2U

extern const struct fixup fixups_start[], fixups_end[];

/* ---- of guests */

static void trap_general(struct cpu_user_regs *r)
{
    arch_irq_on();
    bounce_trap(current_vcpu(), r, r->entry_vector, r->error_code);
}

static void trap_invalid_opcode(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    if (likely(!emulate_forced(v, r)))
        bounce_trap(v, r, VECTOR_UD, 0);
}

static void trap_no_fpu(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    fpu_set_task_switched(v, false);
    bounce_trap(v, r, VECTOR_NM, 0);
}

static void trap_page_fault(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    uint64_t address = read_cr2();
    uint32_t error = r->error_code;

    arch_irq_on();
    if (unlikely((error & (PF_PRESENT | PF_WRITE)) == (PF_PRESENT | PF_WRITE)) &&
        v->arch.in_kernel && table_write(v, r, address))
        return;
    /* Ring 3 all the time; the guest wants to know which half of it. */
    error = v->arch.in_kernel ? error & ~PF_USER : error | PF_USER;
    v->info->arch.cr2 = address;
    const struct guest_trap *t = &v->arch.traps[VECTOR_PF];
    bounce_with_error(v, r, t->address, t->disables_events, error);
}

/* INT n: as much of a fault as the hypervisor's table makes it, and an instruction of two bytes. */
static bool software_interrupt(struct vcpu *v, struct cpu_user_regs *r)
{
    if (!(r->error_code & ERROR_IDT))
        return false;
    unsigned vector = r->error_code >> 3;
    const struct guest_trap *t = &v->arch.traps[vector & 0xff];
    if (t->level < (v->arch.in_kernel ? 1 : 3) || t->address == 0)
        return false;
    r->rip += 2;
    bounce(v, r, t->address, t->disables_events);
    return true;
}

static void trap_protection(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    if (software_interrupt(v, r))
        return;
    if (r->error_code == 0 && emulate_privileged(v, r))
        return;
    bounce_trap(v, r, VECTOR_GP, r->error_code);
}

static void trap_debug(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    uint64_t status;
    __asm__ volatile("mov %%db6, %0" : "=r"(status));
    __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0UL));
    arch_irq_on();
    v->arch.debug[6] = status;
    bounce_trap(v, r, VECTOR_DB, 0);
}

void (*const guest_traps[32])(struct cpu_user_regs *r) = {
    [0] = trap_general,
    [VECTOR_DB] = trap_debug,
    [2 ... 5] = trap_general,
    [VECTOR_UD] = trap_invalid_opcode,
    [VECTOR_NM] = trap_no_fpu,
    [8 ... 12] = trap_general,
    [VECTOR_GP] = trap_protection,
    [VECTOR_PF] = trap_page_fault,
    [15 ... 31] = trap_general,
};

/* SYSCALL in a user program. */
void guest_syscall(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    bounce(v, r, v->arch.syscall.address, v->arch.syscall.disables_events);
}

void guest_upcall(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    bounce(v, r, v->arch.event.address, true);
}

/* IRET to the guest faulted: its frame names selectors or an address that do not work. */
void guest_return_failed(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    r->entry_vector = 0;
    __asm__ volatile("mov %%ds, %0" : "=r"(r->ds));
    __asm__ volatile("mov %%es, %0" : "=r"(r->es));
    __asm__ volatile("mov %%fs, %0" : "=r"(r->fs));
    __asm__ volatile("mov %%gs, %0" : "=r"(r->gs));
    bounce_failsafe(v, r);
}

/* ---- of the hypervisor */

uint64_t fixup_for(uint64_t rip)
{
    for (const struct fixup *f = fixups_start; f != fixups_end; f++) {
        if (f->at == rip)
            return f->to;
    }
    return 0;
}

static const char *const trap_names[32] = {
    [VECTOR_DE] = "divide error",
    [VECTOR_DB] = "debug",
    [VECTOR_NMI] = "NMI",
    [VECTOR_BP] = "breakpoint",
    [VECTOR_UD] = "invalid opcode",
    [VECTOR_NM] = "no FPU",
    [VECTOR_DF] = "double fault",
    [VECTOR_TS] = "invalid TSS",
    [VECTOR_NP] = "segment not present",
    [VECTOR_SS] = "stack fault",
    [VECTOR_GP] = "general protection",
    [VECTOR_PF] = "page fault",
    [VECTOR_AC] = "alignment check",
    [VECTOR_MC] = "machine check",
};

static noreturn void fatal_trap(const struct cpu_user_regs *r, uint64_t cr2);

static void fatal_trap(const struct cpu_user_regs *r, uint64_t cr2)
{
    const char *name = r->entry_vector < 32 ? trap_names[r->entry_vector] : NULL;
    log_bust_lock();
    show_registers(r);
    show_backtrace(r->rip, r->rbp);
    panic("%s (vector %u, error 0x%x, address %p) in the hypervisor", name == NULL ? "?" : name,
          r->entry_vector, r->error_code, (void *)cr2);
}

void hypervisor_trap(struct cpu_user_regs *r)
{
    uint64_t cr2 = read_cr2();
    uint64_t to = fixup_for(r->rip);
    if (to == 0)
        fatal_trap(r, cr2);
    r->rip = to;
}

void trap_on_own_stack(struct cpu_user_regs *r)
{
    if (r->entry_vector == VECTOR_NMI) {
        nmi();
        return;
    }
    /* A breakpoint of the guest's on an address of its own that the hypervisor touched for it. */
    if (r->entry_vector == VECTOR_DB) {
        __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0UL));
        return;
    }
    fatal_trap(r, read_cr2());
}
