/* SPDX-License-Identifier: MIT */
/*
 * How domains learn of each other: channels between those of a description, and the command line of
 * each, which is where guest/channel.h finds them.
 */
#ifndef DOM0_WIRING_H
#define DOM0_WIRING_H

#include "dom0/description.h"
#include "dom0/domain.h"

/* What became of a described channel. */
struct wire {
    domid_t front, back;
    evtchn_port_t port;    /* the front end's */
    grant_ref_t first_ref; /* the front end's */
};

/* domains[i] is that of description->domains[i], and created. One wire for each channel. */
bool wire_channels(const struct description *description, struct domain *const domains[],
                   struct wire wires[], struct problem *problem);

/* The command line of the n-th domain. Too long a one is a problem. */
bool wire_command_line(const struct description *description, const struct wire wires[], unsigned n,
                       char line[MAX_GUEST_CMDLINE], struct problem *problem);

#endif
