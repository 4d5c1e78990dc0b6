/* SPDX-License-Identifier: MIT */
#include "bench/runner/sweep.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What an axis is where a sweep does not say. */
#define DEFAULT_REQ_SIZE 16
#define DEFAULT_ENTRIES 1024 /* deep enough for four of the largest batches */
#define DEFAULT_LOAD 10000

static uint64_t axis_default(enum axis axis)
{
    const struct notify_params params = NOTIFY_DEFAULTS;
    switch (axis) {
    case AXIS_TRANSPORT:
        return NATIVE_BUSY_POLL;
    case AXIS_POLICY:
        return NOTIFY_poll;
    case AXIS_REQ_SIZE:
        return DEFAULT_REQ_SIZE;
    case AXIS_RSP_SIZE:
        return AXIS_FOLLOW;
    case AXIS_ENTRIES:
        return DEFAULT_ENTRIES;
    case AXIS_LOAD:
        return DEFAULT_LOAD;
    case AXIS_THRESHOLD:
        return params.threshold;
    case AXIS_COALESCE_N:
        return params.coalesce_n;
    case AXIS_COALESCE_NS:
        return params.coalesce_ns;
    case AXIS_SPIN_NS:
        return params.spin_ns;
    default:
        return 1;
    }
}

static struct native_point native_point_of(const struct native_subject *subject,
                                           const uint64_t v[AXES])
{
    uint64_t rsp_size = v[AXIS_RSP_SIZE] == AXIS_FOLLOW ? v[AXIS_REQ_SIZE] : v[AXIS_RSP_SIZE];
    return (struct native_point){
        .subject = subject,
        .measure = (enum native_measure)v[AXIS_MEASURE],
        .transport = (enum native_transport)v[AXIS_TRANSPORT],
        .policy = (enum notify_policy)v[AXIS_POLICY],
        .params = {.threshold = (uint32_t)v[AXIS_THRESHOLD],
                   .coalesce_n = (uint32_t)v[AXIS_COALESCE_N],
                   .coalesce_ns = v[AXIS_COALESCE_NS],
                   .spin_ns = v[AXIS_SPIN_NS]},
        .entries = (uint32_t)v[AXIS_ENTRIES],
        .req_size = (uint32_t)v[AXIS_REQ_SIZE],
        .rsp_size = (uint32_t)rsp_size,
        .batch = (uint32_t)v[AXIS_BATCH],
        .fronts = (uint32_t)v[AXIS_FRONTS],
        .load = (double)v[AXIS_LOAD],
    };
}

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

static bool seen_before(struct making *m, char *const axes[AXES])
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

static void add_point(struct making *m, const struct native_point *native)
{
    struct plan *plan = m->plan;
    struct point point = {.native = *native};
    axes_of_point(native, plan->experiment->name, point.axes);
    const char *subject = point.axes[AXIS_SUBJECT];

    const char *missing = native_subject_missing(native->subject);
    const char *refusal = missing != NULL ? NULL : native_refusal(native);
    if (seen_before(m, point.axes)) {
        axes_free(point.axes);
        return;
    }
    if (missing != NULL) {
        leave_out(&plan->missing, &plan->missing_count, subject, missing);
        axes_free(point.axes);
    } else if (refusal != NULL) {
        leave_out(&plan->left_out, &plan->left_out_count, subject, refusal);
        axes_free(point.axes);
    } else {
        plan->points = memory_grow(plan->points, plan->point_count + 1, sizeof(point));
        plan->points[plan->point_count++] = point;
    }
}

/* All combinations of the values of axis and those after it. */
static void each_value(struct making *m, const struct sweep *sweep,
                       const struct native_subject *subject, enum axis axis, uint64_t v[AXES])
{
    if (axis == AXES) {
        struct native_point point = native_point_of(subject, v);
        add_point(m, &point);
        return;
    }
    const struct axis_values *values = &sweep->axes[axis];
    v[axis] = axis_default(axis);
    for (size_t i = 0; i < (values->count == 0 ? 1 : values->count); i++) {
        if (values->count != 0)
            v[axis] = values->at[i];
        each_value(m, sweep, subject, axis + 1, v);
    }
}

void plan_make(struct plan *plan, const struct experiment *experiment)
{
    *plan = (struct plan){.experiment = experiment};
    struct making m = {.plan = plan};
    uint64_t v[AXES];
    for (size_t s = 0; s < experiment->sweep_count; s++) {
        const struct sweep *sweep = &experiment->sweeps[s];
        for (size_t i = 0; native_subject_at(i) != NULL; i++)
            if (subject_listed(&sweep->subjects, native_subject_at(i)))
                each_value(&m, sweep, native_subject_at(i), AXIS_FIRST_SWEPT, v);
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
