/* SPDX-License-Identifier: MIT */
#include "bench/runner/run_view.h"

#include <stdlib.h>

#include "bench/runner/derive.h"
#include "bench/runner/manifest.h"
#include "bench/runner/report.h"
#include "bench/runner/targets.h"

static bool open_experiment(struct run_view *view, const char *name, struct fault *fault)
{
    size_t i = view->count;
    char *path = format_text("%s/experiments/%s.exp", view->dir, name);
    view->experiments[i] = experiment_read(path, EFFORT_STANDARD, fault);
    free(path);
    if (view->experiments[i] == NULL)
        return false;
    view->count++;
    if (!dataset_read(&view->data[i], view->dir, name, fault))
        return false;
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

bool run_view_derive(const struct run_view *view, struct fault *fault)
{
    for (size_t i = 0; i < view->count; i++)
        if (!derive_write(view->dir, &view->data[i], fault))
            return false;
    return true;
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
    free(lists);
}
