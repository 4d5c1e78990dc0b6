/* SPDX-License-Identifier: MIT */
/* What page tables and vcpus of this processor refer to. */
#include "hv/core/audit.h"

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/machine_memory.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/core/arch.h"
#include "hv/core/vcpu.h"

void arch_audit_table(const struct frame *f, unsigned type, unsigned entries)
{
    const pte_t *table = frame_map(frame_mfn(f));
    for (unsigned i = 0; i < entries; i++) {
        if (!(table[i] & PTE_P))
            continue;
        if (type == TYPE_L4 && i >= HV_SLOT_FIRST && i < HV_SLOT_FIRST + HV_SLOT_COUNT)
            continue;
        bool is_itself =
            type != TYPE_L1 && mfn_eq(pte_mfn(table[i]), frame_mfn(f)) && !(table[i] & PTE_RW);
        if (is_memory(pte_mfn(table[i])) && !is_itself)
            audit_count(pte_mfn(table[i]), type != TYPE_L1 || (table[i] & PTE_RW));
    }
    frame_unmap((void *)table);
}

void arch_audit_vcpu(const struct vcpu *v)
{
    if (v->arch.root_kernel != 0)
        audit_count(paddr_to_mfn(v->arch.root_kernel), true);
    if (v->arch.root_user != 0)
        audit_count(paddr_to_mfn(v->arch.root_user), true);
    if (!mfn_is_none(pmu_shared_frame(v)))
        audit_count(pmu_shared_frame(v), true);
    for (unsigned i = 0; i * 512 < v->arch.gdt_entries; i++)
        audit_count(v->arch.gdt[i], true);
    for (unsigned i = 0; i * 512 < v->arch.ldt_entries; i++)
        audit_count(v->arch.ldt[i], true);
}
