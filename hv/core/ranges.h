/* SPDX-License-Identifier: MIT */
/* Sets of numbers as ranges, sorted and apart: what devices' memory and ports a domain may use. */
#ifndef HV_RANGES_H
#define HV_RANGES_H

#include "hv/core/types.h"

/* One frame. More pieces than it has room for are refused: that many devices no domain has. */
#define RANGES_MAX 255

struct range {
    uint64_t first, last;
};

struct ranges {
    uint64_t n;
    uint64_t unused;
    struct range at[RANGES_MAX];
};
_Static_assert(sizeof(struct ranges) == PAGE_SIZE, "a frame");

/* All of them. NULL, as a set: none. */
bool ranges_hold(const struct ranges *set, uint64_t first, uint64_t last);

/* false: no room; nothing was changed. first <= last. */
bool ranges_add(struct ranges *set, uint64_t first, uint64_t last);
bool ranges_remove(struct ranges *set, uint64_t first, uint64_t last);

#endif
