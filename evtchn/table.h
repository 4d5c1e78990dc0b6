/* SPDX-License-Identifier: MIT */
/* The port table: which ports there are, and which of them are closed; and vcpus by number. Within
 * the module. */
#ifndef EVTCHN_TABLE_H
#define EVTCHN_TABLE_H

#include "abi.h"

/* NULL: there is no such vcpu, or not yet. */
static inline struct evtchn_vcpu *vcpu_at(const struct evtchn_domain *d, uint32_t vcpu)
{
    return vcpu < d->n_vcpus ? evtchn_load_acquire(&d->vcpus[vcpu]) : NULL;
}

/* The lowest closed port that may be opened: 0, ENOSPC or ENOMEM (a bucket is wanted). */
int table_find(const struct evtchn_domain *d, struct evtchn **e);

/* The lowest open port from there on; NULL: none. */
struct evtchn *table_next_open(const struct evtchn_domain *d, uint32_t from);

/* Its state is about to become something else than CLOSED, and has just become CLOSED. */
void table_take(struct evtchn *e);
void table_give(struct evtchn *e);

#endif
