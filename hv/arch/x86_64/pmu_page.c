/* SPDX-License-Identifier: MIT */
/*
 * The registers in the page that a vcpu shares (xen/pmu.h, xen/arch-x86/pmu.h). Behind the fixed
 * part, AMD's are all counters and then all selectors; Intel's are the fixed counters, and then
 * pairs of counter and selector. A guest is told where each begins; what it makes of that is not
 * looked at.
 */
#include "hv/arch/x86_64/pmu_counters.h"

#include "hv/core/string.h"

/* Where, in bytes from the vendor's part. */
static uint32_t first_offset(const struct pmu_machine *m)
{
    return m->kind == PMU_AMD ? sizeof(struct xen_pmu_amd_ctxt) : sizeof(struct xen_pmu_intel_ctxt);
}

static uint32_t second_offset(const struct pmu_machine *m)
{
    unsigned words = m->kind == PMU_AMD ? m->n : m->n_fixed;
    return first_offset(m) + words * (uint32_t)sizeof(uint64_t);
}

_Static_assert(offsetof(struct xen_pmu_data, pmu.c) + sizeof(struct xen_pmu_intel_ctxt) +
                       PMU_FIXED_MAX * sizeof(uint64_t) +
                       PMU_COUNTERS_MAX * sizeof(struct xen_pmu_cntr_pair) <=
                   PAGE_SIZE,
               "all fits into the page");

/* Of the i-th counter and selector, in words of the register bank at first_offset(). */
static unsigned counter_word(const struct pmu_machine *m, unsigned i)
{
    return m->kind == PMU_AMD ? i : m->n_fixed + 2 * i;
}

static unsigned select_word(const struct pmu_machine *m, unsigned i)
{
    return m->kind == PMU_AMD ? m->n + i : m->n_fixed + 2 * i + 1;
}

#define BANK_WORDS (PMU_FIXED_MAX + 2 * PMU_COUNTERS_MAX)

static unsigned bank_words(const struct pmu_machine *m)
{
    return m->n_fixed + 2 * m->n;
}

void pmu_page_describe(const struct pmu_machine *m, struct xen_pmu_data *page)
{
    if (m->kind == PMU_AMD) {
        page->pmu.c.amd.counters = first_offset(m);
        page->pmu.c.amd.ctrls = second_offset(m);
    } else {
        page->pmu.c.intel.fixed_counters = first_offset(m);
        page->pmu.c.intel.arch_counters = second_offset(m);
    }
}

void pmu_page_put(const struct pmu_counters *p, struct xen_pmu_data *page)
{
    const struct pmu_machine *m = p->machine;
    uint64_t bank[BANK_WORDS];
    for (unsigned i = 0; i < m->n_fixed; i++)
        bank[i] = p->r.fixed[i];
    for (unsigned i = 0; i < m->n; i++) {
        bank[counter_word(m, i)] = p->r.counter[i];
        bank[select_word(m, i)] = p->r.select[i];
    }
    if (m->kind == PMU_INTEL) {
        struct xen_pmu_intel_ctxt *c = &page->pmu.c.intel;
        c->global_ctrl = p->r.global_control;
        c->global_ovf_ctrl = 0;
        c->global_status = p->r.status;
        c->fixed_ctrl = p->r.fixed_control;
        c->ds_area = 0;
        c->pebs_enable = 0;
        c->debugctl = 0;
    }
    memcpy((char *)&page->pmu.c + first_offset(m), bank, bank_words(m) * sizeof(bank[0]));
}

static bool bank_ok(const struct pmu_machine *m, uint64_t features, const uint64_t *bank)
{
    for (unsigned i = 0; i < m->n_fixed; i++) {
        if ((bank[i] & ~pmu_mask(m->fixed_width)) != 0)
            return false;
    }
    for (unsigned i = 0; i < m->n; i++) {
        if (!pmu_select_ok(m, features, bank[select_word(m, i)]))
            return false;
    }
    return true;
}

/* Stores to memory of these are not there to be used: 0 is all that they may be. */
static bool intel_ok(const struct pmu_machine *m, const struct xen_pmu_intel_ctxt *c)
{
    return pmu_global_ok(m, c->global_ctrl) && pmu_clear_ok(m, c->global_ovf_ctrl) &&
           pmu_fixed_control_ok(m, c->fixed_ctrl) && c->ds_area == 0 && c->pebs_enable == 0 &&
           c->debugctl == 0;
}

bool pmu_page_take(struct pmu_counters *p, uint64_t features, const struct xen_pmu_data *page)
{
    const struct pmu_machine *m = p->machine;
    struct xen_pmu_intel_ctxt c = {0};
    uint64_t bank[BANK_WORDS];
    memcpy(bank, (const char *)&page->pmu.c + first_offset(m), bank_words(m) * sizeof(bank[0]));
    if (m->kind == PMU_INTEL)
        memcpy(&c, &page->pmu.c.intel, sizeof(c));
    __asm__ volatile("" ::: "memory"); /* what is checked is what is used: nothing is read again */
    if (!bank_ok(m, features, bank) || !intel_ok(m, &c))
        return false;
    for (unsigned i = 0; i < m->n_fixed; i++)
        p->r.fixed[i] = bank[i];
    for (unsigned i = 0; i < m->n; i++) {
        p->r.counter[i] = bank[counter_word(m, i)] & pmu_mask(m->width);
        p->r.select[i] = bank[select_word(m, i)];
    }
    p->r.global_control = c.global_ctrl;
    p->r.fixed_control = c.fixed_ctrl;
    p->r.status &= ~c.global_ovf_ctrl;
    return true;
}
