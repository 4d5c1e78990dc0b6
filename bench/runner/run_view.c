/* SPDX-License-Identifier: MIT */
#include "bench/runner/run_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/derive.h"
#include "bench/runner/disturbed.h"
#include "bench/runner/manifest.h"
#include "bench/runner/report.h"
#include "bench/runner/targets.h"

static void take_only(struct selector *shown, size_t axis, const char *value)
{
    if (shown->allowed[axis].count == 0)
        return;
    strings_free(&shown->allowed[axis]);
    strings_add(&shown->allowed[axis], value);
}

/* What was measured on one platform alone (--platform) is shown of that one, whichever the
 * description means. Bounds of targets are of theirs. */
static void show_platform(struct experiment *e, const struct dataset *data)
{
    size_t axis = e->suite->placing;
    if (axis == AXIS_NONE || data->count == 0)
        return;
    const char *only = data->points[0].axes[axis];
    for (size_t i = 0; i < data->count; i++)
        if (strcmp(data->points[i].axes[axis], only) != 0)
            return;
    take_only(&e->figure_where, axis, only);
    for (size_t i = 0; i < e->table_count; i++)
        take_only(&e->tables[i].where, axis, only);
}

static bool open_experiment(struct run_view *view, const char *name, struct fault *fault)
{
    size_t i = view->count;
    char *path = format_text("%s/experiments/%s.exp", view->dir, name);
    view->experiments[i] = experiment_read(path, EFFORT_STANDARD, fault);
    free(path);
    if (view->experiments[i] == NULL)
        return false;
    view->count++;
    if (!dataset_read(&view->data[i], view->dir, name, view->experiments[i]->suite, fault))
        return false;
    show_platform(view->experiments[i], &view->data[i]);
    dataset_summarise(&view->data[i], manifest_seed(view->manifest));
    return true;
}

bool run_view_open(struct run_view *view, const char *dir, struct fault *fault)
{
    *view = (struct run_view){.dir = copy_text(dir), .manifest = manifest_read(dir, fault)};
    bool good = view->manifest != NULL;
    if (good) {
        struct strings names = manifest_experiments(view->manifest);
        view->experiments = memory(names.count, sizeof(void *));
        view->data = memory(names.count, sizeof(*view->data));
        for (size_t i = 0; good && i < names.count; i++)
            good = open_experiment(view, names.at[i], fault);
        strings_free(&names);
    }
    if (!good)
        run_view_close(view);
    return good;
}

void run_view_close(struct run_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        experiment_free(view->experiments[i]);
        dataset_free(&view->data[i]);
    }
    free(view->experiments);
    free(view->data);
    json_decref(view->manifest);
    free(view->dir);
    *view = (struct run_view){0};
}

size_t run_view_observations(const struct run_view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        for (size_t p = 0; p < view->data[i].count; p++)
            count += view->data[i].points[p].count;
    return count;
}

size_t run_view_disturbed(const struct run_view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        count += disturbed_count(&view->data[i]);
    return count;
}

bool run_view_note_disturbed(struct run_view *view, struct fault *fault)
{
    manifest_set_disturbed(view->manifest, run_view_disturbed(view));
    return manifest_write(view->manifest, view->dir, fault);
}

bool run_view_derive(const struct run_view *view, struct fault *fault)
{
    for (size_t i = 0; i < view->count; i++)
        if (!derive_write(view->dir, &view->data[i], fault))
            return false;
    return true;
}

void run_view_print_disturbed(const struct run_view *view, FILE *out)
{
    size_t disturbed = run_view_disturbed(view), all = run_view_observations(view);
    if (disturbed > 0)
        fprintf(
            out,
            "%zu of %zu observation%s %s disturbed: a busy-polling side had less than %d %% of its "
            "processor; medians may be off\n",
            disturbed, all, plural(all), disturbed == 1 ? "was" : "were", DISTURBED_BELOW_PERCENT);
}

void run_view_print(const struct run_view *view, FILE *out)
{
    struct target_list *lists = memory(view->count, sizeof(*lists));
    for (size_t i = 0; i < view->count; i++) {
        report_tables(out, view->experiments[i], &view->data[i]);
        lists[i] = (struct target_list){view->experiments[i]->targets,
                                        view->experiments[i]->target_count, &view->data[i]};
    }
    targets_print(out, lists, view->count, manifest_seed(view->manifest));
    report_errors(out, view->manifest);
    run_view_print_disturbed(view, out);
    free(lists);
}

void run_view_print_environment(const struct run_view *view, FILE *out)
{
    const json_t *m = view->manifest;
    const json_t *observations = json_object_get(m, "observations");
    char *caption = manifest_caption(m);
    fprintf(out, "machine      %s\n", caption);
    fprintf(out, "governor     %s\n",
            *manifest_text(m, "machine", "governor") == '\0'
                ? "not known"
                : manifest_text(m, "machine", "governor"));
    fprintf(out, "program      ringside %s, commit %s%s, %s\n",
            manifest_text(m, "program", "version"), manifest_text(m, "program", "commit"),
            json_is_true(json_object_get(json_object_get(m, "program"), "modified")) ? ", modified"
                                                                                     : "",
            manifest_text(m, "program", "flags"));
    fprintf(out, "started      %s\n", json_string_value(json_object_get(m, "started")));
    long long planned = json_integer_value(json_object_get(observations, "planned"));
    fprintf(out, "state        %s, %zu of %lld observation%s\n", manifest_state(m),
            run_view_observations(view), planned, plural((size_t)planned));
    fprintf(out, "seed         %" PRIu32 ", effort %s\n", manifest_seed(m),
            manifest_text(m, "parameters", "effort"));
    struct shard shard = manifest_shard(m);
    if (shard.of > 1)
        fprintf(out, "shard        %" PRIu64 " of %" PRIu64 "\n", shard.index, shard.of);
    free(caption);
}
