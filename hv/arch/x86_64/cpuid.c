/* SPDX-License-Identifier: MIT */
/*
 * The processor as guests see it through the forced-emulation form of CPUID, and its MSRs.
 *
 * Plain CPUID cannot be had by the hypervisor and shows the processor as it is; kernels made for
 * the ABI use the other form. What the hypervisor does not let them use is not in it.
 */
#include "hv/arch/x86_64/descriptors.h"
#include "hv/arch/x86_64/emulate.h"
#include "hv/arch/x86_64/fpu.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/pte.h"
#include "hv/arch/x86_64/traps.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"
#include "hv/public/ringside.h"

#include <xen/arch-x86/cpuid.h>

#define BIT(n) (1U << (n))

/* Leaf 1. EDX: VME, PSE, MCE, MTRR, PGE, MCA, PSE-36, PN, DS, ACPI, HT, TM, PBE; and SEP, which is
 * 32-bit kernels'. ECX: MONITOR, DTES64, DS-CPL, VMX, SMX, EST, TM2, xTPR, PDCM, PCID, DCA, x2APIC,
 * TSC-deadline. */
#define HIDE_1_D                                                                            \
    (BIT(1) | BIT(3) | BIT(7) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(18) | \
     BIT(21) | BIT(22) | BIT(28) | BIT(29) | BIT(31))
#define HIDE_1_C                                                                                  \
    (BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(14) | BIT(15) | BIT(17) | \
     BIT(18) | BIT(21) | BIT(24))
#define SHOW_1_C_HYPERVISOR BIT(31)
#define SHOW_1_C_OSXSAVE BIT(27)
#define SHOW_1_C_XSAVE (BIT(26) | BIT(27) | BIT(12) | BIT(28) | BIT(29)) /* and FMA, AVX, F16C */

/* Leaf 7. EBX: FSGSBASE, TSC_ADJUST, SMEP, INVPCID, RTM, PQM, MPX, RDT, SMAP, PT. ECX: UMIP, PKU,
 * OSPKE, LA57, RDPID. */
#define HIDE_7_B \
    (BIT(0) | BIT(1) | BIT(7) | BIT(10) | BIT(11) | BIT(12) | BIT(14) | BIT(15) | BIT(20) | BIT(25))
#define HIDE_7_C (BIT(2) | BIT(3) | BIT(4) | BIT(16) | BIT(22))

/* Leaf 0x80000001. EDX: PSE, MCE, MTRR, PGE, MCA, PSE-36, 1 GiB pages, RDTSCP. ECX: SVM, extended
 * APIC, OSVW, IBS, SKINIT, WDT, LWP, NodeID, topology, performance counters. */
#define HIDE_E1_D \
    (BIT(1) | BIT(3) | BIT(7) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(26) | BIT(27))
#define HIDE_E1_C                                                                           \
    (BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(19) | BIT(22) | \
     BIT(23) | BIT(24))

#define SHOW_E1_C_PERFCTR_CORE BIT(23)

#define CR4_PAE (1UL << 5)
#define CR4_OSFXSR (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_OSXSAVE (1UL << 18)

uint64_t guest_cr4(void)
{
    return CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (fpu_features != 0 ? CR4_OSXSAVE : 0);
}

#define MSR_HYPERCALL_PAGE 0x40000000

static struct cpuid signature(const char *text, uint32_t highest)
{
    struct cpuid c = {.a = highest};
    memcpy(&c.b, text, 4);
    memcpy(&c.c, text + 4, 4);
    memcpy(&c.d, text + 8, 4);
    return c;
}

/* 0x40000000 and on: the ABI's own (arch-x86/cpuid.h), and this hypervisor's. */
static struct cpuid hypervisor_leaf(const struct vcpu *v, uint32_t leaf)
{
    switch (leaf) {
    case 0x40000000:
        return signature("XenVMMXenVMM", 0x40000000 + 3);
    case 0x40000001:
        return (struct cpuid){.a = 4U << 16 | 17};
    case 0x40000002:
        /* One page of hypercalls, by this MSR. */
        return (struct cpuid){
            .a = 1, .b = MSR_HYPERCALL_PAGE, .c = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD};
    case 0x40000003:
        (void)v;
        return (struct cpuid){.a = 0};
    case RINGSIDE_CPUID_LEAF:
        return signature(RINGSIDE_SIGNATURE, RINGSIDE_VERSION);
    default:
        return (struct cpuid){0};
    }
}

static struct cpuid machine_leaf(const struct vcpu *v, uint32_t leaf, uint32_t subleaf)
{
    struct cpuid c = cpuid(leaf, subleaf);
    switch (leaf) {
    case 1:
        c.d &= ~HIDE_1_D;
        c.c &= ~HIDE_1_C;
        c.c |= SHOW_1_C_HYPERVISOR;
        c.b = (c.b & 0xffff) | v->id << 25;
        if (fpu_features == 0)
            c.c &= ~SHOW_1_C_XSAVE;
        else
            c.c |= SHOW_1_C_OSXSAVE;
        break;
    case 5: /* MONITOR */
    case 6: /* power */
        c = (struct cpuid){0};
        break;
    case 0xa:
        pmu_guest_leaf(&c.a, &c.b, &c.c, &c.d);
        break;
    case 7:
        c.b &= ~HIDE_7_B;
        c.c &= ~HIDE_7_C;
        break;
    case 0xd:
        if (fpu_features == 0)
            c = (struct cpuid){0};
        else if (subleaf == 0) {
            c.a &= (uint32_t)fpu_features;
            c.d &= (uint32_t)(fpu_features >> 32);
        } else if (subleaf == 1)
            c.a &= 1; /* XSAVEOPT; compaction and supervisor state are not for guests */
        break;
    case 0x80000001:
        c.d &= ~HIDE_E1_D;
        c.c &= ~HIDE_E1_C;
        if (pmu_guest_has_extended())
            c.c |= SHOW_E1_C_PERFCTR_CORE;
        break;
    default:
        break;
    }
    return c;
}

void guest_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, struct cpu_user_regs *r)
{
    struct cpuid c =
        leaf >> 16 == 0x4000 ? hypervisor_leaf(v, leaf) : machine_leaf(v, leaf, subleaf);
    r->rax = c.a;
    r->rbx = c.b;
    r->rcx = c.c;
    r->rdx = c.d;
}

/* ---- MSRs */

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_UCODE_REV 0x8b
#define MSR_MTRRCAP 0xfe
#define MSR_MISC_ENABLE 0x1a0
#define MSR_PAT 0x277

#define EFER_GUEST 0xd01UL /* SCE, LME, LMA, NXE: what they find on */
#define PAT_RESET 0x0007040600070406UL
#define APIC_BASE_BSP (1UL << 8)
#define APIC_BASE_ENABLE (1UL << 11)

bool guest_read_msr(const struct vcpu *v, uint32_t msr, uint64_t *value)
{
    switch (msr) {
    case MSR_FS_BASE:
        *value = read_msr(MSR_FS_BASE);
        return true;
    case MSR_GS_BASE:
        *value = read_msr(MSR_GS_BASE);
        return true;
    case MSR_GS_SHADOW:
        *value = read_msr(MSR_GS_SHADOW);
        return true;
    case MSR_EFER:
        *value = EFER_GUEST;
        return true;
    case MSR_TSC:
        *value = read_tsc();
        return true;
    case MSR_APIC_BASE:
        *value = 0xfee00000UL | APIC_BASE_ENABLE | (v->id == 0 ? APIC_BASE_BSP : 0);
        return true;
    case MSR_PAT:
        *value = PAT_RESET;
        return true;
    case MSR_UCODE_REV:
    case MSR_MTRRCAP:
    case MSR_MISC_ENABLE:
        *value = 0;
        return true;
    default:
        return pmu_guest_read_msr(v, msr, value);
    }
}

/* The page's frame; its low bits are its number, of one. */
static bool write_hypercall_page(struct domain *d, uint64_t value)
{
    mfn_t m = paddr_to_mfn(value);
    if ((value & ~PAGE_MASK) != 0 || !frame_get(m, d))
        return false;
    bool good = frame_get_writable(frame_of(m)) == 0;
    if (good) {
        void *page = frame_map(m);
        arch_hypercall_page_fill(page);
        frame_unmap(page);
        frame_put_writable(frame_of(m));
    }
    frame_put(frame_of(m));
    return good;
}

bool guest_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_GS_SHADOW:
        if (!address_canonical(value))
            return false;
        write_msr(msr, value);
        return true;
    case MSR_HYPERCALL_PAGE:
        return write_hypercall_page(v->domain, value);
    case MSR_EFER:
        return value == EFER_GUEST;
    case MSR_PAT:
        return value == PAT_RESET;
    case MSR_UCODE_REV:
    case MSR_MISC_ENABLE:
        return true;
    default:
        return pmu_guest_write_msr(v, msr, value);
    }
}
