/* SPDX-License-Identifier: MIT */
/* ringside merge: shards of a sweep become a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/figures.h"
#include "bench/runner/folder.h"
#include "bench/runner/manifest.h"
#include "bench/runner/merge.h"
#include "bench/runner/record.h"

/* dir/<before><name><after> for every dir. */
static struct strings paths_of(const struct strings *dirs, const char *before, const char *name,
                               const char *after)
{
    struct strings paths = {0};
    for (size_t i = 0; i < dirs->count; i++) {
        char *path = format_text("%s/%s%s%s", dirs->at[i], before, name, after);
        strings_add(&paths, path);
        free(path);
    }
    return paths;
}

static bool join(const struct strings *dirs, const char *out, const char *before, const char *name,
                 const char *after, size_t seq_field, struct fault *fault)
{
    struct strings paths = paths_of(dirs, before, name, after);
    char *to = format_text("%s/%s%s%s", out, before, name, after);
    bool good = merge_lines(&paths, seq_field, to, fault);
    free(to);
    strings_free(&paths);
    return good;
}

static bool same_file(const char *a, const char *b, struct fault *fault)
{
    FILE *in_a = fopen(a, "re"), *in_b = fopen(b, "re");
    bool same = in_a != NULL && in_b != NULL;
    while (same) {
        int c = getc(in_a);
        same = c == getc(in_b);
        if (c == EOF)
            break;
    }
    if (in_a != NULL)
        fclose(in_a);
    if (in_b != NULL)
        fclose(in_b);
    return same || fault_set(fault, "%s and %s differ: not shards of one sweep", a, b);
}

/* The description, which must be the same in all shards. */
static bool join_description(const struct strings *dirs, const char *out, const char *name,
                             struct fault *fault)
{
    char *first = format_text("%s/experiments/%s.exp", dirs->at[0], name);
    char *to = format_text("%s/experiments/%s.exp", out, name);
    bool good = true;
    for (size_t i = 1; good && i < dirs->count; i++) {
        char *other = format_text("%s/experiments/%s.exp", dirs->at[i], name);
        good = same_file(first, other, fault);
        free(other);
    }
    good = good && folder_copy(first, to, fault);
    free(to);
    free(first);
    return good;
}

/* Where the rows of an experiment have their number; its description is in `out` already. */
static bool find_seq(const char *out, const char *name, size_t *field, struct fault *fault)
{
    char *path = format_text("%s/experiments/%s.exp", out, name);
    struct experiment *e = experiment_read(path, EFFORT_STANDARD, fault);
    free(path);
    if (e == NULL)
        return false;
    *field = record_seq(e->suite);
    experiment_free(e);
    return true;
}

static bool join_experiment(const struct strings *dirs, const char *out, const char *name,
                            struct fault *fault)
{
    char *hists = format_text("hist/%s", name);
    size_t seq;
    bool good = folder_make(out, "experiments", fault) && folder_make(out, hists, fault) &&
                join_description(dirs, out, name, fault) && find_seq(out, name, &seq, fault) &&
                join(dirs, out, "", name, ".csv", seq, fault) &&
                join(dirs, out, "hist/", name, "/observations.csv", 0, fault);
    free(hists);
    return good;
}

static void warn_of_machines(json_t *const *shards, const struct strings *dirs)
{
    for (size_t i = 1; i < dirs->count; i++) {
        const char *first = manifest_text(shards[0], "machine", "processor");
        const char *other = manifest_text(shards[i], "machine", "processor");
        if (strcmp(first, other) != 0)
            say("%s ran on %s, %s on %s: the medians mix both", dirs->at[0], first, dirs->at[i],
                other);
    }
}

static bool merge_into(const char *out, json_t *const *shards, const struct strings *dirs,
                       char *const *argv, struct fault *fault)
{
    if (!merge_check(shards, dirs, fault))
        return false;
    warn_of_machines(shards, dirs);
    struct strings names = manifest_experiments(shards[0]);
    json_t *manifest = merge_manifests(shards, dirs->count, argv);
    char *dir = folder_create(out, &names, fault);
    bool good = dir != NULL;
    for (size_t i = 0; good && i < names.count; i++)
        good = join_experiment(dirs, dir, names.at[i], fault);
    good = good && manifest_write(manifest, dir, fault);
    free(dir);
    json_decref(manifest);
    strings_free(&names);
    return good;
}

static bool show(const char *out, struct fault *fault)
{
    struct run_view view;
    if (!run_view_open(&view, out, fault))
        return false;
    bool good = run_view_derive(&view, fault) && run_view_note_disturbed(&view, fault);
    bool drawn = true;
    if (good) {
        run_view_print(&view, stdout);
        printf("\nresults  %s\n", out);
        drawn = figures_draw(&view) != FIGURES_FAILED;
    }
    run_view_close(&view);
    return good && (drawn || fault_set(fault, "not all figures were drawn"));
}

int command_merge(int argc, char **argv)
{
    struct strings operands = parse_operands(argc, argv, "OUT SHARD...",
                                             "Joins runs that were made by --shard 1/N .. N/N, "
                                             "with otherwise the same options and seed, "
                                             "into one run in the new folder OUT.",
                                             3, SIZE_MAX);
    struct strings dirs = {.at = operands.at + 1, .count = operands.count - 1};
    json_t **shards = memory(dirs.count, sizeof(void *));
    struct fault fault;
    bool good = true;
    for (size_t i = 0; good && i < dirs.count; i++) {
        shards[i] = manifest_read(dirs.at[i], &fault);
        good = shards[i] != NULL;
    }
    good = good && merge_into(operands.at[0], shards, &dirs, argv, &fault) &&
           show(operands.at[0], &fault);
    if (!good)
        say("%s", fault.text);
    for (size_t i = 0; i < dirs.count; i++)
        json_decref(shards[i]);
    free(shards);
    strings_free(&operands);
    return good ? EXIT_DONE : EXIT_FAILED;
}
