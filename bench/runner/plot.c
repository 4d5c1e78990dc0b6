/* SPDX-License-Identifier: MIT */
/* ringside plot and ringside show: a run's folder read back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/runner/commands.h"
#include "bench/runner/figures.h"
#include "bench/runner/manifest.h"
#include "bench/runner/report.h"

int command_plot(int argc, char **argv)
{
    struct strings dirs = parse_operands(
        argc, argv, "RUN",
        "Computes the summaries of a run anew from its observations, and draws its figures. Needs "
        "nothing but the folder.",
        1, 1);
    struct run_view view;
    struct fault fault;
    int status = EXIT_FAILED;
    if (!run_view_open(&view, dirs.at[0], &fault)) {
        say("%s", fault.text);
    } else {
        if (!run_view_derive(&view, &fault))
            say("%s", fault.text);
        else if (figures_draw(&view) == FIGURES_DRAWN)
            status = EXIT_DONE;
        run_view_close(&view);
    }
    strings_free(&dirs);
    return status;
}

static void print_environment(const struct run_view *view)
{
    const json_t *m = view->manifest;
    const json_t *observations = json_object_get(m, "observations");
    char *caption = manifest_caption(m);
    printf("machine      %s\n", caption);
    printf("governor     %s\n", *manifest_text(m, "machine", "governor") == '\0'
                                    ? "not known"
                                    : manifest_text(m, "machine", "governor"));
    printf("program      ringside %s, commit %s%s, %s\n", manifest_text(m, "program", "version"),
           manifest_text(m, "program", "commit"),
           json_is_true(json_object_get(json_object_get(m, "program"), "modified")) ? ", modified"
                                                                                    : "",
           manifest_text(m, "program", "flags"));
    printf("started      %s\n", json_string_value(json_object_get(m, "started")));
    long long planned = json_integer_value(json_object_get(observations, "planned"));
    printf("state        %s, %zu of %lld observation%s\n", manifest_state(m),
           run_view_observations(view), planned, plural((size_t)planned));
    printf("seed         %" PRIu32 ", effort %s\n", manifest_seed(m),
           manifest_text(m, "parameters", "effort"));
    struct shard shard = manifest_shard(m);
    if (shard.of > 1)
        printf("shard        %" PRIu64 " of %" PRIu64 "\n", shard.index, shard.of);
    free(caption);
}

int command_show(int argc, char **argv)
{
    struct strings dirs =
        parse_operands(argc, argv, "RUN", "Prints environment, tables and targets of a run.", 1, 1);
    struct run_view view;
    struct fault fault;
    bool good = run_view_open(&view, dirs.at[0], &fault);
    if (good) {
        print_environment(&view);
        report_gaps(stdout, view.manifest);
        run_view_print(&view, stdout);
        run_view_close(&view);
    } else {
        say("%s", fault.text);
    }
    strings_free(&dirs);
    return good ? EXIT_DONE : EXIT_FAILED;
}
