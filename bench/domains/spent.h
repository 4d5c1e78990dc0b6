/* SPDX-License-Identifier: MIT */
/* How long the calling vcpu has run, as the hypervisor counts it. */
#ifndef BENCH_DOMAINS_SPENT_H
#define BENCH_DOMAINS_SPENT_H

#include "guest/hypercall.h"
#include "guest/power.h"
#include "guest/vcpu.h"

/* ns in which it ran, since it was made. */
static inline uint64_t spent_running(void)
{
    struct vcpu_runstate_info info = {0};
    long error = hypercall_vcpu_op(VCPUOP_get_runstate_info, vcpu_self()->id, &info);
    if (error)
        power_panic("running time: error %ld", error);
    return info.time[RUNSTATE_running];
}

#endif
