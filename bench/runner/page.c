/* SPDX-License-Identifier: MIT */
#include "bench/runner/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/figures.h"
#include "bench/runner/finding.h"
#include "bench/runner/manifest.h"
#include "bench/runner/report.h"
#include "bench/runner/results.h"
#include "bench/runner/targets.h"

/* One column that a telephone shows whole; what is wider scrolls by itself. On paper nothing
 * scrolls, so tables shrink there, and what was folded is open. */
static const char style[] =
    ":root{color-scheme:light}"
    "body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;"
    "padding:1rem;max-width:60rem;overflow-wrap:break-word}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:1px solid #ccc}"
    "h2 small{font-size:.875rem;font-weight:normal;color:#555}"
    "h3{font-size:1rem;margin-bottom:.25rem}"
    "figure{margin:1rem 0}figure img{display:block;width:100%;max-width:36rem;height:auto}"
    "p.finding{border-left:.25rem solid #0b5fa5;padding-left:.75rem}"
    "p.common,p.note{color:#555;font-size:.875rem}"
    "div.wide{overflow-x:auto;margin-bottom:1rem}"
    "table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid #e4e4e4}"
    "th{border-bottom:2px solid #888}"
    ".l{text-align:left}td.long{white-space:normal;min-width:8rem}td.long:first-child{min-width:"
    "12rem}"
    "td.pass{color:#0a6b2d}td.miss{color:#b00020;font-weight:bold}"
    "pre{background:#f5f5f5;padding:.75rem;overflow-x:auto;font-size:.8125rem}"
    "nav ul{columns:16rem;padding-left:1.25rem}"
    "@media print{body{max-width:none;font-size:10pt}table{font-size:7pt}"
    "div.wide,pre{overflow:visible}pre{white-space:pre-wrap}"
    "th,td{padding:.1rem .3rem;white-space:normal}h2,h3{break-after:avoid}"
    "figure,tr,p.finding{break-inside:avoid}figure img{max-width:12cm}nav{display:none}}";

/* Characters; longer cells may be broken into lines. Tables of results scroll where they are wide,
 * those of targets should be seen whole. */
#define LONG_CELL 40
#define LONG_CELL_OF_TARGETS 16

/* ---- text ---- */

static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
}

static void put_element(FILE *out, const char *tag, const char *class, const char *text)
{
    if (*class == '\0')
        fprintf(out, "<%s>", tag);
    else
        fprintf(out, "<%s class=\"%s\">", tag, class);
    put_text(out, text);
    fprintf(out, "</%s>\n", tag);
}

/* ---- tables ---- */

static const char *cell_class(const struct table *t, size_t longest, size_t column,
                              const char *cell)
{
    bool left = column < t->left;
    if (left && strcmp(cell, "pass") == 0)
        return "l pass";
    if (left && strcmp(cell, "miss") == 0)
        return "l miss";
    if (left && strlen(cell) > longest)
        return "l long";
    return left ? "l" : "";
}

static void put_table(FILE *out, size_t longest, const struct table *t)
{
    fputs("<div class=\"wide\"><table>\n", out);
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t column = i % t->columns;
        if (column == 0)
            fputs(i == 0 ? "<thead><tr>" : i == t->columns ? "<tbody><tr>" : "<tr>", out);
        put_element(out, i < t->columns ? "th" : "td",
                    cell_class(t, longest, column, t->cells.at[i]), t->cells.at[i]);
        if (column + 1 == t->columns)
            fputs(i < t->columns ? "</tr></thead>\n" : "</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

/* ---- figures ---- */

/* As a data: URL (RFC 2397, RFC 3986 section 2.1). An image of its own rather than elements of the
 * page: the ids in one figure are those in the next. */
static void put_url(FILE *out, const char *bytes, size_t length)
{
    fputs("data:image/svg+xml,", out);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c <= ' ' || c >= 0x7f || strchr("%#\"<>&'?", c) != NULL)
            fprintf(out, "%%%02X", c);
        else
            fputc(c, out);
    }
}

/* The whole file; NULL if it cannot be read. The caller frees. */
static char *read_file(const char *path, size_t *length)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return NULL;
    char *bytes = NULL;
    *length = 0;
    for (size_t got = 1; got > 0; *length += got) {
        bytes = memory_grow(bytes, *length + BUFSIZ, 1);
        got = fread(bytes + *length, 1, BUFSIZ, in);
    }
    bool good = !ferror(in);
    fclose(in);
    if (!good) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* One of an experiment, `of` a value of its axis figure_each; NULL: the only one. */
static void put_figure(FILE *out, const struct run_view *view, const struct experiment *e,
                       const char *of, const char *says)
{
    char *name = figures_name(e, of);
    char *path = format_text("%s/figures/%s.svg", view->dir, name);
    size_t length;
    char *svg = read_file(path, &length);
    if (svg == NULL) {
        put_element(out, "p", "note", "The figure has not been drawn.");
    } else {
        fputs("<figure><img alt=\"", out);
        put_text(out, e->title);
        fputs(of == NULL ? "" : ", ", out);
        put_text(out, of == NULL ? "" : of);
        fputs(". ", out);
        put_text(out, says);
        fputs("\" src=\"", out);
        put_url(out, svg, length);
        fputs("\"></figure>\n", out);
    }
    free(svg);
    free(path);
    free(name);
}

static void put_figures(FILE *out, const struct run_view *view, size_t i, const char *says)
{
    const struct experiment *e = view->experiments[i];
    struct strings values = figures_each(e, &view->data[i]);
    if (values.count == 0)
        put_figure(out, view, e, NULL, says);
    for (size_t v = 0; v < values.count; v++)
        put_figure(out, view, e, values.at[v], says);
    strings_free(&values);
}

/* ---- sections ---- */

static char *says_of(const struct table_spec *spec, const struct dataset *data, uint32_t seed)
{
    struct strings sentences = finding_make(spec, data, seed);
    char *text = strings_join(&sentences, " ");
    strings_free(&sentences);
    return text;
}

static void put_results(FILE *out, const struct table_spec *spec, const struct dataset *data,
                        uint32_t seed)
{
    struct results r = results_make(spec, data);
    put_element(out, "h3", "", r.title);
    if (r.common == NULL) {
        put_element(out, "p", "note", "Nothing was measured for it.");
    } else {
        char *says = says_of(spec, data, seed);
        if (*says != '\0')
            put_element(out, "p", "finding", says);
        put_element(out, "p", "common", r.common);
        put_table(out, LONG_CELL, &r.table);
        free(says);
    }
    results_free(&r);
}

static void put_experiment(FILE *out, const struct run_view *view, size_t i)
{
    const struct experiment *e = view->experiments[i];
    uint32_t seed = manifest_seed(view->manifest);
    fprintf(out, "<section id=\"%s\">\n", e->name);
    fputs("<h2>", out);
    put_text(out, e->title);
    fprintf(out, " <small>%s</small></h2>\n", e->name);
    if (e->figure != NULL) {
        char *says = says_of(&e->tables[0], &view->data[i], seed);
        put_figures(out, view, i, says);
        free(says);
    }
    for (size_t t = 0; t < e->table_count; t++)
        put_results(out, &e->tables[t], &view->data[i], seed);
    fputs("</section>\n", out);
}

static void put_contents(FILE *out, const struct run_view *view)
{
    fputs("<nav><ul>\n", out);
    for (size_t i = 0; i < view->count; i++) {
        fprintf(out, "<li><a href=\"#%s\">", view->experiments[i]->name);
        put_text(out, view->experiments[i]->title);
        fputs("</a></li>\n", out);
    }
    fputs("<li><a href=\"#environment\">Environment</a></li></ul></nav>\n", out);
}

static void put_targets(FILE *out, const struct run_view *view)
{
    struct target_list *lists = memory(view->count, sizeof(*lists));
    for (size_t i = 0; i < view->count; i++)
        lists[i] = (struct target_list){view->experiments[i]->targets,
                                        view->experiments[i]->target_count, &view->data[i]};
    char *met = targets_summary(lists, view->count, manifest_seed(view->manifest));
    if (met != NULL) {
        put_element(out, "h2", "", "Targets");
        put_element(out, "p", "finding", met);
    }
    free(met);
    for (int of_values = 0; of_values <= 1; of_values++) {
        struct table t =
            targets_table(lists, view->count, manifest_seed(view->manifest), of_values);
        if (t.cells.count > 0)
            put_table(out, LONG_CELL_OF_TARGETS, &t);
        table_free(&t);
    }
    free(lists);
}

/* What the terminal says too, line by line. */
static void put_said(FILE *out, const struct run_view *view)
{
    char *text = NULL;
    size_t length = 0;
    FILE *said = open_memstream(&text, &length);
    if (said == NULL)
        return;
    report_gaps(said, view->manifest);
    report_errors(said, view->manifest);
    run_view_print_disturbed(view, said);
    if (fclose(said) == 0 && length > 0) {
        put_element(out, "h3", "", "What is missing or was disturbed");
        put_element(out, "pre", "", text);
    }
    free(text);
}

static void put_environment(FILE *out, const struct run_view *view)
{
    char *text = NULL;
    size_t length = 0;
    FILE *described = open_memstream(&text, &length);
    fputs("<section id=\"environment\">\n", out);
    put_element(out, "h2", "", "Environment");
    if (described != NULL) {
        run_view_print_environment(view, described);
        if (fclose(described) == 0)
            put_element(out, "pre", "", text);
        free(text);
    }
    put_said(out, view);
    char *command = manifest_command(view->manifest);
    put_element(out, "h3", "", "To make it again");
    put_element(out, "pre", "", command);
    free(command);
    fputs("</section>\n", out);
}

static void put_page(FILE *out, const struct run_view *view)
{
    char *caption = manifest_caption(view->manifest);
    char *started = format_text("Started %s; state: %s.",
                                json_string_value(json_object_get(view->manifest, "started")),
                                manifest_state(view->manifest));
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<title>Ringside: measurements</title>\n<style>%s</style></head><body>\n",
            style);
    put_element(out, "h1", "", "Measurements by Ringside");
    put_element(out, "p", "", caption);
    put_element(out, "p", "common", started);
    put_element(out, "p", "common",
                "A number is the median over repetitions, with its bootstrap 95 % interval in "
                "brackets; what is the same every time has none. A lead is given where the "
                "interval of its ratio does not hold 1. How to read each figure, and what it does "
                "not say, is in docs/figures.md of the sources.");
    put_contents(out, view);
    put_targets(out, view);
    for (size_t i = 0; i < view->count; i++)
        put_experiment(out, view, i);
    put_environment(out, view);
    fputs("</body></html>\n", out);
    free(started);
    free(caption);
}

/* It takes the place of an older one only when it is whole. */
bool page_write(const struct run_view *view, struct fault *fault)
{
    char *path = format_text("%s/" PAGE_FILE, view->dir);
    char *next = format_text("%s.new", path);
    FILE *out = fopen(next, "we");
    bool good = out != NULL;
    if (good) {
        put_page(out, view);
        good = fflush(out) == 0 && !ferror(out);
        good = fclose(out) == 0 && good;
    }
    good = good && rename(next, path) == 0;
    if (!good) {
        fault_set(fault, "cannot write %s: %s", path, strerror(errno));
        unlink(next);
    }
    free(next);
    free(path);
    return good;
}
