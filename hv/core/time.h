/* SPDX-License-Identifier: MIT */
/* Clocks. */
#ifndef HV_TIME_H
#define HV_TIME_H

#include "hv/core/types.h"

struct vcpu;
struct domain;

/* Since boot; never goes back on a CPU. arch's. */
ns_t time_now(void);

/* This CPU's alarm interrupt comes at `when` (as soon as possible if that is past); NS_NEVER: does
 * not. It sets WORK_TIMERS. arch's. */
void arch_alarm_set(ns_t when);

/* The wall clock when system time was 0: seconds and nanoseconds since 1970. */
void wall_clock_set(uint64_t s, uint32_t ns);

/* Writes vcpu_info.time, and the copy that the guest asked for. arch's. */
void time_publish(struct vcpu *v);

/* Writes shared_info's wall clock. */
void wall_clock_publish(struct domain *d);

#endif
