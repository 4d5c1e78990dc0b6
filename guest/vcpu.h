/* SPDX-License-Identifier: MIT */
/* What each virtual processor has of its own, found through its kernel GS base. */
#ifndef GUEST_VCPU_H
#define GUEST_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/trap.h"
#include "guest/xen.h"

#define VCPU_MAX XEN_LEGACY_MAX_VCPUS
#define VCPU_STACK_SIZE 16384

struct thread;

struct vcpu {
    struct vcpu *self; /* first: %gs:0 */
    unsigned id;
    struct vcpu_info *info;     /* shared with the hypervisor: access through the functions below */
    struct caught *catching;    /* innermost, NULL for none */
    struct user_state *in_user; /* who waits for user mode to end, NULL for none */
    struct thread *thread;      /* running now */
    void (*function)(void);     /* what a secondary vcpu executes */
    char *entry_stack;          /* VCPU_STACK_SIZE bytes for entries from user mode */
    char *stack;                /* as many that a secondary vcpu runs on */
};

extern struct vcpu vcpus[VCPU_MAX];

static inline struct vcpu *vcpu_self(void)
{
    struct vcpu *self;
    asm volatile("mov %%gs:0, %0" : "=r"(self));
    return self;
}

/* Sets up the calling vcpu, whose id is given; traps work from here on. */
void vcpu_init(unsigned id);

/*
 * Initialises vcpu `id` and brings it up: it runs `function` with upcalls masked and I/O level 1,
 * and goes down when that returns. 0, or the hypervisor's error. Once in each vcpu's life; a second
 * time only brings it up again where it went down.
 */
long vcpu_up(unsigned id, void (*function)(void));

/* 1, 0, or the hypervisor's error: -ENOENT where the domain has no such vcpu. */
long vcpu_is_up(unsigned id);

/* How many vcpus the domain has. */
unsigned vcpu_count(void);

/*
 * Upcalls, which are what interrupts are to a processor. vcpu_unmask() delivers what is pending
 * before it returns; vcpu_mask() answers whether they were masked already.
 */
bool vcpu_mask(void);
void vcpu_unmask(void);

static inline bool vcpu_masked(void)
{
    return __atomic_load_n(&vcpu_self()->info->evtchn_upcall_mask, __ATOMIC_RELAXED);
}

/* Is an upcall waiting for the mask to go? */
static inline bool vcpu_pending(void)
{
    return __atomic_load_n(&vcpu_self()->info->evtchn_upcall_pending, __ATOMIC_RELAXED);
}

#endif
