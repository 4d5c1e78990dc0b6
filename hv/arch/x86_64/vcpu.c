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
    tlb_note_flush();
    write_cr3(v->arch.in_kernel ? v->arch.root_kernel : v->arch.root_user);
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

void arch_vcpu_forget(struct vcpu *v)
{
    uint32_t cpu = v->arch.last_cpu;
    if (cpu == UINT32_MAX || __atomic_load_n(&loaded[cpu], __ATOMIC_ACQUIRE) != v)
        return;
    cpu_request(cpu, WORK_FORGET);
    while (__atomic_load_n(&loaded[cpu], __ATOMIC_ACQUIRE) == v)
        arch_relax();
}

noreturn void arch_run_vcpu(void)
{
    run_guest();
}

noreturn void arch_go_idle(void)
{
    tlb_leave_guests();
    restart_stack(idle_loop);
}

/* ---- VCPUOP_initialise */

static void set_entry(struct guest_entry *e, uint64_t address, bool disables_events)
{
    *e = (struct guest_entry){address, disables_events};
}

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    const uint64_t all[] = {c->event_callback_eip,
                            c->failsafe_callback_eip,
                            c->syscall_callback_eip,
                            c->user_regs.rip,
                            c->fs_base,
                            c->gs_base_kernel,
                            c->gs_base_user};
    for (unsigned i = 0; i < array_size(all); i++) {
        if (!address_canonical(all[i]))
            return false;
    }
    for (unsigned i = 0; i < 256; i++) {
        if (!address_canonical(c->trap_ctxt[i].address))
            return false;
    }
    return true;
}

/* Tables and all else that a vcpu cannot be without. */
static bool context_ok(const struct vcpu_guest_context *c)
{
    bool has_root = (c->flags & VGCF_in_kernel) || c->ctrlreg[1] != 0;
    return addresses_ok(c) && has_root && c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY &&
           c->ldt_ents == 0;
}

/* A root for a vcpu that does not run. */
static int root_take(struct domain *d, uint64_t cr3, paddr_t *root)
{
    mfn_t m = paddr_to_mfn(cr3);
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    int rc = frame_get_type(frame_of(m), TYPE_L4);
    if (rc != 0)
        frame_put(frame_of(m));
    else
        *root = mfn_to_paddr(m);
    return rc;
}

static int take_roots(struct vcpu *v, const struct vcpu_guest_context *c)
{
    paddr_t kernel = 0;
    paddr_t user = 0;
    int rc = root_take(v->domain, c->ctrlreg[3], &kernel);
    if (rc != 0)
        return rc;
    if (c->ctrlreg[1] != 0)
        rc = root_take(v->domain, c->ctrlreg[1], &user);
    if (rc == 0)
        rc = gdt_set(v, c->gdt_frames, (uint32_t)c->gdt_ents);
    if (rc != 0) {
        table_put(current_vcpu(), frame_of(paddr_to_mfn(kernel)));
        if (user != 0 && current_vcpu()->stale_table == NULL)
            table_put(current_vcpu(), frame_of(paddr_to_mfn(user)));
        return rc;
    }
    v->arch.root_kernel = kernel;
    v->arch.root_user = user;
    return 0;
}

static void take_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
    v->arch.regs = c->user_regs;
    v->arch.iopl = (uint8_t)(c->user_regs.rflags >> RFLAGS_IOPL_SHIFT & 3);
    sanitise_regs(&v->arch.regs);
    v->arch.in_kernel = (c->flags & VGCF_in_kernel) != 0;
    v->arch.kernel_sp = c->kernel_sp;
    v->arch.fs_base = c->fs_base;
    v->arch.gs_base_kernel = c->gs_base_kernel;
    v->arch.gs_base_user = c->gs_base_user;
    set_entry(&v->arch.event, c->event_callback_eip, true);
    set_entry(&v->arch.failsafe, c->failsafe_callback_eip,
              (c->flags & VGCF_failsafe_disables_events) != 0);
    set_entry(&v->arch.syscall, c->syscall_callback_eip,
              (c->flags & VGCF_syscall_disables_events) != 0);
    for (unsigned i = 0; i < 256; i++) {
        const struct trap_info *t = &c->trap_ctxt[i];
        v->arch.traps[t->vector] =
            (struct guest_trap){t->address, (uint8_t)TI_GET_DPL(t), TI_GET_IF(t) != 0};
    }
    if (c->flags & VGCF_i387_valid)
        fpu_import(v, &c->fpu_ctxt);
}

long arch_vcpu_initialise(struct vcpu *v, vaddr_t from)
{
    unsigned order = order_of(round_up(sizeof(struct vcpu_guest_context), PAGE_SIZE) >> PAGE_SHIFT);
    struct vcpu_guest_context *c = heap_alloc_mapped(order);
    long rc = 0;

    if (c == NULL)
        return -XEN_ENOMEM;
    if (!copy_from_guest(c, from, sizeof(*c)))
        rc = -XEN_EFAULT;
    if (rc == 0) {
        lock(&v->domain->mm_lock);
        if (arch_vcpu_initialised(v))
            rc = -XEN_EEXIST;
        else if (!context_ok(c))
            rc = -XEN_EINVAL;
        else
            rc = take_roots(v, c);
        if (rc == 0)
            take_registers(v, c);
        unlock(&v->domain->mm_lock);
    }
    heap_free_mapped(c, order);
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_vcpu_op, 3, (uint64_t)VCPUOP_initialise,
                                  (uint64_t)v->id, from.a);
    return rc;
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
