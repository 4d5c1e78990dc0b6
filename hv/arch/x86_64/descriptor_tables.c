/* SPDX-License-Identifier: MIT */
/* Descriptors: Intel SDM volume 3A, section 3.4.5. */
#include "hv/arch/x86_64/descriptor_tables.h"

#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/descriptors.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/core/abi.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

#define DESCRIPTOR_S (1UL << 44) /* code or data, as opposed to the system's own */
#define DESCRIPTOR_DPL (3UL << 45)
#define DESCRIPTOR_P (1UL << 47)
#define DESCRIPTOR_ACCESSED (1UL << 40)

#define ENTRIES_PER_FRAME (PAGE_SIZE / 8)

bool descriptor_check(uint64_t *d)
{
    if (!(*d & DESCRIPTOR_P))
        return true;
    /* Gates, TSSs and LDTs are the hypervisor's alone. */
    if (!(*d & DESCRIPTOR_S))
        return false;
    /* Ring 3 is where the guest's kernel is, too; in 64-bit mode nothing else is checked by
     * segments. Accessed: then the processor need not write. */
    *d |= DESCRIPTOR_DPL | DESCRIPTOR_ACCESSED;
    return true;
}

int descriptors_check(uint64_t *table, unsigned *done)
{
    *done = ENTRIES_PER_FRAME;
    for (unsigned i = 0; i < ENTRIES_PER_FRAME; i++) {
        uint64_t d = table[i];
        if (!descriptor_check(&d))
            return -XEN_EINVAL;
        if (d != table[i])
            table[i] = d;
    }
    return 0;
}

static int frame_use(const struct domain *d, mfn_t m)
{
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    int rc = frame_get_type(frame_of(m), TYPE_DESCRIPTORS);
    if (rc != 0)
        frame_put(frame_of(m));
    return rc;
}

static void frames_release(mfn_t *frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        frame_put_type(frame_of(frames[i]));
        frame_put(frame_of(frames[i]));
    }
}

static unsigned frames_for(uint32_t entries)
{
    return (entries + ENTRIES_PER_FRAME - 1) / ENTRIES_PER_FRAME;
}

/* ---- windows */

static void show_frames(uint64_t window, const mfn_t *frames, unsigned n, unsigned shown)
{
    for (unsigned i = 0; i < max(n, shown); i++) {
        window_set(window + i * PAGE_SIZE, i < n ? frames[i] : MFN_NONE);
        invlpg(window + i * PAGE_SIZE);
    }
}

/* How many frames the windows show; each CPU's own. */
static struct {
    uint8_t gdt, ldt;
} shown[CPUS_MAX];

static void show_gdt(const struct vcpu *v)
{
    uint32_t here = arch_cpu_id();
    unsigned n = frames_for(v->arch.gdt_entries);
    show_frames(gdt_window(here), v->arch.gdt, n, shown[here].gdt);
    shown[here].gdt = (uint8_t)n;
}

static void show_ldt(const struct vcpu *v)
{
    uint32_t here = arch_cpu_id();
    if (likely(v->arch.ldt_entries == 0 && shown[here].ldt == 0))
        return;
    unsigned n = frames_for(v->arch.ldt_entries);
    show_frames(ldt_window(here), v->arch.ldt, n, shown[here].ldt);
    shown[here].ldt = (uint8_t)n;
    descriptors_set_ldt(here, ldt_window(here), v->arch.ldt_entries);
}

void descriptor_tables_load(const struct vcpu *v)
{
    show_gdt(v);
    show_ldt(v);
}

void descriptor_tables_unload(void)
{
    uint32_t here = arch_cpu_id();
    show_frames(gdt_window(here), NULL, 0, shown[here].gdt);
    show_frames(ldt_window(here), NULL, 0, shown[here].ldt);
    shown[here].gdt = shown[here].ldt = 0;
    descriptors_set_ldt(here, 0, 0);
}

/* ---- setting */

int gdt_set(struct vcpu *v, const uint64_t *frames, uint32_t entries)
{
    mfn_t fresh[GDT_FRAMES];
    unsigned n = frames_for(entries);
    for (unsigned i = 0; i < n; i++) {
        fresh[i] = mfn(frames[i]);
        int rc = frame_use(v->domain, fresh[i]);
        if (rc != 0) {
            frames_release(fresh, i);
            return rc;
        }
    }
    mfn_t old[GDT_FRAMES];
    unsigned n_old = frames_for(v->arch.gdt_entries);
    for (unsigned i = 0; i < n_old; i++)
        old[i] = v->arch.gdt[i];
    for (unsigned i = 0; i < n; i++)
        v->arch.gdt[i] = fresh[i];
    v->arch.gdt_entries = entries;
    if (v == current_vcpu())
        show_gdt(v);
    frames_release(old, n_old);
    return 0;
}

int ldt_take(const struct domain *d, mfn_t root, uint64_t address, uint32_t entries, mfn_t *frames)
{
    if (entries > LDT_FRAMES_MAX * ENTRIES_PER_FRAME || (address & ~PAGE_MASK) != 0)
        return -XEN_EINVAL;
    for (unsigned i = 0; i < frames_for(entries); i++) {
        mfn_t table;
        pte_t *slot = entry_find(root, address + i * PAGE_SIZE, &table);
        pte_t e = slot == NULL ? 0 : *slot;
        int rc = e & PTE_P ? frame_use(d, pte_mfn(e)) : -XEN_EINVAL;
        if (rc != 0) {
            frames_release(frames, i);
            return rc;
        }
        frames[i] = pte_mfn(e);
    }
    return 0;
}

void ldt_put(struct vcpu *v, uint64_t address, uint32_t entries, const mfn_t *frames)
{
    mfn_t old[LDT_FRAMES_MAX];
    unsigned n_old = frames_for(v->arch.ldt_entries);
    for (unsigned i = 0; i < n_old; i++)
        old[i] = v->arch.ldt[i];
    for (unsigned i = 0; i < frames_for(entries); i++)
        v->arch.ldt[i] = frames[i];
    v->arch.ldt_address = address;
    v->arch.ldt_entries = entries;
    if (v == current_vcpu())
        show_ldt(v);
    frames_release(old, n_old);
}

int ldt_set(struct vcpu *v, uint64_t address, uint32_t entries)
{
    mfn_t fresh[LDT_FRAMES_MAX];
    if (entries == 0)
        address = 0;
    int rc = ldt_take(v->domain, paddr_to_mfn(v->arch.root_kernel), address, entries, fresh);
    if (rc == 0)
        ldt_put(v, address, entries, fresh);
    return rc;
}

void descriptor_tables_release(struct vcpu *v)
{
    gdt_set(v, NULL, 0);
    ldt_put(v, 0, 0, NULL);
}

long do_set_gdt(uint64_t frames, uint64_t entries)
{
    struct vcpu *v = current_vcpu();
    uint64_t list[GDT_FRAMES];
    uint32_t n = (uint32_t)entries;
    if (n > FIRST_RESERVED_GDT_ENTRY)
        return -XEN_EINVAL;
    if (!copy_from_guest(list, vaddr(frames), frames_for(n) * sizeof(list[0])))
        return -XEN_EFAULT;
    lock(&v->domain->mm_lock);
    int rc = gdt_set(v, list, n);
    unlock(&v->domain->mm_lock);
    return rc;
}

/* One entry, in a descriptor table or in memory that may become one. */
long do_update_descriptor(uint64_t address, uint64_t descriptor)
{
    struct domain *d = current_vcpu()->domain;
    mfn_t m = paddr_to_mfn(address);
    int rc = -XEN_EINVAL;

    if (address % sizeof(descriptor) != 0 || !descriptor_check(&descriptor) || !frame_get(m, d))
        return -XEN_EINVAL;
    struct frame *f = frame_of(m);
    lock(&d->mm_lock);
    enum frame_type t = frame_is(f, TYPE_DESCRIPTORS) ? TYPE_DESCRIPTORS : TYPE_WRITABLE;
    if (frame_get_type(f, t) == 0) {
        uint64_t *slot = (uint64_t *)((char *)frame_map(m) + (address & ~PAGE_MASK));
        __atomic_store_n(slot, descriptor, __ATOMIC_RELAXED);
        frame_unmap(slot);
        frame_put_type(f);
        rc = 0;
    }
    unlock(&d->mm_lock);
    frame_put(f);
    return rc;
}
