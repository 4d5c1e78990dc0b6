/* SPDX-License-Identifier: MIT */
/* A victim, and whoever is beside it, as a description says (dom0/description.h). */
#ifndef TESTS_SYSTEM_HOSTILE_CREW_H
#define TESTS_SYSTEM_HOSTILE_CREW_H

#include "tests/system/domains/support.h"

/* Starts what the text describes; the domains are run_domain(0) and so on. crew_end() is due in any
 * case. */
bool crew_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool crew_end(void);

/* Waits for the n-th of `count` domains to end, at most as long as `duration`, and shows the
 * consoles of all. SHUTDOWN_..., or NOT_ENDED. */
unsigned crew_wait(unsigned n, unsigned count, ns_t duration);

/* Nothing of the victim's was other than it should be: it has said so. */
bool victim_unharmed(void);

#endif
