/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/decode.h"

#include "hv/core/guest_access.h"

uint64_t *general_register(struct cpu_user_regs *r, unsigned n)
{
    uint64_t *const all[] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
                             &r->rsi, &r->rdi, &r->r8,  &r->r9,  &r->r10, &r->r11,
                             &r->r12, &r->r13, &r->r14, &r->r15};
    return all[n];
}

/* Those that end before a page that is not there are read up to it. */
static void fetch(struct instruction *in, uint64_t rip)
{
    unsigned to_end = (unsigned)(PAGE_SIZE - (rip & ~PAGE_MASK));
    in->have = INSTRUCTION_MAX;
    if (copy_from_guest(in->bytes, vaddr(rip), in->have))
        return;
    in->have = min(to_end, (unsigned)INSTRUCTION_MAX);
    if (!copy_from_guest(in->bytes, vaddr(rip), in->have))
        in->have = 0;
}

uint8_t decode_byte(struct instruction *in)
{
    unsigned at = in->length++;
    return at < in->have ? in->bytes[at] : 0;
}

static bool is_prefix(struct instruction *in, uint8_t b)
{
    switch (b) {
    case 0x66:
        in->operand_16 = true;
        return true;
    case 0xf3:
    case 0xf2:
        in->repeated = true;
        return true;
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x26:
    case 0x64:
    case 0x65:
    case 0x67:
    case 0xf0:
        return true;
    default:
        return false;
    }
}

bool decode_opcode(struct instruction *in, uint64_t rip)
{
    *in = (struct instruction){.length = 0};
    fetch(in, rip);
    uint8_t b;
    do
        b = decode_byte(in);
    while (in->length <= in->have && is_prefix(in, b));
    if ((b & 0xf0) == 0x40) {
        in->rex = b;
        b = decode_byte(in);
    }
    in->opcode = b;
    if (b == 0x0f)
        in->opcode = (uint16_t)(0x0f00 | decode_byte(in));
    in->size = in->rex & REX_W ? 8 : in->operand_16 ? 2 : 4;
    return in->length <= in->have;
}

static void take_immediate(struct instruction *in, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)decode_byte(in) << (8 * i);
    /* Extended by its sign to the operand. */
    unsigned unused = 64 - 8 * bytes;
    in->immediate = (uint64_t)((int64_t)(v << unused) >> unused);
}

/* The address is known from the fault: its bytes are only passed over. */
static void take_modrm(struct instruction *in)
{
    uint8_t b = decode_byte(in);
    in->has_modrm = true;
    in->mod = b >> 6;
    in->reg = (uint8_t)((b >> 3 & 7) | (in->rex & REX_R ? 8 : 0));
    in->rm = (uint8_t)((b & 7) | (in->rex & REX_B ? 8 : 0));
    if (in->mod == 3)
        return;
    bool wide = in->mod == 2 || (in->mod == 0 && (b & 7) == 5);
    if ((b & 7) == 4) {
        uint8_t sib = decode_byte(in);
        wide = wide || (in->mod == 0 && (sib & 7) == 5);
    }
    in->length += wide ? 4 : in->mod == 1 ? 1 : 0;
}

bool decode(struct instruction *in, uint64_t rip)
{
    if (!decode_opcode(in, rip))
        return false;
    switch (in->opcode) {
    case 0x08:
    case 0x20:
    case 0x30:
    case 0x86:
    case 0x88:
    case 0x0fb0:
        in->size = 1;
        take_modrm(in);
        break;
    case 0x09:
    case 0x21:
    case 0x31:
    case 0x87:
    case 0x89:
    case 0x0fab:
    case 0x0fb1:
    case 0x0fb3:
    case 0x0fbb:
        take_modrm(in);
        break;
    case 0x80:
    case 0xc6:
        in->size = 1;
        take_modrm(in);
        take_immediate(in, 1);
        break;
    case 0x81:
    case 0xc7:
        take_modrm(in);
        take_immediate(in, in->size == 2 ? 2 : 4);
        break;
    case 0x83:
    case 0x0fba:
        take_modrm(in);
        take_immediate(in, 1);
        break;
    default:
        return false;
    }
    return in->mod != 3 && !in->repeated && in->length <= in->have;
}
