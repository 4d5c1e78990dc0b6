/* SPDX-License-Identifier: MIT */
/*
 * Event channels: the side that receives them (a guest, a test, a benchmark). evtchn.h is the
 * other one.
 *
 * A vcpu learns by an upcall that something is pending for it, and asks for one port after another:
 *
 *     evtchn_consumer_begin(c);
 *     while ((port = evtchn_consumer_next(c)) != 0)
 *         serve(port);
 *
 * A port that is handed out is not pending any more: what is sent from then on makes it so again.
 * Stopping before 0 is allowed; what is left is remembered here, not in an upcall flag: come back
 * for it before blocking. After 0, whatever comes sets the upcall flag.
 *
 * Calling context: one struct each vcpu, used by this vcpu alone, upcalls disabled. Memory is the
 * embedder's; nothing is allocated. Who has to be trusted: the producer may not be (a hypervisor
 * cannot be helped, but a page that was scribbled upon can be survived): ports and links are
 * checked before they are used, and a call does no more work than there are ports enqueued.
 *
 * Order of delivery is the ABI's: `flat` the lowest port first; `2l` word after word in rotation,
 * within a word the lowest first, each pending port once before any is handed out again; `fifo` by
 * priority, then in the order of sending.
 */
#ifndef EVTCHN_CONSUMER_H
#define EVTCHN_CONSUMER_H

#include "memory.h"

#define EVTCHN_NONE 0U
#define EVTCHN_BROKEN_QUEUE UINT32_MAX

/* What is left to do to let a port's events in again. */
enum evtchn_unmasked {
    EVTCHN_UNMASKED,    /* nothing */
    EVTCHN_UPCALL_DUE,  /* the own upcall flag was set: handle the upcall before upcalls are enabled
                         */
    EVTCHN_UNMASK_CALL, /* make the unmask call of the ABI: only it can do so */
};

struct evtchn_consumer;

struct evtchn_consumer_abi {
    const char *name;
    uint32_t ports; /* port 0 included */
    uint32_t (*next)(struct evtchn_consumer *c);
    void (*mask)(struct evtchn_consumer *c, uint32_t port);
    enum evtchn_unmasked (*unmask)(struct evtchn_consumer *c, uint32_t port);
    bool (*is_pending)(const struct evtchn_consumer *c, uint32_t port);
    void (*clear_pending)(struct evtchn_consumer *c, uint32_t port);
};

#define EVTCHN_ABI(id, name, ports) extern const struct evtchn_consumer_abi evtchn_##id##_consumer;
#include "abis.def"
#undef EVTCHN_ABI

struct evtchn_consumer {
    const struct evtchn_consumer_abi *abi;
    uint8_t *upcall;                  /* vcpu_info.evtchn_upcall_pending */
    void *selector;                   /* 2l: vcpu_info.evtchn_pending_sel */
    void *pending, *mask;             /* flat, 2l: shared_info.evtchn_pending, evtchn_mask */
    struct evtchn_control *control;   /* fifo */
    const struct evtchn_array *array; /* fifo; one for all vcpus, grows by the embedder's hand */
    void *mine; /* flat, 2l: a bitmap like pending, of the ports bound to this vcpu: a scan leaves
                 * the others alone. NULL: all are. To bind a port elsewhere: mask, bind_vcpu,
                 * change both vcpus' bitmaps, unmask by the new one. fifo does not need it */
    /* Private: */
    uint64_t selected;            /* words, or queues, still to be looked at */
    uint64_t found;               /* 2l: ports of the word under work still to be handed out */
    uint32_t at;                  /* 2l: the word under work, or last */
    uint32_t head[EVTCHN_QUEUES]; /* fifo: next of a queue; 0: look into the control block */
};

/* Before the first next of an upcall. */
static inline void evtchn_consumer_begin(struct evtchn_consumer *c)
{
    /* A barrier: what is looked for next must not be older than the clearing, or a sender may find
     * the flag still set while its event is missed. */
    (void)evtchn_exchange(c->upcall, 0);
}

/* A port that was pending and not masked, and is not pending any more; EVTCHN_NONE; or
 * EVTCHN_BROKEN_QUEUE: fifo, a queue held what no producer writes, and was given up; go on asking.
 */
static inline uint32_t evtchn_consumer_next(struct evtchn_consumer *c)
{
    return c->abi->next(c);
}

/* port: 1 .. abi->ports - 1; with fifo, one whose page is in the array. */
static inline void evtchn_consumer_mask(struct evtchn_consumer *c, uint32_t port)
{
    c->abi->mask(c, port);
}

static inline enum evtchn_unmasked evtchn_consumer_unmask(struct evtchn_consumer *c, uint32_t port)
{
    return c->abi->unmask(c, port);
}

static inline bool evtchn_consumer_is_pending(const struct evtchn_consumer *c, uint32_t port)
{
    return c->abi->is_pending(c, port);
}

static inline void evtchn_consumer_clear_pending(struct evtchn_consumer *c, uint32_t port)
{
    c->abi->clear_pending(c, port);
}

/* Hands each pending port to serve, `budget` at most; how many it was. A queue that was given up is
 * passed over: who wants to know of it asks for one port after another. */
static inline uint32_t evtchn_scan(struct evtchn_consumer *c, uint32_t budget,
                                   void (*serve)(void *arg, uint32_t port), void *arg)
{
    uint32_t served = 0, port;
    evtchn_consumer_begin(c);
    while (served < budget && (port = evtchn_consumer_next(c)) != EVTCHN_NONE) {
        if (port == EVTCHN_BROKEN_QUEUE)
            continue;
        serve(arg, port);
        served++;
    }
    return served;
}

#endif
