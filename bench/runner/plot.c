/* SPDX-License-Identifier: MIT */
/* ringside plot and ringside show: a run's folder read back. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/commands.h"
#include "bench/runner/figures.h"
#include "bench/runner/page.h"
#include "bench/runner/report.h"

int command_plot(int argc, char **argv)
{
    struct strings dirs = parse_operands(
        argc, argv, "RUN",
        "Computes the summaries of a run anew from its observations, draws its figures and writes "
        "its report. Needs nothing but the folder.",
        1, 1);
    struct run_view view;
    struct fault fault;
    int status = EXIT_FAILED;
    if (!run_view_open(&view, dirs.at[0], &fault)) {
        say("%s", fault.text);
    } else {
        bool good = run_view_derive(&view, &fault);
        bool drawn = good && figures_draw(&view) == FIGURES_DRAWN;
        good = good && page_write(&view, &fault);
        if (good)
            printf("report   %s/" PAGE_FILE "\n", view.dir);
        else
            say("%s", fault.text);
        status = good && drawn ? EXIT_DONE : EXIT_FAILED;
        run_view_close(&view);
    }
    strings_free(&dirs);
    return status;
}

int command_show(int argc, char **argv)
{
    struct strings dirs =
        parse_operands(argc, argv, "RUN", "Prints environment, tables and targets of a run.", 1, 1);
    struct run_view view;
    struct fault fault;
    bool good = run_view_open(&view, dirs.at[0], &fault);
    if (good) {
        run_view_print_environment(&view, stdout);
        report_gaps(stdout, view.manifest);
        run_view_print(&view, stdout);
        run_view_close(&view);
    } else {
        say("%s", fault.text);
    }
    strings_free(&dirs);
    return good ? EXIT_DONE : EXIT_FAILED;
}
