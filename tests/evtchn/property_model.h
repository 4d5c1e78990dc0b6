/* SPDX-License-Identifier: MIT */
/*
 * The reference model of property.c: what each port is bound to, whether it has an event that was
 * not served yet, whether it is masked. It knows nothing of words, links and selectors. And its
 * guests, who serve what they are told of.
 */
#ifndef TESTS_EVTCHN_PROPERTY_MODEL_H
#define TESTS_EVTCHN_PROPERTY_MODEL_H

#include "tests/evtchn/world.h"
#include "tests/unit/rng.h"

#define DOMAINS 3U
#define VCPUS 3U
#define PORTS_MAX 2200U /* three pages of fifo's words, and no whole number of buckets */

struct port {
    enum evtchn_state state;
    uint32_t source;
    struct domain *peer;
    uint32_t peer_port;
    uint32_t vcpu;
    bool pending; /* has an event that was not served */
    bool masked;
    /* fifo: an event may be held back for want of a page or a control block. It is not required to
     * arrive before that is there, and may then arrive although another one did meanwhile. */
    bool held;
};

struct domain {
    struct world_domain w;
    struct port port[PORTS_MAX];
    bool scanning[VCPUS]; /* stopped early */
    uint32_t open;
    bool fifo; /* entered */
};

struct property {
    struct domain domain[DOMAINS];
    struct rng rng;
    const struct world_abi *abi;
    uint64_t episode;
    uint32_t operation;
    const char *doing;
    uint64_t served, told, lost_checks, refused, changed; /* that the test did something */
};

extern struct property t;

/* Ends the run, with what to replay it by, unless it holds. */
void check(bool holds, const char *what, const struct domain *d, uint32_t port);

uint32_t below(uint32_t n);
bool one_in(uint32_t n);

/* ---- what the model says ---- */

bool is_open(const struct domain *d, uint32_t port);
bool has_page(const struct domain *d, uint32_t port);
bool reachable(const struct domain *d, uint32_t port); /* can its events be delivered now? */

/* Numbers of ports by its ABI are below. */
uint32_t limit(const struct domain *d);

/* The port to be opened next, or a negative error. */
int next_port(struct domain *d);

/* ---- effects ---- */

/* Before a call that may tell somebody. */
struct flags {
    uint8_t was[DOMAINS][VCPUS];
};

struct flags flags_now(void);

/* The one flag that went up is that of effect's vcpu. */
void check_told(const struct flags *before, const struct evtchn_effect *effect);

/* An event for the port, by whatever means. */
void check_sent(struct domain *d, uint32_t port, const struct flags *before,
                const struct evtchn_effect *effect);

/* All who have a reason serve, and then no event is left that could have been served. */
void check_nothing_lost(void);

/* ---- the guest ---- */

/* The guest may touch the port's bits: fifo, its page is there. */
bool touchable(const struct domain *d, uint32_t port);
void mask(struct domain *d, uint32_t vcpu, uint32_t port);
void unmask(struct domain *d, uint32_t vcpu, uint32_t port);

bool has_reason(const struct domain *d, uint32_t vcpu);
void serve_vcpu(struct domain *d, uint32_t vcpu, uint32_t budget); /* budget 0: to the end */

#endif
