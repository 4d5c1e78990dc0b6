/* SPDX-License-Identifier: MIT */
/*
 * Carries out a description: starts its domains, connects them, shows their consoles, restarts
 * those that want it, and destroys all when those that it waits for have ended.
 */
#ifndef DOM0_RUN_H
#define DOM0_RUN_H

#include "dom0/archive.h"
#include "dom0/description.h"

/*
 * Kernels and ramdisks are files of the archive. A problem: something could not be started or
 * destroyed, a domain that the run waits for crashed for good, or the time limit was reached. All
 * domains are destroyed in any case.
 */
bool run(const struct description *description, const struct archive *archive,
         struct problem *problem);

#endif
