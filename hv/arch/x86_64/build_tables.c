/* SPDX-License-Identifier: MIT */
/* A fresh domain's page tables and first registers. */
#include "hv/arch/x86_64/cpu_local.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/build/plan.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_USER | PTE_A | PTE_D)

/* Where tables come from: frames of the domain, one after the other. */
struct pool {
    const uint64_t *list;
    uint64_t next, end; /* pfns */
};

static mfn_t take_table(struct pool *p)
{
    ASSERT(p->next < p->end);
    mfn_t m = mfn(p->list[p->next++]);
    void *table = frame_map(m);
    memset(table, 0, PAGE_SIZE);
    frame_unmap(table);
    return m;
}

static void map_page(mfn_t root, struct pool *pool, uint64_t address, pte_t entry)
{
    mfn_t at = root;
    for (unsigned level = 4; level > 1; level--) {
        pte_t *table = frame_map(at);
        pte_t *e = &table[pt_index(address, level)];
        if (!(*e & PTE_P))
            *e = pte_make(take_table(pool), TABLE_FLAGS);
        at = pte_mfn(*e);
        frame_unmap(table);
    }
    pte_t *table = frame_map(at);
    table[pt_index(address, 1)] = entry;
    frame_unmap(table);
}

void arch_build_tables(struct vcpu *v, const struct plan *p, const uint64_t *list)
{
    uint64_t first = (p->tables - p->v_start) >> PAGE_SHIFT;
    struct pool pool = {list, first, first + p->n_tables};
    mfn_t root = take_table(&pool);

    for (uint64_t a = p->v_start; a < p->v_end; a += PAGE_SIZE) {
        bool is_table = a >= p->tables && a < p->tables + (p->n_tables << PAGE_SHIFT);
        map_page(root, &pool, a,
                 pte_make(mfn(list[(a - p->v_start) >> PAGE_SHIFT]),
                          is_table ? TABLE_FLAGS & ~PTE_RW : TABLE_FLAGS));
    }
    if (p->list_apart) {
        struct pool apart = {list, p->list_tables_pfn, p->list_tables_pfn + p->list_tables};
        for (uint64_t i = 0; i < p->list_pages; i++)
            map_page(root, &apart, p->frame_list + (i << PAGE_SHIFT),
                     pte_make(mfn(list[p->list_pfn + i]), TABLE_FLAGS));
    }

    /* As if the guest had pinned it, and then loaded it. */
    lock(&v->domain->mm_lock);
    for (unsigned uses = 0; uses < 2; uses++) {
        if (!frame_get(root, v->domain) || frame_get_type(frame_of(root), TYPE_L4) != 0)
            panic("the control domain's own page tables are refused");
    }
    __atomic_fetch_or(&frame_of(root)->type, TYPE_PINNED, __ATOMIC_RELAXED);
    unlock(&v->domain->mm_lock);
    v->arch.root_kernel = mfn_to_paddr(root);
}

void arch_start_vcpu(struct vcpu *v, const struct plan *p, uint64_t entry)
{
    struct cpu_user_regs *r = &v->arch.regs;
    *r = (struct cpu_user_regs){0};
    r->rip = entry;
    r->rsi = p->start_info;
    r->rsp = p->stack + PAGE_SIZE;
    r->cs = GUEST_CS64;
    r->ss = GUEST_SS;
    r->rflags = RFLAGS_IF | RFLAGS_FIXED;
    v->arch.kernel_sp = r->rsp;
}
