/* SPDX-License-Identifier: MIT */
#include "bench/domains/counted.h"
#include "bench/domains/result.h"
#include "guest/counters.h"
#include "guest/cpuid.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/time.h"

#define LOOKS 64U /* of which the shortest is an empty reading */

static struct counters counters;
static uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX];
static uint64_t began, ended; /* ns */

void counted_open(void)
{
    size_t length;
    const char *list = start_option("counters", &length);
    if (!list)
        return;
    const char *expected = counters_read_list(&counters, list, length);
    if (expected)
        power_panic("option counters: expected %s, found `%.*s'", expected, (int)length, list);
    counters_open(&counters);
}

/* The clock is looked at outside: the interval is no shorter than what is counted. */
void counted_begin(void)
{
    if (counters.count == 0)
        return;
    began = time_system().n;
    counters_look(&counters, before);
}

void counted_end(void)
{
    if (counters.count == 0)
        return;
    counters_look(&counters, after);
    ended = time_system().n;
}

/* ns of two looks at the clock, with a reading between them or none. */
static uint64_t looks(bool reading)
{
    uint64_t values[COUNTERS_MAX];
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t first = time_system().n;
        if (reading)
            counters_look(&counters, values);
        uint64_t took = time_system().n - first;
        least = took < least ? took : least;
    }
    return least;
}

static uint64_t cost(void)
{
    uint64_t with = looks(true);
    uint64_t without = looks(false);
    return with > without ? with - without : 0;
}

void counted_tell(void)
{
    char name[COUNTERS_NAME_MAX + 16];
    if (counters.count == 0)
        return;
    result_number("counters_processor", cpuid_forced(1, 0).a);
    result_number("counters_cost", cost());
    for (unsigned i = 0; i < counters.count; i++) {
        const struct counter *c = &counters.at[i];
        uint64_t events = 0;
        bool known = counters_between(&counters, i, before, after, ended - began, &events);
        snprintf(name, sizeof(name), "%scounter-%s", known ? "" : "no-", c->name);
        result_number(name, known ? events : c->state);
    }
}
