/* SPDX-License-Identifier: MIT */
/*
 * The only door between core/ and a processor. What core/ calls is declared here and defined under
 * arch/; the few that must cost nothing are inline, in the processor's own cpu.h.
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include "hv/core/types.h"
#include "hv/core/abi.h"

/* By include path: the processor's own, or that of the unit tests. arch_relax, arch_irq_save,
 * arch_irq_restore, arch_cpu_id, frame_map, frame_unmap. */
#include "arch_inline.h"

/* A character to the serial line. The caller holds the console lock. */
void arch_console_put(char c);

/* Calls that led here, with names. */
void arch_backtrace(void);

enum machine_end { MACHINE_POWEROFF, MACHINE_REBOOT, MACHINE_GUEST_CRASHED, MACHINE_PANICKED };

/* Any context. */
noreturn void arch_machine_end(enum machine_end how);

/* All other CPUs stop where they are. */
void arch_stop_others(void);

struct domain;
struct vcpu;

/* A fresh vcpu: its memory and registers. false: no memory. */
bool arch_vcpu_init(struct vcpu *v);
bool arch_vcpu_initialised(const struct vcpu *v);

/* Its registers and tables from, and to, a vcpu_guest_context in the caller's memory; v is not the
 * caller and does not run. set: with control_lock held, what it is then is in its flags; once it
 * was initialised, page tables and descriptor tables must be those that it has, -XEN_EOPNOTSUPP.
 * For both -XEN_EFAULT, -XEN_EINVAL, -XEN_ENOMEM, and set -XEN_ERESTART: call again. */
long arch_vcpu_context_set(struct vcpu *v, vaddr_t from);
long arch_vcpu_context_get(struct vcpu *v, vaddr_t to);

/* For VCPUOP_initialise. */
long arch_vcpu_initialise(struct vcpu *v, vaddr_t from);

/* Between the two nothing may use the guest's registers or memory. Interrupts off. */
void arch_vcpu_save(struct vcpu *v);
void arch_vcpu_load(struct vcpu *v);
noreturn void arch_run_vcpu(void);
/* This CPU uses no guest's page tables until it loads a vcpu. */
void arch_leave_guests(void);
noreturn void arch_go_idle(void);

/* Of a vcpu that is dying and that no CPU holds: returns when none keeps anything of it for its
 * next time. Interrupts on, no locks. Then its memory can go. arch_forget: for WORK_FORGET. */
void arch_vcpu_forget(struct vcpu *v);
void arch_forget(void);
void arch_vcpu_free(struct vcpu *v);

/* The page tables and descriptor tables that one that was destroyed uses. mm_lock. -XEN_ERESTART:
 * call again. */
int arch_vcpu_release(struct vcpu *v);

/* For WORK_GUEST; and what asks for it, from any CPU. */
void arch_guest_work(void);
void arch_vcpu_nmi(struct vcpu *v);

/* The rate of the counter that time is told by; and what the processor can do, as the ABI's
 * physinfo has it. */
uint32_t arch_clock_khz(void);
void arch_features(uint32_t words[8]);

/* Waits for an interrupt; the CPU has no work, which was found with interrupts off. */
void arch_wait(void);

/* How long a CPU has waited so, in all but the wait that it is in now. */
ns_t arch_idle_time(uint32_t cpu);

/* How often another CPU has interrupted this one: to flush its TLB, and as follows. */
void arch_cpu_counts(uint32_t cpu, uint64_t *flushes, uint64_t *asked);

/* Interrupts a CPU, so that it looks at its work and its vcpu's events. */
void arch_cpu_poke(uint32_t cpu);

/* The current vcpu's registers and stack, printed. */
void arch_show_guest(const struct vcpu *v);

/* The guest makes the hypercall again, with these arguments. */
void arch_hypercall_again(const uint64_t *arguments, unsigned n);

/* VMASST_TYPE_* that exist, as a set. */
uint64_t arch_vm_assists(void);

/* One of them is switched on or off for all of a domain's vcpus. */
void arch_vm_assist_set(struct domain *d, unsigned type, bool on);

/* For physdev_op: its level, 0 to 3; and the ports that its user programs may use: bit n of so
 * many, in guest memory: they may not use port n. */
void arch_set_iopl(struct vcpu *v, unsigned level);
void arch_set_port_bitmap(struct vcpu *v, vaddr_t bitmap, uint32_t ports);

/* For VCPUOP_get_physid. */
uint64_t arch_physical_id(uint32_t vcpu);

/*
 * Entries of page tables that v, which runs here, has of frames that it was granted. flags:
 * GNTMAP_*. `where` is an address in v's page tables, or with GNTMAP_contains_pte an entry's own
 * address in the machine. false: there is no such entry, or another one than is expected; nothing
 * changed.
 *
 *   map       the frame; the caller's reference to it, and writable use, become the entry's
 *   unmap     what maps the frame so; *entry is what it was
 *   replace   the same, and the entry of the address `from` moves there; the flush is the caller's
 */
struct vcpu;
bool arch_grant_map(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m);
bool arch_grant_unmap(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m, uint64_t *entry);
bool arch_grant_replace(struct vcpu *v, uint64_t where, uint64_t from, uint32_t flags, mfn_t m,
                        uint64_t *entry);

/* No CPU knows the entry any more: what it referred to is given back. */
void arch_grant_entry_put(uint64_t entry);

/* A part of a frame is written back from all caches, and is in none. */
void arch_cache_write_back(mfn_t m, unsigned offset, unsigned length);

/* The machine-to-physical table. */
void arch_m2p_set(mfn_t m, uint64_t pfn);
uint64_t arch_m2p(mfn_t m);

/* The frames that hold it, 2 MiB each, in order. MFN_NONE: no more. */
mfn_t arch_m2p_extent(uint32_t n);

/* Whether any of these frames or ports belongs to a device that the hypervisor keeps. */
bool arch_device_frames_reserved(mfn_t first, mfn_t last);
bool arch_ports_reserved(uint32_t first, uint32_t last);

/* Tell audit_count() what is referred to by a table's first entries, and by a vcpu. */
struct frame;
void arch_audit_table(const struct frame *f, unsigned type, unsigned entries);
void arch_audit_vcpu(const struct vcpu *v);

/* ---- for hv/build */

struct plan;

uint32_t arch_cpu_count(void);

/* A module's bytes, where the boot loader put them. */
const void *arch_boot_memory(paddr_t a);

/* The domain's first page tables, in the frames of the plan; list: its mfns. In use and pinned. */
void arch_build_tables(struct vcpu *v, const struct plan *p, const uint64_t *list);

/* Registers at the kernel's entry. */
void arch_start_vcpu(struct vcpu *v, const struct plan *p, uint64_t entry);

void arch_hypercall_page_fill(void *page);

#endif
