/* SPDX-License-Identifier: MIT */
/* ringside run: measures experiments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/chosen.h"
#include "bench/runner/commands.h"
#include "bench/runner/environment.h"
#include "bench/runner/figures.h"
#include "bench/runner/folder.h"
#include "bench/runner/interrupt.h"
#include "bench/runner/page.h"
#include "bench/runner/place.h"
#include "bench/runner/progress.h"
#include "bench/runner/record.h"
#include "bench/runner/report.h"
#include "bench/runner/run.h"
#include "bench/runner/sessions.h"

#define NS_PER_MS 1000000ULL

/* A load average above it means that others take a good part of a processor. It lags by a minute,
 * and a build may just have ended, so it is worth a remark and no more. */
#define LOAD_BUSY 1.0

struct run {
    struct run_options options;
    struct chosen chosen;
    struct record *records; /* one for each of the chosen */
    struct schedule schedule;
    struct sessions sessions; /* of the suites that the experiments are of */
    json_t *manifest;
    char *dir;
    size_t made;
    bool over; /* nothing more can be observed */
    bool interrupted;
};

/* ---- before ---- */

static bool open_suites(struct run *run, struct fault *fault)
{
    const struct suite_config config = {
        .cpu_front = run->options.cpu_front,
        .cpu_back = run->options.cpu_back,
        .processes = run->options.parameters.processes,
        .events = run->options.parameters.events,
    };
    for (size_t i = 0; i < run->chosen.count; i++)
        if (!sessions_open(&run->sessions, run->chosen.experiments[i]->suite, &config, fault))
            return false;
    return true;
}

static json_t *make_manifest(const struct run *run, char **argv)
{
    json_t *machine = environment_machine(), *counters = json_array();
    sessions_describe(&run->sessions, machine, counters);
    return manifest_make(&run->options.parameters, run->chosen.plans, run->chosen.count, argv,
                         machine, counters);
}

static void announce(const struct run *run)
{
    size_t points = 0;
    for (size_t i = 0; i < run->chosen.count; i++)
        points += run->chosen.plans[i].point_count;
    report_gaps(stdout, run->manifest);
    char *time = time_text(run->schedule.host_ns);
    if (sessions_mind_load(&run->sessions) && environment_load() > LOAD_BUSY)
        say("others are running here (load average %.1f): what is measured will be noisy",
            environment_load());
    printf("%zu experiment%s, %zu point%s, %zu observation%s, about %s; seed %u\n",
           run->chosen.count, plural(run->chosen.count), points, plural(points),
           run->schedule.count, plural(run->schedule.count), time, run->options.parameters.seed);
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
    for (size_t i = 0; i < run->chosen.count; i++)
        strings_add(&names, run->chosen.experiments[i]->name);
    run->dir = folder_create(run->options.out, &names, fault);
    strings_free(&names);
    if (run->dir == NULL || !folder_make(run->dir, "experiments", fault))
        return false;

    run->records = memory(run->chosen.count, sizeof(*run->records));
    for (size_t i = 0; i < run->chosen.count; i++)
        run->records[i] = RECORD_UNOPENED;
    for (size_t i = 0; i < run->chosen.count; i++) {
        const struct experiment *e = run->chosen.experiments[i];
        if (!copy_description(run, e, fault) ||
            !record_open(&run->records[i], run->dir, e->name, e->suite,
                         &sessions_find(&run->sessions, e->suite)->columns, fault))
            return false;
    }
    manifest_set_observations(run->manifest, run->schedule.count, 0);
    return manifest_write(run->manifest, run->dir, fault);
}

/* ---- observing ---- */

/* One that failed is noted, and the run goes on. */
static bool note_error(struct run *run, const struct turn *turn, const char *error,
                       struct fault *fault)
{
    const struct suite *suite = run->chosen.experiments[turn->plan]->suite;
    char *const *axes = run->chosen.plans[turn->plan].points[turn->point].axes;
    manifest_add_error(run->manifest, turn, suite, axes, error);
    char *what = suite_point_text(suite, axes);
    say("%s: %s, repetition %llu: %s", axes[AXIS_EXPERIMENT], what, (unsigned long long)turn->rep,
        error);
    free(what);
    return manifest_write(run->manifest, run->dir, fault);
}

static bool observe(struct run *run, const struct turn *turn, struct hist *latency,
                    struct progress *progress, struct fault *fault)
{
    const struct plan_point *p = &run->chosen.plans[turn->plan].points[turn->point];
    const struct experiment *e = run->chosen.experiments[turn->plan];
    const struct session *session = sessions_find(&run->sessions, e->suite);
    uint64_t seed = turn_seed(run->options.parameters.seed, turn);
    struct observation seen;
    struct fault error;
    if (!suite_observe(e->suite, session->of, &p->point, e->duration_ms * NS_PER_MS, seed, &seen,
                       latency, &error)) {
        progress_clear(progress);
        run->over = e->suite->is_over != NULL && e->suite->is_over(session->of);
        if (!run->over && !interrupt_wait(0))
            return note_error(run, turn, error.text, fault);
        say("%s", error.text); /* is nothing that the point did */
        return true;
    }
    const struct row row = {turn->seq, turn->rep, seen.work, seen.elapsed_ns, seed};
    run->made++;
    return record_append(&run->records[turn->plan], p->axes, &row, seen.values,
                         session->columns.count, seen.has_latency ? latency : NULL, fault);
}

static void step(const struct run *run, const struct turn *turn, struct progress *progress)
{
    const struct plan *plan = &run->chosen.plans[turn->plan];
    char *point = suite_point_text(plan->experiment->suite, plan->points[turn->point].axes);
    char *what = format_text("%s: %s", plan->experiment->name, point);
    progress_step(progress, turn_host_ns(run->chosen.plans, turn), what);
    free(what);
    free(point);
}

static bool observe_all(struct run *run, struct fault *fault)
{
    struct progress progress;
    progress_start(&progress, run->schedule.count, run->schedule.host_ns);
    struct hist *latency = memory(1, sizeof(*latency));
    bool good = true;
    for (size_t i = 0; good && i < run->schedule.count; i++) {
        run->interrupted = interrupt_came() || run->over;
        if (run->interrupted)
            break;
        const struct turn *turn = &run->schedule.turns[i];
        good = observe(run, turn, latency, &progress, fault);
        step(run, turn, &progress);
    }
    if (run->over) { /* by Ctrl-C, maybe */
        interrupt_came();
        run->interrupted = true;
    }
    progress_clear(&progress);
    free(latency);
    return good;
}

/* ---- after ---- */

static bool settle_manifest(struct run *run, bool good, struct fault *fault)
{
    bool complete = good && !run->interrupted;
    json_t *machine = json_object(), *counters = json_array();
    sessions_describe(&run->sessions, machine, counters);
    json_decref(machine); /* is as it was at the beginning */
    manifest_set_counters(run->manifest, counters);
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
        report_learned(stdout, run->manifest);
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
    good = good && page_write(&view, fault);
    if (good)
        printf("report   %s/" PAGE_FILE "\n", run->dir);
    run_view_close(&view);
    if (good && !drawn)
        fault_set(fault, "not all figures were drawn");
    return good && drawn;
}

static int run_all(struct run *run, char **argv, struct fault *fault)
{
    int status = chosen_read(&run->chosen, &run->options.names, &run->options.parameters, fault);
    if (status != EXIT_DONE)
        return status;
    interrupt_block();
    if (!open_suites(run, fault))
        return EXIT_FAILED;
    schedule_make(&run->schedule, run->chosen.plans, run->chosen.count,
                  run->options.parameters.seed, run->options.parameters.shard);
    run->manifest = make_manifest(run, argv);
    announce(run);
    if (run->schedule.count == 0) {
        report_refused(stdout, run->manifest);
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
    for (size_t i = 0; run->records != NULL && i < run->chosen.count; i++)
        record_close(&run->records[i]);
    chosen_free(&run->chosen);
    sessions_close(&run->sessions);
    schedule_free(&run->schedule);
    json_decref(run->manifest);
    free(run->records);
    free(run->dir);
    run_options_free(&run->options);
}

int run_measure(struct run_options *options, char **argv)
{
    struct run run = {.options = *options};
    struct fault fault = {""};
    int status = run_all(&run, argv, &fault);
    if (status != EXIT_DONE && fault.text[0] != '\0')
        say("%s", fault.text);
    run_free(&run);
    return status;
}

int command_run(int argc, char **argv)
{
    struct run_options options;
    run_options_parse(&options, argc, argv);
    return run_measure(&options, argv);
}
