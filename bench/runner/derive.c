/* SPDX-License-Identifier: MIT */
#include "bench/runner/derive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/folder.h"
#include "bench/runner/hists.h"

#define SLUG_MAX 240 /* NAME_MAX, less an ending */

/* axes: NULL for the names. */
static void write_axes(FILE *out, const struct suite *suite, char *const *axes)
{
    for (size_t a = 0; a < axes_of(suite); a++)
        fprintf(out, "%s%s", a == 0 ? "" : ",", axes == NULL ? axis_name(suite, a) : axes[a]);
}

static FILE *open_out(const char *path, struct fault *fault)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        fault_set(fault, "cannot write %s: %s", path, strerror(errno));
    return out;
}

static bool close_out(FILE *out, const char *path, struct fault *fault)
{
    bool good = !ferror(out);
    good = fclose(out) == 0 && good;
    return good || fault_set(fault, "cannot write %s: %s", path, strerror(errno));
}

static void write_interval(FILE *out, const struct interval *i)
{
    char median[NUMBER_TEXT], lo[NUMBER_TEXT], hi[NUMBER_TEXT];
    fprintf(out, ",%s,%s,%s", number_text(median, i->median), number_text(lo, i->lo),
            number_text(hi, i->hi));
}

static bool write_summary(const char *path, const struct dataset *data, struct fault *fault)
{
    FILE *out = open_out(path, fault);
    if (out == NULL)
        return false;
    write_axes(out, data->suite, NULL);
    fputs(",n", out);
    for (size_t m = 0; m < data->metrics.count; m++) {
        const char *name = data->metrics.at[m];
        fprintf(out, ",%s,%s_lo,%s_hi", name, name, name);
    }
    fputc('\n', out);
    for (size_t i = 0; i < data->count; i++) {
        const struct data_point *point = &data->points[i];
        write_axes(out, data->suite, point->axes);
        fprintf(out, ",%zu", point->count);
        for (size_t m = 0; m < data->metrics.count; m++)
            write_interval(out, &point->intervals[m]);
        fputc('\n', out);
    }
    return close_out(out, path, fault);
}

/* ---- histograms ---- */

struct merging {
    const struct dataset *data;
    struct hist **merged; /* a point each; NULL for none */
    struct seq_point {
        uint64_t seq;
        size_t point;
    } * by_seq; /* ascending */
    size_t count;
};

static int compare_seqs(const void *a, const void *b)
{
    uint64_t x = ((const struct seq_point *)a)->seq, y = ((const struct seq_point *)b)->seq;
    return x < y ? -1 : x > y;
}

static void index_seqs(struct merging *m)
{
    for (size_t p = 0; p < m->data->count; p++)
        m->count += m->data->points[p].count;
    m->by_seq = memory(m->count, sizeof(*m->by_seq));
    size_t i = 0;
    for (size_t p = 0; p < m->data->count; p++)
        for (size_t o = 0; o < m->data->points[p].count; o++)
            m->by_seq[i++] = (struct seq_point){m->data->points[p].seqs[o], p};
    qsort(m->by_seq, m->count, sizeof(*m->by_seq), compare_seqs);
}

/* Adds to the point whose observation it is; one without an observation is left aside. */
static void merge_one(struct merging *m, uint64_t seq, const struct hist *hist)
{
    const struct seq_point wanted = {.seq = seq};
    const struct seq_point *found =
        bsearch(&wanted, m->by_seq, m->count, sizeof(*m->by_seq), compare_seqs);
    if (found == NULL)
        return;
    struct hist **to = &m->merged[found->point];
    if (*to == NULL) {
        *to = memory(1, sizeof(**to));
        hist_reset(*to);
    }
    hist_add(*to, hist);
}

static bool merge_lines(struct merging *m, FILE *in, const char *path, struct fault *fault)
{
    struct hist *hist = memory(1, sizeof(*hist));
    char *line = NULL;
    size_t size = 0, number = 0;
    bool good = true;
    for (ssize_t length; good && (length = getline(&line, &size, in)) > 0;) {
        if (line[length - 1] != '\n')
            break; /* cut off by a crash */
        uint64_t seq;
        if (++number == 1) {
            good = strcmp(line, HISTS_HEADER) == 0 ||
                   fault_set(fault, "%s:1: is no table of histograms", path);
            continue;
        }
        line[length - 1] = '\0';
        if (hists_parse(line, &seq, hist))
            merge_one(m, seq, hist);
        else
            good = fault_set(fault, "%s:%zu: is no histogram", path, number);
    }
    free(line);
    free(hist);
    return good;
}

static bool merge_hists(struct merging *m, const char *dir, struct fault *fault)
{
    char *path = format_text("%s/hist/%s/observations.csv", dir, m->data->experiment);
    FILE *in = fopen(path, "re");
    bool good = in != NULL ? merge_lines(m, in, path, fault)
                           : fault_set(fault, "cannot read %s: %s", path, strerror(errno));
    if (in != NULL)
        fclose(in);
    free(path);
    return good;
}

/* A file name for a point: what it is, and then each axis that means something to it. One that
 * would be too long for a file system has a number in place of the axes. */
static char *slug(const struct dataset *data, size_t p)
{
    char *const *axes = data->points[p].axes;
    struct strings parts = {0};
    strings_add(&parts, axes[AXIS_SUBJECT]);
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(data->suite); a++) {
        if (strcmp(axes[a], AXIS_NA) == 0)
            continue;
        char *part = axis_is_named(data->suite, a)
                         ? copy_text(axes[a])
                         : format_text("%s-%s", axis_name(data->suite, a), axes[a]);
        strings_add(&parts, part);
        free(part);
    }
    char *joined = strings_join(&parts, ".");
    strings_free(&parts);
    if (strlen(joined) <= SLUG_MAX)
        return joined;
    free(joined);
    return format_text("%s.%zu", axes[AXIS_SUBJECT], p + 1);
}

static bool write_hgrm(const char *folder, const char *file, const struct hist *hist,
                       struct fault *fault)
{
    char *path = format_text("%s/%s", folder, file);
    FILE *out = open_out(path, fault);
    if (out != NULL)
        hists_write_hgrm(out, hist);
    bool good = out != NULL && close_out(out, path, fault);
    free(path);
    return good;
}

static bool write_hists(const struct merging *m, const char *dir, struct fault *fault)
{
    char *folder = format_text("%s/hist/%s", dir, m->data->experiment);
    char *index_path = format_text("%s/index.csv", folder);
    FILE *index = open_out(index_path, fault);
    bool good = index != NULL;
    if (good) {
        fputs("file,", index);
        write_axes(index, m->data->suite, NULL);
        fputc('\n', index);
    }
    for (size_t p = 0; good && p < m->data->count; p++) {
        if (m->merged[p] == NULL)
            continue;
        char *name = slug(m->data, p);
        char *file = format_text("%s.hgrm", name);
        good = write_hgrm(folder, file, m->merged[p], fault);
        fprintf(index, "%s,", file);
        write_axes(index, m->data->suite, m->data->points[p].axes);
        fputc('\n', index);
        free(file);
        free(name);
    }
    if (index != NULL)
        good = close_out(index, index_path, fault) && good;
    free(index_path);
    free(folder);
    return good;
}

static bool derive_hists(const char *dir, const struct dataset *data, struct fault *fault)
{
    struct merging m = {.data = data, .merged = memory(data->count, sizeof(void *))};
    index_seqs(&m);
    bool good = merge_hists(&m, dir, fault) && write_hists(&m, dir, fault);
    for (size_t p = 0; p < data->count; p++)
        free(m.merged[p]);
    free(m.merged);
    free(m.by_seq);
    return good;
}

bool derive_write(const char *dir, const struct dataset *data, struct fault *fault)
{
    if (!folder_make(dir, "summary", fault))
        return false;
    char *path = format_text("%s/summary/%s.csv", dir, data->experiment);
    bool good = write_summary(path, data, fault) && derive_hists(dir, data, fault);
    free(path);
    return good;
}
