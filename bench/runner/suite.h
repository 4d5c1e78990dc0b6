/* SPDX-License-Identifier: MIT */
/*
 * A suite: one way of measuring, with the axes and metrics of its own. The runner knows suites by
 * this interface alone; each is a file in bench/runner/suites/ and a line in suites.def there.
 *
 * A suite whose observations follow from a seed (`seeded`) is deterministic: the same point and
 * seed give the same observation, to the bit. Its repetitions have a seed each, the same for all
 * points, so that what is compared was given the same. Its experiments are measured one after
 * another, in order: nothing drifts, and the results do not depend on what else is in the run.
 */
#ifndef RUNNER_SUITE_H
#define RUNNER_SUITE_H

#include <jansson.h>

#include "bench/hist/hist.h"
#include "bench/runner/axes.h"
#include "bench/runner/metrics.h"

/* What can be measured: the subject axis. */
struct suite_subject {
    const char *name;
    size_t group; /* index in the suite's groups */
    const char *summary;
    const char *missing; /* NULL if this build can run it, else why not, naming the remedy */
};

/* Subjects of a kind: in a description (`layouts`), in results (`layout`), as a heading. */
struct suite_group {
    const char *many, *one, *title;
};

struct point {
    size_t subject;
    uint64_t at[AXES_MAX]; /* of swept axes; labels are unused */
};

struct medium;

/* What the user asked for that is not on an axis. */
struct suite_config {
    int cpu_front, cpu_back; /* -1: the first two allowed ones */
    bool processes;
    const char *events; /* NULL: the default set */
};

#define SUITE_REASON 256 /* bytes of a sentence on a point */

struct observation {
    uint64_t work;       /* what the suite counts, see `work` below */
    uint64_t elapsed_ns; /* on the clock of the point */
    bool has_latency;
    double values[METRICS_MAX]; /* in the order of columns; NaN for what is not available */
};

struct suite {
    const char *name;     /* what descriptions say */
    const char *summary;  /* one line */
    const char *work;     /* column of what an observation counts, as "requests" */
    bool seeded;          /* see above; each row then has its seed */
    bool bounded;         /* bounds on its values are such that any machine should keep them */
    bool has_counters;    /* hardware counters, a column `<event>_per_request` each */
    size_t headline;      /* the axis that short messages name beside the subject */
    uint64_t duration_ms; /* the longest observation; 0: they have no length to be given */

    const struct suite_group *groups;
    size_t group_count;
    const struct axis *axes; /* those that sweeps vary */
    size_t axis_count;
    const struct metric *metrics;
    size_t metric_count;
    size_t placing;          /* a NAME axis that says on which platform; AXIS_NONE: there is one */
    size_t required;         /* an axis that every sweep must give; AXIS_NONE */
    size_t follower, leader; /* AXIS_FOLLOW on the first means the value of the second; AXIS_NONE */

    /* The i-th subject, as lists show them; false past the end. */
    bool (*subject)(size_t i, struct suite_subject *subject);

    /* The i-th name that a NAME axis takes; NULL past the end. NULL: there are no such axes. */
    const char *(*choice)(size_t axis, unsigned i);

    /* What an axis is where a sweep does not say. */
    uint64_t (*initial)(size_t axis);

    /* Does the axis say anything about this point? NULL: each does. */
    bool (*means)(size_t axis, const struct point *point);

    const char *(*platform)(const struct point *point);
    const char *(*clock)(const struct point *point);

    /* Is every observation of a point by this clock the same number, or a fault? NULL: none is. */
    bool (*exact)(const char *clock);

    /* NULL if the point can be measured, else a sentence that says why not. missing: what could be
     * installed; refusal: what can not be. text may hold it. Each may be NULL: every point can. */
    const char *(*missing)(const struct point *point);
    const char *(*refusal)(const struct point *point, char text[SUITE_REASON]);

    /* About how long observing it takes; for the estimate alone. again: the run has observed the
     * point before. */
    uint64_t (*host_ns)(const struct point *point, uint64_t duration_ns, bool again);

    /* Opened once a run, by whoever observes. NULL with a fault if it cannot be. Both are NULL
     * where nothing is kept from one observation to the next. */
    void *(*open)(const struct suite_config *config, struct fault *fault);
    void (*close)(void *session);

    /* The columns of its observations: the metrics and, after them, counters. NULL: the metrics. */
    struct strings (*columns)(const void *session);

    /* Adds what it says of its environment to the manifest's `machine`; returns its list of
     * counters, or NULL. May be NULL. */
    json_t *(*describe)(const void *session, json_t *machine);

    /* One line on the environment for the caption of an experiment's figure; the caller frees. */
    char *(*caption)(const json_t *manifest, const char *experiment);

    /* seen comes empty: no work, all values NaN. latency is filled where has_latency; without, it
     * is not looked at. A fault: the observation must not be used, later ones may follow. */
    bool (*observe)(void *session, const struct point *point, uint64_t duration_ns, uint64_t seed,
                    struct observation *seen, struct hist *latency, struct fault *fault);

    /* Can it observe nothing more in this run, after a fault? NULL: it always can. */
    bool (*is_over)(const void *session);

    /* Adds to a medium what a machine of its own boots to observe the point. NULL: there is none.
     */
    bool (*pack)(const struct point *point, struct medium *medium, struct fault *fault);
};

#define SUITE(id) extern const struct suite suite_##id;
#include "bench/runner/suites/suites.def"
#undef SUITE

/* The suite of descriptions that name none. */
#define SUITE_DEFAULT (&suite_native)

/* The i-th suite; NULL past the end. And by name; NULL if there is none. */
const struct suite *suite_at(size_t i);
const struct suite *suite_find(const char *name);

/* Index of a subject; SIZE_MAX if the suite has none of this name. */
size_t suite_subject_find(const struct suite *suite, const char *name);
struct suite_subject suite_subject_at(const struct suite *suite, size_t index);

/* Axes of a point as text. Those that mean nothing to it are AXIS_NA. */
void suite_point_axes(const struct suite *suite, const struct point *point, const char *experiment,
                      char *axes[AXES_MAX]);

/* "subject, axis value": a point in a few words; the caller frees. */
char *suite_point_text(const struct suite *suite, char *const axes[AXES_MAX]);

/* The columns of a suite without counters. */
struct strings suite_metric_columns(const struct suite *suite);

/* What a suite has by default where it says nothing: as its members of these names. */
const char *suite_choice(const struct suite *suite, size_t axis, unsigned i);
bool suite_means(const struct suite *suite, size_t axis, const struct point *point);
const char *suite_missing(const struct suite *suite, const struct point *point);
const char *suite_refusal(const struct suite *suite, const struct point *point,
                          char text[SUITE_REASON]);
struct strings suite_columns(const struct suite *suite, const void *session);
bool suite_observe(const struct suite *suite, void *session, const struct point *point,
                   uint64_t duration_ns, uint64_t seed, struct observation *seen,
                   struct hist *latency, struct fault *fault);

#endif
