/* SPDX-License-Identifier: MIT */
/* What a domain needs before it can run: memory with all that belongs into it, and registers. */
#ifndef DOM0_BUILD_H
#define DOM0_BUILD_H

#include "dom0/domain.h"

/* *console: the frame of the console's page. */
bool build_domain(const struct domain *domain, const char *command_line, uint64_t *console,
                  struct problem *problem);

#endif
