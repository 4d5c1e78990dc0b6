/* SPDX-License-Identifier: MIT */
/* Drawing the figures of a run by gnuplot, each as PDF, SVG and PNG. */
#ifndef RUNNER_FIGURES_H
#define RUNNER_FIGURES_H

#include "bench/runner/run_view.h"

enum figures_result {
    FIGURES_DRAWN,
    FIGURES_NOTHING, /* of what it shows was measured */
    FIGURES_NO_GNUPLOT,
    FIGURES_FAILED,
};

/* Of which values of its axis `figure_each` an experiment has a figure each; none: it has one. */
struct strings figures_each(const struct experiment *experiment, const struct dataset *data);

/* What the figure of such a value is called in the folder `figures`, without the format; of NULL,
 * the one figure. The caller frees. */
char *figures_name(const struct experiment *experiment, const char *value);

/* Says what it drew on stdout, and what went wrong on stderr; a figure that fails does not keep the
 * others from being drawn. */
enum figures_result figures_draw(const struct run_view *view);

#endif
