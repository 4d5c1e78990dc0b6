/* SPDX-License-Identifier: MIT */
/* A virtual processor. */
#ifndef HV_VCPU_H
#define HV_VCPU_H

#include "evtchn/evtchn.h"
#include "hv/core/abi.h"
#include "hv/core/timer.h"
#include "hv/core/types.h"
#include "sched-bvt/sched.h"

#include <xen/vcpu.h>

#include "arch_vcpu.h" /* struct arch_vcpu; by include path */

struct domain;

/* Why a vcpu does not run, as bits; runnable is none. Changed with its CPU's sched_lock held. */
enum vcpu_pause {
    PAUSE_DOWN = 1U << 0,    /* not brought up, or brought down */
    PAUSE_BLOCKED = 1U << 1, /* until an event, or what it polls */
    PAUSE_SHUT = 1U << 2,    /* its domain is shut down */
    PAUSE_HELD = 1U << 3,    /* its domain is paused by the control domain */
    PAUSE_DYING = 1U << 4,   /* for good */
    PAUSE_CHANGE = 1U << 5,  /* while the control domain looks at it, or changes it */
};

struct vcpu {
    /* What each entry and exit looks at comes first. */
    struct vcpu_info *info; /* guest memory */
    struct arch_vcpu arch;

    struct domain *domain;
    uint32_t id;

    struct sched_vcpu sched;
    uint32_t pauses;        /* enum vcpu_pause */
    uint64_t soft_affinity; /* CPUs that it would like best; kept for the control domain */
    uint32_t switched;      /* 1 + the CPU that holds its registers; 0: none does; published */

    struct evtchn_vcpu events;
    mfn_t info_mfn;     /* of a registered vcpu_info; MFN_NONE: in shared_info */
    uint32_t poll_port; /* while it polls one; 0: none, or several */
    bool polling;       /* atomic */

    struct timer one_shot; /* VCPUOP_set_singleshot_timer and set_timer_op */
    struct timer periodic;
    ns_t period;
    struct timer poll_timer;
    struct timer virtual_timer; /* of virtual time; runs only while the vcpu does */
    ns_t virtual_deadline;      /* NS_NEVER: none */
    bool has_own_timers; /* the periodic or the virtual one was ever set; they stop with it */

    ns_t state_since; /* runstate */
    ns_t state_time[4];
    uint32_t state;        /* RUNSTATE_* */
    vaddr_t runstate_area; /* 0: none */
    vaddr_t time_area;
    ns_t time_due; /* when the guest's clock is to be published next */

    struct frame *stale_table; /* whose release was interrupted; finished before anything else */
};

/* NULL: no memory, or it exists. */
struct vcpu *vcpu_create(struct domain *d, uint32_t id);

void vcpu_pause(struct vcpu *v, uint32_t why);
void vcpu_unpause(struct vcpu *v, uint32_t why);

/* Returns when no CPU holds the registers of a vcpu that is paused, not the current one: they are
 * all in its structure then, until it is unpaused. Interrupts on, no locks. */
void vcpu_wait_stopped(const struct vcpu *v);

/*
 * It stops for good and is taken out of all that goes on by itself: the policy, timers, what a CPU
 * keeps of whom it ran last. Not the current one; interrupts on, no locks. What it uses of its
 * domain's memory is the caller's to give back, and others may still wake it, in vain, until its
 * domain's ports are closed; then vcpu_free() returns its own memory.
 */
void vcpu_destroy(struct vcpu *v);
void vcpu_free(struct vcpu *v);

/* Of one that was destroyed: its page tables, descriptor tables, vcpu_info. mm_lock.
 * -XEN_ERESTART: call again. */
int vcpu_release_frames(struct vcpu *v);

/* An event for it: if it blocks, it does not any more; if it runs elsewhere, it is interrupted. */
void vcpu_kick(struct vcpu *v);

/* It does not block or poll any more, whether it got what it waited for or not. */
void vcpu_poll_end(struct vcpu *v);

#endif
