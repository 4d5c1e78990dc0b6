/* SPDX-License-Identifier: MIT */
/*
 * What happens to domains, as one thread of the control domain sees it: it waits here until a
 * domain has ended (VIRQ_DOM_EXC) or written to its console, which is shown on the way.
 */
#ifndef DOM0_WATCH_H
#define DOM0_WATCH_H

#include <stdbool.h>

#include "dom0/domain.h"
#include "guest/time.h"

/* The calling thread is the one that watches. Once, before any domain is created. */
void watch_init(void);

/* The handler for events of domains: makes watch_wait() return. */
void watch_event(evtchn_port_t port, void *data);

/* Waits for something to happen, at most until `deadline`. false: nothing did. */
bool watch_wait(ns_t deadline);

/*
 * Shows what these domains write until one of them has ended, whose index is returned, or until
 * `deadline`: -1. A domain is passed over while it does not exist.
 */
int watch_end(struct domain *const domains[], unsigned n, ns_t deadline, unsigned *reason);

#endif
