/* SPDX-License-Identifier: MIT */
/* ringside run: measures experiments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/commands.h"
#include "bench/runner/environment.h"
#include "bench/runner/figures.h"
#include "bench/runner/folder.h"
#include "bench/runner/interrupt.h"
#include "bench/runner/metrics.h"
#include "bench/runner/place.h"
#include "bench/runner/progress.h"
#include "bench/runner/record.h"
#include "bench/runner/report.h"
#include "bench/runner/run_options.h"

#define NS_PER_MS 1000000ULL

/* What an observation takes beyond its duration, for the estimate alone: a warm-up of a fourth, and
 * starting and ending it. */
#define WARM_SHARE 4
#define TURN_NS (2 * NS_PER_MS)

/* A load average above it means that others take a good part of a processor. It lags by a minute,
 * and a build may just have ended, so it is worth a remark and no more. */
#define LOAD_BUSY 1.0

struct run {
    struct run_options options;
    struct experiment **experiments;
    struct plan *plans;
    struct record *records;
    size_t count;
    struct schedule schedule;
    struct native *native;
    struct strings metrics;
    json_t *manifest;
    char *dir;
    size_t made;
    bool interrupted;
};

static uint64_t observing_ns(uint64_t duration_ns, size_t observations)
{
    return duration_ns + duration_ns / WARM_SHARE + observations * TURN_NS;
}

/* ---- before: everything that can be wrong is found before the folder is made ---- */

static bool apply_sets(struct run *run, struct experiment *experiment, struct fault *fault)
{
    const struct strings *sets = &run->options.parameters.sets;
    for (size_t i = 0; i < sets->count; i++) {
        char *key = copy_text(sets->at[i]);
        char *value = strchr(key, '=');
        *value++ = '\0';
        struct fault inner;
        bool good = experiment_set(experiment, key, value, &inner);
        if (!good)
            fault_set(fault, "setting %s: %s", sets->at[i], inner.text);
        free(key);
        if (!good)
            return false;
    }
    return true;
}

static bool is_known(const char *path, const char *name, struct fault *fault)
{
    if (access(path, R_OK) == 0)
        return true;
    struct strings names = place_experiments();
    char *known = strings_join(&names, ", ");
    fault_set(fault, "no experiment '%s' (%s cannot be read); there are: %s", name, path,
              names.count == 0 ? "none, set " PLACE_VARIABLE " to the source tree" : known);
    free(known);
    strings_free(&names);
    return false;
}

static bool is_new(const struct run *run, const struct experiment *experiment, struct fault *fault)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->experiments[i]->name, experiment->name) == 0)
            return fault_set(fault, "%s and %s have the same name; a run needs different ones",
                             run->experiments[i]->path, experiment->path);
    return true;
}

/* Exit status: EXIT_USAGE if the command line asked for what is not there. */
static int load_experiments(struct run *run, struct fault *fault)
{
    size_t wanted = run->options.names.count;
    run->experiments = memory(wanted, sizeof(void *));
    run->plans = memory(wanted, sizeof(*run->plans));
    for (size_t i = 0; i < wanted; i++) {
        const char *name = run->options.names.at[i];
        char *path = place_of_experiment(name);
        bool known = is_known(path, name, fault);
        struct experiment *e =
            known ? experiment_read(path, run->options.parameters.effort, fault) : NULL;
        free(path);
        if (e == NULL)
            return known ? EXIT_FAILED : EXIT_USAGE;
        bool good = is_new(run, e, fault);
        run->experiments[i] = e;
        run->count++;
        if (!good || !apply_sets(run, e, fault))
            return EXIT_USAGE;
        plan_make(&run->plans[i], e);
    }
    return EXIT_DONE;
}

static bool open_native(struct run *run, struct fault *fault)
{
    const struct native_config config = {
        .cpu_front = run->options.cpu_front,
        .cpu_back = run->options.cpu_back,
        .processes = run->options.parameters.processes,
        .events = run->options.parameters.events,
    };
    if (native_open(&config, &run->native, fault->text, sizeof(fault->text)) != 0) {
        run->native = NULL;
        return false;
    }
    run->metrics = metrics_of_run(run->native);
    return true;
}

static void announce(const struct run *run)
{
    size_t points = 0;
    for (size_t i = 0; i < run->count; i++)
        points += run->plans[i].point_count;
    report_gaps(stdout, run->manifest);
    char *time = time_text(observing_ns(run->schedule.duration_ns, run->schedule.count));
    if (environment_load() > LOAD_BUSY)
        say("others are running here (load average %.1f): what is measured will be noisy",
            environment_load());
    printf("%zu experiment%s, %zu point%s, %zu observation%s, about %s; seed %u\n", run->count,
           plural(run->count), points, plural(points), run->schedule.count,
           plural(run->schedule.count), time, run->options.parameters.seed);
    fflush(stdout);
    free(time);
}

/* ---- the folder ---- */

static bool copy_description(const struct run *run, const struct experiment *e, struct fault *fault)
{
    char *to = format_text("%s/experiments/%s.exp", run->dir, e->name);
    bool good = folder_copy(e->path, to, fault);
    free(to);
    return good;
}

static bool open_folder(struct run *run, struct fault *fault)
{
    struct strings names = {0};
    for (size_t i = 0; i < run->count; i++)
        strings_add(&names, run->experiments[i]->name);
    run->dir = folder_create(run->options.out, &names, fault);
    strings_free(&names);
    if (run->dir == NULL || !folder_make(run->dir, "experiments", fault))
        return false;

    run->records = memory(run->count, sizeof(*run->records));
    for (size_t i = 0; i < run->count; i++)
        run->records[i] = RECORD_UNOPENED;
    for (size_t i = 0; i < run->count; i++)
        if (!copy_description(run, run->experiments[i], fault) ||
            !record_open(&run->records[i], run->dir, run->experiments[i]->name, &run->metrics,
                         fault))
            return false;
    manifest_set_observations(run->manifest, run->schedule.count, 0);
    return manifest_write(run->manifest, run->dir, fault);
}

/* ---- observing ---- */

/* One that failed is noted, and the run goes on. */
static bool note_error(struct run *run, const struct turn *turn, const struct point *point,
                       const char *error, struct fault *fault)
{
    manifest_add_error(run->manifest, turn, (char **)point->axes, error);
    say("%s, %s, batch %s, repetition %llu: %s", point->axes[AXIS_EXPERIMENT],
        point->axes[AXIS_SUBJECT], point->axes[AXIS_BATCH], (unsigned long long)turn->rep, error);
    return manifest_write(run->manifest, run->dir, fault);
}

static bool observe(struct run *run, const struct turn *turn, struct hist *latency,
                    struct progress *progress, struct fault *fault)
{
    const struct point *point = &run->plans[turn->plan].points[turn->point];
    uint64_t duration_ns = run->experiments[turn->plan]->duration_ms * NS_PER_MS;
    struct native_observation seen;
    struct fault error;
    if (native_observe(run->native, &point->native, duration_ns, &seen, latency, error.text,
                       sizeof(error.text)) != 0) {
        progress_clear(progress);
        return note_error(run, turn, point, error.text, fault);
    }
    double values[METRICS_MAX];
    const struct hist *filled = seen.has_latency ? latency : NULL;
    metrics_compute(run->native, &seen, filled, values);
    const struct row row = {turn->seq, turn->rep, seen.requests, seen.elapsed_ns};
    run->made++;
    return record_append(&run->records[turn->plan], (char **)point->axes, &row, values,
                         run->metrics.count, filled, fault);
}

static bool observe_all(struct run *run, struct fault *fault)
{
    struct progress progress;
    progress_start(&progress, run->schedule.count,
                   observing_ns(run->schedule.duration_ns, run->schedule.count));
    struct hist *latency = memory(1, sizeof(*latency));
    bool good = true;
    for (size_t i = 0; good && i < run->schedule.count; i++) {
        run->interrupted = interrupt_came();
        if (run->interrupted)
            break;
        const struct turn *turn = &run->schedule.turns[i];
        const struct point *point = &run->plans[turn->plan].points[turn->point];
        good = observe(run, turn, latency, &progress, fault);
        char *what = format_text("%s: %s, batch %s", point->axes[AXIS_EXPERIMENT],
                                 point->axes[AXIS_SUBJECT], point->axes[AXIS_BATCH]);
        uint64_t duration_ns = run->experiments[turn->plan]->duration_ms * NS_PER_MS;
        progress_step(&progress, observing_ns(duration_ns, 1), what);
        free(what);
    }
    progress_clear(&progress);
    free(latency);
    return good;
}

/* ---- after ---- */

static bool settle_manifest(struct run *run, bool good, struct fault *fault)
{
    bool complete = good && !run->interrupted;
    manifest_set_observations(run->manifest, run->schedule.count, run->made);
    manifest_set_state(run->manifest, complete ? RUN_COMPLETE : RUN_INTERRUPTED);
    struct fault second;
    if (manifest_write(run->manifest, run->dir, good ? fault : &second))
        return good;
    if (!good)
        say("%s", second.text);
    return false;
}

static bool show(const struct run *run, struct fault *fault)
{
    struct run_view view;
    if (!run_view_open(&view, run->dir, fault))
        return false;
    bool good = run_view_derive(&view, fault) && run_view_note_disturbed(&view, fault);
    bool drawn = true;
    if (good) {
        run_view_print(&view, stdout);
        printf("\nresults  %s\n", run->dir);
    }
    if (good && run->interrupted)
        printf(
            "interrupted after %zu of %zu observation%s; `ringside plot %s` draws what there is\n",
            run->made, run->schedule.count, plural(run->schedule.count), run->dir);
    else if (good && run->options.parameters.shard.of > 1)
        printf("join the shards: `ringside merge OUT %s ...`\n", run->dir);
    else if (good)
        drawn = figures_draw(&view) != FIGURES_FAILED;
    run_view_close(&view);
    if (good && !drawn)
        fault_set(fault, "not all figures were drawn");
    return good && drawn;
}

static int run_all(struct run *run, char **argv, struct fault *fault)
{
    int status = load_experiments(run, fault);
    if (status != EXIT_DONE)
        return status;
    interrupt_block();
    if (!open_native(run, fault))
        return EXIT_FAILED;
    schedule_make(&run->schedule, run->plans, run->count, run->options.parameters.seed,
                  run->options.parameters.shard);
    run->manifest =
        manifest_make(&run->options.parameters, run->plans, run->count, argv, run->native);
    announce(run);
    if (run->schedule.count == 0) {
        fault_set(fault,
                  "nothing to measure: every point was left out, skipped or another shard's");
        return EXIT_FAILED;
    }
    if (!open_folder(run, fault))
        return EXIT_FAILED;

    bool good = observe_all(run, fault);
    good = settle_manifest(run, good, fault);
    interrupt_unblock();
    if (!good || !show(run, fault))
        return EXIT_FAILED;
    fault->text[0] = '\0';
    bool failed = json_array_size(json_object_get(run->manifest, "errors")) > 0;
    return failed || run->interrupted ? EXIT_FAILED : EXIT_DONE;
}

static void run_free(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        plan_free(&run->plans[i]);
        experiment_free(run->experiments[i]);
        if (run->records != NULL)
            record_close(&run->records[i]);
    }
    if (run->native != NULL)
        native_close(run->native);
    schedule_free(&run->schedule);
    strings_free(&run->metrics);
    json_decref(run->manifest);
    free(run->records);
    free(run->experiments);
    free(run->plans);
    free(run->dir);
    run_options_free(&run->options);
}

int command_run(int argc, char **argv)
{
    struct run run = {0};
    struct fault fault = {""};
    run_options_parse(&run.options, argc, argv);
    int status = run_all(&run, argv, &fault);
    if (status != EXIT_DONE && fault.text[0] != '\0')
        say("%s", fault.text);
    run_free(&run);
    return status;
}
