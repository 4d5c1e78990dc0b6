/* SPDX-License-Identifier: MIT */
#include "bench/runner/axes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum axis_type { LABEL, NAME, COUNT, POWER, SIZE };

static const struct {
    const char *name;
    enum axis_type type;
    uint64_t min, max;
    const char *summary;
} axes[AXES] = {
#define AXIS(id, name, type, min, max, summary) {name, type, min, max, summary},
#include "bench/runner/axes.def"
#undef AXIS
};

const char *axis_name(enum axis axis)
{
    return axes[axis].name;
}

const char *axis_summary(enum axis axis)
{
    return axes[axis].summary;
}

enum axis axis_find(const char *name)
{
    for (enum axis a = 0; a < AXES; a++)
        if (strcmp(axes[a].name, name) == 0)
            return a;
    return AXES;
}

/* The i-th name that a NAME axis takes; NULL past the end. */
static const char *axis_choice(enum axis axis, unsigned i)
{
    switch (axis) {
    case AXIS_MEASURE:
        return native_measure_name((enum native_measure)i);
    case AXIS_TRANSPORT:
        return native_transport_name((enum native_transport)i);
    case AXIS_POLICY:
        return i < NOTIFY_POLICIES ? notify_name((enum notify_policy)i) : NULL;
    default:
        return NULL;
    }
}

const char *axis_range(enum axis axis, char *buffer, size_t size)
{
    static const char *const kinds[] = {
        [COUNT] = "a whole number", [POWER] = "a power of two", [SIZE] = "a multiple of 4"};
    switch (axes[axis].type) {
    case LABEL:
        snprintf(buffer, size, "set by the runner");
        break;
    case NAME: {
        size_t used = (size_t)snprintf(buffer, size, "one of");
        for (unsigned i = 0; axis_choice(axis, i) != NULL && used < size; i++)
            used += (size_t)snprintf(buffer + used, size - used, "%s %s", i == 0 ? "" : ",",
                                     axis_choice(axis, i));
        break;
    }
    default:
        snprintf(buffer, size, "%s in %" PRIu64 "..%" PRIu64 "%s", kinds[axes[axis].type],
                 axes[axis].min, axes[axis].max, axis == AXIS_RSP_SIZE ? ", or \"req_size\"" : "");
    }
    return buffer;
}

static bool parse_choice(enum axis axis, const char *text, uint64_t *value)
{
    for (unsigned i = 0; axis_choice(axis, i) != NULL; i++)
        if (strcmp(axis_choice(axis, i), text) == 0) {
            *value = i;
            return true;
        }
    return false;
}

bool axis_parse(enum axis axis, const char *text, uint64_t *value)
{
    if (axis == AXIS_RSP_SIZE && strcmp(text, axes[AXIS_REQ_SIZE].name) == 0) {
        *value = AXIS_FOLLOW;
        return true;
    }
    switch (axes[axis].type) {
    case LABEL:
        return false;
    case NAME:
        return parse_choice(axis, text, value);
    case COUNT:
        return parse_whole(text, axes[axis].min, axes[axis].max, value);
    case POWER:
        return parse_whole(text, axes[axis].min, axes[axis].max, value) &&
               (*value & (*value - 1)) == 0;
    case SIZE:
        return parse_whole(text, axes[axis].min, axes[axis].max, value) && *value % 4 == 0;
    }
    return false;
}

char *axis_text(enum axis axis, uint64_t value)
{
    if (axes[axis].type == NAME)
        return copy_text(axis_choice(axis, (unsigned)value));
    if (axis == AXIS_RSP_SIZE && value == AXIS_FOLLOW)
        return copy_text(axes[AXIS_REQ_SIZE].name);
    return format_text("%" PRIu64, value);
}

static size_t subject_rank(const char *name)
{
    size_t i = 0;
    while (native_subject_at(i) != NULL &&
           strcmp(native_subject_name(native_subject_at(i)), name) != 0)
        i++;
    return i;
}

const struct native_subject *subject_find(const char *name)
{
    return native_subject_at(subject_rank(name));
}

int axis_compare(enum axis axis, const char *a, const char *b)
{
    uint64_t rank_a, rank_b;
    if (axis == AXIS_SUBJECT) {
        rank_a = subject_rank(a);
        rank_b = subject_rank(b);
    } else if (!axis_parse(axis, a, &rank_a) || !axis_parse(axis, b, &rank_b)) {
        rank_a = rank_b = 0;
    }
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    return strcmp(a, b);
}

const char *kind_name(enum native_kind kind)
{
    switch (kind) {
    case NATIVE_LAYOUT:
        return "layout";
    case NATIVE_PEER:
        return "peer";
    case NATIVE_RAW:
        return "raw";
    }
    return "?";
}

/* Does the axis say anything about this point? */
static bool axis_means(enum axis axis, const struct native_point *p)
{
    bool arms = p->policy == NOTIFY_event_index || p->policy == NOTIFY_adaptive ||
                p->policy == NOTIFY_coalesce;
    switch (axis) {
    case AXIS_RSP_SIZE:
        return p->measure != NATIVE_ONE_WAY;
    case AXIS_LOAD:
        return p->measure == NATIVE_OFFERED_LOAD;
    case AXIS_THRESHOLD:
        return arms;
    case AXIS_COALESCE_N:
    case AXIS_COALESCE_NS:
        return p->policy == NOTIFY_coalesce;
    case AXIS_SPIN_NS:
        return p->policy == NOTIFY_adaptive;
    default:
        return true;
    }
}

static uint64_t axis_of_point(enum axis axis, const struct native_point *p)
{
    switch (axis) {
    case AXIS_MEASURE:
        return p->measure;
    case AXIS_TRANSPORT:
        return p->transport;
    case AXIS_POLICY:
        return p->policy;
    case AXIS_BATCH:
        return p->batch;
    case AXIS_REQ_SIZE:
        return p->req_size;
    case AXIS_RSP_SIZE:
        return p->rsp_size;
    case AXIS_ENTRIES:
        return p->entries;
    case AXIS_FRONTS:
        return p->fronts;
    case AXIS_LOAD:
        return (uint64_t)p->load;
    case AXIS_THRESHOLD:
        return p->params.threshold;
    case AXIS_COALESCE_N:
        return p->params.coalesce_n;
    case AXIS_COALESCE_NS:
        return p->params.coalesce_ns;
    case AXIS_SPIN_NS:
        return p->params.spin_ns;
    default:
        return 0;
    }
}

void axes_of_point(const struct native_point *point, const char *experiment, char *out[AXES])
{
    out[AXIS_EXPERIMENT] = copy_text(experiment);
    out[AXIS_PLATFORM] = copy_text("native");
    out[AXIS_CLOCK] = copy_text("tsc");
    out[AXIS_SUBJECT] = copy_text(native_subject_name(point->subject));
    out[AXIS_KIND] = copy_text(kind_name(native_subject_kind(point->subject)));
    for (enum axis a = AXIS_FIRST_SWEPT; a < AXES; a++)
        out[a] = axis_means(a, point) ? axis_text(a, axis_of_point(a, point)) : copy_text(AXIS_NA);
}

void axes_free(char *out[AXES])
{
    for (enum axis a = 0; a < AXES; a++) {
        free(out[a]);
        out[a] = NULL;
    }
}

char *axes_key(char *const in[AXES])
{
    struct strings list = {.at = (char **)in, .count = AXES};
    return strings_join(&list, ",");
}
