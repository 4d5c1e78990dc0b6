/* SPDX-License-Identifier: MIT */
/*
 * What a table says, in a sentence computed from its observations: who leads and by how much, or
 * that there is no difference.
 *
 * Points are contestants where they differ in the contrast axis alone (the subject, unless the
 * table's description names another) and, of subjects, are of one kind: layouts are held against
 * layouts. An axis that means something to some contestants alone is theirs: bvt with its
 * wakers warped and bvt without stand against rr as two. Where a table contrasts platforms of
 * different clocks, as the hypervisor and the simulator, the sentence says how far they are apart;
 * nobody leads. Else the best median leads; it leads for sure where the interval of its ratio to
 * the next one does not hold 1. The choice of the best is outside of that interval, which is
 * slightly optimistic for it.
 */
#ifndef RUNNER_FINDING_H
#define RUNNER_FINDING_H

#include "bench/runner/dataset.h"
#include "bench/runner/exhibits.h"

/* Sentences on the table's first metric, one for each kind that has contestants; none where nothing
 * stands against anything. The dataset must have been summarised. */
struct strings finding_make(const struct table_spec *spec, const struct dataset *data,
                            uint32_t seed);

#endif
