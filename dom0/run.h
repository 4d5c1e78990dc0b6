/* SPDX-License-Identifier: MIT */
/*
 * Carries out a description: starts its domains, connects them, shows their consoles, restarts
 * those that want it, and destroys all when those that it waits for have ended.
 */
#ifndef DOM0_RUN_H
#define DOM0_RUN_H

#include "dom0/archive.h"
#include "dom0/description.h"
#include "dom0/domain.h"

/*
 * Starts all of its domains. Kernels and ramdisks are files of the archive. Both last until
 * run_end(), which is due in any case.
 */
bool run_begin(const struct description *description, const struct archive *archive,
               struct problem *problem);

/* The n-th domain of the description, between the two. */
struct domain *run_domain(unsigned n);

/*
 * Until those that it waits for have ended for good. A problem: one of them crashed, something
 * could not be started again, or the time limit was reached.
 */
bool run_watch(struct problem *problem);

/* Destroys all that are left. */
bool run_end(struct problem *problem);

/* All three. */
bool run(const struct description *description, const struct archive *archive,
         struct problem *problem);

#endif
