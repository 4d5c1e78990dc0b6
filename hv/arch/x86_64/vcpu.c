/* SPDX-License-Identifier: MIT */
/* A vcpu's registers: made, loaded into a processor, saved. */
#include "hv/arch/x86_64/arch_vcpu.h"

#include "hv/arch/x86_64/bounce.h"
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/debug_registers.h"
#include "hv/arch/x86_64/descriptor_tables.h"
#include "hv/arch/x86_64/descriptors.h"
#include "hv/arch/x86_64/fixup.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/show.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/arch/x86_64/tlb_flush.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/runstate.h"
#include "hv/core/schedule.h"
#include "hv/core/string.h"
#include "hv/core/tlb.h"
#include "hv/core/vcpu.h"

#define REGS_SIZE offsetof(struct cpu_user_regs, es) /* what is on the stack */

#define CR0_PE (1UL << 0)
#define CR0_MP (1UL << 1)
#define CR0_ET (1UL << 4)
#define CR0_NE (1UL << 5)
#define CR0_WP (1UL << 16)
#define CR0_AM (1UL << 18)
#define CR0_PG (1UL << 31)
#define CR0_GUEST (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)

/* Vcpus whose segments and descriptor tables are still in each CPU; written by that CPU. */
static const struct vcpu *loaded[CPUS_MAX];

noreturn void run_guest(void);
noreturn void restart_stack(void (*f)(void));

bool arch_vcpu_init(struct vcpu *v)
{
    _Static_assert(256 * sizeof(struct guest_trap) <= PAGE_SIZE, "one frame");
    v->arch.traps = heap_alloc_mapped(0);
    v->arch.in_kernel = true;
    v->arch.cr0 = CR0_GUEST;
    v->arch.cr4 = guest_cr4();
    v->arch.last_cpu = UINT32_MAX;
    debug_registers_reset(v);
    if (v->arch.traps != NULL && fpu_init_vcpu(v))
        return true;
    if (v->arch.traps != NULL)
        heap_free_mapped(v->arch.traps, 0);
    return false;
}

void arch_vcpu_free(struct vcpu *v)
{
    pmu_free(v);
    heap_free_mapped(v->arch.traps, 0);
    fpu_free_vcpu(v);
}

bool arch_vcpu_initialised(const struct vcpu *v)
{
    return v->arch.root_kernel != 0;
}

/* ---- switching */

static void read_selectors(struct cpu_user_regs *r)
{
    __asm__ volatile("mov %%ds, %0" : "=r"(r->ds));
    __asm__ volatile("mov %%es, %0" : "=r"(r->es));
    __asm__ volatile("mov %%fs, %0" : "=r"(r->fs));
    __asm__ volatile("mov %%gs, %0" : "=r"(r->gs));
}

/* GS base is the active one; the other one is where SWAPGS finds it. */
static void save_bases(struct vcpu *v)
{
    uint64_t active = read_msr(MSR_GS_BASE);
    uint64_t other = read_msr(MSR_GS_SHADOW);
    v->arch.fs_base = read_msr(MSR_FS_BASE);
    v->arch.gs_base_kernel = v->arch.in_kernel ? active : other;
    v->arch.gs_base_user = v->arch.in_kernel ? other : active;
}

void arch_vcpu_save(struct vcpu *v)
{
    struct cpu_local *c = this_cpu();
    if (unlikely(v->arch.pmu != NULL))
        pmu_leave(v, &c->regs);
    memcpy(&v->arch.regs, &c->regs, REGS_SIZE);
    read_selectors(&v->arch.regs);
    save_bases(v);
    fpu_save(v);
    debug_registers_leave(v);
    runstate_publish(v);
    c->current = NULL;
}

/* A selector that does not work any more becomes none. */
#define load_selector(name, value, failed)                \
    __asm__ volatile("1: mov %k0, %%" name "\n2:\n"       \
                     ".pushsection .text.fixup, \"ax\"\n" \
                     "3: xor %k0, %k0\n"                  \
                     "mov %k0, %%" name "\n"              \
                     "movl $1, %1\n"                      \
                     "jmp 2b\n"                           \
                     ".popsection\n" FIXUP("1b", "3b")    \
                     : "+r"(value), "+m"(failed))

/* false: not all of them could be loaded. */
static bool load_selectors(const struct cpu_user_regs *r)
{
    uint32_t ds = r->ds;
    uint32_t es = r->es;
    uint32_t fs = r->fs;
    uint32_t gs = r->gs;
    uint32_t failed = 0;
    load_selector("ds", ds, failed);
    load_selector("es", es, failed);
    load_selector("fs", fs, failed);
    load_selector("gs", gs, failed);
    return failed == 0;
}

static void load_bases(const struct vcpu *v)
{
    write_msr(MSR_FS_BASE, v->arch.fs_base);
    write_msr(MSR_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_kernel : v->arch.gs_base_user);
    write_msr(MSR_GS_SHADOW, v->arch.in_kernel ? v->arch.gs_base_user : v->arch.gs_base_kernel);
}

void arch_vcpu_load(struct vcpu *v)
{
    struct cpu_local *c = this_cpu();
    bool good = true;
    tlb_note_space(v->domain);
    uint64_t tick = tlb_flush_begin();
    write_cr3(v->arch.in_kernel ? v->arch.root_kernel : v->arch.root_user);
    tlb_flush_end(tick);
    memcpy(&c->regs, &v->arch.regs, REGS_SIZE);
    /* The processor still has what only guests change, if no other guest ran here. */
    if (loaded[c->id] != v || v->arch.last_cpu != c->id) {
        descriptor_tables_load(v);
        good = load_selectors(&v->arch.regs);
        load_bases(v);
        __atomic_store_n(&loaded[c->id], v, __ATOMIC_RELAXED);
        v->arch.last_cpu = c->id;
    }
    fpu_load(v);
    debug_registers_enter(v);
    c->current = v;
    runstate_publish(v);
    if (v->arch.nmi_pending)
        cpu_request(c->id, WORK_GUEST);
    if (unlikely(v->arch.pmu != NULL))
        pmu_enter(v);
    if (unlikely(!good)) {
        c->regs = v->arch.regs; /* with the selectors as they were */
        bounce_failsafe(v, &c->regs);
    }
}

/* An idle CPU keeps the segments and descriptor tables of whom it ran last, who may come again. */
void arch_forget(void)
{
    const struct cpu_local *c = this_cpu();
    if (c->current != NULL)
        return;
    descriptor_tables_unload();
    __atomic_store_n(&loaded[c->id], NULL, __ATOMIC_RELEASE);
}

/* Not only where it ran last: a CPU that it left has it until that CPU runs another one. */
void arch_vcpu_forget(struct vcpu *v)
{
    for (uint32_t cpu = 0; cpu < arch_cpu_count(); cpu++) {
        if (__atomic_load_n(&loaded[cpu], __ATOMIC_ACQUIRE) != v)
            continue;
        cpu_request(cpu, WORK_FORGET);
        while (__atomic_load_n(&loaded[cpu], __ATOMIC_ACQUIRE) == v)
            arch_relax();
    }
}

noreturn void arch_run_vcpu(void)
{
    run_guest();
}

void arch_leave_guests(void)
{
    tlb_leave_guests();
}

noreturn void arch_go_idle(void)
{
    tlb_leave_guests();
    restart_stack(idle_loop);
}

void arch_show_guest(const struct vcpu *v)
{
    if (v != current_vcpu())
        return;
    const struct cpu_user_regs *r = &this_cpu()->regs;
    log_error("in its %s; page tables at %p\n", v->arch.in_kernel ? "kernel" : "user mode",
              (void *)(v->arch.in_kernel ? v->arch.root_kernel : v->arch.root_user));
    show_registers(r);
    show_guest_stack(r);
}
