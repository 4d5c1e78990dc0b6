/* SPDX-License-Identifier: MIT */
/*
 * What Ringside's hypervisor offers guests beyond Xen's public ABI. A guest tells by CPUID, in its
 * forced-emulation form: leaf RINGSIDE_CPUID_LEAF gives the version of this file in EAX and the
 * signature in EBX, ECX and EDX. Xen answers with something else.
 */
#ifndef RINGSIDE_PUBLIC_H
#define RINGSIDE_PUBLIC_H

#include <stdint.h>

#define RINGSIDE_CPUID_LEAF 0x40000100
#define RINGSIDE_SIGNATURE "RingsideRing" /* 12 bytes: EBX, ECX, EDX */
#define RINGSIDE_VERSION 1

/*
 * vcpu_op: a one-shot timer on the vcpu's virtual time, which goes on only while it runs
 * (runstate time[RUNSTATE_running]). After "Xen and the Art of Virtualization", section 3.3.2.
 * Raises VIRQ_RINGSIDE_VIRTUAL_TIMER, a VIRQ of the vcpu's own.
 */
#define VCPUOP_RINGSIDE_set_virtual_timer 0x5200  /* arg: struct ringside_virtual_timer */
#define VCPUOP_RINGSIDE_stop_virtual_timer 0x5201 /* arg: NULL */
struct ringside_virtual_timer {
    uint64_t timeout_abs_ns; /* in the vcpu's virtual time */
};

#define VIRQ_RINGSIDE_VIRTUAL_TIMER 16 /* VIRQ_ARCH_0 */

#endif
