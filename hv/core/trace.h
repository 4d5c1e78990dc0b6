/* SPDX-License-Identifier: MIT */
/*
 * What happened, in order, on each CPU: records in a ring of the kit's own (rings/lamport.h, one
 * lane), whose producer is that CPU. Always compiled in; off, a record costs one branch that is
 * predicted. A full ring loses the newest records, and counts them.
 *
 * What is in a record, and how the control domain gets them, is in hv/public/ringside.h.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include "hv/core/arch.h"
#include "hv/core/types.h"
#include "hv/public/ringside.h"

enum trace_kind {
    TRACE_HYPERCALL = RINGSIDE_TRACE_HYPERCALL,
    TRACE_EXCEPTION = RINGSIDE_TRACE_EXCEPTION,
    TRACE_SCHEDULE = RINGSIDE_TRACE_SCHEDULE,
    TRACE_SEND = RINGSIDE_TRACE_SEND,
    TRACE_UPCALL = RINGSIDE_TRACE_UPCALL,
    TRACE_WAKE = RINGSIDE_TRACE_WAKE,
};

struct vcpu;
struct sched_call;

/* Anything is recorded; which kinds are is looked at then. */
extern uint8_t trace_on;

/* Rings for so many CPUs, if the options ask for them. Before there are vcpus. */
void trace_init(uint32_t cpus);

/* Of a vcpu in records. */
out_of_line uint32_t trace_name(const struct vcpu *v);

out_of_line void trace_record(enum trace_kind kind, uint64_t first, uint64_t second);

/* What is recorded is only found out when somebody asks for it. */
#define trace(kind, first, second)             \
    do {                                       \
        if (unlikely(trace_on))                \
            trace_record(kind, first, second); \
    } while (0)

/* For WORK_TRACE: as many records wait as the control domain wants to be told of. */
void trace_tell(void);

/*
 * Empties the rings onto the console, if the options ask for it: `trace,<cpu>,<ns>,<kind>,<vcpu>,
 * <what>,<what>` each; calls to the scheduler as `calls: ` and a line of the file that
 * bench/sim/calls.h describes. The other CPUs stand still.
 */
void trace_dump(void);

#endif
