/* SPDX-License-Identifier: MIT */
#include "bench/runner/figures.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/runner/folder.h"
#include "bench/runner/manifest.h"
#include "bench/runner/place.h"

/* name='value' in gnuplot's syntax: in single quotes, a quote is written twice. */
static char *assignment(const char *name, const char *value)
{
    char *quoted = memory(2 * strlen(value) + 1, 1);
    char *end = quoted;
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            *end++ = '\'';
        *end++ = *value;
    }
    char *text = format_text("%s='%s'", name, quoted);
    free(quoted);
    return text;
}

/* What plots/check.gp ends with where there is nothing to be drawn, and nothing wrong. */
#define STATUS_NOTHING 3

/* Runs gnuplot with its own settings rather than the user's. */
static enum figures_result run_gnuplot(char *settings, char *script)
{
    char *const argv[] = {"gnuplot", "-d", "-e", settings, script, NULL};
    pid_t pid;
    int error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    if (error == ENOENT)
        return FIGURES_NO_GNUPLOT;
    if (error != 0) {
        say("cannot run gnuplot: %s", strerror(error));
        return FIGURES_FAILED;
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status))
        return FIGURES_FAILED;
    return WEXITSTATUS(status) == 0                ? FIGURES_DRAWN
           : WEXITSTATUS(status) == STATUS_NOTHING ? FIGURES_NOTHING
                                                   : FIGURES_FAILED;
}

struct figure {
    const char *dir;
    const char *experiment;
    char *name; /* of its files */
    char *script, *plots, *caption;
    char *where; /* "axis=value axis=value" */
};

static enum figures_result draw_format(const struct figure *f, const char *format)
{
    char *summary = format_text("%s/summary/%s.csv", f->dir, f->experiment);
    char *hists = format_text("%s/hist/%s", f->dir, f->experiment);
    char *out = format_text("%s/figures/%s", f->dir, f->name);
    const char *const settings[][2] = {{"summary", summary},
                                       {"hists", hists},
                                       {"out", out},
                                       {"format", format},
                                       {"caption", f->caption},
                                       {"where", f->where},
                                       {"root", f->plots},
                                       {"experiment", f->experiment}};
    struct strings list = {0};
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
        char *text = assignment(settings[i][0], settings[i][1]);
        strings_add(&list, text);
        free(text);
    }
    char *joined = strings_join(&list, "; ");
    enum figures_result result = run_gnuplot(joined, f->script);
    if (result == FIGURES_FAILED)
        say("%s.%s was not drawn: gnuplot failed in %s", out, format, f->script);
    free(joined);
    strings_free(&list);
    free(out);
    free(hists);
    free(summary);
    return result;
}

static enum figures_result draw_formats(const struct figure *f)
{
    static const char *const formats[] = {"pdf", "svg", "png"};
    enum figures_result worst = FIGURES_DRAWN;
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        enum figures_result result = draw_format(f, formats[i]);
        if (result == FIGURES_NO_GNUPLOT || result == FIGURES_NOTHING)
            return result;
        if (result == FIGURES_FAILED)
            worst = result;
    }
    if (worst == FIGURES_DRAWN)
        printf("figure   %s/figures/%s.{pdf,svg,png}\n", f->dir, f->name);
    return worst;
}

static void add_term(struct strings *terms, const char *axis, const char *value)
{
    char *term = format_text("%s=%s", axis, value);
    strings_add(terms, term);
    free(term);
}

/* What a figure is drawn of, as its script reads it. */
static char *where_text(const struct experiment *e, const char *each)
{
    const struct selector *where = &e->figure_where;
    struct strings terms = {0};
    for (size_t a = 0; a < AXES_MAX; a++)
        for (size_t i = 0; i < where->allowed[a].count; i++)
            add_term(&terms, axis_name(where->suite, a), where->allowed[a].at[i]);
    if (each != NULL)
        add_term(&terms, axis_name(e->suite, e->figure_each), each);
    char *text = strings_join(&terms, " ");
    strings_free(&terms);
    return text;
}

static int compare_values(const void *a, const void *b, void *of)
{
    const struct experiment *e = of;
    return axis_compare(e->suite, e->figure_each, *(char *const *)a, *(char *const *)b);
}

struct strings figures_each(const struct experiment *e, const struct dataset *data)
{
    struct strings values = {0};
    if (e->figure_each == AXIS_NONE)
        return values;
    for (size_t i = 0; i < data->count; i++) {
        char *const *axes = data->points[i].axes;
        const char *value = axes[e->figure_each];
        if (selector_matches(&e->figure_where, axes) && strcmp(value, AXIS_NA) != 0 &&
            !strings_hold(&values, value))
            strings_add(&values, value);
    }
    if (values.count > 1)
        qsort_r(values.at, values.count, sizeof(*values.at), compare_values, (void *)e);
    else
        strings_free(&values);
    return values;
}

char *figures_name(const struct experiment *e, const char *value)
{
    return value == NULL ? copy_text(e->name) : format_text("%s-%s", e->name, value);
}

static enum figures_result draw(const struct run_view *view, size_t i, const char *each)
{
    const struct experiment *e = view->experiments[i];
    struct figure f = {.dir = view->dir, .experiment = e->name, .plots = place_of(PLACE_PLOTS)};
    f.name = figures_name(e, each);
    f.script = format_text("%s/%s.gp", f.plots, e->figure);
    f.caption = e->suite->caption(view->manifest, e->name);
    f.where = where_text(e, each);
    enum figures_result result = FIGURES_FAILED;
    if (access(f.script, R_OK) == 0)
        result = draw_formats(&f);
    else
        say("%s: no such script for the figure of %s; set " PLACE_VARIABLE
            " to the source tree, or correct `figure` in its description",
            f.script, e->name);
    free(f.where);
    free(f.caption);
    free(f.script);
    free(f.plots);
    free(f.name);
    return result;
}

/* All figures of an experiment. */
static enum figures_result draw_experiment(const struct run_view *view, size_t i)
{
    struct strings values = figures_each(view->experiments[i], &view->data[i]);
    enum figures_result worst = values.count == 0 ? draw(view, i, NULL) : FIGURES_DRAWN;
    for (size_t v = 0; v < values.count && worst != FIGURES_NO_GNUPLOT; v++) {
        enum figures_result result = draw(view, i, values.at[v]);
        if (result != FIGURES_DRAWN)
            worst = result;
    }
    strings_free(&values);
    return worst;
}

enum figures_result figures_draw(const struct run_view *view)
{
    struct fault fault;
    if (!folder_make(view->dir, "figures", &fault)) {
        say("%s", fault.text);
        return FIGURES_FAILED;
    }
    enum figures_result worst = FIGURES_DRAWN;
    for (size_t i = 0; i < view->count; i++) {
        if (view->experiments[i]->figure == NULL)
            continue;
        fflush(stdout);
        enum figures_result result =
            view->data[i].count == 0 ? FIGURES_DRAWN : draw_experiment(view, i);
        if (view->data[i].count == 0)
            say("no figure of %s: nothing of it was measured", view->data[i].experiment);
        if (result == FIGURES_NO_GNUPLOT) {
            say("gnuplot is not installed, so no figures were drawn; install it (`make deps`), "
                "then "
                "`ringside plot %s`",
                view->dir);
            return result;
        }
        if (result == FIGURES_FAILED)
            worst = result;
    }
    return worst;
}
