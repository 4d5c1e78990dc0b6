/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices as domains have them: mapped to a number of the domain's (pirq), bound to a
 * port, told by an event.
 *
 *   free --map--> mapped --bind--> open <--eoi--> held --close--> mapped --unmap--> free
 *
 * An interrupt is open while it can arrive. It is held, which is masked, from when there is
 * something that the domain must see to first until it says so by PHYSDEVOP_eoi:
 *
 *   a level   from each arrival: the line asserts until the device has been served
 *   an edge   from an arrival whose forerunner's event has not been taken yet. So a device that
 * will not stop costs one interrupt for each event that its domain takes, and a domain that takes
 * none is not interrupted
 *
 * A domain that has given a page for the purpose finds there which of its pirqs are, or may be,
 * held, and need not ask. Held comes first, the event then: who takes the event, and then looks,
 * finds it.
 *
 * Locks: the domain's event_lock (D) for its numbers, and with it, or alone where interrupts
 * arrive, an interrupt's own lock.
 */
#ifndef HV_PIRQ_H
#define HV_PIRQ_H

#include "hv/core/irq.h"
#include "hv/core/types.h"

struct domain;

/* Numbers that a domain may have: [0, PIRQS_MAX). */
#define PIRQS_MAX IRQS_MAX

/* For one that may have devices. false: no memory; pirqs_free() takes what there is. */
bool pirqs_init(struct domain *d);
void pirqs_free(struct domain *d);

/* For the port table. */
uint32_t *pirq_ports(const struct domain *d);

/* ---- D(d), and d may have devices. Errors: nothing was changed. */

/*
 * A line, or a message, becomes a pirq: *pirq, or if that is negative, a free one, which is then
 * there. 0 also where it is that already.
 *   -XEN_EINVAL   there is no such line; no such pirq
 *   -XEN_EPERM    the line is the hypervisor's
 *   -XEN_EEXIST   the line is another pirq already, or the pirq another interrupt
 *   -XEN_EBUSY    the line is another domain's
 *   -XEN_ENOSPC   no pirq, or number of a message, is free
 * and what arch_interrupt_start_line() and arch_interrupt_start_message() say.
 */
int pirq_map_line(struct domain *d, int line, int *pirq);
int pirq_map_message(struct domain *d, const struct irq_message *m, int *pirq);

/* -XEN_EINVAL: it is not mapped. A port that is bound to it stays, and gets nothing more. */
int pirq_unmap(struct domain *d, int pirq);

/* All that are messages of a function. */
void pirq_unmap_function(struct domain *d, pci_function_t f);

/* A free number is kept for the domain to map later. -XEN_ENOSPC: there is none. */
int pirq_reserve(struct domain *d, bool for_line, uint32_t *pirq);

/* 0, -XEN_EPERM: not mapped; -XEN_EBUSY: the hypervisor's own device is on the line. */
int pirq_may_bind(const struct domain *d, uint32_t pirq);

/* It may arrive from now on, and does not any more. */
void pirq_bind(struct domain *d, uint32_t pirq);
void pirq_unbind(struct domain *d, uint32_t pirq);

/* Of the next interrupt; *raise: one may have been missed, and its event is to be raised.
 * -XEN_EINVAL: it is not mapped. */
int pirq_eoi(struct domain *d, uint32_t pirq, bool *raise);

/* The page, which the caller holds mapped, from now on says what is or may be held. -XEN_EBUSY:
 * there is one. */
int pirq_set_eoi_page(struct domain *d, mfn_t m, uint64_t *page, bool unmasks);

/* Does an EOI unmask the port as well (PHYSDEVOP_pirq_eoi_gmfn_v1)? */
bool pirq_eoi_unmasks(const struct domain *d);

/* The page, for who gives back or counts what is in use; MFN_NONE: none. */
mfn_t pirq_eoi_page(const struct domain *d);

/* -XEN_EINVAL: no such line; -XEN_EEXIST: it is said, or in use. */
int pirq_set_line(int line, bool level, bool low);

/* Tells a function again what it may have lost. */
void pirq_restore_function(const struct domain *d, pci_function_t f);

/* Is a message of it mapped? */
bool pirq_function_in_use(const struct domain *d, pci_function_t f, bool x_only);

/* All is unmapped, and the page not looked at any more. */
void pirqs_end(struct domain *d);

/* ---- where interrupts arrive */

/* One did, here; interrupts are off. Its event follows (WORK_INTERRUPTS). */
void pirq_arrived(uint32_t irq);

/* Events of all that arrived at this CPU. Interrupts on, no locks. */
void pirqs_tell(void);

#endif
