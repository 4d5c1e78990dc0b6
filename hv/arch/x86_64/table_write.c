/* SPDX-License-Identifier: MIT */
/*
 * The instructions by which kernels write entries: MOV, XCHG, CMPXCHG, AND, OR, and the bit
 * operations (BTR clears accessed and writable bits), of 8 bytes, or of 4 at an entry's start or
 * middle. Decoding: Intel SDM volume 2, appendix A.
 */
#include "hv/arch/x86_64/table_write.h"

#include "hv/arch/x86_64/decode.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/lock.h"
#include "hv/core/vcpu.h"

#define FLAG_ZF (1UL << 6)
#define FLAG_CF (1UL << 0)

/* What an instruction makes of an entry. */
struct effect {
    uint64_t value;     /* written */
    uint64_t *returned; /* the old one goes here; NULL: nowhere */
    bool writes;
    uint64_t flags, flags_mask;
};

/* entry: what is there now, of so many bytes. false: not one of these instructions. */
static bool effect_of(struct instruction *in, struct cpu_user_regs *r, uint64_t entry,
                      struct effect *e)
{
    uint64_t source = in->has_modrm ? *general_register(r, in->reg) : 0;
    uint64_t mask = in->size == 8 ? ~0UL : 0xffffffffUL;
    *e = (struct effect){.writes = true};
    switch (in->opcode) {
    case 0x89: /* mov r, m */
        e->value = source;
        break;
    case 0xc7: /* mov imm, m */
        e->value = in->immediate;
        break;
    case 0x87: /* xchg */
        e->value = source;
        e->returned = general_register(r, in->reg);
        break;
    case 0x21: /* and r, m */
        e->value = entry & source;
        break;
    case 0x09: /* or r, m */
        e->value = entry | source;
        break;
    case 0x81:
    case 0x83:
        if ((in->reg & 7) == 1)
            e->value = entry | in->immediate;
        else if ((in->reg & 7) == 4)
            e->value = entry & in->immediate;
        else
            return false;
        break;
    case 0x0fb1: /* cmpxchg */
        e->flags_mask = FLAG_ZF;
        if (((r->rax ^ entry) & mask) == 0) {
            e->value = source;
            e->flags = FLAG_ZF;
        } else {
            e->value = entry;
            e->returned = &r->rax;
        }
        break;
    case 0x0fb3:   /* btr r, m */
    case 0x0fba: { /* btr, bts imm, m */
        uint64_t bit = in->opcode == 0x0fb3 ? source : in->immediate;
        if (bit >= in->size * 8)
            return false;
        bool set = in->opcode == 0x0fba && (in->reg & 7) == 5;
        if (in->opcode == 0x0fba && !set && (in->reg & 7) != 6)
            return false;
        e->value = set ? entry | 1UL << bit : entry & ~(1UL << bit);
        e->flags_mask = FLAG_CF;
        e->flags = entry >> bit & 1 ? FLAG_CF : 0;
        break;
    }
    default:
        return false;
    }
    e->value &= mask;
    return true;
}

/* mm_lock is held. */
static bool write_entry(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in,
                        uint64_t address, pte_t *slot, mfn_t table)
{
    unsigned shift = (unsigned)(address & 4) * 8;
    uint64_t mask = in->size == 8 ? ~0UL : 0xffffffffUL << shift;
    pte_t old = __atomic_load_n(slot, __ATOMIC_RELAXED);
    struct effect e;
    if (!effect_of(in, r, (old & mask) >> shift, &e))
        return false;
    pte_t to = (old & ~mask) | (e.value << shift & mask);
    struct table_owner o = {v->domain, v->domain};
    if (entry_replace(v, o, 1, slot, table, to, ENTRY_SET) != 0) {
        /* As a processor without the assist would have had it: in two halves, the first of which
         * alone may be wrong. Then it is not there until the second one is written. */
        if (in->size != 4 || !(to & PTE_P) ||
            entry_replace(v, o, 1, slot, table, to & ~PTE_P, ENTRY_SET) != 0)
            return false;
    }
    if (e.returned != NULL)
        *e.returned = (old & mask) >> shift;
    r->rflags = (r->rflags & ~e.flags_mask) | e.flags;
    return true;
}

bool table_write(struct vcpu *v, struct cpu_user_regs *r, uint64_t address)
{
    if (!(v->domain->vm_assist & 1UL << VMASST_TYPE_writable_pagetables))
        return false;
    struct instruction in;
    if (!decode(&in, r->rip) || (in.size != 8 && in.size != 4) || address % in.size != 0)
        return false;

    bool done = false;
    mfn_t table;
    lock(&v->domain->mm_lock);
    pte_t *mapping = entry_find(paddr_to_mfn(v->arch.root_kernel), address, &table);
    if (mapping != NULL) {
        mfn_t m = pte_mfn(*mapping);
        bool present = *mapping & PTE_P;
        frame_unmap(mapping);
        if (present && frame_get(m, v->domain)) {
            if (frame_is(frame_of(m), TYPE_L1)) {
                char *at = frame_map(m);
                done = write_entry(v, r, &in, address, (pte_t *)(at + (address & 0xff8)), m);
                frame_unmap(at);
            }
            frame_put(frame_of(m));
        }
    }
    unlock(&v->domain->mm_lock);
    if (done)
        r->rip += in.length;
    return done;
}
