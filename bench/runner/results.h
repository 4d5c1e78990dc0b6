/* SPDX-License-Identifier: MIT */
/* A table of an experiment's results, as its description asks for it: for screen and page alike. */
#ifndef RUNNER_RESULTS_H
#define RUNNER_RESULTS_H

#include "bench/runner/dataset.h"
#include "bench/runner/exhibits.h"
#include "bench/runner/table.h"

struct results {
    char *title;
    char *common;       /* what all rows share, and how many observations; NULL: nothing measured */
    struct table table; /* without any cell then */
};

/* The dataset must have been summarised. */
struct results results_make(const struct table_spec *spec, const struct dataset *data);
void results_free(struct results *results);

#endif
