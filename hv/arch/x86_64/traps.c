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
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"

#define PF_PRESENT 1U
#define PF_WRITE 2U
#define PF_USER 4U

/* Selector error codes: Intel SDM volume 3A, section 6.13. */
#define ERROR_IDT 2U

extern const char guest_iret[];
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
    trace(TRACE_EXCEPTION, VECTOR_PF, r->rip);
    const struct guest_trap *t = &v->arch.traps[VECTOR_PF];
    bounce_with_error(v, r, t->address, t->disables_events, error);
}

#define INT_OPCODE 0xcd
#define INT_LENGTH 2

/* ahead: bytes that rip is before the instruction's end. */
static void software_interrupt(struct vcpu *v, struct cpu_user_regs *r, unsigned vector,
                               unsigned ahead)
{
    const struct guest_trap *t = &v->arch.traps[vector];
    if (t->level < (v->arch.in_kernel ? 1 : 3) || t->address == 0) {
        r->rip -= INT_LENGTH - ahead;
        bounce_trap(v, r, VECTOR_GP, vector << 3 | ERROR_IDT);
        return;
    }
    r->rip += ahead;
    bounce(v, r, t->address, t->disables_events);
}

void guest_int80(struct cpu_user_regs *r)
{
    arch_irq_on();
    software_interrupt(current_vcpu(), r, VECTOR_INT80, 0);
}

/* INT n faults at a gate that it may not use. The instruction says which: QEMU's error code is not
 * that of the manuals (it is shifted by one more). */
static bool is_software_interrupt(const struct cpu_user_regs *r, unsigned *vector)
{
    uint8_t code[INT_LENGTH];
    if (!(r->error_code & ERROR_IDT) || !copy_from_guest(code, vaddr(r->rip), sizeof(code)) ||
        code[0] != INT_OPCODE)
        return false;
    *vector = code[1];
    return true;
}

static void trap_protection(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    unsigned vector;
    if (is_software_interrupt(r, &vector)) {
        software_interrupt(v, r, vector, INT_LENGTH);
        return;
    }
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

/* From entry.S, when tracing is on. */
void trace_hypercall(const struct cpu_user_regs *r)
{
    trace_record(TRACE_HYPERCALL, r->rax, r->rdi);
}

/* SYSCALL in a user program, of 64-bit code and of 32-bit code. */
void guest_syscall(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    bounce_syscall(v, r, &v->arch.syscall);
}

void guest_syscall32(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    bounce_syscall(v, r, &v->arch.syscall32);
}

/* SYSENTER: where it was nobody knows, so what is behind it is no instruction. */
void guest_sysenter(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    if (unlikely(v->arch.sysenter.address == 0))
        bounce_trap(v, r, VECTOR_GP, 0);
    else
        bounce(v, r, v->arch.sysenter.address, v->arch.sysenter.disables_events);
}

void guest_upcall(struct cpu_user_regs *r)
{
    struct vcpu *v = current_vcpu();
    arch_irq_on();
    trace(TRACE_UPCALL, r->rip, 0);
    bounce(v, r, v->arch.event.address, true);
}

/* IRET to the guest faulted: its frame names selectors or an address that do not work. The guest
 * has the exception, where it was to go on. */
static struct {
    uint32_t vector, error;
} return_faults[CPUS_MAX];

void guest_return_failed(struct cpu_user_regs *r)
{
    uint32_t here = arch_cpu_id();
    uint32_t vector = return_faults[here].vector;
    uint32_t error = return_faults[here].error;
    arch_irq_on();
    r->entry_vector = 0;
    bounce_trap(current_vcpu(), r, vector, error);
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
    if (r->rip == (uint64_t)guest_iret) {
        return_faults[arch_cpu_id()].vector = r->entry_vector;
        return_faults[arch_cpu_id()].error = r->error_code;
    }
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
