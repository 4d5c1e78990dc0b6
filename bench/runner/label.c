/* SPDX-License-Identifier: MIT */
#include "bench/runner/label.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "1"
#define MARK "@ "

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 32 bits. */
#define FNV_BASIS 0x811c9dc5U
#define FNV_PRIME 0x01000193U

static void add_to_sum(struct label *label, const char *line)
{
    for (const char *c = line; *c != '\0'; c++)
        label->sum = (label->sum ^ (uint8_t)*c) * FNV_PRIME;
    label->sum = (label->sum ^ (uint8_t)'\n') * FNV_PRIME;
    label->lines++;
}

/* ---- writing ---- */

static void put(struct label *sum, FILE *out, const char *key, const char *value)
{
    char *line = format_text(MARK "%s %s", key, value);
    fprintf(out, "%s\n", line);
    add_to_sum(sum, line);
    free(line);
}

void label_write(const struct label *label, FILE *out)
{
    struct label sum = {.sum = FNV_BASIS};
    char *medium = format_text(FORMAT " %s", label->hypervisor);
    put(&sum, out, "medium", medium);
    put(&sum, out, "program", label->program);
    put(&sum, out, "effort", effort_name(label->effort));
    for (size_t i = 0; i < label->sets.count; i++)
        put(&sum, out, "set", label->sets.at[i]);
    for (size_t i = 0; i < label->experiments.count; i++)
        put(&sum, out, "experiment", label->experiments.at[i]);
    fprintf(out, MARK "ready %" PRIu64 " %" PRIu32 "\n", sum.lines, sum.sum);
    free(medium);
}

/* ---- reading ---- */

/* value: FORMAT and the hypervisor; of another format nothing more is understood. */
static void begin(struct label *label, const char *value)
{
    char *machine = label->machine;
    label->machine = NULL;
    label_free(label);
    *label = (struct label){.machine = machine, .sum = FNV_BASIS};
    if (strncmp(value, FORMAT " ", strlen(FORMAT " ")) == 0)
        label->hypervisor = copy_text(value + strlen(FORMAT " "));
}

static void replace(char **text, const char *by)
{
    free(*text);
    *text = copy_text(by);
}

static enum label_line read_end(const struct label *label, const char *value)
{
    uint64_t lines, sum;
    char *copy = copy_text(value), *rest = copy;
    const char *first = strsep(&rest, " ");
    bool good = rest != NULL && parse_whole(first, 0, UINT64_MAX, &lines) &&
                parse_whole(rest, 0, UINT32_MAX, &sum) && lines == label->lines &&
                sum == label->sum && label->hypervisor != NULL;
    free(copy);
    return good ? LABEL_WHOLE : LABEL_BROKEN;
}

static void read_effort(struct label *label, const char *value)
{
    for (enum effort e = EFFORT_STANDARD; e <= EFFORT_FULL; e++)
        if (strcmp(effort_name(e), value) == 0)
            label->effort = e;
}

/* false: the key is none of a label's. */
static bool take(struct label *label, const char *key, const char *value)
{
    if (strcmp(key, "machine") == 0)
        replace(&label->machine, value);
    else if (strcmp(key, "program") == 0)
        replace(&label->program, value);
    else if (strcmp(key, "set") == 0)
        strings_add(&label->sets, value);
    else if (strcmp(key, "experiment") == 0)
        strings_add(&label->experiments, value);
    else if (strcmp(key, "effort") == 0)
        read_effort(label, value);
    else if (strcmp(key, "medium") == 0)
        begin(label, value);
    else
        return false;
    return true;
}

enum label_line label_read(struct label *label, const char *line)
{
    if (strncmp(line, MARK, strlen(MARK)) != 0)
        return LABEL_OTHER;
    char *copy = copy_text(line + strlen(MARK)), *value = copy;
    const char *key = strsep(&value, " ");
    enum label_line what = LABEL_OTHER;
    if (value != NULL && strcmp(key, "ready") == 0)
        what = read_end(label, value);
    else if (value != NULL && take(label, key, value))
        what = LABEL_PART;
    if (what == LABEL_PART && strcmp(key, "machine") != 0)
        add_to_sum(label, line);
    free(copy);
    return what;
}

void label_free(struct label *label)
{
    free(label->machine);
    free(label->hypervisor);
    free(label->program);
    strings_free(&label->sets);
    strings_free(&label->experiments);
    *label = (struct label){0};
}
