/* SPDX-License-Identifier: MIT */
#include "bench/domains/result.h"
#include "bench/hist/hist.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"

#define FNV_BASIS 0x811c9dc5U
#define FNV_PRIME 0x01000193U

/* Of a line, with room for a domain's name before it (dom0/console.h, CONSOLE_LINE_MAX). */
#define LINE_MAX 180U

static const char *before;
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

void result_begin(const char *prefix)
{
    before = prefix;
    sum = FNV_BASIS;
    lines = 0;
}

void result_number(const char *name, uint64_t value)
{
    char line[LINE_MAX];
    snprintf(line, sizeof(line), "@ number %s %lu", name, value);
    print(line);
}

static void print_buckets(const char *name, const struct hist *hist)
{
    char line[LINE_MAX];
    char bucket[32];
    size_t length = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        if (hist->buckets[i] == 0)
            continue;
        size_t more = (size_t)snprintf(bucket, sizeof(bucket), " %u:%lu", i, hist->buckets[i]);
        if (length > 0 && length + more >= sizeof(line)) {
            print(line);
            length = 0;
        }
        if (length == 0)
            length = (size_t)snprintf(line, sizeof(line), "@ buckets %s", name);
        memcpy(line + length, bucket, more + 1);
        length += more;
    }
    if (length > 0)
        print(line);
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
