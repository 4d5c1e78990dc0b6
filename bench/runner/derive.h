/* SPDX-License-Identifier: MIT */
/* What a run folder holds that follows from its observations: summaries and merged histograms. It
 * can be made again at any time, and is by every command that shows a run. */
#ifndef RUNNER_DERIVE_H
#define RUNNER_DERIVE_H

#include "bench/runner/dataset.h"

/* summary/<experiment>.csv, and hist/<experiment>/ with a .hgrm a point and index.csv; the dataset
 * must have been summarised. */
bool derive_write(const char *dir, const struct dataset *data, struct fault *fault);

#endif
