/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/tables.h"

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/descriptor_tables.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/core/abi.h"
#include "hv/core/assert.h"
#include "hv/core/domain.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

/* The guest's own bits: 9 to 11 and 53 to 58, as on Xen. */
#define OWN_BITS (PTE_AVAILABLE | 0x07e0000000000000UL)

/* Bits that an entry may have set; all others are refused. Global is taken away, not refused:
 * guests' translations must all go when page tables are switched. */
#define UPPER_ALLOWED                                                                         \
    (PTE_FRAME_MASK | PTE_P | PTE_RW | PTE_USER | PTE_PWT | PTE_PCD | PTE_A | PTE_D | PTE_G | \
     OWN_BITS | PTE_NX)
#define L1_ALLOWED (UPPER_ALLOWED | PTE_PAT)
#define CACHE_BITS (PTE_PWT | PTE_PCD | PTE_PAT)

/* What may change without a look at the frame: neither it nor the rights to it do. */
#define SAME_REFERENCE (PTE_FRAME_MASK | PTE_P | PTE_RW | CACHE_BITS)

static enum frame_type type_of_level(unsigned level)
{
    return (enum frame_type)(TYPE_L1 + level - 1);
}

/* What the processor is shown for what the guest wrote: its kernel runs in ring 3 too. */
static pte_t adjusted(pte_t e)
{
    return e & PTE_P ? (e | PTE_USER) & ~PTE_G : e;
}

/* ---- level 1 */

static out_of_line int device_get(const struct domain *d, mfn_t m)
{
    if (m.n >> (physical_bits - PAGE_SHIFT) != 0)
        return -XEN_EINVAL;
    return device_frame_allowed(d, m) ? 0 : -XEN_EPERM;
}

static inline __attribute__((always_inline)) int l1_get(pte_t e, struct table_owner o)
{
    if (!(e & PTE_P))
        return 0;
    if (unlikely(e & ~L1_ALLOWED))
        return -XEN_EINVAL;
    mfn_t m = pte_mfn(e);
    if (unlikely(!is_memory(m)))
        return device_get(o.frames == NULL ? o.tables : o.frames, m);
    /* Memory is cached as memory; only devices choose. */
    if (unlikely((e & CACHE_BITS) != 0))
        return -XEN_EINVAL;
    if (unlikely(o.frames == NULL || !frame_get(m, o.frames)))
        return -XEN_EBUSY;
    if ((e & PTE_RW) && unlikely(frame_get_writable(frame_of(m)) != 0)) {
        frame_put(frame_of(m));
        return -XEN_EBUSY;
    }
    return 0;
}

static inline __attribute__((always_inline)) void l1_put(pte_t e)
{
    if (!(e & PTE_P) || !is_memory(pte_mfn(e)))
        return;
    struct frame *f = frame_of(pte_mfn(e));
    if (e & PTE_RW)
        frame_put_writable(f);
    frame_put(f);
}

void l1_drop(pte_t e)
{
    l1_put(e);
}

/* ---- levels 2 to 4 */

/* A table that maps itself, to read: so kernels see all their tables. It refers to nothing else. */
static bool is_itself(pte_t e, mfn_t table)
{
    return pte_mfn(e).n == table.n && !(e & PTE_RW);
}

static int upper_get(pte_t e, struct domain *d, unsigned level, mfn_t table)
{
    if (!(e & PTE_P) || is_itself(e, table))
        return 0;
    if (e & ~UPPER_ALLOWED)
        return -XEN_EINVAL;
    if (!frame_get(pte_mfn(e), d))
        return -XEN_EINVAL;
    int rc = frame_get_type(frame_of(pte_mfn(e)), type_of_level(level - 1));
    if (rc != 0)
        frame_put(frame_of(pte_mfn(e)));
    return rc;
}

static int upper_put(pte_t e, mfn_t table)
{
    if (!(e & PTE_P) || is_itself(e, table))
        return 0;
    int rc = frame_put_type(frame_of(pte_mfn(e)));
    if (rc == 0)
        frame_put(frame_of(pte_mfn(e)));
    return rc;
}

static bool is_guest_slot(unsigned level, unsigned i)
{
    return level != 4 || i < HV_SLOT_FIRST || i >= HV_SLOT_FIRST + HV_SLOT_COUNT;
}

/* ---- whole tables: for frame.c */

unsigned arch_table_entries(enum frame_type t)
{
    return t == TYPE_DESCRIPTORS ? PAGE_SIZE / 8 : PT_ENTRIES;
}

static int check_l1(pte_t *table, struct domain *d, unsigned *done)
{
    struct table_owner o = {d, d};
    for (unsigned i = 0; i < PT_ENTRIES; i++) {
        int rc = l1_get(table[i], o);
        if (rc != 0) {
            *done = i;
            return rc;
        }
        pte_t to = adjusted(table[i]);
        if (to != table[i])
            table[i] = to;
    }
    *done = PT_ENTRIES;
    return 0;
}

static int check_upper(pte_t *table, struct frame *f, unsigned level, unsigned from, unsigned *done)
{
    for (unsigned i = from; i < PT_ENTRIES; i++) {
        *done = i;
        if (!is_guest_slot(level, i)) {
            table[i] = hv_l4[i];
            continue;
        }
        if (!(table[i] & PTE_P))
            continue;
        if (i != from && preempt_needed())
            return -XEN_ERESTART;
        int rc = upper_get(table[i], f->owner, level, frame_mfn(f));
        if (rc != 0)
            return rc;
        table[i] = adjusted(table[i]);
    }
    *done = PT_ENTRIES;
    return 0;
}

int arch_table_check(struct frame *f, enum frame_type t, unsigned from, unsigned *done)
{
    void *table = frame_map(frame_mfn(f));
    int rc;
    if (t == TYPE_L1)
        rc = check_l1(table, f->owner, done);
    else if (t == TYPE_DESCRIPTORS)
        rc = descriptors_check(table, done);
    else
        rc = check_upper(table, f, (unsigned)t - TYPE_L1 + 1, from, done);
    frame_unmap(table);
    return rc;
}

int arch_table_release(struct frame *f, enum frame_type t, unsigned from, unsigned *done)
{
    *done = 0;
    if (t == TYPE_DESCRIPTORS)
        return 0;
    const pte_t *table = frame_map(frame_mfn(f));
    unsigned level = (unsigned)t - TYPE_L1 + 1;
    int rc = 0;
    for (unsigned i = from; i-- > 0;) {
        if (level == 1) {
            l1_put(table[i]);
            continue;
        }
        if (!is_guest_slot(level, i) || !(table[i] & PTE_P))
            continue;
        *done = i + 1;
        if (i + 1 != from && preempt_needed())
            rc = -XEN_ERESTART;
        else
            rc = upper_put(table[i], frame_mfn(f));
        if (rc != 0)
            break;
        *done = 0;
    }
    frame_unmap((void *)table);
    return rc;
}

/* ---- single entries */

/* The processor may be setting A and D meanwhile, in a mapping that is not written to otherwise:
 * mm_lock is held. */
static inline void store_entry(pte_t *slot, pte_t to, enum entry_write how)
{
    if (how == ENTRY_SET) {
        __atomic_store_n(slot, to, __ATOMIC_RELEASE);
        return;
    }
    pte_t old = __atomic_load_n(slot, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(slot, &old, to | (old & (PTE_A | PTE_D)), true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

static int l1_replace_any(struct table_owner o, pte_t *slot, pte_t to, enum entry_write how)
{
    pte_t old = *slot;
    if (((old ^ to) & SAME_REFERENCE) == 0) {
        if (unlikely((to & PTE_P) && (to & ~L1_ALLOWED)))
            return -XEN_EINVAL;
        store_entry(slot, adjusted(to), how);
        return 0;
    }
    int rc = l1_get(to, o);
    if (unlikely(rc != 0))
        return rc;
    store_entry(slot, adjusted(to), how);
    l1_put(old);
    return 0;
}

/* Takes a reference back first. */
static int l1_replace_again(struct table_owner o, pte_t *slot, pte_t to, enum entry_write how,
                            struct frame *f)
{
    frame_put(f);
    return l1_replace_any(o, slot, to, how);
}

static int l1_freed(struct frame *f)
{
    frame_free(f);
    return 0;
}

/*
 * What almost all are: memory of the domain's, that was mapped writable before or is not to be now,
 * and nobody else changes its counts just then. Everything else starts over, the long way. All
 * calls are the last thing done, so that no register has to be saved for them.
 */
int l1_replace(struct table_owner o, pte_t *slot, pte_t to, enum entry_write how)
{
    pte_t old = *slot;
    mfn_t m = pte_mfn(to);
    if (unlikely(((to ^ PTE_P) & (~L1_ALLOWED | CACHE_BITS | PTE_P)) != 0 || how != ENTRY_SET ||
                 ((old ^ to) & SAME_REFERENCE) == 0 || !mfn_valid(m) || o.frames == NULL))
        return l1_replace_any(o, slot, to, how);

    struct frame *f = frame_of(m);
    int64_t count = __atomic_load_n(&f->count, __ATOMIC_RELAXED);
    if (unlikely(!count_is_of(count, o.frames) ||
                 !__atomic_compare_exchange_n(&f->count, &count, count + FRAME_REFERENCE, false,
                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        return l1_replace_any(o, slot, to, how);
    if (to & PTE_RW) {
        uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
        if (unlikely(x >> 32 != TYPE_WRITABLE_IDLE >> 32 || (uint32_t)x == TYPE_COUNT_MASK ||
                     !__atomic_compare_exchange_n(&f->type, &x, x + 1, false, __ATOMIC_ACQ_REL,
                                                  __ATOMIC_RELAXED)))
            return l1_replace_again(o, slot, to, how, f);
    }
    __atomic_store_n(slot, adjusted(to), __ATOMIC_RELEASE);

    if (!(old & PTE_P) || unlikely(!is_memory(pte_mfn(old))))
        return 0;
    f = frame_of(pte_mfn(old));
    if (old & PTE_RW)
        frame_put_writable(f);
    if (unlikely(__atomic_sub_fetch(&f->count, FRAME_REFERENCE, __ATOMIC_ACQ_REL) < 0))
        return l1_freed(f);
    return 0;
}

static int replace_upper(struct vcpu *v, struct domain *d, unsigned level, pte_t *slot, mfn_t table,
                         pte_t to, enum entry_write how)
{
    pte_t old = *slot;
    if (!is_guest_slot(level, (unsigned)((uint64_t)slot & ~PAGE_MASK) / sizeof(pte_t)))
        return -XEN_EINVAL;
    /* With its right to write an entry for the table itself would come to refer to something. */
    if (((old ^ to) & (PTE_FRAME_MASK | PTE_P)) == 0 && pte_mfn(to).n != table.n) {
        if ((to & PTE_P) && (to & ~UPPER_ALLOWED))
            return -XEN_EINVAL;
        store_entry(slot, adjusted(to), how);
        return 0;
    }
    int rc = upper_get(to, d, level, table);
    if (rc != 0)
        return rc;
    store_entry(slot, adjusted(to), how);
    if ((old & PTE_P) && !is_itself(old, table))
        table_put(v, frame_of(pte_mfn(old)));
    return 0;
}

int entry_replace(struct vcpu *v, struct table_owner o, unsigned level, pte_t *slot, mfn_t table,
                  pte_t to, enum entry_write how)
{
    if (likely(level == 1))
        return l1_replace(o, slot, to, how);
    return replace_upper(v, o.tables, level, slot, table, to, how);
}

void table_put(struct vcpu *v, struct frame *f)
{
    ASSERT(v->stale_table == NULL);
    if (frame_put_type(f) == 0)
        frame_put(f);
    else
        v->stale_table = f;
}

int stale_table_go_on(struct vcpu *v)
{
    struct frame *f = v->stale_table;
    int rc = frame_put_type(f);
    if (rc == 0) {
        v->stale_table = NULL;
        frame_put(f);
    }
    return rc;
}

int stale_table_finish_now(struct vcpu *v)
{
    struct domain *owner = v->stale_table->owner; /* there as long as its frame is */
    lock(&owner->mm_lock);
    int rc = stale_table_go_on(v);
    unlock(&owner->mm_lock);
    return rc;
}

pte_t *entry_find(mfn_t root, uint64_t address, mfn_t *table)
{
    if (unlikely(!address_canonical(address) ||
                 (address >= HYPERVISOR_VIRT_START && address < HYPERVISOR_VIRT_END)))
        return NULL;
    mfn_t at = root;
    for (unsigned level = 4; level > 1; level--) {
        pte_t *t = frame_map(at);
        pte_t e = t[pt_index(address, level)];
        frame_unmap(t);
        if (unlikely(!(e & PTE_P)))
            return NULL;
        at = pte_mfn(e);
    }
    *table = at;
    return (pte_t *)frame_map(at) + pt_index(address, 1);
}
