/* SPDX-License-Identifier: MIT */
/*
 * User mode: another page-table root, entered by iret and left by system call, exception or event.
 */
#ifndef GUEST_USER_H
#define GUEST_USER_H

#include "guest/trap.h"

struct user_state {
    struct context kernel;
    struct trap_frame frame; /* in: where to go on; out: where it was left, and why */
    uint64_t cr2;            /* of the page fault that it was left by */
    bool stop;               /* set by an event's handler: user_run() returns, with TRAP_EVENT */
};

/* rip, rsp and 64-bit flat segments; all other registers 0, upcalls enabled. */
void user_init(struct user_state *user, uint64_t rip, uint64_t rsp);

/*
 * Goes on in user mode from user->frame until a system call or an exception, which are not handled:
 * user->frame says what it was. Upcalls on the way are, and user mode goes on unless a handler sets
 * user->stop. A root for user mode must be set: table_user_root() (guest/table.h).
 */
void user_run(struct user_state *user);

#endif
