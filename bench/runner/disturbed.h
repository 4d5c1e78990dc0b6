/* SPDX-License-Identifier: MIT */
/* Observations during which other work ran on the processors of the two sides. */
#ifndef RUNNER_DISTURBED_H
#define RUNNER_DISTURBED_H

#include "bench/runner/dataset.h"

/* What a side that polls has of its processor at least, unless other work takes some of it. */
#define DISTURBED_BELOW_PERCENT 90

/*
 * How many busy-poll observations had a side with less of its processor than that. Sides that the
 * subject lets sleep (the kernel serves in their place) do not count, nor do observations without
 * CPU times. Other suites than `native` have none.
 */
size_t disturbed_count(const struct dataset *data);

#endif
