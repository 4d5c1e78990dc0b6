/* SPDX-License-Identifier: MIT */
/* ringside list: layouts, policies, peers and raw limits, experiments, axes, metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/axes.h"
#include "bench/runner/commands.h"
#include "bench/runner/experiment.h"
#include "bench/runner/metrics.h"
#include "bench/runner/place.h"
#include "bench/runner/table.h"

#define RANGE_TEXT 256

static const struct {
    const char *name;
    uint32_t without; /* policies that it cannot carry */
    const char *why;
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {name, without, why},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

static const struct {
    const char *name, *summary;
} policies[] = {
#define RING_POLICY(id, name, summary) {name, summary},
#include "rings/policies.def"
#undef RING_POLICY
};

/* "; without coalesce: why", or "" */
static char *restriction(const char *layout)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
        if (strcmp(layouts[i].name, layout) != 0 || layouts[i].without == 0)
            continue;
        struct strings names = {0};
        for (unsigned p = 0; p < NOTIFY_POLICIES; p++)
            if (layouts[i].without & (1U << p))
                strings_add(&names, notify_name((enum notify_policy)p));
        char *joined = strings_join(&names, ", ");
        char *text = format_text("; without %s: %s", joined, layouts[i].why);
        free(joined);
        strings_free(&names);
        return text;
    }
    return copy_text("");
}

static bool list_subjects(enum native_kind kind)
{
    struct table t = {.columns = 2, .left = 2};
    for (size_t i = 0; native_subject_at(i) != NULL; i++) {
        const struct native_subject *s = native_subject_at(i);
        if (native_subject_kind(s) != kind)
            continue;
        const char *missing = native_subject_missing(s);
        char *limits = restriction(native_subject_name(s));
        table_add(&t, "%s", native_subject_name(s));
        table_add(&t, "%s%s%s%s", native_subject_summary(s), limits,
                  missing == NULL ? "" : "; missing: ", missing == NULL ? "" : missing);
        free(limits);
    }
    table_print(&t, stdout);
    table_free(&t);
    return true;
}

static bool list_layouts(void)
{
    return list_subjects(NATIVE_LAYOUT);
}

static bool list_peers(void)
{
    return list_subjects(NATIVE_PEER);
}

static bool list_raw(void)
{
    return list_subjects(NATIVE_RAW);
}

static bool list_policies(void)
{
    struct table t = {.columns = 2, .left = 2};
    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
        table_add(&t, "%s", policies[i].name);
        table_add(&t, "%s", policies[i].summary);
    }
    table_print(&t, stdout);
    table_free(&t);
    return true;
}

static bool list_experiments(void)
{
    struct table t = {.columns = 2, .left = 2};
    struct strings names = place_experiments();
    bool good = true;
    for (size_t i = 0; i < names.count; i++) {
        struct fault fault;
        char *path = place_of_experiment(names.at[i]);
        struct experiment *e = experiment_read(path, EFFORT_STANDARD, &fault);
        free(path);
        if (e == NULL) {
            say("%s", fault.text);
            good = false;
            continue;
        }
        table_add(&t, "%s", e->name);
        table_add(&t, "%s", e->title);
        experiment_free(e);
    }
    table_print(&t, stdout);
    table_free(&t);
    strings_free(&names);
    return good;
}

static bool list_axes(void)
{
    struct table t = {.columns = 3, .left = 3};
    for (enum axis a = AXIS_FIRST_SWEPT; a < AXES; a++) {
        char range[RANGE_TEXT];
        bool names = a == AXIS_MEASURE || a == AXIS_TRANSPORT || a == AXIS_POLICY;
        table_add(&t, "%s", axis_name(a));
        table_add(&t, "%s", axis_summary(a));
        table_add(&t, "%s", names && a != AXIS_POLICY ? "" : axis_range(a, range, sizeof(range)));
    }
    table_print(&t, stdout);
    table_free(&t);
    return true;
}

static bool list_metrics(void)
{
    struct table t = {.columns = 3, .left = 3};
    for (enum metric m = 0; m < METRICS; m++) {
        table_add(&t, "%s", metric_name(m));
        table_add(&t, "%s", metric_unit(metric_name(m)));
        table_add(&t, "%s", metric_summary(m));
    }
    table_add(&t, "<event>_per_request");
    table_add(&t, "events/request");
    table_add(&t, "a counter of the run, both sides");
    table_print(&t, stdout);
    table_free(&t);
    return true;
}

static const struct {
    const char *name, *title;
    bool (*print)(void);
} lists[] = {
    {"layouts", "Layouts", list_layouts},
    {"peers", "Peers: other people's rings, through their public interfaces", list_peers},
    {"raw", "Raw limits of the machine", list_raw},
    {"policies", "Notification policies", list_policies},
    {"experiments", "Experiments", list_experiments},
    {"axes", "Axes of a sweep", list_axes},
    {"metrics", "Metrics", list_metrics},
};

#define LISTS (sizeof(lists) / sizeof(*lists))
#define LISTS_SHOWN 5 /* without being asked for one: the others are for writing descriptions */

int command_list(int argc, char **argv)
{
    struct strings names =
        parse_operands(argc, argv, "[WHAT]",
                       "Lists what can be measured: layouts, peers, raw, policies, experiments; "
                       "and what stands in "
                       "descriptions and results: axes, metrics. Without WHAT, the first five.",
                       0, 1);
    bool found = false, good = true;
    for (size_t i = 0; i < LISTS; i++) {
        bool wanted = names.count == 0 ? i < LISTS_SHOWN : strcmp(lists[i].name, names.at[0]) == 0;
        if (!wanted)
            continue;
        printf("%s%s\n", names.count == 0 && i > 0 ? "\n" : "", lists[i].title);
        good = lists[i].print() && good;
        found = true;
    }
    if (!found)
        say("no list '%s'; there are: layouts, peers, raw, policies, experiments, axes, metrics",
            names.at[0]);
    strings_free(&names);
    return !found ? EXIT_USAGE : good ? EXIT_DONE : EXIT_FAILED;
}
