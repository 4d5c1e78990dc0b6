/* SPDX-License-Identifier: MIT */
/*
 * A domain: memory, ports and vcpus that one guest has.
 *
 * Domains are found by number through domain_get(), and live while somebody holds a reference: the
 * control domain's wish that it exist is one, which domain_kill() ends; so is each operation that
 * is about the domain; and so are all frames that it owns, together. A domain that was killed, but
 * whose frames are mapped by others, keeps its number until the last of those goes.
 *
 *   domain_table.c     numbers and references
 *   domain.c           making, stopping, freeing
 *   domain_memory.c    its frames
 *   domain_death.c     giving everything back
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "evtchn/evtchn.h"
#include "hv/core/abi.h"
#include "hv/core/lock.h"
#include "hv/core/ranges.h"
#include "hv/core/timer.h"
#include "hv/core/types.h"

#define VCPUS_MAX 32 /* of one domain: as many as shared_info has room for */

struct domain_pirqs;
struct vcpu;
struct frame;
struct grant_table;

/* Of the FIFO ABI: the array's and a control block each vcpu. */
#define EVENT_PAGES_MAX (EVTCHN_PORTS_MAX / EVTCHN_PAGE_WORDS + VCPUS_MAX)

#define WATCHDOGS 2
struct watchdog {
    struct domain *domain; /* NULL: not in use */
    struct timer timer;
};

/* What is to be given back, in this order. */
enum death {
    DEATH_NONE,
    DEATH_PORTS,
    DEATH_VCPUS,
    DEATH_FRAMES,
    DEATH_GRANTS,
    DEATH_DONE, /* what is left are references of others */
};

struct domain {
    uint16_t id;
    bool privileged;    /* may act on others and on the machine's devices */
    bool shutting_down; /* atomic: the first one says why */
    bool shut_down;     /* no vcpu of it runs any more; the reason is there. Atomic */
    bool maps_others;   /* its tables may lead to others' frames, or did. Atomic, set for good */
    bool dying;         /* gets nothing any more: no frame, port, mapping. Atomic, set for good */
    uint8_t shutdown_reason;
    uint8_t shutdown_code; /* the guest's, instead of SHUTDOWN_crash */
    bool has_shutdown_code;
    uint32_t references; /* atomic; 0: it is being freed */
    xen_domain_handle_t handle;

    struct lock control_lock;
    uint32_t control_pauses; /* by the control domain; under control_lock, as the next two */
    enum death death;
    uint64_t death_at; /* the frame that is looked at next */

    struct lock mm_lock;
    uint64_t frames;     /* owned; atomic */
    uint64_t frames_max; /* may not own more; under mm_lock */
    uint64_t pfn_max;    /* highest that was ever given a frame; under mm_lock */
    uint64_t vm_assist;  /* bits of VMASST_TYPE_*; atomic */
    uint64_t *blocks;    /* of memory in which it may own frames; atomic */

    struct ranges *device_frames; /* that it may map; control_lock to change. NULL: none */
    struct ranges *device_ports;  /* that it may use; likewise */

    struct shared_info *shared; /* a frame of the hypervisor's that the guest may map */
    mfn_t shared_mfn;

    struct lock event_lock; /* the module's D(domain) */
    struct evtchn_domain events;
    struct evtchn_bucket **event_buckets;
    uint64_t *event_closed;
    mfn_t event_pages[EVENT_PAGES_MAX]; /* given for the FIFO ABI; in use until a reset */
    uint32_t n_event_pages;
    struct evtchn_vcpu *event_vcpus[VCPUS_MAX];
    uint32_t pollers; /* of its vcpus, how many poll; atomic */

    struct domain_pirqs *pirqs; /* of one that may have devices; else NULL */

    struct grant_table *grants; /* what it grants, and what it has mapped of others' grants */

    struct watchdog watchdogs[WATCHDOGS]; /* under event_lock */

    uint32_t vcpus_max;
    struct vcpu *vcpus[VCPUS_MAX]; /* NULL: not made */

    int64_t wall_offset; /* seconds, to add to the machine's wall clock */
};

/* The one that is started at boot and controls all others. */
extern struct domain *control_domain;

/* ---- domain_table.c */

/* Adds a domain to the table, from where others may find it. false: its number is taken. */
bool domain_publish(struct domain *d);
void domain_unpublish(struct domain *d);

/* NULL: no such domain. The caller gets a reference. */
struct domain *domain_get(uint16_t id);

/* The one of the lowest number that is not below `id`, likewise. */
struct domain *domain_get_next(uint16_t id);

/* A number that is free now; 0: there is none. */
uint16_t domain_free_id(void);

/* Another reference, where there is one. */
static inline void domain_get_more(struct domain *d)
{
    __atomic_fetch_add(&d->references, 1, __ATOMIC_RELAXED);
}

out_of_line void domain_free(struct domain *d);

/* Any context without locks below event_lock. */
static inline void domain_put(struct domain *d)
{
    if (unlikely(__atomic_sub_fetch(&d->references, 1, __ATOMIC_ACQ_REL) == 0))
        domain_free(d);
}

/* ---- domain.c */

struct domain_config {
    uint16_t id;
    bool privileged;
    uint32_t vcpus_max;  /* 1..VCPUS_MAX */
    uint32_t ports_max;  /* numbers of ports are below; 2..EVTCHN_PORTS_MAX */
    uint64_t frames_max; /* may not own more */
    int32_t grant_frames_max, mapping_frames_max; /* as grant_table_create() has them */
};

/* With one reference, not in the table, paused once by the control domain. NULL: no memory. */
struct domain *domain_create(const struct domain_config *config);

/* One that nobody else has ever seen. */
void domain_discard(struct domain *d);

/* All vcpus stop; what that means for the machine or for others is decided here. reason:
 * SHUTDOWN_*. Safe in any context that holds no lock. */
void domain_shutdown(struct domain *d, uint8_t reason);

/* Takes that back. control_lock. */
void domain_resume(struct domain *d);

/* The current guest cannot go on: dumps its registers and stack, and shuts its domain down. */
void domain_crash(struct vcpu *v, const char *why, ...) __attribute__((format(printf, 2, 3)));

/* The control domain's own, which counts. control_lock; the domain is not the caller's.
 * -XEN_EOVERFLOW; -XEN_EINVAL: it is not paused. Returns when no vcpu runs. */
int domain_pause(struct domain *d);
int domain_unpause(struct domain *d);

/* For as long as something about its vcpus is looked at or changed. As above. */
void domain_hold(struct domain *d);
void domain_unhold(struct domain *d);

static inline bool domain_is_dying(const struct domain *d)
{
    return __atomic_load_n(&d->dying, __ATOMIC_SEQ_CST);
}

/* ---- domain_death.c */

/* Gives back all that a domain has. control_lock, nothing else; it is not the caller's own.
 * -XEN_ERESTART: call again. What others hold of it goes when they let go. */
int domain_kill(struct domain *d);

/* ---- domain_memory.c */

/* Memory for `blocks`. Once, before there are domains: how large a block is. */
void domain_memory_init(void);

/* 2^order frames for a domain, below `bits` address bits, their stale translations gone. MFN_NONE:
 * its maximum, or no memory, or it dies. Contents are whatever they were, unless `scrub`. */
mfn_t domain_alloc(struct domain *d, unsigned order, unsigned bits, bool scrub);

/* A frame changes its owner: room for it, before domain_give(). false: there is none. */
bool domain_charge(struct domain *d, mfn_t m);

/* The old owner of a frame that has got another one. */
void domain_uncharge(struct domain *d);

/* A frame that is nobody's becomes the domain's, which is charged for it already; if it dies, the
 * allocator's. */
void domain_give(struct domain *d, mfn_t m);

/* One that was taken from the domain (frame_take()) remains its own after all; likewise. */
void domain_keep(struct domain *d, mfn_t m);

/* The domain gives up a frame, which goes when others let go of it, too. false: it was not its own,
 * or given up before. */
bool domain_release_frame(struct domain *d, mfn_t m);

/* Zeroes what is in a frame. */
void domain_scrub(mfn_t m);

/* The last reference to a frame has gone; called by frame_put(). */
void domain_frame_free(struct frame *f);

/* The domain's next frame from `from` on, in the order of numbers. MFN_NONE: no more. Frames that
 * are given to it meanwhile may be missed. */
mfn_t domain_next_frame(const struct domain *d, uint64_t from);

/* A page of the hypervisor's that the domain may map, writable; zeroed, with a use and a reference
 * of the hypervisor's so that it stays what it is. It is not among the domain's frames. NULL: no
 * memory. */
void *domain_share_page(struct domain *d);

/* The hypervisor does not need it any more, and nobody can get at it by the domain. Who has it
 * mapped keeps it. */
void domain_unshare_page(void *page);

#endif
