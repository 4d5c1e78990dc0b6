/* SPDX-License-Identifier: MIT */
/*
 * Which vcpu runs where: the embedding of sched-bvt/, whose header says what is called with which
 * locks. Here a CPU's lock is taken with interrupts off.
 */
#ifndef HV_SCHEDULE_H
#define HV_SCHEDULE_H

#include "hv/core/domain.h"
#include "hv/core/types.h"
#include "hv/core/vcpu.h"

/* Chooses the policy (`sched=`) for so many CPUs. */
void schedule_init(uint32_t n);

/* From now on `record` is told of each call to the scheduler, with that call's locks held
 * (replay.h); NULL: nobody. No locks below those of run queues. */
void schedule_trace(void (*record)(void *arg, const struct sched_call *call));

/* Not runnable until it is unpaused. */
void schedule_add(struct vcpu *v);

/* One that is paused, and stays so: the policy forgets it. */
void schedule_remove(struct vcpu *v);

/* ---- schedule_control.c: what the control domain may change while vcpus run */

/* A parameter of the policy, by its name there; vcpu NULL: one of the whole scheduler. */
struct schedule_param {
    struct vcpu *vcpu;
    const char *name;
    uint64_t value;
};

/* All of them, in an order in which the policy takes them, or none. NULL, or why not: the policy's
 * message, which names the parameter and its range. At most SCHEDULE_PARAMS_MAX. */
#define SCHEDULE_PARAMS_MAX (3 * VCPUS_MAX)
const char *schedule_params_set(const struct schedule_param *params, uint32_t n);

/* false: the policy has no such parameter. */
bool schedule_param_get(const struct vcpu *v, const char *name, uint64_t *value);

/* The CPUs that it may run on, at least one that there is. If it is on another one it leaves that
 * as soon as it can. */
void schedule_set_affinity(struct vcpu *v, uint64_t affinity);

/* The set of all CPUs. */
uint64_t schedule_cpus(void);

/* The policy. */
const struct sched_policy *schedule_policy(void);

/* ---- */

/* This CPU picks, and goes on with what it picked: returns only if that is what it runs now.
 * Interrupts on, no locks. */
void schedule(void);

/* The current vcpu lets others go first. It goes on with return_to_guest. */
void schedule_yield(void);

/* The guest's virtual time so far: how long it has been running. */
ns_t vcpu_virtual_now(const struct vcpu *v, ns_t now);

/* What a CPU does that has no vcpu to run. */
noreturn void idle_loop(void);

/* All that has been asked of this CPU (enum cpu_work). Before it returns to a guest, or while idle;
 * interrupts are off on entry and on return. May go on with another vcpu instead. */
void cpu_do_work(void);

/* Asks a CPU for something (enum cpu_work), and interrupts it if it is not this one. */
void cpu_request(uint32_t cpu, uint32_t work);

/* The CPU that holds this vcpu's registers, or had them last. */
static inline uint32_t vcpu_cpu(const struct vcpu *v)
{
    return sched_cpu_of(&v->sched);
}

#endif
