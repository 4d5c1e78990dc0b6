/* SPDX-License-Identifier: MIT */
/* What must hold of every plan that plan_make() takes, counted frame by frame. */
#ifndef TESTS_HV_PLAN_CHECK_H
#define TESTS_HV_PLAN_CHECK_H

#include "hv/build/plan.h"

#define PLAN_PAGES_MAX 65536U

/* NULL, or what of the plan does not hold. pages: as given to plan_make(), at most
 * PLAN_PAGES_MAX. */
const char *plan_unsound(const struct plan *p, const struct elf_image *e, uint64_t ramdisk_size,
                         uint64_t pages);

#endif
