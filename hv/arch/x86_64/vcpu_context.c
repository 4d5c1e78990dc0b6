/* SPDX-License-Identifier: MIT */
/*
 * A vcpu's registers as the ABI has them: struct vcpu_guest_context, in and out.
 *
 * Whoever sets them is not trusted with more than the vcpu itself could do: selectors and flags are
 * made such that they can be loaded in ring 3, tables must be the domain's and pass the same checks
 * as when it sets them.
 */
#include "hv/arch/x86_64/arch_vcpu.h"
#include "hv/arch/x86_64/debug_registers.h"
#include "hv/arch/x86_64/descriptor_tables.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#define CR0_TS (1UL << 3)

#define CONTEXT_ORDER 1 /* pages for a copy */
_Static_assert(sizeof(struct vcpu_guest_context) <= PAGE_SIZE << CONTEXT_ORDER, "room for it");

/* ---- checks */

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    const uint64_t all[] = {c->event_callback_eip,
                            c->failsafe_callback_eip,
                            c->syscall_callback_eip,
                            c->user_regs.rip,
                            c->user_regs.rsp,
                            c->kernel_sp,
                            c->fs_base,
                            c->gs_base_kernel,
                            c->gs_base_user};
    for (unsigned i = 0; i < array_size(all); i++) {
        if (!address_canonical(all[i]))
            return false;
    }
    for (unsigned i = 0; i < array_size(c->trap_ctxt); i++) {
        if (!address_canonical(c->trap_ctxt[i].address))
            return false;
    }
    return true;
}

/* What can be told without a look at tables. */
static bool context_ok(const struct vcpu *v, const struct vcpu_guest_context *c)
{
    bool has_root = (c->flags & VGCF_in_kernel) || c->ctrlreg[1] != 0;
    bool assists_ok = v->id != 0 || !(c->vm_assist & ~arch_vm_assists());
    return addresses_ok(c) && has_root && assists_ok && c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY &&
           c->ldt_ents <= LDT_FRAMES_MAX * (PAGE_SIZE / 8) && c->ldt_base % PAGE_SIZE == 0;
}

/* One that was initialised keeps its tables. */
static bool same_tables(const struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (paddr_to_mfn(c->ctrlreg[3]).n != paddr_to_mfn(v->arch.root_kernel).n ||
        paddr_to_mfn(c->ctrlreg[1]).n != paddr_to_mfn(v->arch.root_user).n ||
        c->gdt_ents != v->arch.gdt_entries || c->ldt_ents != v->arch.ldt_entries ||
        c->ldt_base != v->arch.ldt_address)
        return false;
    for (unsigned i = 0; i * (PAGE_SIZE / 8) < v->arch.gdt_entries; i++) {
        if (c->gdt_frames[i] != v->arch.gdt[i].n)
            return false;
    }
    return true;
}

/* ---- tables: all of them, or none. mm_lock */

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

/* -XEN_ERESTART: its release is to be finished first. */
static int root_give_back(struct vcpu *v, paddr_t *root)
{
    if (*root == 0)
        return 0;
    struct frame *f = frame_of(paddr_to_mfn(*root));
    *root = 0;
    table_put(v, f);
    return v->stale_table == NULL ? 0 : -XEN_ERESTART;
}

/* The root for user mode comes first, and is kept when the call has to be made again: without the
 * other one the vcpu does not count as initialised. */
static int take_user_root(struct vcpu *v, uint64_t cr3)
{
    int rc = v->stale_table == NULL ? 0 : stale_table_go_on(v);
    paddr_t wanted = mfn_to_paddr(paddr_to_mfn(cr3));
    if (rc == 0 && v->arch.root_user != wanted)
        rc = root_give_back(v, &v->arch.root_user);
    if (rc == 0 && v->arch.root_user != wanted)
        rc = root_take(v->domain, cr3, &v->arch.root_user);
    return rc;
}

static int take_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
    mfn_t ldt[LDT_FRAMES_MAX];
    paddr_t kernel = 0;
    int rc = take_user_root(v, c->ctrlreg[1]);
    if (rc == 0)
        rc = root_take(v->domain, c->ctrlreg[3], &kernel);
    if (rc == 0)
        rc = gdt_set(v, c->gdt_frames, (uint32_t)c->gdt_ents);
    if (rc == 0) {
        rc = ldt_take(v->domain, paddr_to_mfn(kernel), c->ldt_base, (uint32_t)c->ldt_ents, ldt);
        if (rc != 0)
            gdt_set(v, NULL, 0);
    }
    if (rc == 0) {
        ldt_put(v, c->ldt_base, (uint32_t)c->ldt_ents, ldt);
        v->arch.root_kernel = kernel;
        return 0;
    }
    /* What cannot be given back at once goes with the vcpu, or when this is tried again. */
    if (rc != -XEN_ERESTART && root_give_back(v, &kernel) == 0)
        root_give_back(v, &v->arch.root_user);
    return rc;
}

/* ---- registers: what cannot fail */

static struct guest_entry entry_of(uint64_t address, bool disables_events)
{
    return (struct guest_entry){address, disables_events};
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
    v->arch.task_switched = (c->ctrlreg[0] & CR0_TS) != 0;
    v->arch.event = entry_of(c->event_callback_eip, true);
    v->arch.failsafe =
        entry_of(c->failsafe_callback_eip, (c->flags & VGCF_failsafe_disables_events) != 0);
    v->arch.syscall =
        entry_of(c->syscall_callback_eip, (c->flags & VGCF_syscall_disables_events) != 0);
    for (unsigned i = 0; i < array_size(c->trap_ctxt); i++) {
        const struct trap_info *t = &c->trap_ctxt[i];
        v->arch.traps[i] =
            (struct guest_trap){t->address, (uint8_t)TI_GET_DPL(t), TI_GET_IF(t) != 0};
    }
    fpu_reset(v);
    if (c->flags & VGCF_i387_valid)
        fpu_import(v, &c->fpu_ctxt);
    /* Those that it could not set itself stay as after a reset, as on Xen. */
    debug_registers_reset(v);
    for (unsigned i = 0; i < array_size(c->debugreg); i++) {
        if (i != 4 && i != 5)
            debug_register_keep(v, i, c->debugreg[i]);
    }
}

/* ---- from a guest's memory */

static int set(struct vcpu *v, const struct vcpu_guest_context *c, bool again)
{
    struct domain *d = v->domain;
    int rc = 0;
    lock(&d->mm_lock);
    if (arch_vcpu_initialised(v) && !again)
        rc = -XEN_EEXIST;
    else if (!context_ok(v, c) || domain_is_dying(d))
        rc = -XEN_EINVAL;
    else if (!arch_vcpu_initialised(v))
        rc = take_tables(v, c);
    else if (!same_tables(v, c))
        rc = -XEN_EOPNOTSUPP;
    if (rc == 0)
        take_registers(v, c);
    unlock(&d->mm_lock);
    return rc;
}

static long set_from(struct vcpu *v, vaddr_t from, bool again)
{
    struct vcpu_guest_context *c = heap_alloc_mapped(CONTEXT_ORDER);
    if (c == NULL)
        return -XEN_ENOMEM;
    if (again) /* and so not the caller, and it stands still: what a CPU has of it gets outdated */
        arch_vcpu_forget(v);
    long rc = copy_from_guest(c, from, sizeof(*c)) ? set(v, c, again) : -XEN_EFAULT;
    if (rc == 0 && again) {
        if (v->id == 0)
            __atomic_store_n(&v->domain->vm_assist, c->vm_assist, __ATOMIC_RELAXED);
        if (c->flags & VGCF_online)
            vcpu_unpause(v, PAUSE_DOWN);
        else
            vcpu_pause(v, PAUSE_DOWN);
    }
    heap_free_mapped(c, CONTEXT_ORDER);
    return rc;
}

long arch_vcpu_initialise(struct vcpu *v, vaddr_t from)
{
    long rc = set_from(v, from, false);
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_vcpu_op, 3, (uint64_t)VCPUOP_initialise,
                                  (uint64_t)v->id, from.a);
    return rc;
}

long arch_vcpu_context_set(struct vcpu *v, vaddr_t from)
{
    return set_from(v, from, true);
}

/* ---- to a guest's memory */

static void give_registers(const struct vcpu *v, struct vcpu_guest_context *c)
{
    bool online = !(__atomic_load_n(&v->pauses, __ATOMIC_RELAXED) & PAUSE_DOWN);
    fpu_export(v, &c->fpu_ctxt);
    c->flags = VGCF_i387_valid | (v->arch.in_kernel ? VGCF_in_kernel : 0) |
               (v->arch.failsafe.disables_events ? VGCF_failsafe_disables_events : 0) |
               (v->arch.syscall.disables_events ? VGCF_syscall_disables_events : 0) |
               (online ? VGCF_online : 0);
    c->user_regs = v->arch.regs;
    c->user_regs.rflags |= (uint64_t)v->arch.iopl << RFLAGS_IOPL_SHIFT;
    for (unsigned i = 0; i < array_size(c->trap_ctxt); i++) {
        const struct guest_trap *t = &v->arch.traps[i];
        struct trap_info *to = &c->trap_ctxt[i];
        *to = (struct trap_info){.vector = (uint8_t)i, .cs = GUEST_CS64, .address = t->address};
        TI_SET_DPL(to, t->level);
        TI_SET_IF(to, t->disables_events ? 1 : 0);
    }
    c->kernel_ss = GUEST_SS;
    c->kernel_sp = v->arch.kernel_sp;
    c->event_callback_eip = v->arch.event.address;
    c->failsafe_callback_eip = v->arch.failsafe.address;
    c->syscall_callback_eip = v->arch.syscall.address;
    c->fs_base = v->arch.fs_base;
    c->gs_base_kernel = v->arch.gs_base_kernel;
    c->gs_base_user = v->arch.gs_base_user;
    memcpy(c->debugreg, v->arch.debug, sizeof(c->debugreg));
}

static void give_tables(const struct vcpu *v, struct vcpu_guest_context *c)
{
    c->ldt_base = v->arch.ldt_address;
    c->ldt_ents = v->arch.ldt_entries;
    c->gdt_ents = v->arch.gdt_entries;
    for (unsigned i = 0; i * (PAGE_SIZE / 8) < v->arch.gdt_entries; i++)
        c->gdt_frames[i] = v->arch.gdt[i].n;
    c->ctrlreg[0] = v->arch.cr0 | (v->arch.task_switched ? CR0_TS : 0);
    c->ctrlreg[1] = v->arch.root_user;
    c->ctrlreg[3] = v->arch.root_kernel;
    c->ctrlreg[4] = v->arch.cr4;
    c->vm_assist = v->domain->vm_assist;
}

long arch_vcpu_context_get(struct vcpu *v, vaddr_t to)
{
    struct vcpu_guest_context *c = heap_alloc_mapped(CONTEXT_ORDER);
    if (c == NULL)
        return -XEN_ENOMEM;
    give_registers(v, c);
    give_tables(v, c);
    long rc = copy_to_guest(to, c, sizeof(*c)) ? 0 : -XEN_EFAULT;
    heap_free_mapped(c, CONTEXT_ORDER);
    return rc;
}

/* ---- the end */

int arch_vcpu_release(struct vcpu *v)
{
    int rc = v->stale_table == NULL ? 0 : stale_table_go_on(v);
    if (rc == 0)
        rc = root_give_back(v, &v->arch.root_user);
    if (rc == 0)
        rc = root_give_back(v, &v->arch.root_kernel);
    if (rc == 0) {
        descriptor_tables_release(v);
        pmu_release(v);
    }
    return rc;
}
