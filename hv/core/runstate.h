/* SPDX-License-Identifier: MIT */
/* What a vcpu's time has been spent in, and the clock that stands still while it does not run. */
#ifndef HV_RUNSTATE_H
#define HV_RUNSTATE_H

#include "hv/core/vcpu.h"

#include <xen/vcpu.h>

/* With the sched_lock of its CPU, or by the CPU that runs it. */
void runstate_set(struct vcpu *v, uint32_t state, ns_t now);

void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *info);

/* Writes the copy that the guest asked for, into the address space that is loaded. */
void runstate_publish(struct vcpu *v);

/* The virtual-time timer, and the periodic one, when their vcpu stops running and goes on. */
void virtual_timer_suspend(struct vcpu *v, ns_t now);
void virtual_timer_resume(struct vcpu *v, ns_t now);

#endif
