/* SPDX-License-Identifier: MIT */
/*
 * The operations of event_channel_op, on arguments that are in the hypervisor's memory; and what
 * the files share that have them. Results are those of the ABI, xen/event_channel.h. No locks are
 * held.
 */
#ifndef HV_EVENT_OPS_H
#define HV_EVENT_OPS_H

#include "evtchn/evtchn.h"
#include "hv/core/types.h"
#include "hv/public/ringside.h"

#include <xen/event_channel.h>

struct domain;

/* ---- events.c */

int event_send(struct domain *d, uint32_t port);
int event_unmask(struct domain *d, uint32_t port);

/* Wakes whom an effect is about; D of the receiver may be held. */
void event_act_on(struct evtchn_effect effect, struct domain *receiver, uint32_t port);

/* ---- event_ports.c */

int event_alloc_unbound(struct domain *self, struct evtchn_alloc_unbound *a);
int event_bind_interdomain(struct domain *self, struct evtchn_bind_interdomain *a);
int event_bind_virq(struct domain *d, struct evtchn_bind_virq *a);
int event_bind_pirq(struct domain *d, struct evtchn_bind_pirq *a);
int event_bind_ipi(struct domain *d, struct evtchn_bind_ipi *a);
int event_bind_vcpu(struct domain *d, const struct evtchn_bind_vcpu *a);
int event_status(struct evtchn_status *a);
int event_close(struct domain *d, uint32_t port);
int event_reset(const struct evtchn_reset *a); /* -XEN_ERESTART: call again */

/* ---- event_abi.c */

int event_init_control(struct domain *d, struct evtchn_init_control *a);
int event_expand_array(struct domain *d, const struct evtchn_expand_array *a);
int event_set_priority(struct domain *d, const struct evtchn_set_priority *a);
int event_set_abi(const struct ringside_event_abi *a);

/* D(d). What was given for the FIFO ABI is looked at no more. */
void event_give_pages_back(struct domain *d);

#endif
