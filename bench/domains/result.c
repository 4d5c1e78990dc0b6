/* SPDX-License-Identifier: MIT */
#include "bench/domains/result.h"
#include "bench/hist/hist.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"

#define FNV_BASIS 0x811c9dc5U
#define FNV_PRIME 0x01000193U

/* Of a line, with room for a domain's name before it (dom0/console.h, CONSOLE_LINE_MAX). */
#define LINE_MAX 180U
#define WORD_MAX 40U /* two numbers */

static char before[LINE_MAX]; /* each line */
static uint32_t sum;
static uint64_t lines;

static void print(const char *line)
{
    for (const char *c = line; *c; c++)
        sum = (sum ^ (uint8_t)*c) * FNV_PRIME;
    sum = (sum ^ (uint8_t)'\n') * FNV_PRIME;
    lines++;
    printf("%s%s\n", before, line);
}

void result_begin_as(const char *name)
{
    snprintf(before, sizeof(before), "[%s] ", name);
    result_begin();
}

void result_begin(void)
{
    sum = FNV_BASIS;
    lines = 0;
}

void result_number(const char *name, uint64_t value)
{
    char line[LINE_MAX];
    snprintf(line, sizeof(line), "@ number %s %lu", name, value);
    print(line);
}

/* A line of several words, which goes on in another one when it is full. */
struct row {
    char text[LINE_MAX];
    size_t length;
};

static void end_row(struct row *row)
{
    if (row->length > 0)
        print(row->text);
    row->length = 0;
}

static void add_word(struct row *row, const char *what, const char *name, const char *word)
{
    size_t more = strlen(word);
    if (row->length + more >= LINE_MAX)
        end_row(row);
    if (row->length == 0)
        row->length = (size_t)snprintf(row->text, LINE_MAX, "@ %s %s", what, name);
    memcpy(row->text + row->length, word, more + 1);
    row->length += more;
}

void result_list(const char *name, const uint64_t *values, unsigned count)
{
    struct row row = {.length = 0};
    char word[WORD_MAX];
    for (unsigned i = 0; i < count; i++) {
        snprintf(word, sizeof(word), " %lu", values[i]);
        add_word(&row, "list", name, word);
    }
    end_row(&row);
}

static void print_buckets(const char *name, const struct hist *hist)
{
    struct row row = {.length = 0};
    char word[WORD_MAX];
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        if (hist->buckets[i] == 0)
            continue;
        snprintf(word, sizeof(word), " %u:%lu", i, hist->buckets[i]);
        add_word(&row, "buckets", name, word);
    }
    end_row(&row);
}

void result_hist(const char *name, const struct hist *hist)
{
    char line[LINE_MAX];
    snprintf(line, sizeof(line), "@ hist %s %lu %lu %lu %lu %lu", name, hist->count, hist->sum,
             hist->min, hist->max, hist->clipped);
    print(line);
    print_buckets(name, hist);
}

void result_end(void)
{
    printf("%s@ end %lu %u\n", before, lines, sum);
}
