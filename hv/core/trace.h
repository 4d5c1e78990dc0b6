/* SPDX-License-Identifier: MIT */
/*
 * What happened, in order, on each CPU: records in a ring of the kit's own (rings/lamport.h, one
 * lane), whose producer is that CPU. Always compiled in; off, a record costs one branch that is
 * predicted. A full ring loses the newest records, and counts them.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include "hv/core/arch.h"
#include "hv/core/types.h"

enum trace_kind {
    TRACE_HYPERCALL, /* number, first argument */
    TRACE_EXCEPTION, /* vector, address in the guest */
    TRACE_SCHEDULE,  /* domain << 16 | vcpu that goes, that comes; all ones: idle */
    TRACE_SEND,      /* port, result */
    TRACE_UPCALL,    /* address in the guest, 0 */
    TRACE_WAKE,      /* domain << 16 | vcpu, CPU */
    TRACE_KINDS,
};

struct trace_record {
    ns_t when;
    uint32_t kind, vcpu; /* vcpu: domain << 16 | vcpu that ran; all ones: none */
    uint64_t what[2];
};

struct vcpu;

extern uint8_t trace_on;

/* Rings for so many CPUs, if the options ask for them. */
void trace_init(uint32_t cpus);

/* Of a vcpu in records. */
uint32_t trace_name(const struct vcpu *v);

out_of_line void trace_record(enum trace_kind kind, uint64_t first, uint64_t second);

static inline void trace(enum trace_kind kind, uint64_t first, uint64_t second)
{
    if (unlikely(trace_on))
        trace_record(kind, first, second);
}

/* Empties the rings onto the console: `trace,<cpu>,<ns>,<kind>,<vcpu>,<what>,<what>` each. The
 * other CPUs stand still. */
void trace_dump(void);

#endif
