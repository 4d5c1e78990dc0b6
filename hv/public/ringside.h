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

/*
 * event_channel_op: how events reach a domain, by an ABI of evtchn/abis.def but for `fifo`, which
 * is EVTCHNOP_init_control's to enter. Words of all of them lie in shared_info and vcpu_info, from
 * where they are for `2l` on; evtchn/memory.h says what they mean. Until EVTCHNOP_reset, or `fifo`.
 *
 * Of the domain that calls; of another, by the control domain (-EPERM, -ESRCH), which has to choose
 * before it makes ports there. 0: so it is, or was already. -EINVAL: no such ABI, or `fifo`.
 * -EBUSY: the domain has an open port, or is on `fifo`. -EFAULT: the argument.
 */
#define EVTCHNOP_RINGSIDE_set_abi 0x5200 /* arg: struct ringside_event_abi */
#define RINGSIDE_EVENT_ABI_NAME 14U      /* bytes, with the zero at the end */
struct ringside_event_abi {
    uint16_t domain; /* or DOMID_SELF */
    char name[RINGSIDE_EVENT_ABI_NAME];
};

/*
 * The hypercall for what Xen has no number for: an operation, and the address of its argument. Of
 * the control domain alone (-EPERM). -EFAULT: the argument; -ENOSYS: no such operation; and as said
 * at each.
 */
#define __HYPERVISOR_ringside 55 /* __HYPERVISOR_arch_7 */

/*
 * Tracing: a ring of records each CPU, which its own CPU fills and the control domain empties. What
 * has no room in a ring is lost, newest first, and counted.
 */
#define RINGSIDE_trace_set 0  /* arg: struct ringside_trace_set */
#define RINGSIDE_trace_read 1 /* arg: struct ringside_trace_read */

enum ringside_trace_kind {
    RINGSIDE_TRACE_HYPERCALL, /* number, first argument */
    RINGSIDE_TRACE_EXCEPTION, /* vector, address in the guest */
    RINGSIDE_TRACE_SCHEDULE,  /* vcpu that goes, that comes */
    RINGSIDE_TRACE_SEND,      /* port, result */
    RINGSIDE_TRACE_UPCALL,    /* address in the guest */
    RINGSIDE_TRACE_WAKE,      /* vcpu, CPU */
    /*
     * A call to the scheduler, complete (sched-bvt/replay.h: struct sched_call): now; value; kick;
     * vcpu | cpu << 32; other | chosen << 32; op | done << 8 | param << 16 | number << 32, all ones
     * being none. Numbers order the calls of all CPUs, modulo 2^32. If they begin with the
     * machine (option trace), the simulator can make all of them again.
     */
    RINGSIDE_TRACE_CALL,
    RINGSIDE_TRACE_KINDS
};

/* Vcpus, but for those in calls, are domain << 16 | vcpu; all ones: none. */
struct ringside_trace_record {
    uint64_t when; /* system time, ns */
    uint32_t kind;
    uint32_t vcpu; /* that was running */
    uint64_t what[6];
};

struct ringside_trace_set {
    uint32_t kinds; /* bit n: kind n is recorded; 0: nothing. Others: -EINVAL */
    /* VIRQ_TBUF is raised when so many wait in a ring, once until it is read; 0: never. More than a
     * ring holds: -EINVAL */
    uint32_t threshold;
}; /* -ENOMEM: there is no memory for the rings */

struct ringside_trace_read {
    uint64_t records; /* address of a ringside_trace_record[] */
    uint32_t n;       /* how many there is room for; out: how many were read */
    uint32_t cpu;     /* -ENOENT: there is none of this number, or nothing was ever traced */
    uint64_t lost;    /* out: of this CPU, since tracing began */
};                    /* -EFAULT: records that could not be written are read the next time */

/*
 * Scheduling: the parameters of whatever policy there is, by the names that it has for them
 * (sched-bvt/policies.def and the policies' files). Where Xen's interface knows a policy
 * (XEN_SYSCTL_sched_id), XEN_DOMCTL_scheduler_op is another way to the same parameters.
 *
 * -ENOENT: no such parameter; -ESRCH: no such domain; -EINVAL: no such vcpu; -ERANGE: the policy
 * refuses the value, and nothing was changed.
 */
#define RINGSIDE_sched_describe 2 /* arg: struct ringside_sched_param */
#define RINGSIDE_sched_set 3      /* arg: struct ringside_sched_value */
#define RINGSIDE_sched_get 4      /* likewise; of all vcpus, what the first one has */

/* What XEN_SYSCTL_sched_id gives for a policy that Xen has none like. */
#define RINGSIDE_SCHEDULER 0x5200

#define RINGSIDE_SCHED_NAME 16U /* bytes, with the zero at the end */
struct ringside_sched_param {
    uint32_t index;   /* in: from 0 on until -ENOENT */
    uint32_t of_vcpu; /* 1: each vcpu has its own; 0: there is one of the whole scheduler */
    uint64_t min, max, initial;
    char policy[RINGSIDE_SCHED_NAME];
    char name[RINGSIDE_SCHED_NAME];
    char unit[RINGSIDE_SCHED_NAME];
};

#define RINGSIDE_SCHED_WHOLE 0xffffffffU     /* a parameter of the whole scheduler */
#define RINGSIDE_SCHED_ALL_VCPUS 0xfffffffeU /* of the domain */
struct ringside_sched_value {
    uint16_t domain;
    uint16_t reserved;
    uint32_t vcpu; /* or RINGSIDE_SCHED_* */
    char name[RINGSIDE_SCHED_NAME];
    uint64_t value;
};

/* What others have asked of a CPU. -ENOENT: there is none of this number. */
#define RINGSIDE_cpu_counts 5 /* arg: struct ringside_cpu_counts */
struct ringside_cpu_counts {
    uint32_t cpu; /* in */
    uint32_t reserved;
    uint64_t flushes; /* interrupts to flush its TLB */
    uint64_t pokes;   /* interrupts to look at its work, or at its vcpu's events */
};

#endif
