/* SPDX-License-Identifier: MIT */
#include "bench/runner/sweep.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static void leave_out(struct left_out **list, size_t *count, const char *subject,
                      const char *reason)
{
    size_t i = 0;
    while (i < *count && strcmp((*list)[i].reason, reason) != 0)
        i++;
    if (i == *count) {
        *list = memory_grow(*list, ++*count, sizeof(**list));
        (*list)[i] = (struct left_out){.reason = copy_text(reason)};
    }
    (*list)[i].points++;
    if (!strings_hold(&(*list)[i].subjects, subject))
        strings_add(&(*list)[i].subjects, subject);
}

/* Points already seen, whether taken or left out. */
struct making {
    struct plan *plan;
    void *seen; /* tsearch tree of keys */
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool seen_before(struct making *m, char *const axes[AXES_MAX])
{
    char *key = axes_key(axes);
    char **found = tsearch(key, &m->seen, compare_keys);
    if (found == NULL) {
        say("out of memory");
        exit(EXIT_FAILED);
    }
    if (*found == key)
        return false;
    free(key);
    return true;
}

/* Takes the point or leaves it out; its texts are the plan's from now on. */
static void add_point(struct making *m, struct plan_point *p)
{
    struct plan *plan = m->plan;
    const struct suite *suite = plan->experiment->suite;
    const char *subject = p->axes[AXIS_SUBJECT];
    char text[SUITE_REASON];
    const char *missing = suite_missing(suite, &p->point);
    const char *refusal = missing != NULL ? NULL : suite_refusal(suite, &p->point, text);
    if (missing != NULL) {
        leave_out(&plan->missing, &plan->missing_count, subject, missing);
    } else if (refusal != NULL) {
        leave_out(&plan->left_out, &plan->left_out_count, subject, refusal);
    } else {
        plan->points = memory_grow(plan->points, plan->point_count + 1, sizeof(*p));
        plan->points[plan->point_count++] = *p;
        return;
    }
    axes_free(p->axes);
}

static void take(struct making *m, const struct point *point)
{
    const struct experiment *e = m->plan->experiment;
    struct plan_point p = {.point = *point};
    size_t follower = e->suite->follower;
    if (follower != AXIS_NONE && p.point.at[follower] == AXIS_FOLLOW)
        p.point.at[follower] = p.point.at[e->suite->leader];
    suite_point_axes(e->suite, &p.point, e->name, p.axes);
    if (seen_before(m, p.axes))
        axes_free(p.axes);
    else
        add_point(m, &p);
}

/* All combinations of the values of axis and those after it. */
static void each_value(struct making *m, const struct sweep *sweep, size_t axis,
                       struct point *point)
{
    if (axis == axes_of(sweep->suite)) {
        take(m, point);
        return;
    }
    const struct axis_values *values = &sweep->axes[axis];
    point->at[axis] = sweep->suite->initial(axis);
    for (size_t i = 0; i < (values->count == 0 ? 1 : values->count); i++) {
        if (values->count != 0)
            point->at[axis] = values->at[i];
        each_value(m, sweep, axis + 1, point);
    }
}

void plan_make(struct plan *plan, const struct experiment *experiment)
{
    *plan = (struct plan){.experiment = experiment};
    struct making m = {.plan = plan};
    for (size_t s = 0; s < experiment->sweep_count; s++) {
        const struct sweep *sweep = &experiment->sweeps[s];
        struct suite_subject subject;
        for (size_t i = 0; sweep->suite->subject(i, &subject); i++) {
            struct point point = {.subject = i};
            if (subject_listed(sweep->suite, &sweep->subjects, &subject))
                each_value(&m, sweep, AXIS_FIRST_SWEPT, &point);
        }
    }
    tdestroy(m.seen, free);
}

static void left_out_free(struct left_out *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].reason);
        strings_free(&list[i].subjects);
    }
    free(list);
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->point_count; i++)
        axes_free(plan->points[i].axes);
    free(plan->points);
    left_out_free(plan->left_out, plan->left_out_count);
    left_out_free(plan->missing, plan->missing_count);
    *plan = (struct plan){0};
}
