/* SPDX-License-Identifier: MIT */
#include "bench/runner/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/folder.h"
#include "bench/runner/hists.h"

static int open_new(char *path, const char *header, struct fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || !write_whole(fd, header, strlen(header)))
        fault_set(fault, "cannot write %s: %s", path, strerror(errno));
    free(path);
    return fd;
}

size_t record_seq(const struct suite *suite)
{
    return axes_of(suite);
}

size_t record_metrics(const struct suite *suite)
{
    return axes_of(suite) + (suite->seeded ? 5 : 4);
}

char *record_header(const struct suite *suite, const struct strings *metrics)
{
    struct strings names = {0};
    for (size_t a = 0; a < axes_of(suite); a++)
        strings_add(&names, axis_name(suite, a));
    strings_add(&names, "seq,rep");
    strings_add(&names, suite->work);
    strings_add(&names, suite->seeded ? "elapsed_ns,seed" : "elapsed_ns");
    for (size_t i = 0; i < metrics->count; i++)
        strings_add(&names, metrics->at[i]);
    char *joined = strings_join(&names, ",");
    char *header = format_text("%s\n", joined);
    free(joined);
    strings_free(&names);
    return header;
}

bool record_open(struct record *record, const char *dir, const char *experiment,
                 const struct suite *suite, const struct strings *metrics, struct fault *fault)
{
    char *sub = format_text("hist/%s", experiment);
    char *header = record_header(suite, metrics);
    record->suite = suite;
    fault->text[0] = '\0';
    if (folder_make(dir, sub, fault)) {
        record->rows = open_new(format_text("%s/%s.csv", dir, experiment), header, fault);
        record->hists =
            open_new(format_text("%s/%s/observations.csv", dir, sub), HISTS_HEADER, fault);
    }
    free(header);
    free(sub);
    return fault->text[0] == '\0';
}

void record_close(struct record *record)
{
    if (record->rows >= 0)
        close(record->rows);
    if (record->hists >= 0)
        close(record->hists);
    *record = RECORD_UNOPENED;
}

static char *row_text(const struct suite *suite, char *const axes[AXES_MAX], const struct row *row,
                      const double *values, size_t count)
{
    struct strings fields = {0};
    char number[NUMBER_TEXT];
    if (suite->seeded) {
        char *seed = format_text("%" PRIu64, row->seed);
        strings_add(&fields, seed);
        free(seed);
    }
    for (size_t i = 0; i < count; i++)
        strings_add(&fields, number_text(number, values[i]));
    char *key = axes_key(axes);
    char *metrics = strings_join(&fields, ",");
    char *text = format_text("%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s\n", key,
                             row->seq, row->rep, row->work, row->elapsed_ns, metrics);
    free(metrics);
    free(key);
    strings_free(&fields);
    return text;
}

bool record_append(struct record *record, char *const axes[AXES_MAX], const struct row *row,
                   const double *values, size_t count, const struct hist *latency,
                   struct fault *fault)
{
    bool good = true;
    if (latency != NULL) {
        char *line = hists_line(row->seq, latency);
        good = write_whole(record->hists, line, strlen(line));
        free(line);
    }
    char *text = row_text(record->suite, axes, row, values, count);
    good = good && write_whole(record->rows, text, strlen(text));
    free(text);
    return good || fault_set(fault, "cannot write an observation of %s: %s", axes[AXIS_EXPERIMENT],
                             strerror(errno));
}
