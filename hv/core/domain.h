/* SPDX-License-Identifier: MIT */
/*
 * A domain: memory, ports and vcpus that one guest has.
 *
 * Domains are found by number through domain_get(), and live while somebody holds a reference; the
 * current vcpu's domain is referred to by that.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "evtchn/evtchn.h"
#include "hv/core/abi.h"
#include "hv/core/lock.h"
#include "hv/core/timer.h"
#include "hv/core/types.h"

#define VCPUS_MAX 32 /* of one domain: as many as shared_info has room for */

struct domain_pirqs;
struct vcpu;
struct frame;

/* Of the FIFO ABI: the array's and a control block each vcpu. */
#define EVENT_PAGES_MAX (EVTCHN_PORTS_MAX / EVTCHN_PAGE_WORDS + VCPUS_MAX)

#define WATCHDOGS 2
struct watchdog {
    struct domain *domain; /* NULL: not in use */
    struct timer timer;
};

struct domain {
    uint16_t id;
    bool privileged; /* may act on others and on the machine's devices */
    bool shut_down;  /* no vcpu of it runs any more */
    uint8_t shutdown_reason;
    uint8_t shutdown_code; /* the guest's, instead of SHUTDOWN_crash */
    bool has_shutdown_code;
    uint32_t references;

    struct lock mm_lock;
    uint64_t frames;     /* owned; atomic */
    uint64_t frames_max; /* may not own more; under mm_lock */
    uint64_t pfn_max;    /* highest that was ever given a frame; under mm_lock */
    uint64_t vm_assist;  /* bits of VMASST_TYPE_*; atomic */

    struct shared_info *shared; /* a frame of the hypervisor's that the guest may map */
    mfn_t shared_mfn;

    struct lock event_lock; /* the module's D(domain) */
    struct evtchn_domain events;
    struct evtchn_bucket **event_buckets;
    uint64_t *event_closed;
    mfn_t event_pages[EVENT_PAGES_MAX]; /* given for the FIFO ABI; in use until a reset */
    uint32_t n_event_pages;
    struct evtchn_vcpu *event_vcpus[VCPUS_MAX];

    struct domain_pirqs *pirqs; /* of one that may have devices; else NULL */

    struct watchdog watchdogs[WATCHDOGS]; /* under event_lock */

    uint32_t vcpus_max;
    struct vcpu *vcpus[VCPUS_MAX]; /* NULL: not made */

    int64_t wall_offset; /* seconds, to add to the machine's wall clock */
};

/* The one that is started at boot and controls all others. */
extern struct domain *control_domain;

/* NULL: no memory. vcpus_max: 1..VCPUS_MAX. */
struct domain *domain_create(uint16_t id, uint32_t vcpus_max, uint64_t frames_max, bool privileged);

/* NULL: no such domain. The caller gets a reference. */
struct domain *domain_get(uint16_t id);
void domain_put(struct domain *d);

/* All vcpus stop; what that means for the machine or for others is decided here. reason:
 * SHUTDOWN_*. Safe in any context that holds no lock. */
void domain_shutdown(struct domain *d, uint8_t reason);

/* The current guest cannot go on: dumps its registers and stack, and shuts its domain down. */
void domain_crash(struct vcpu *v, const char *why, ...) __attribute__((format(printf, 2, 3)));

/* 2^order frames for a domain, below `bits` address bits, their stale translations gone. MFN_NONE:
 * its maximum, or no memory. Contents are whatever they were, unless `scrub`. */
mfn_t domain_alloc(struct domain *d, unsigned order, unsigned bits, bool scrub);

/* The last reference to a frame has gone; called by frame_put(). */
void domain_frame_free(struct frame *f);

#endif
