/* SPDX-License-Identifier: MIT */
#include "bench/runner/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct suite *const suites[] = {
#define SUITE(id) &suite_##id,
#include "bench/runner/suites/suites.def"
#undef SUITE
};

#define SUITES (sizeof(suites) / sizeof(*suites))

const struct suite *suite_at(size_t i)
{
    return i < SUITES ? suites[i] : NULL;
}

const struct suite *suite_find(const char *name)
{
    for (size_t i = 0; i < SUITES; i++)
        if (strcmp(suites[i]->name, name) == 0)
            return suites[i];
    return NULL;
}

size_t suite_subject_find(const struct suite *suite, const char *name)
{
    struct suite_subject subject;
    for (size_t i = 0; suite->subject(i, &subject); i++)
        if (strcmp(subject.name, name) == 0)
            return i;
    return SIZE_MAX;
}

struct suite_subject suite_subject_at(const struct suite *suite, size_t index)
{
    struct suite_subject subject = {.name = "?"};
    suite->subject(index, &subject);
    return subject;
}

void suite_point_axes(const struct suite *suite, const struct point *point, const char *experiment,
                      char *axes[AXES_MAX])
{
    struct suite_subject subject = suite_subject_at(suite, point->subject);
    memset(axes, 0, AXES_MAX * sizeof(*axes));
    axes[AXIS_EXPERIMENT] = copy_text(experiment);
    axes[AXIS_PLATFORM] = copy_text(suite->platform(point));
    axes[AXIS_CLOCK] = copy_text(suite->clock(point));
    axes[AXIS_SUBJECT] = copy_text(subject.name);
    axes[AXIS_KIND] = copy_text(suite->groups[subject.group].one);
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(suite); a++)
        axes[a] = suite->means(a, point) ? axis_text(suite, a, point->at[a]) : copy_text(AXIS_NA);
}

char *suite_point_text(const struct suite *suite, char *const axes[AXES_MAX])
{
    return format_text("%s, %s %s", axes[AXIS_SUBJECT], axis_name(suite, suite->headline),
                       axes[suite->headline]);
}

struct strings suite_metric_columns(const struct suite *suite)
{
    struct strings names = {0};
    for (size_t m = 0; m < suite->metric_count; m++)
        strings_add(&names, suite->metrics[m].name);
    return names;
}
