/* SPDX-License-Identifier: MIT */
/* Event channels of domains: the embedding of evtchn/. */
#ifndef HV_EVENTS_H
#define HV_EVENTS_H

#include "hv/core/types.h"

struct domain;
struct vcpu;

/* false: no memory; what there is of it, events_free() gives back. */
bool events_init(struct domain *d, uint32_t ports_max);
void events_free(struct domain *d);

/* The domain is dying. -XEN_ERESTART: call again. */
int events_close_all(struct domain *d);

void events_init_vcpu(struct vcpu *v);

/* A VIRQ for a vcpu (a domain's own go to vcpu 0). Any context without locks below event_lock. */
void events_raise_virq(struct vcpu *v, uint32_t virq);

/* v polls from now on, or does not any more: events that become pending, masked or not, wake it. */
void events_poll_begin(struct vcpu *v);
void events_poll_end(struct vcpu *v);

/*
 * Of the port of a device's interrupt. Any context without locks below event_lock.
 *   events_raise_pirq    makes it pending, if there is one
 *   events_pirq_vcpu     who is told, and whether it is pending already; NULL: there is no port.
 * The caller refers to the domain
 */
void events_raise_pirq(struct domain *d, uint32_t pirq);
struct vcpu *events_pirq_vcpu(struct domain *d, uint32_t pirq, bool *pending);

/* The domain has ended: its interrupts are masked and unmapped, its page for them is given back. */
void events_end_pirqs(struct domain *d);

/* PHYSDEVOP_eoi. -XEN_EINVAL: there is no such interrupt. */
int events_eoi(struct domain *d, uint32_t pirq);

/* PHYSDEVOP_pirq_eoi_gmfn_*. -XEN_EINVAL: not a frame that the domain may write; -XEN_EBUSY: it has
 * given one. */
int events_set_eoi_page(struct domain *d, mfn_t m, bool eoi_unmasks);

/* For sched_op's poll. */
bool events_is_pending(struct domain *d, uint32_t port);

/* The vcpu's flag and selector are in v->info from now on. The vcpu does not run, or calls. */
void events_move(struct vcpu *v);

#endif
