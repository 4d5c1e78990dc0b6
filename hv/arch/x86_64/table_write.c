/* SPDX-License-Identifier: MIT */
/*
 * The instructions by which kernels write entries: MOV, XCHG, CMPXCHG, AND, OR, XOR, and the bit
 * operations, of 1 to 8 bytes: compilers clear a flag in the byte that it is in. Decoding: Intel
 * SDM volume 2, appendix A; flags: volume 1, appendix A.
 */
#include "hv/arch/x86_64/table_write.h"

#include "hv/arch/x86_64/decode.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/lock.h"
#include "hv/core/vcpu.h"

#define FLAG_CF (1UL << 0)
#define FLAG_PF (1UL << 2)
#define FLAG_ZF (1UL << 6)
#define FLAG_SF (1UL << 7)
#define FLAG_OF (1UL << 11)

/* A register's lowest bytes, or its second one. */
struct operand {
    uint64_t *whole;
    unsigned shift;
};

/* What an instruction makes of an entry's bytes. */
struct effect {
    uint64_t value;          /* written */
    struct operand returned; /* the old value goes here; NULL: nowhere */
    uint64_t flags, flags_mask;
};

static uint64_t mask_of(unsigned size)
{
    return size == 8 ? ~0UL : (1UL << 8 * size) - 1;
}

/* Without REX, registers 4 to 7 of a byte are AH, CH, DH and BH. */
static struct operand operand_of(const struct instruction *in, struct cpu_user_regs *r)
{
    bool second = in->size == 1 && in->rex == 0 && in->reg >= 4;
    return second ? (struct operand){general_register(r, in->reg - 4U), 8}
                  : (struct operand){general_register(r, in->reg), 0};
}

/* 4 bytes clear the upper half of a register; fewer leave the rest alone. */
static void operand_write(struct operand o, uint64_t value, unsigned size)
{
    uint64_t kept = size >= 4 ? 0 : ~(mask_of(size) << o.shift);
    *o.whole = (*o.whole & kept) | value << o.shift;
}

static void logic_flags(struct effect *e, unsigned size)
{
    uint64_t value = e->value & mask_of(size);
    e->flags_mask = FLAG_CF | FLAG_PF | FLAG_ZF | FLAG_SF | FLAG_OF;
    e->flags = (value == 0 ? FLAG_ZF : 0) | (value >> (8 * size - 1) ? FLAG_SF : 0) |
               (__builtin_parity(value & 0xff) ? 0 : FLAG_PF);
}

static bool logic(struct effect *e, unsigned operation, uint64_t entry, uint64_t with,
                  unsigned size)
{
    switch (operation) { /* as in the opcodes' bits 3 to 5, and in ModRM of group 1 */
    case 1:
        e->value = entry | with;
        break;
    case 4:
        e->value = entry & with;
        break;
    case 6:
        e->value = entry ^ with;
        break;
    default:
        return false;
    }
    logic_flags(e, size);
    return true;
}

/* Numbers beyond the operand are part of its address, and so the fault's. */
static bool bit_operation(struct effect *e, unsigned operation, uint64_t entry, uint64_t number,
                          unsigned size)
{
    uint64_t bit = 1UL << (number & (8 * size - 1));
    switch (operation) { /* as in the opcodes' bits 3 to 5, and in ModRM of group 8 */
    case 5:
        e->value = entry | bit;
        break;
    case 6:
        e->value = entry & ~bit;
        break;
    case 7:
        e->value = entry ^ bit;
        break;
    default:
        return false;
    }
    e->flags_mask = FLAG_CF;
    e->flags = entry & bit ? FLAG_CF : 0;
    return true;
}

/* entry: what is there now, of so many bytes. false: not one of these instructions. */
static bool effect_of(const struct instruction *in, struct cpu_user_regs *r, uint64_t entry,
                      struct effect *e)
{
    struct operand operand = operand_of(in, r);
    uint64_t mask = mask_of(in->size);
    uint64_t source = *operand.whole >> operand.shift & mask;
    *e = (struct effect){.value = entry};
    switch (in->opcode) {
    case 0x88: /* mov r, m */
    case 0x89:
        e->value = source;
        return true;
    case 0xc6: /* mov imm, m */
    case 0xc7:
        e->value = in->immediate;
        return (in->reg & 7) == 0;
    case 0x86: /* xchg */
    case 0x87:
        e->value = source;
        e->returned = operand;
        return true;
    case 0x08: /* or, and, xor r, m */
    case 0x09:
    case 0x20:
    case 0x21:
    case 0x30:
    case 0x31:
        return logic(e, in->opcode >> 3 & 7, entry, source, in->size);
    case 0x80: /* the same, imm */
    case 0x81:
    case 0x83:
        return logic(e, in->reg & 7, entry, in->immediate, in->size);
    case 0x0fb0: /* cmpxchg */
    case 0x0fb1:
        e->flags_mask = FLAG_ZF;
        if (((r->rax ^ entry) & mask) == 0) {
            e->value = source;
            e->flags = FLAG_ZF;
        } else {
            e->returned = (struct operand){&r->rax, 0};
        }
        return true;
    case 0x0fab: /* bts, btr, btc r, m */
    case 0x0fb3:
    case 0x0fbb:
        return bit_operation(e, in->opcode >> 3 & 7, entry, source, in->size);
    case 0x0fba: /* the same, imm */
        return bit_operation(e, in->reg & 7, entry, in->immediate, in->size);
    default:
        return false;
    }
}

/* mm_lock is held. */
static bool write_entry(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in,
                        uint64_t address, pte_t *slot, mfn_t table)
{
    unsigned shift = (unsigned)(address & 7) * 8;
    uint64_t mask = mask_of(in->size) << shift;
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
    if (e.returned.whole != NULL)
        operand_write(e.returned, (old & mask) >> shift, in->size);
    r->rflags = (r->rflags & ~e.flags_mask) | e.flags;
    return true;
}

bool table_write(struct vcpu *v, struct cpu_user_regs *r, uint64_t address)
{
    if (!(v->domain->vm_assist & 1UL << VMASST_TYPE_writable_pagetables))
        return false;
    struct instruction in;
    if (!decode(&in, r->rip) || address % in.size != 0)
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
