/* SPDX-License-Identifier: MIT */
#include "bench/runner/hists.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_TEXT 32 /* bytes of one `gap:count ` at most */
#define HGRM_TICKS 5   /* percentile steps each time the distance to 100 % halves */

char *hists_line(uint64_t seq, const struct hist *h)
{
    size_t used = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        used += h->buckets[i] != 0;
    char *head = format_text("%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
                             seq, h->count, h->sum, h->count == 0 ? 0 : h->min, h->max, h->clipped);
    char *line = memory(strlen(head) + used * BUCKET_TEXT + 3, 1);
    char *end = stpcpy(line, head);
    free(head);

    char separator = ',';
    uint32_t last = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        if (h->buckets[i] == 0)
            continue;
        end += sprintf(end, "%c%" PRIu32, separator, i - last);
        if (h->buckets[i] != 1)
            end += sprintf(end, ":%" PRIu64, h->buckets[i]);
        separator = ' ';
        last = i;
    }
    stpcpy(end, used == 0 ? ",\n" : "\n");
    return line;
}

/* A number and the character after it; false if there is none or another character follows. */
static bool take(const char **at, const char *after, uint64_t *value)
{
    char *end;
    *value = strtoull(*at, &end, 10);
    if (end == *at || (*end != '\0' && strchr(after, *end) == NULL))
        return false;
    *at = end;
    return true;
}

static bool take_buckets(const char *at, struct hist *h)
{
    uint64_t index = 0;
    while (*at != '\0') {
        uint64_t gap, count = 1;
        if (!take(&at, ": ", &gap))
            return false;
        if (*at == ':') {
            at++;
            if (!take(&at, " ", &count))
                return false;
        }
        if (gap >= HIST_BUCKETS || index + gap >= HIST_BUCKETS)
            return false;
        index += gap;
        h->buckets[index] += count;
        if (*at == ' ')
            at++;
    }
    return true;
}

bool hists_parse(const char *line, uint64_t *seq, struct hist *h)
{
    hist_reset(h);
    uint64_t *const fields[] = {seq, &h->count, &h->sum, &h->min, &h->max, &h->clipped};
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (!take(&line, ",", fields[i]) || *line != ',')
            return false;
        line++;
    }
    if (!take_buckets(line, h))
        return false;
    uint64_t total = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        total += h->buckets[i];
    if (h->count == 0)
        h->min = UINT64_MAX;
    return total == h->count;
}

/* The largest value that a bucket's members can have had. */
static uint64_t bucket_value(const struct hist *h, uint32_t index)
{
    uint64_t highest = hist_highest(index);
    return highest < h->max ? highest : h->max;
}

static double deviation(const struct hist *h, double mean)
{
    double squares = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        double middle = ((double)hist_lowest(i) + (double)hist_highest(i)) / 2;
        squares += (double)h->buckets[i] * (middle - mean) * (middle - mean);
    }
    return sqrt(squares / (double)h->count);
}

/* The next level to report after `level`, in percent: a step is a fifth of the way to half the
 * distance that is left. In percent all levels are exact. */
static double next_level(double level)
{
    double halvings = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / (HGRM_TICKS * exp2(halvings));
}

static void write_level(FILE *out, double value, double level, uint64_t below)
{
    fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", value, level / 100, below,
            1 / (1 - level / 100));
}

static void write_distribution(FILE *out, const struct hist *h)
{
    uint64_t below = 0; /* values up to and including bucket i */
    double level = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS && below < h->count; i++) {
        if (h->buckets[i] == 0)
            continue;
        below += h->buckets[i];
        double value = (double)bucket_value(h, i);
        if (below == h->count) {
            write_level(out, value, level, below);
            fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n", value, 1.0, below);
        } else {
            while (level <= 100.0 * (double)below / (double)h->count) {
                write_level(out, value, level, below);
                level = next_level(level);
            }
        }
    }
}

void hists_write_hgrm(FILE *out, const struct hist *h)
{
    double mean = h->count == 0 ? 0 : (double)h->sum / (double)h->count;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    write_distribution(out, h);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean,
            h->count == 0 ? 0 : deviation(h, mean));
    fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)h->max, h->count);
    fprintf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n",
            HIST_VALUE_BITS - HIST_LINEAR_BITS + 1, HIST_LINEAR);
}
