/* SPDX-License-Identifier: MIT */
/* VIRQs of the whole machine: a domain has ended, something was typed, traces wait. Each goes to
 * one domain: the control domain, unless that has named another one. */
#ifndef HV_GLOBAL_VIRQ_H
#define HV_GLOBAL_VIRQ_H

#include "hv/core/types.h"

struct domain;

/* Any context without locks below event_lock. */
void global_virq_raise(uint32_t virq);

/* 0, or -XEN_EINVAL: there is no such one. The domain is referred to until it dies. */
int global_virq_set_handler(struct domain *d, uint32_t virq);

/* It dies. */
void global_virq_forget(struct domain *d);

#endif
