/* SPDX-License-Identifier: MIT */
/*
 * A domain's life, by Xen's public interface alone: created, built, started, watched, destroyed.
 *
 *     domain_create()   it has an id, limits, and the ports of its console; no memory
 *                       what others must know of it, such as channels, is set up now
 *     domain_build()    memory, kernel, command line, first page tables and registers
 *     domain_unpause()  it runs
 *     domain_state()    until it has ended, of itself or because of an error
 *     domain_destroy()  everything of it comes back; also at any time before
 *
 * Calling context: the control domain's first vcpu.
 */
#ifndef DOM0_DOMAIN_H
#define DOM0_DOMAIN_H

#include "dom0/archive.h"
#include "dom0/console.h"
#include "dom0/problem.h"
#include "guest/xen.h"

struct domain_setup {
    const char *name; /* lasts as long as the domain */
    struct file kernel;
    struct file ramdisk; /* of size 0: none */
    uint64_t memory;     /* bytes; all of it is there from the start */
    unsigned vcpus;
    uint32_t ports;     /* the highest port of an event channel that it may use */
    const char *events; /* the ABI that they reach it by; NULL: it is left to the domain */
};

#define DOMAIN_PORTS_DEFAULT 1023U

struct domain {
    const struct domain_setup *setup;
    domid_t id;
    bool exists;
    evtchn_port_t console_port; /* the domain's end, as the next one */
    evtchn_port_t store_port;
    struct console console;
};

/* On failure there is no domain. */
bool domain_create(struct domain *domain, const struct domain_setup *setup,
                   struct problem *problem);

/* On failure the domain is good for domain_destroy() only. */
bool domain_build(struct domain *domain, const char *command_line, struct problem *problem);

/* It is created paused. Pauses are counted. */
bool domain_unpause(struct domain *domain, struct problem *problem);
bool domain_pause(struct domain *domain, struct problem *problem);

enum domain_state {
    DOMAIN_RUNS,  /* or could, or is paused */
    DOMAIN_ENDED, /* *reason: SHUTDOWN_... of xen/sched.h */
    DOMAIN_GONE,  /* there is no such domain */
};

enum domain_state domain_state(const struct domain *domain, unsigned *reason);

/* A word for a SHUTDOWN_... */
const char *domain_reason_name(unsigned reason);

/* Shows the rest of its console first. Does nothing where there is no domain. */
bool domain_destroy(struct domain *domain, struct problem *problem);

/* A port of the domain's, for `remote` to bind to. */
bool domain_port(const struct domain *domain, domid_t remote, evtchn_port_t *port,
                 struct problem *problem);

#endif
