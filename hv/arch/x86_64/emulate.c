/* SPDX-License-Identifier: MIT */
/* Decoding: Intel SDM volume 2, chapter 2 and appendix A. */
#include "hv/arch/x86_64/emulate.h"

#include "hv/arch/x86_64/debug_registers.h"
#include "hv/arch/x86_64/decode.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/ports.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/tables.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

/* ---- ports */

bool iopl_allows(const struct vcpu *v)
{
    unsigned level = !v->arch.in_kernel ? 3 : iopl_is_architectural(v) ? 0 : 1;
    return v->arch.iopl >= level;
}

/* Whether a guest may use ports at all, by its own rules: as a processor would with these. */
static bool port_allowed_by_guest(struct vcpu *v, uint16_t port, unsigned size)
{
    if (iopl_allows(v))
        return true;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte;
        uint32_t n = (uint32_t)port + i;
        if (n >= v->arch.port_count ||
            !copy_element_from_guest(&byte, v->arch.port_bitmap, n / 8, 1) || (byte >> n % 8 & 1))
            return false;
    }
    return true;
}

/* 0xe4..0xe7: the port is in the instruction; 0xec..0xef: in DX. Bit 0: wide; bit 1: out. */
static bool emulate_port(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in)
{
    uint16_t opcode = in->opcode;
    unsigned size = !(opcode & 1) ? 1 : in->operand_16 ? 2 : 4;
    uint16_t port = opcode & 8 ? (uint16_t)r->rdx : decode_byte(in);
    if (!port_allowed_by_guest(v, port, size))
        return false;
    if (opcode & 2) {
        guest_port_write(v, port, size, (uint32_t)r->rax);
    } else {
        uint32_t value = guest_port_read(v, port, size);
        if (size == 1)
            r->rax = (r->rax & ~0xffUL) | (value & 0xff);
        else if (size == 2)
            r->rax = (r->rax & ~0xffffUL) | (value & 0xffff);
        else
            r->rax = value;
    }
    return true;
}

/* ---- control and debug registers */

#define CR0_TS (1UL << 3)
#define CR4_TSD (1UL << 2)
#define CR4_PCE (1UL << 8)

static bool read_control(const struct vcpu *v, unsigned n, uint64_t *value)
{
    switch (n) {
    case 0:
        *value = v->arch.cr0 | (v->arch.task_switched ? CR0_TS : 0);
        return true;
    case 2:
        *value = v->info->arch.cr2;
        return true;
    case 3:
        *value = v->arch.root_kernel;
        return true;
    case 4:
        *value = v->arch.cr4;
        return true;
    default:
        return false;
    }
}

static bool write_control(struct vcpu *v, unsigned n, uint64_t value)
{
    switch (n) {
    case 0:
        if ((value ^ v->arch.cr0) & ~CR0_TS)
            return false;
        fpu_set_task_switched(v, (value & CR0_TS) != 0);
        return true;
    case 2:
        v->info->arch.cr2 = value;
        return true;
    case 3: {
        int rc = v->stale_table != NULL ? -XEN_EBUSY : 0;
        lock(&v->domain->mm_lock);
        while (rc == 0 && (rc = new_base(v, paddr_to_mfn(value))) == -XEN_ERESTART)
            rc = 0; /* an instruction cannot be continued; what it is for is in use already */
        while (v->stale_table != NULL)
            stale_table_go_on(v);
        unlock(&v->domain->mm_lock);
        return rc == 0;
    }
    case 4:
        /* What is on stays on and what is off stays off: those bits are the hypervisor's. But for
         * one. */
        pmu_guest_set_pce(v, (value & CR4_PCE) != 0);
        return true;
    default:
        return false;
    }
}

static bool emulate_move(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in)
{
    uint8_t modrm = decode_byte(in);
    unsigned special = (modrm >> 3 & 7) | (in->rex & REX_R ? 8 : 0);
    uint64_t *general = general_register(r, (modrm & 7) | (in->rex & REX_B ? 8 : 0));
    if (modrm >> 6 != 3)
        return false;
    switch (in->opcode) {
    case 0x0f20:
        return read_control(v, special, general);
    case 0x0f22:
        return write_control(v, special, *general);
    case 0x0f21: {
        long value = do_get_debugreg(special);
        if (special > 7)
            return false;
        *general = (uint64_t)value;
        return true;
    }
    default:
        return debug_register_set(v, special, *general) == 0;
    }
}

static bool emulate_msr(struct vcpu *v, struct cpu_user_regs *r, bool write)
{
    uint64_t value = r->rdx << 32 | (uint32_t)r->rax;
    if (write)
        return guest_write_msr(v, (uint32_t)r->rcx, value);
    if (!guest_read_msr(v, (uint32_t)r->rcx, &value))
        return false;
    r->rax = (uint32_t)value;
    r->rdx = value >> 32;
    return true;
}

/* Of user programs too, if their kernel lets them. */
static bool emulate_rdpmc(const struct vcpu *v, struct cpu_user_regs *r)
{
    uint64_t value;
    if (!pmu_guest_rdpmc(v, (uint32_t)r->rcx, &value))
        return false;
    r->rax = (uint32_t)value;
    r->rdx = value >> 32;
    return true;
}

/* XSETBV and the like. */
static bool emulate_group_7(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in)
{
    if (decode_byte(in) != 0xd1 || (uint32_t)r->rcx != 0)
        return false;
    return fpu_set_xcr0(v, r->rdx << 32 | (uint32_t)r->rax);
}

/* Of kernels alone. */
static bool emulate_kernel(struct vcpu *v, struct cpu_user_regs *r, struct instruction *in)
{
    switch (in->opcode) {
    case 0x0f01:
        return emulate_group_7(v, r, in);
    case 0x0f06: /* clts */
        fpu_set_task_switched(v, false);
        return true;
    case 0x0f08: /* invd */
    case 0x0f09: /* wbinvd */
        if (v->domain->privileged)
            __asm__ volatile("wbinvd" ::: "memory");
        return true;
    case 0x0f20:
    case 0x0f21:
    case 0x0f22:
    case 0x0f23:
        return emulate_move(v, r, in);
    case 0x0f30:
        return emulate_msr(v, r, true);
    case 0x0f32:
        return emulate_msr(v, r, false);
    default:
        return false;
    }
}

bool emulate_privileged(struct vcpu *v, struct cpu_user_regs *r)
{
    struct instruction in;
    if (!decode_opcode(&in, r->rip))
        return false;
    bool done;
    if ((in.opcode & 0xfff4) == 0xe4)
        done = emulate_port(v, r, &in);
    else if (in.opcode == 0xfa || in.opcode == 0xfb) /* cli and sti: allowed, and nothing changes */
        done = iopl_allows(v);
    else if (in.opcode == 0x0f33)
        done = emulate_rdpmc(v, r);
    else
        done = v->arch.in_kernel && emulate_kernel(v, r, &in);
    if (done)
        r->rip += in.length;
    return done;
}

bool emulate_forced(struct vcpu *v, struct cpu_user_regs *r)
{
    static const uint8_t sequence[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    uint8_t code[sizeof(sequence)];
    uint32_t first;

    /* Most are not: look at the start alone before anything else. */
    if (!copy_from_guest(&first, vaddr(r->rip), sizeof(first)) || first != 0x65780b0fU)
        return false;
    if (!copy_from_guest(code, vaddr(r->rip), sizeof(code)))
        return false;
    for (unsigned i = 0; i < sizeof(code); i++) {
        if (code[i] != sequence[i])
            return false;
    }
    guest_cpuid(v, (uint32_t)r->rax, (uint32_t)r->rcx, r);
    r->rip += sizeof(sequence);
    return true;
}
