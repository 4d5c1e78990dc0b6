/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports, their handlers, and the upcall that runs those that are pending.
 *
 * Handlers run with upcalls masked, on whatever stack was interrupted, on the vcpu that the port is
 * bound to. Ports start masked.
 */
#ifndef GUEST_EVENT_H
#define GUEST_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/xen.h"

/*
 * Which delivery ABI the domain uses is said on the command line, `events=` and a name of
 * evtchn/abis.def; `2l` is the default. One that the hypervisor refuses is fallen back from to it
 * with a message: all but `2l` and `fifo` are Ringside's own, and have to be chosen before the
 * domain has ports, hence by the control domain where that makes some. Ports are the same in all,
 * but for how many there may be.
 */
#define EVENT_PORTS_2L EVTCHN_2L_NR_CHANNELS
#define EVENT_PORTS_FIFO EVTCHN_FIFO_NR_CHANNELS

bool event_is_fifo(void);

/* How many ports the ABI can carry, port 0 included. */
unsigned event_ports(void);

/* Chooses for a domain that has no port yet, or DOMID_SELF, an ABI other than `fifo`: 0 or an error
 * of EVTCHNOP_RINGSIDE_set_abi, on Xen -XEN_ENOSYS. */
long event_choose(domid_t domain, const char *name);

typedef void event_handler(evtchn_port_t port, void *data);

/* Takes up the ABI, with every port masked. */
void event_init(void);

/* Runs the handlers of what is pending on this vcpu. Upcalls are masked. */
void event_upcall(void);

/* Who is called; NULL takes it back, after which the port is cleared and otherwise ignored. */
void event_handle(evtchn_port_t port, event_handler *handler, void *data);

/*
 * Binding: the port, or the hypervisor's error, which is negative. Those that name no vcpu bind to
 * the first; event_bind_vcpu() moves them (0 or an error).
 */
long event_bind_virq(unsigned virq, unsigned vcpu);
long event_bind_ipi(unsigned vcpu);
long event_alloc_unbound(domid_t domain, domid_t remote);
long event_bind_interdomain(domid_t remote, evtchn_port_t remote_port);
long event_bind_vcpu(evtchn_port_t port, unsigned vcpu);

/* Takes up a port that the control domain made for this one, bound to the first vcpu. */
void event_adopt(evtchn_port_t port);

long event_close(evtchn_port_t port);
long event_send(evtchn_port_t port);

/* Handler off, then close. */
void event_drop(evtchn_port_t port);

void event_mask(evtchn_port_t port);
/* By hypercall where an upcall has to follow, which is what makes it lose nothing. */
void event_unmask(evtchn_port_t port);
bool event_masked(evtchn_port_t port);
bool event_pending(evtchn_port_t port);
void event_clear(evtchn_port_t port);

#endif
