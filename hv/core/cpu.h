/* SPDX-License-Identifier: MIT */
/* What a CPU can be asked to do: bits of its word `work`, which anyone may set. */
#ifndef HV_CPU_H
#define HV_CPU_H

#include "hv/core/types.h"

/* Done before it next returns to a guest. */
enum cpu_work {
    WORK_TIMERS = 1U << 0,     /* look for due timers */
    WORK_SCHEDULE = 1U << 1,   /* pick a vcpu */
    WORK_GUEST = 1U << 2,      /* the processor's own, for the vcpu that runs */
    WORK_CONSOLE = 1U << 3,    /* something was typed */
    WORK_TRACE = 1U << 4,      /* enough records wait */
    WORK_FORGET = 1U << 5,     /* what it keeps of one that ran last and is dying */
    WORK_INTERRUPTS = 1U << 6, /* devices' interrupts arrived */
};

#endif
