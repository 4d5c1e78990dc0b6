/* SPDX-License-Identifier: MIT */
/* The scheduler and its locks, for the files that embed it: schedule.c and schedule_control.c. */
#ifndef HV_SCHEDULE_LOCKS_H
#define HV_SCHEDULE_LOCKS_H

#include "hv/core/types.h"
#include "hv/core/vcpu.h"

extern struct sched sched;

/* Interrupts are off from then on; what is returned goes back to the unlocking one. The two may be
 * the same. */
bool schedule_lock_two(uint32_t a, uint32_t b);
void schedule_unlock_two(uint32_t a, uint32_t b, bool were_on);
bool schedule_lock_all(void);
void schedule_unlock_all(bool were_on);

/* The CPU that v is on, which may change until it is locked, and another one unless SCHED_NO_CPU.
 * Returns the first. */
uint32_t schedule_lock_with(const struct vcpu *v, uint32_t other, bool *were_on);

#endif
