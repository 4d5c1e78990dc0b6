/* SPDX-License-Identifier: MIT */
/* What of a vcpu is this processor's. */
#ifndef X86_ARCH_VCPU_H
#define X86_ARCH_VCPU_H

#include "hv/arch/x86_64/layout.h"
#include "hv/core/abi.h"
#include "hv/core/types.h"

#define RFLAGS_IOPL_SHIFT 12

#define GDT_FRAMES FIRST_RESERVED_GDT_PAGE
#define LDT_FRAMES_MAX 16

/* Where an exception goes; address 0: nowhere. */
struct guest_trap {
    uint64_t address;
    uint8_t level; /* the least privileged that may raise it by INT: 0 nobody .. 3 user too */
    bool disables_events;
};

/* A guest's entry point and whether events are masked on entering. */
struct guest_entry {
    uint64_t address;
    bool disables_events;
};

/* What the hypercall iret does besides, as bits of one byte, which costs one look. */
enum iret_also {
    IRET_UNMASKS_NMI = 1U << 0, /* from an NMI's delivery on */
    IRET_SETS_IOPL = 1U << 1,   /* VMASST_TYPE_architectural_iopl */
};

struct arch_vcpu {
    /*
     * The guest's kernel and its user programs both run in ring 3; which of them runs is what
     * SYSCALL and the hypercalls need to know.
     */
    bool in_kernel;
    bool task_switched; /* the guest's view of CR0.TS, and the processor's while it runs */
    bool nmi_pending;   /* atomic */
    uint8_t iret_also;  /* enum iret_also; atomic */
    uint8_t iopl;       /* the guest's; the processor's stays 0 */

    paddr_t root_kernel, root_user; /* page tables, as CR3 has them; root_user 0: none */
    uint64_t kernel_sp;             /* for entries from user mode */
    struct guest_entry event, failsafe, syscall, syscall32, sysenter, nmi;
    struct guest_trap *traps; /* 256 */

    struct cpu_user_regs regs; /* while it does not run; all of them, with ds, es, fs and gs */
    uint64_t fs_base, gs_base_kernel, gs_base_user;

    mfn_t gdt[GDT_FRAMES];
    uint32_t gdt_entries;
    uint64_t ldt_address;
    uint32_t ldt_entries;
    mfn_t ldt[LDT_FRAMES_MAX];

    uint64_t cr0, cr4; /* as the guest sees them */
    uint64_t debug[8]; /* 0..3, 6 and 7 */
    uint64_t xcr0;
    void *fpu;            /* a frame or more, in the form of XSAVE or FXSAVE */
    vaddr_t port_bitmap;  /* in guest memory; bit n: user programs may not use port n */
    uint32_t port_count;  /* of the bitmap; none beyond */
    uint32_t pci_address; /* written, for the data that is next (pci.h) */
    struct pmu_vcpu *pmu; /* performance counters; NULL: it never asked for any */
    uint32_t last_cpu;    /* whose segment and descriptor state may still be this vcpu's */
};

#endif
