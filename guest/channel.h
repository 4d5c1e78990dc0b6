/* SPDX-License-Identifier: MIT */
/*
 * A channel to another domain: pages that both ends see, and an event. The control domain decided
 * who its ends are and told each on its command line; NAME is the channel's:
 *
 *     channel.NAME=front,PEER,PORT,REF,PAGES      and, to both ends alike, words
 *     channel.NAME=back,PEER,PORT,REF,PAGES       NAME.KEY=VALUE
 *
 * PEER is the other end's domain. PORT is the front end's: there it is the channel's own, and the
 * back end binds to it. The front end grants the back end its pages by references from REF on,
 * page 0 last: who can map page 0 finds all of them, and in them what was there before they were
 * offered.
 *
 *     front end   channel_open(), lay out channel->memory, channel_offer()
 *     back end    channel_open(), channel_attach(), which waits for the offer
 *
 * The back end tells the front end that it is attached; what events mean from then on is for both
 * to say. Nothing tells that the other end is gone: who waits, waits for a limited time and then
 * asks channel_peer_gone().
 *
 * Calling context: threads of one vcpu, the one that opened it.
 */
#ifndef GUEST_CHANNEL_H
#define GUEST_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "guest/time.h"
#include "guest/xen.h"

struct thread;

struct channel {
    const char *name;
    bool is_front;
    domid_t peer;
    evtchn_port_t port; /* this end's */
    grant_ref_t first_ref;
    unsigned pages;
    void *memory; /* back end: NULL until it is attached */

    volatile uint64_t events; /* how many came */
    bool was_connected;       /* the other end was there */
    struct thread *waiter;    /* who waited last; at first, who opened it */
    grant_handle_t *handles;  /* back end: of each page */
};

/*
 * Ends the run if the command line has no such channel, or one that is badly written. The front
 * end's memory is zero.
 */
void channel_open(struct channel *channel, const char *name);

/* The value of NAME.KEY=VALUE; NULL: there is none. */
const char *channel_option(const struct channel *channel, const char *key, size_t *length);
uint64_t channel_option_number(const struct channel *channel, const char *key, uint64_t otherwise);

/* Front end: lets the other end have the pages, and tells it. */
void channel_offer(struct channel *channel);

/* Back end: waits for the pages. false: they did not come until `deadline`, or the other end is
 * gone. */
bool channel_attach(struct channel *channel, ns_t deadline);

/* Tells the other end. 0, or the hypervisor's error. */
long channel_send(struct channel *channel);

/*
 * Waits until an event has come, at once if one came since the last wait, or until `deadline`:
 * false. The thread may be woken for other reasons too.
 */
bool channel_wait(struct channel *channel, ns_t deadline);

/*
 * Is the other end no more? Of one that has not been heard of yet, which a back end has from the
 * start, it is not known: false.
 */
bool channel_peer_gone(struct channel *channel);

/*
 * Gives all of it back. false: the other end still has pages of the front end's mapped; the
 * channel stays as it is then, for another try.
 */
bool channel_close(struct channel *channel);

#endif
