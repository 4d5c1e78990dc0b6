/* SPDX-License-Identifier: MIT */
/* event_channel_op: what a guest asks for about its events. */
#include "hv/core/domain.h"
#include "hv/core/event_ops.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/vcpu.h"

union arguments {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_init_control init_control;
    struct evtchn_expand_array expand_array;
    struct evtchn_set_priority set_priority;
};

#define SIZE_OF(member) sizeof(((union arguments *)0)->member)

static long perform(struct domain *d, unsigned op, union arguments *a)
{
    switch (op) {
    case EVTCHNOP_alloc_unbound:
        return event_alloc_unbound(d, &a->alloc_unbound);
    case EVTCHNOP_bind_interdomain:
        return event_bind_interdomain(d, &a->bind_interdomain);
    case EVTCHNOP_bind_virq:
        return event_bind_virq(d, &a->bind_virq);
    case EVTCHNOP_bind_pirq:
        return event_bind_pirq(d, &a->bind_pirq);
    case EVTCHNOP_bind_ipi:
        return event_bind_ipi(d, &a->bind_ipi);
    case EVTCHNOP_close:
        return event_close(d, a->close.port);
    case EVTCHNOP_send:
        return event_send(d, a->send.port);
    case EVTCHNOP_status:
        return event_status(&a->status);
    case EVTCHNOP_bind_vcpu:
        return event_bind_vcpu(d, &a->bind_vcpu);
    case EVTCHNOP_unmask:
        return event_unmask(d, a->unmask.port);
    case EVTCHNOP_reset:
        return event_reset(&a->reset);
    case EVTCHNOP_init_control:
        return event_init_control(d, &a->init_control);
    case EVTCHNOP_expand_array:
        return event_expand_array(d, &a->expand_array);
    default:
        return event_set_priority(d, &a->set_priority);
    }
}

/* Sizes of arguments, and whether they carry a result back. */
static const struct {
    uint8_t size;
    bool has_result;
} operations[] = {
    [EVTCHNOP_bind_interdomain] = {SIZE_OF(bind_interdomain), true},
    [EVTCHNOP_bind_virq] = {SIZE_OF(bind_virq), true},
    [EVTCHNOP_bind_pirq] = {SIZE_OF(bind_pirq), true},
    [EVTCHNOP_close] = {SIZE_OF(close), false},
    [EVTCHNOP_send] = {SIZE_OF(send), false},
    [EVTCHNOP_status] = {SIZE_OF(status), true},
    [EVTCHNOP_alloc_unbound] = {SIZE_OF(alloc_unbound), true},
    [EVTCHNOP_bind_ipi] = {SIZE_OF(bind_ipi), true},
    [EVTCHNOP_bind_vcpu] = {SIZE_OF(bind_vcpu), false},
    [EVTCHNOP_unmask] = {SIZE_OF(unmask), false},
    [EVTCHNOP_reset] = {SIZE_OF(reset), false},
    [EVTCHNOP_init_control] = {SIZE_OF(init_control), true},
    [EVTCHNOP_expand_array] = {SIZE_OF(expand_array), false},
    [EVTCHNOP_set_priority] = {SIZE_OF(set_priority), false},
};

static out_of_line long extension(unsigned op, vaddr_t at)
{
    struct ringside_event_abi a;
    if (op != EVTCHNOP_RINGSIDE_set_abi)
        return -XEN_ENOSYS;
    if (!copy_from_guest(&a, at, sizeof(a)))
        return -XEN_EFAULT;
    return event_set_abi(&a);
}

static out_of_line long other_operation(unsigned op, vaddr_t at)
{
    struct domain *d = current_vcpu()->domain;
    union arguments a;

    if (op >= array_size(operations) || operations[op].size == 0)
        return extension(op, at);
    size_t size = operations[op].size;
    if (!copy_from_guest(&a, at, size))
        return -XEN_EFAULT;
    long rc = perform(d, op, &a);
    if (rc == -XEN_ERESTART)
        return hypercall_continue(__HYPERVISOR_event_channel_op, 2, (uint64_t)op, at.a);
    if (rc == 0 && operations[op].has_result && !copy_to_guest(at, &a, size))
        return -XEN_EFAULT;
    return rc;
}

long do_event_channel_op(uint64_t op, uint64_t argument)
{
    struct evtchn_send a;
    if (unlikely((unsigned)op != EVTCHNOP_send))
        return other_operation((unsigned)op, vaddr(argument));
    if (unlikely(!copy_from_guest(&a, vaddr(argument), sizeof(a))))
        return -XEN_EFAULT;
    return event_send(current_vcpu()->domain, a.port);
}
