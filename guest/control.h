/* SPDX-License-Identifier: MIT */
/*
 * What the control domain asks of the hypervisor about other domains and the machine: domctl and
 * sysctl of the public ABI, one function an operation. 0, or the hypervisor's error, which is
 * negative. xen/domctl.h and xen/sysctl.h say what the structures hold.
 */
#ifndef GUEST_CONTROL_H
#define GUEST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/xen.h"

/* Any operation: fills in the interface version. */
long control_domain(struct xen_domctl *op);
long control_system(struct xen_sysctl *op);

/* The domain comes paused, without memory and vcpus; its id is written to *domain. */
long control_create(const struct xen_domctl_createdomain *config, domid_t *domain);
/* Until all of the domain has come back. */
long control_destroy(domid_t domain);
long control_pause(domid_t domain);
long control_unpause(domid_t domain);

long control_max_vcpus(domid_t domain, unsigned vcpus);
long control_max_memory(domid_t domain, uint64_t pages);

/*
 * Gives a domain `n` pages, pfns 0 and on; frames[i] becomes the frame of page i. Returns how many
 * pages there were frames for, the first ones.
 */
size_t control_populate(domid_t domain, uint64_t *frames, size_t n);

/* Writes the hypercall page of a domain into one of its frames. */
long control_hypercall_page(domid_t domain, uint64_t frame);
long control_set_context(domid_t domain, unsigned vcpu, const struct vcpu_guest_context *at);
long control_get_context(domid_t domain, unsigned vcpu, struct vcpu_guest_context *at);

/* Pins a frame of the domain as its L4 table. */
long control_pin(domid_t domain, uint64_t frame);

/* Bit n: CPU n. */
long control_affinity(domid_t domain, unsigned vcpu, uint64_t cpus);

/* -XEN_ESRCH unless there is a domain of exactly this id. */
long control_info(domid_t domain, struct xen_domctl_getdomaininfo *info);

/* The reason by which a domain has ended, SHUTDOWN_...; call it for one that has. */
unsigned control_shutdown_reason(const struct xen_domctl_getdomaininfo *info);

/* free_pages: those that are being made free, too. */
long control_machine(struct xen_sysctl_physinfo *info);
long control_scheduler(uint32_t *id);

#endif
