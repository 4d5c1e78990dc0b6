/* SPDX-License-Identifier: MIT */
#include "dom0/watch.h"
#include "guest/power.h"
#include "guest/thread.h"

#define SHOWN_AT_ONCE 4096U /* bytes of one console before the next one's turn */

static struct thread *watcher;

void watch_event(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    thread_wake(watcher);
}

void watch_init(void)
{
    watcher = thread_self();
    long port = event_bind_virq(VIRQ_DOM_EXC, 0);
    if (port < 0)
        power_panic("no event when domains end: error %ld", port);
    event_handle((evtchn_port_t)port, watch_event, NULL);
    event_unmask((evtchn_port_t)port);
}

bool watch_wait(ns_t deadline)
{
    return thread_wait_until(deadline);
}

/*
 * Where the search for a domain that has ended begins: behind the last one that was found, so that
 * none that ends again and again hides the others.
 */
static unsigned first;

/* A domain that ends has written all it will, so its console comes after the look at its state. */
static int ended(struct domain *const domains[], unsigned n, unsigned *reason, bool *more)
{
    int found = -1;
    for (unsigned i = 0; i < n; i++) {
        unsigned at = (first + i) % n;
        if (!domains[at]->exists)
            continue;
        if (found < 0 && domain_state(domains[at], reason) == DOMAIN_ENDED)
            found = (int)at;
        if (console_drain(&domains[at]->console, SHOWN_AT_ONCE))
            *more = true;
    }
    if (found >= 0)
        first = (unsigned)found + 1;
    return found;
}

int watch_end(struct domain *const domains[], unsigned n, ns_t deadline, unsigned *reason)
{
    for (;;) {
        bool more = false;
        int found = ended(domains, n, reason, &more);
        if (found >= 0)
            return found;
        if (time_system().n >= deadline.n)
            return -1;
        if (!more)
            watch_wait(deadline);
    }
}
