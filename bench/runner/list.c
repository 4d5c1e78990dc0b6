/* SPDX-License-Identifier: MIT */
/* ringside list: the subjects of all suites, notification policies, experiments, axes, metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/experiment.h"
#include "bench/runner/list_counters.h"
#include "bench/runner/place.h"
#include "bench/runner/suites/native.h"
#include "bench/runner/table.h"
#include "rings/notify.h"

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

static void list_group(const struct suite *suite, size_t group)
{
    struct table t = {.columns = 2, .left = 2};
    struct suite_subject s;
    for (size_t i = 0; suite->subject(i, &s); i++) {
        if (s.group != group)
            continue;
        char *limits = suite == &suite_native ? restriction(s.name) : copy_text("");
        table_add(&t, "%s", s.name);
        table_add(&t, "%s%s%s%s", s.summary, limits,
                  s.missing == NULL ? "" : "; missing: ", s.missing == NULL ? "" : s.missing);
        free(limits);
    }
    table_print(&t, stdout);
    table_free(&t);
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

static bool no_experiments(void)
{
    char *folder = place_of(PLACE_EXPERIMENTS);
    say("%s has no experiments; set " PLACE_VARIABLE " to the source tree", folder);
    free(folder);
    return false;
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
    if (names.count == 0)
        good = no_experiments();
    table_print(&t, stdout);
    table_free(&t);
    strings_free(&names);
    return good;
}

static void axes_table(const struct suite *suite)
{
    struct table t = {.columns = 3, .left = 3};
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(suite); a++) {
        char range[RANGE_TEXT];
        table_add(&t, "%s", axis_name(suite, a));
        table_add(&t, "%s", axis_summary(suite, a));
        table_add(&t, "%s", axis_range(suite, a, range, sizeof(range)));
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void metrics_table(const struct suite *suite)
{
    struct table t = {.columns = 3, .left = 3};
    for (size_t m = 0; m < suite->metric_count; m++) {
        table_add(&t, "%s", suite->metrics[m].name);
        table_add(&t, "%s", suite->metrics[m].unit);
        table_add(&t, "%s", suite->metrics[m].summary);
    }
    if (suite->has_counters) {
        table_add(&t, "<event>_per_request");
        table_add(&t, "events/request");
        table_add(&t, "a counter of the run, both sides");
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void for_each_suite(void (*print)(const struct suite *suite))
{
    for (size_t i = 0; suite_at(i) != NULL; i++) {
        printf("%ssuite %s: %s\n", i == 0 ? "" : "\n", suite_at(i)->name, suite_at(i)->summary);
        print(suite_at(i));
    }
}

static bool list_axes(void)
{
    for_each_suite(axes_table);
    return true;
}

static bool list_metrics(void)
{
    for_each_suite(metrics_table);
    return true;
}

/* The lists beside those of subjects, of which each group of a suite is one. */
static const struct list {
    const char *name, *title;
    bool (*print)(void);
    bool shown; /* without being asked for: the others are for writing descriptions */
} lists[] = {
    {"policies", "Notification policies", list_policies, true},
    {"experiments", "Experiments", list_experiments, true},
    {"axes", "Axes of a sweep", list_axes, false},
    {"metrics", "Metrics", list_metrics, false},
    {"counters", "Hardware counters", list_counters, false},
};

#define LISTS (sizeof(lists) / sizeof(*lists))

struct listing {
    const char *asked; /* NULL: all that are shown */
    size_t printed;
};

static bool wanted(struct listing *listing, const char *name, const char *title, bool shown)
{
    if (listing->asked == NULL ? !shown : strcmp(name, listing->asked) != 0)
        return false;
    printf("%s%s\n", listing->printed++ > 0 ? "\n" : "", title);
    return true;
}

static void list_subjects(struct listing *listing)
{
    for (size_t i = 0; suite_at(i) != NULL; i++)
        for (size_t g = 0; g < suite_at(i)->group_count; g++)
            if (wanted(listing, suite_at(i)->groups[g].many, suite_at(i)->groups[g].title, true))
                list_group(suite_at(i), g);
}

static char *lists_known(void)
{
    struct strings names = {0};
    for (size_t i = 0; suite_at(i) != NULL; i++)
        for (size_t g = 0; g < suite_at(i)->group_count; g++)
            if (!strings_hold(&names, suite_at(i)->groups[g].many)) /* suites share some */
                strings_add(&names, suite_at(i)->groups[g].many);
    for (size_t i = 0; i < LISTS; i++)
        strings_add(&names, lists[i].name);
    char *known = strings_join(&names, ", ");
    strings_free(&names);
    return known;
}

int command_list(int argc, char **argv)
{
    char *known = lists_known();
    char *doc = format_text("Lists what can be measured, and what stands in descriptions and "
                            "results. WHAT is one of %s. Without it, all but the last three.",
                            known);
    struct strings names = parse_operands(argc, argv, "[WHAT]", doc, 0, 1);
    struct listing listing = {.asked = names.count == 0 ? NULL : names.at[0]};
    bool good = true;
    list_subjects(&listing);
    for (size_t i = 0; i < LISTS; i++)
        if (wanted(&listing, lists[i].name, lists[i].title, lists[i].shown))
            good = lists[i].print() && good;
    bool found = listing.printed > 0;
    if (!found)
        say("no list '%s'; there are: %s", names.at[0], known);
    strings_free(&names);
    free(doc);
    free(known);
    return !found ? EXIT_USAGE : good ? EXIT_DONE : EXIT_FAILED;
}
