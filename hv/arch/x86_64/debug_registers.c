/* SPDX-License-Identifier: MIT */
/*
 * A guest's breakpoints work in its own part of the address space only, and are in the processor
 * only while it runs: the hypervisor is never stopped by them but where it touches such an address
 * for the guest, which traps.c ignores.
 */
#include "hv/arch/x86_64/debug_registers.h"

#include "hv/arch/x86_64/pte.h"
#include "hv/core/abi.h"
#include "hv/core/arch.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

#define DR6_RESET 0xffff0ff0UL
#define DR7_RESET 0x00000400UL
#define DR7_ENABLED 0x000000ffUL
#define DR7_GENERAL_DETECT (1UL << 13)
#define DR7_IO 2UL /* as a breakpoint's kind: needs CR4.DE, and devices are not guests' */

#define write_dr(n, v) __asm__ volatile("mov %0, %%db" #n ::"r"(v))

void debug_registers_reset(struct vcpu *v)
{
    v->arch.debug[6] = DR6_RESET;
    v->arch.debug[7] = DR7_RESET;
}

void debug_registers_leave(const struct vcpu *v)
{
    if (v->arch.debug[7] & DR7_ENABLED)
        write_dr(7, DR7_RESET);
}

void debug_registers_enter(const struct vcpu *v)
{
    if (!(v->arch.debug[7] & DR7_ENABLED))
        return;
    write_dr(0, v->arch.debug[0]);
    write_dr(1, v->arch.debug[1]);
    write_dr(2, v->arch.debug[2]);
    write_dr(3, v->arch.debug[3]);
    write_dr(6, v->arch.debug[6]);
    write_dr(7, v->arch.debug[7]);
}

static bool control_ok(uint64_t value)
{
    if (value & DR7_GENERAL_DETECT)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        if ((value >> (2 * i) & 3) != 0 && (value >> (16 + 4 * i) & 3) == DR7_IO)
            return false;
    }
    return true;
}

/* Without CR4.DE, which guests have not, 4 and 5 are other names of 6 and 7. */
static unsigned unaliased(uint64_t reg)
{
    return (unsigned)(reg == 4 || reg == 5 ? reg + 2 : min(reg, 8UL));
}

/* What the register comes to hold. */
static long check(unsigned reg, uint64_t *to)
{
    uint64_t value = *to;
    if (reg <= 3) {
        if (!address_canonical(value) ||
            (value >= HYPERVISOR_VIRT_START && value < HYPERVISOR_VIRT_END))
            return -XEN_EPERM;
    } else if (reg == 6) {
        value = (value & 0xe00fUL) | DR6_RESET;
    } else if (reg == 7) {
        if (value >> 32 != 0)
            return -XEN_EINVAL;
        if (!control_ok(value))
            return -XEN_EPERM;
        value = (value & 0xffff23ffUL) | DR7_RESET;
    } else {
        return -XEN_ENODEV;
    }
    *to = value;
    return 0;
}

long debug_register_keep(struct vcpu *v, unsigned reg, uint64_t value)
{
    reg = unaliased(reg);
    long rc = check(reg, &value);
    if (rc == 0)
        v->arch.debug[reg] = value;
    return rc;
}

long debug_register_set(struct vcpu *v, unsigned reg, uint64_t value)
{
    reg = unaliased(reg);
    long rc = check(reg, &value);
    if (rc != 0)
        return rc;
    uint64_t enabled = (v->arch.debug[7] | (reg == 7 ? value : 0)) & DR7_ENABLED;
    v->arch.debug[reg] = value;
    if (enabled != 0) {
        if (!(v->arch.debug[7] & DR7_ENABLED))
            write_dr(7, DR7_RESET);
        debug_registers_enter(v);
    }
    return 0;
}

long do_set_debugreg(uint64_t reg, uint64_t value)
{
    return debug_register_set(current_vcpu(), unaliased(reg), value);
}

long do_get_debugreg(uint64_t reg)
{
    const struct vcpu *v = current_vcpu();
    unsigned n = unaliased(reg);
    return n < 8 ? (long)v->arch.debug[n] : -XEN_ENODEV;
}
