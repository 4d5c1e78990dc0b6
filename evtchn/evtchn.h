/* SPDX-License-Identifier: MIT */
/*
 * Event channels: what the side that delivers them (a hypervisor, a test, a benchmark) calls. The
 * receiving side is consumer.h.
 *
 * A channel is one bit of information: a send makes a port of the receiver pending, once. Ports are
 * numbers in a domain's table; what each is bound to is kept here. How a port is made pending, so
 * that its domain finds it, is a delivery ABI (abis.def), chosen for each domain.
 *
 * Source: operations, their rules and errors are those of Xen's public xen/event_channel.h. Results
 * are 0 or a negative error number of that ABI, below; where there is an error nothing was changed.
 * Who may do what to whom (privilege, dying domains, looking up a domain by its number: EPERM and
 * ESRCH) is the embedder's; all else is checked here.
 *
 * The module allocates nothing, keeps no globals and calls nothing of the embedder. Memory is the
 * embedder's and outlives its use:
 *   struct evtchn_domain          one a domain
 *   struct evtchn_vcpu            one a vcpu
 *   struct evtchn_bucket          64 ports each, given when evtchn_wants_bucket() says so
 *   struct evtchn_bucket *[]      a table of them
 * and so are the guest's pages, mapped for as long as they are in use here.
 *
 * Guest memory is hostile. It is never followed: no index, no link and no length is taken from it,
 * only flags. A guest that disturbs its own queues harms its own delivery; a producer then does a
 * bounded amount of work and says EVTCHN_IS_BROKEN.
 *
 * Who must hold what. The embedder has two kinds of lock:
 *
 *   D(d)   one a domain, exclusive: guards its table, bindings and ABI
 *   P(p)   one a port, struct evtchn.lock being room for it: shared, what a port is connected to
 *          stays; exclusive, to close it
 *
 * and takes them in this order: D of two domains by address, then P of two ports by address. A send
 * holds P of the sender's port, shared, and nothing else: sends of different ports share no lock
 * but, where both deliver into the same queue of the same vcpu by `fifo`, that queue's, which this
 * module takes itself by evtchn_atomic.h for a few dozen instructions. Each function says what it
 * needs; "none" means none. Everything a send looks at is published by atomics, so operations under
 * D on the same port need no P, but for closing it.
 *
 * A send that returns 0 is never lost: the receiver's upcall flag goes from 0 to 1 (and the caller
 * is told so), or it was 1 already, or the port is masked, and its unmasking will look again.
 */
#ifndef EVTCHN_H
#define EVTCHN_H

#include <stdbool.h>

#include "memory.h"

#define EVTCHN_ENOENT 2
#define EVTCHN_ENOMEM 12
#define EVTCHN_EBUSY 16
#define EVTCHN_EEXIST 17
#define EVTCHN_EINVAL 22
#define EVTCHN_ENOSPC 28
#define EVTCHN_ENOSYS 38
#define EVTCHN_EOPNOTSUPP 95

#define EVTCHN_BUCKET_PORTS 64U
#define EVTCHN_PORTS_MAX (1U << EVTCHN_LINK_BITS)
#define EVTCHN_BUCKETS_MAX (EVTCHN_PORTS_MAX / EVTCHN_BUCKET_PORTS)
#define EVTCHN_VIRQS 24U

/* VIRQs that each vcpu has for itself (xen/xen.h marks them V.): timer, debug, profiling, counters.
 * The others are the domain's. */
#define EVTCHN_VCPU_VIRQS (1U << 0 | 1U << 1 | 1U << 7 | 1U << 13)

/* The first six are EVTCHNSTAT_*. */
enum evtchn_state {
    EVTCHN_CLOSED,
    EVTCHN_UNBOUND,
    EVTCHN_INTERDOMAIN,
    EVTCHN_PIRQ,
    EVTCHN_VIRQ,
    EVTCHN_IPI,
    EVTCHN_RESERVED, /* port 0 */
};

struct evtchn_abi;
struct evtchn_domain;
struct evtchn_vcpu;

/* Where events of one priority go, of one vcpu. Only `fifo` knows priorities; for the others, and
 * for all that does not ask for one, it is the default one's. */
struct evtchn_queue {
    uint32_t lock;            /* guards tail, and last of every port whose last is this */
    uint32_t number;          /* the priority; constant */
    struct evtchn_vcpu *vcpu; /* constant */
    /* fifo: */
    uint32_t *tail;   /* event word of the port enqueued last, may have left since */
    uint32_t *head;   /* in the vcpu's control block; set before ready */
    uint32_t *ready;  /* likewise; NULL: it is not given yet */
    uint32_t nothing; /* what tail is, if there never was one: a word that is 0 */
};

/* A port. A cache line of its own: unrelated ports do not disturb each other. */
struct evtchn {
    uint32_t lock;                /* the embedder's P */
    uint32_t port;                /* its number; constant */
    struct evtchn_domain *domain; /* constant */
    /* Written under D(domain), state last: it says which of the others count. */
    struct evtchn_queue *target; /* where its events go; never NULL */
    struct evtchn *peer;         /* INTERDOMAIN; written under both D */
    uint32_t source;             /* PIRQ, VIRQ: its number. UNBOUND: the domain it waits for */
    uint8_t state;               /* enum evtchn_state */
    /* fifo: */
    bool held;                 /* pending, but its page is not there to say so */
    bool delayed;              /* PENDING, but its vcpu had no control block to deliver by */
    uint32_t *word;            /* its event word; the domain's no_word: its page is not there yet */
    struct evtchn_queue *last; /* where it was enqueued last; the domain's nowhere at first */
} __attribute__((aligned(64)));

struct evtchn_bucket {
    struct evtchn port[EVTCHN_BUCKET_PORTS];
};
_Static_assert(sizeof(struct evtchn_bucket) == EVTCHN_PAGE_SIZE, "a bucket is a page");

struct evtchn_vcpu {
    struct evtchn_domain *domain;
    uint32_t id;
    uint8_t *upcall; /* vcpu_info.evtchn_upcall_pending */
    void *selector;  /* vcpu_info.evtchn_pending_sel, in the guest's word size */
    struct evtchn_queue queue[EVTCHN_QUEUES];
    uint32_t virq_port[EVTCHN_VIRQS]; /* 0: not bound */
    void *owner;                      /* the embedder's */
};

struct evtchn_domain {
    const struct evtchn_abi *abi; /* now */
    const struct evtchn_abi *abi_at_reset;
    struct evtchn_bucket **buckets; /* [ports_max / 64, rounded up] */
    uint32_t n_buckets;             /* given; published after they are ready */
    uint32_t ports_max;             /* 2..EVTCHN_PORTS_MAX, the embedder's limit */
    struct evtchn_vcpu **vcpus;     /* NULL: does not exist */
    uint32_t n_vcpus;
    uint32_t *pirq_port; /* 0: not bound */
    uint32_t n_pirqs;
    uint32_t vcpu_virqs;         /* bit n: VIRQ n is each vcpu's own */
    void *pending, *mask;        /* flat, 2l: shared_info.evtchn_pending and evtchn_mask */
    struct evtchn_array array;   /* fifo */
    struct evtchn_queue nowhere; /* fifo: where ports that were in no queue yet come from */
    uint32_t no_word;            /* fifo: all ones, constant */
    uint16_t id;
    void *owner; /* the embedder's */
    /* Bit b: bucket b has a closed port; bit p of a bucket's word: port p is closed. */
    uint64_t roomy[EVTCHN_BUCKETS_MAX / 64];
    uint64_t *closed; /* the embedder's memory: one word a bucket, as many as the table has */
};

/* What a send did, and what the embedder must do for it. */
struct evtchn_effect {
    struct evtchn_vcpu *upcall; /* its upcall flag went from 0 to 1: wake it up if it blocks, and
                                 * interrupt it if it runs elsewhere. NULL: none */
    uint64_t what;              /* EVTCHN_IS_* */
};

#define EVTCHN_IS_PENDING 1ULL /* the port became pending, masked or not: wake who polls it */
#define EVTCHN_IS_BROKEN 2ULL  /* the receiver disturbed its queue; the event may not reach it */

/* ---- set up ---- */

struct evtchn_domain_config {
    uint16_t id;
    const struct evtchn_abi *abi;   /* any but fifo, which a guest enters by init_control */
    uint32_t ports_max;             /* 2..EVTCHN_PORTS_MAX */
    struct evtchn_bucket **buckets; /* room for ports_max / 64, rounded up, pointers */
    uint64_t *closed;               /* and as many words */
    struct evtchn_vcpu **vcpus;     /* n_vcpus of them, each NULL or ready */
    uint32_t n_vcpus;               /* at least 1; vcpu 0 exists */
    uint32_t *pirq_port;            /* n_pirqs zeroes */
    uint32_t n_pirqs;
    uint32_t vcpu_virqs; /* EVTCHN_VCPU_VIRQS, and whatever the embedder adds */
    void *pending, *mask;
    void *owner;
};

/* The vcpu's memory is zeroed by this. It exists for the domain once the embedder has put it into
 * vcpus[], by a release store if others run. */
void evtchn_vcpu_init(struct evtchn_vcpu *v, struct evtchn_domain *d, uint32_t id, uint8_t *upcall,
                      void *selector, void *owner);
void evtchn_domain_init(struct evtchn_domain *d, const struct evtchn_domain_config *config);

/* true: the next operation that opens a port needs a bucket more, and fails with ENOMEM without.
 * D(d). */
bool evtchn_wants_bucket(const struct evtchn_domain *d);

/* b: any memory, page aligned. Only when wanted. D(d). */
void evtchn_add_bucket(struct evtchn_domain *d, struct evtchn_bucket *b);

/* The vcpu's flag and selector live elsewhere from now on. Whatever was on its way is raised again.
 * The vcpu must not run, and no send to it be under way. */
struct evtchn_effect evtchn_vcpu_move(struct evtchn_vcpu *v, uint8_t *upcall, void *selector);

/* NULL: no such port. For its lock, and to walk the table. None. */
struct evtchn *evtchn_at(const struct evtchn_domain *d, uint32_t port);

/* ---- opening: *port is the new one, the lowest that is closed ----
 *
 * All: ENOSPC, the table or the ABI is full; ENOMEM, a bucket was wanted. fifo: a port that was
 * closed while it was in a queue is passed over until its guest has taken it off, so that opening
 * takes time in proportion to how many of those the guest has left lying about. */

/* For domain number `remote` to connect to. D(d). */
int evtchn_alloc_unbound(struct evtchn_domain *d, uint16_t remote, uint32_t *port);

/* Connects a new port of d with rd's unbound one, and makes the new one pending: the other side may
 * have sent already. EINVAL: remote_port is not an unbound port that waits for d. D(d), D(rd). */
int evtchn_bind_interdomain(struct evtchn_domain *d, struct evtchn_domain *rd, uint32_t remote_port,
                            uint32_t *port, struct evtchn_effect *effect);

/* EINVAL: no such VIRQ, or a domain's one and vcpu is not 0. ENOENT: no such vcpu. EEXIST: it is
 * bound already. D(d). */
int evtchn_bind_virq(struct evtchn_domain *d, uint32_t virq, uint32_t vcpu, uint32_t *port);

/* ENOENT: no such vcpu. D(d). */
int evtchn_bind_ipi(struct evtchn_domain *d, uint32_t vcpu, uint32_t *port);

/* EINVAL: no such interrupt. EEXIST: it is bound already. Whether the domain may have it, and how
 * it is shared, is the embedder's. D(d). */
int evtchn_bind_pirq(struct evtchn_domain *d, uint32_t pirq, uint32_t *port);

/* ---- closing ---- */

/* The other end, for the locks that closing needs: NULL unless the port is INTERDOMAIN. It may be
 * another one by the time that it is locked. D(d). */
struct evtchn *evtchn_peer(const struct evtchn_domain *d, uint32_t port);

/* The peer, if any, becomes unbound and waits for d. EINVAL: no open port. D(d), D of the peer;
 * P of both, exclusive. */
int evtchn_close(struct evtchn_domain *d, uint32_t port);

/* The lowest open port that is not below `from`, or 0: to close all. D(d). */
uint32_t evtchn_next_open(const struct evtchn_domain *d, uint32_t from);

/* Back to the ABI that the domain began with; arrays and control blocks are not looked at any more,
 * and what they were mapped for is the embedder's to undo. EBUSY: a port is open (close them; Xen's
 * EVTCHNOP_reset is this sequence). D(d), and no send to d under way. */
int evtchn_reset(struct evtchn_domain *d);

/* ---- sending ---- */

/* EINVAL: the port is none that sends. To an unbound one: 0, and nobody is told. P(port), shared.
 */
int evtchn_send(struct evtchn_domain *d, uint32_t port, struct evtchn_effect *effect);

/* The port of a VIRQ (of a vcpu; of the domain: on vcpu 0) or an interrupt; 0: none. None, hence it
 * may have been closed and be another one by the time that it is locked: raise checks. */
uint32_t evtchn_virq_port(const struct evtchn_domain *d, uint32_t virq, uint32_t vcpu);
uint32_t evtchn_pirq_port(const struct evtchn_domain *d, uint32_t pirq);

/* EINVAL: the port is not bound to this VIRQ (this interrupt). P(port), shared. */
int evtchn_raise_virq(struct evtchn_domain *d, uint32_t port, uint32_t virq,
                      struct evtchn_effect *effect);
int evtchn_raise_pirq(struct evtchn_domain *d, uint32_t port, uint32_t pirq,
                      struct evtchn_effect *effect);

/* Tells the port's vcpu if the port is pending. EINVAL: no open port. P(port), shared. */
int evtchn_unmask(struct evtchn_domain *d, uint32_t port, struct evtchn_effect *effect);

/* Pending, masked or not (for sched_op's poll)? false: no, or no open port. P(port), shared. */
bool evtchn_is_pending(struct evtchn_domain *d, uint32_t port);

/* ---- looking and changing ---- */

struct evtchn_info {
    enum evtchn_state state; /* CLOSED for port 0 as well */
    uint32_t vcpu;
    uint32_t source;      /* as in struct evtchn */
    uint16_t remote;      /* INTERDOMAIN */
    uint32_t remote_port; /* INTERDOMAIN */
};

/* EINVAL: no such port. D(d). */
int evtchn_status(const struct evtchn_domain *d, uint32_t port, struct evtchn_info *info);

/* From the next send on. ENOENT: no such vcpu. EINVAL: no open port, or one that is bound to its
 * vcpu (IPIs and the vcpu's VIRQs). One evtchn_release_held() from this port on comes next: the
 * vcpu before may have had no control block to deliver by. D(d). */
int evtchn_bind_vcpu(struct evtchn_domain *d, uint32_t port, uint32_t vcpu);

/* From the next send on. ENOSYS: not by this ABI. EINVAL: no such priority or no open port. D(d).
 */
int evtchn_set_priority(struct evtchn_domain *d, uint32_t port, uint32_t priority);

/* ---- changing the ABI ---- */

/*
 * Another ABI until evtchn_reset(), any but fifo; its words lie where those of the one before did.
 * The ABI that the domain has: nothing to do. EINVAL: fifo. EBUSY: a port is open, or the domain is
 * on fifo. D(d), and no send to d under way.
 */
int evtchn_set_abi(struct evtchn_domain *d, const struct evtchn_abi *abi);

/* Is the offset fit for a control block? To check before the page is mapped. */
bool evtchn_control_fits(uint32_t offset);

/*
 * Gives a vcpu its control block: `page` is its page, mapped. The first one of a domain puts it on
 * `fifo`: what is pending then stays so, and is delivered as soon as its array page is there.
 * ENOENT: no such vcpu. EINVAL: the offset is not a multiple of 8, or the block does not fit into
 * the page behind it; or the vcpu has one. evtchn_release_held() comes next. D(d); and for the
 * first one, a send to d that is under way may be lost, as the ABI warns.
 */
int evtchn_init_control(struct evtchn_domain *d, uint32_t vcpu, void *page, uint32_t offset);

/* The next page of the event array: 1024 ports more. EOPNOTSUPP: the domain is not on `fifo`.
 * ENOSPC: it has all pages. evtchn_release_held() comes next. D(d). */
int evtchn_expand_array(struct evtchn_domain *d, void *page);

/*
 * After either: delivers what was held back for want of what was just given. Looks at one bucket's
 * ports from *from on, delivers at most one, and moves *from on: to 0 when all have been seen.
 * After evtchn_bind_vcpu() one call will do, for the port comes first.
 *
 *     for (uint32_t from = 1; from != 0;)
 *         act_on(evtchn_release_held(d, &from));
 *
 * D(d).
 */
struct evtchn_effect evtchn_release_held(struct evtchn_domain *d, uint32_t *from);

#endif
