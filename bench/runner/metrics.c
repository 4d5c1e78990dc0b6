/* SPDX-License-Identifier: MIT */
#include "bench/runner/metrics.h"

#include <ctype.h>
#include <string.h>

#include "bench/runner/suite.h"

#define COUNTER_SUFFIX "_per_request"
#define TIME_SUFFIX "_ns"

static const struct metric *metric_find(const struct suite *suite, const char *name)
{
    for (size_t m = 0; m < suite->metric_count; m++)
        if (strcmp(suite->metrics[m].name, name) == 0)
            return &suite->metrics[m];
    return NULL;
}

static bool is_counter(const struct suite *suite, const char *name)
{
    size_t length = strlen(name), suffix = strlen(COUNTER_SUFFIX);
    return suite->has_counters && metric_find(suite, name) == NULL && length > suffix &&
           strcmp(name + length - suffix, COUNTER_SUFFIX) == 0;
}

const char *metric_unit(const struct suite *suite, const char *name)
{
    const struct metric *m = metric_find(suite, name);
    if (m != NULL)
        return m->unit;
    return is_counter(suite, name) ? "events/request" : "";
}

bool metric_higher_is_better(const struct suite *suite, const char *name)
{
    const struct metric *m = metric_find(suite, name);
    return m != NULL && m->better == METRIC_HIGHER;
}

/* Cuts the suffix off a text of this length, if it ends so. */
static bool cut(const char *text, size_t *length, const char *suffix)
{
    size_t n = strlen(suffix);
    if (*length <= n || strncmp(text + *length - n, suffix, n) != 0)
        return false;
    *length -= n;
    return true;
}

char *metric_label(const char *name)
{
    size_t length = strlen(name);
    bool each = cut(name, &length, COUNTER_SUFFIX);
    cut(name, &length, TIME_SUFFIX);
    return format_text("%.*s%s", (int)length, name, each ? "/request" : "");
}

bool metric_name_ok(const struct suite *suite, const char *name)
{
    return metric_find(suite, name) != NULL || is_counter(suite, name) ||
           (suite->has_counters && strcmp(name, METRICS_COUNTERS) == 0);
}

char *metric_of_event(const char *event)
{
    char *name = format_text("%s%s", event, COUNTER_SUFFIX);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
            *c = '_';
    }
    return name;
}
