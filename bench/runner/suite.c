/* SPDX-License-Identifier: MIT */
#include "bench/runner/suite.h"

#include <math.h>
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
        axes[a] =
            suite_means(suite, a, point) ? axis_text(suite, a, point->at[a]) : copy_text(AXIS_NA);
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

const char *suite_choice(const struct suite *suite, size_t axis, unsigned i)
{
    return suite->choice == NULL ? NULL : suite->choice(axis, i);
}

bool suite_means(const struct suite *suite, size_t axis, const struct point *point)
{
    return suite->means == NULL || suite->means(axis, point);
}

const char *suite_missing(const struct suite *suite, const struct point *point)
{
    return suite->missing == NULL ? NULL : suite->missing(point);
}

const char *suite_refusal(const struct suite *suite, const struct point *point,
                          char text[SUITE_REASON])
{
    return suite->refusal == NULL ? NULL : suite->refusal(point, text);
}

struct strings suite_columns(const struct suite *suite, const void *session)
{
    return suite->columns == NULL ? suite_metric_columns(suite) : suite->columns(session);
}

bool suite_observe(const struct suite *suite, void *session, const struct point *point,
                   uint64_t duration_ns, uint64_t seed, struct observation *seen,
                   struct hist *latency, struct fault *fault)
{
    *seen = (struct observation){0};
    for (size_t i = 0; i < METRICS_MAX; i++)
        seen->values[i] = NAN;
    return suite->observe(session, point, duration_ns, seed, seen, latency, fault);
}
