/* SPDX-License-Identifier: MIT */
/* The time-stamp counter as a clock, and the local APIC's timer as an alarm. */
#ifndef X86_CLOCK_H
#define X86_CLOCK_H

#include "hv/core/types.h"

/* Measures both against a clock of known rate. */
void clock_init(void);

/* How long the time-stamp counter takes for so many ticks. */
ns_t clock_ticks(uint64_t ticks);

/* Busy, for starting processors and the like. */
void clock_delay(ns_t length);

#endif
