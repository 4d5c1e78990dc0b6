/* SPDX-License-Identifier: MIT */
#include "bench/runner/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/quantity.h"

#define PLACES_NAMED 8 /* more are counted, not listed */

/* Contestants at one place: where every axis but the contrast is the same. */
struct contest {
    const struct data_point *best, *next;
    struct interval ratio; /* of the better over the worse, so that it is 1 or more; NaN: of none */
    bool sure;
};

struct court {
    const struct table_spec *spec;
    const struct dataset *data;
    size_t metric;
    size_t contrast;
    bool higher_is_better;
    uint32_t seed;
    struct contest *contests; /* of one kind */
    size_t count;
    bool varies[AXES_MAX]; /* over those */
};

static bool takes_part(const struct court *c, const struct data_point *p, const char *kind)
{
    return selector_matches(&c->spec->where, p->axes) && strcmp(p->axes[AXIS_KIND], kind) == 0 &&
           !isnan(p->intervals[c->metric].median);
}

static bool same_place(const struct court *c, const struct data_point *a,
                       const struct data_point *b)
{
    for (size_t x = AXIS_SUBJECT; x < axes_of(c->data->suite); x++)
        if (x != c->contrast && strcmp(a->axes[x], b->axes[x]) != 0)
            return false;
    return true;
}

static bool better(const struct court *c, const struct data_point *a, const struct data_point *b)
{
    double x = a->intervals[c->metric].median, y = b->intervals[c->metric].median;
    return c->higher_is_better ? x > y : x < y;
}

static struct interval advantage(const struct court *c, const struct data_point *best,
                                 const struct data_point *next)
{
    const struct data_point *top = c->higher_is_better ? best : next;
    const struct data_point *bottom = c->higher_is_better ? next : best;
    return dataset_ratio(top, bottom, c->metric, c->seed);
}

/* Is it the first of its place? */
static bool opens_place(const struct court *c, size_t i, const char *kind)
{
    for (size_t j = 0; j < i; j++)
        if (takes_part(c, &c->data->points[j], kind) &&
            same_place(c, &c->data->points[j], &c->data->points[i]))
            return false;
    return true;
}

static bool is_exact(const struct contest *contest)
{
    return contest->best->exact && contest->next->exact;
}

/* Where there is no ratio (the less can be 0), the intervals of the two must lie apart. */
static bool is_sure(const struct court *c, const struct contest *contest)
{
    const struct interval *a = &contest->best->intervals[c->metric];
    const struct interval *b = &contest->next->intervals[c->metric];
    if (!(contest->best->exact || stats_enough(*a)) || !(contest->next->exact || stats_enough(*b)))
        return false;
    if (isnan(contest->ratio.median))
        return c->higher_is_better ? a->lo > b->hi : a->hi < b->lo;
    return contest->ratio.lo > 1;
}

static void judge_place(struct court *c, const struct data_point *like, const char *kind)
{
    struct contest contest = {.best = NULL};
    for (size_t i = 0; i < c->data->count; i++) {
        const struct data_point *p = &c->data->points[i];
        if (!takes_part(c, p, kind) || !same_place(c, p, like))
            continue;
        if (contest.best == NULL || better(c, p, contest.best)) {
            contest.next = contest.best;
            contest.best = p;
        } else if (contest.next == NULL || better(c, p, contest.next)) {
            contest.next = p;
        }
    }
    if (contest.next == NULL)
        return;
    contest.ratio = advantage(c, contest.best, contest.next);
    contest.sure = is_sure(c, &contest);
    c->contests = memory_grow(c->contests, c->count + 1, sizeof(*c->contests));
    c->contests[c->count++] = contest;
}

static void judge(struct court *c, const char *kind)
{
    c->count = 0;
    memset(c->varies, 0, sizeof(c->varies));
    for (size_t i = 0; i < c->data->count; i++)
        if (takes_part(c, &c->data->points[i], kind) && opens_place(c, i, kind))
            judge_place(c, &c->data->points[i], kind);
    for (size_t i = 1; i < c->count; i++)
        for (size_t x = AXIS_SUBJECT; x < axes_of(c->data->suite); x++)
            c->varies[x] |= x != c->contrast &&
                            strcmp(c->contests[i].best->axes[x], c->contests[0].best->axes[x]) != 0;
}

static const char *name_of(const struct court *c, const struct data_point *p)
{
    return p->axes[c->contrast];
}

/* "batch 4", "hogs 16, warp off" */
static char *place_text(const struct court *c, const struct data_point *p)
{
    struct strings parts = {0};
    for (size_t x = AXIS_SUBJECT; x < axes_of(c->data->suite); x++)
        if (c->varies[x]) {
            char *part = x == AXIS_SUBJECT
                             ? copy_text(p->axes[x])
                             : format_text("%s %s", axis_name(c->data->suite, x), p->axes[x]);
            strings_add(&parts, part);
            free(part);
        }
    char *text = strings_join(&parts, ", ");
    strings_free(&parts);
    return text;
}

/* "in 3 of 5 (batch 1; batch 4; batch 16)", "everywhere" */
static char *places_text(const struct court *c, bool (*in)(const struct contest *, const void *),
                         const void *what, size_t *found)
{
    struct strings places = {0};
    for (size_t i = 0; i < c->count; i++)
        if (in(&c->contests[i], what)) {
            char *place = place_text(c, c->contests[i].best);
            strings_add(&places, place);
            free(place);
        }
    *found = places.count;
    char *list = strings_join(&places, "; ");
    char *text = places.count == c->count ? copy_text("everywhere")
                 : places.count > PLACES_NAMED
                     ? format_text("in %zu of %zu", places.count, c->count)
                     : format_text("in %zu of %zu (%s)", places.count, c->count, list);
    free(list);
    strings_free(&places);
    return text;
}

static bool is_tied(const struct contest *contest, const void *none)
{
    (void)none;
    return !contest->sure;
}

struct leader {
    const struct court *court;
    const char *name;
};

static bool is_led_by(const struct contest *contest, const void *leader)
{
    const struct leader *l = leader;
    return contest->sure && strcmp(name_of(l->court, contest->best), l->name) == 0;
}

/* ", with 1.12 to 1.60 times the next", ", the next needs 3.10 times as much"; nothing without
 * ratios
 */
static char *lead_text(const struct court *c, const struct leader *leader)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < c->count; i++)
        if (is_led_by(&c->contests[i], leader)) {
            least = fmin(least, c->contests[i].ratio.median);
            most = fmax(most, c->contests[i].ratio.median);
        }
    if (most == 0)
        return copy_text("");
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    scaled_text(low, least, SCALE_NONE);
    scaled_text(high, most, SCALE_NONE);
    char *times = strcmp(low, high) == 0 ? copy_text(low) : format_text("%s to %s", low, high);
    char *text = format_text(c->higher_is_better ? ", with %s times the next"
                                                 : ", the next needs %s times as much",
                             times);
    free(times);
    return text;
}

/* Leaders and ties over several places. */
static char *many_text(const struct court *c)
{
    struct strings parts = {0}, named = {0};
    for (size_t i = 0; i < c->count; i++) {
        const struct leader leader = {c, name_of(c, c->contests[i].best)};
        if (!c->contests[i].sure || strings_hold(&named, leader.name))
            continue;
        strings_add(&named, leader.name);
        size_t found;
        char *places = places_text(c, is_led_by, &leader, &found);
        char *lead = lead_text(c, &leader);
        char *part = format_text("%s %s %s%s", leader.name,
                                 c->higher_is_better ? "leads" : "is least", places, lead);
        strings_add(&parts, part);
        free(part);
        free(lead);
        free(places);
    }
    size_t ties;
    char *places = places_text(c, is_tied, NULL, &ties);
    if (ties > 0) {
        char *part = format_text("%s there is no difference between the first two", places);
        strings_add(&parts, part);
        free(part);
    }
    free(places);
    char *text = strings_join(&parts, "; ");
    strings_free(&parts);
    strings_free(&named);
    return text;
}

/* Of a point's own clock; what is held against what another clock says is time on both. */
static struct unit unit_in(const struct court *c, const struct contest *contest)
{
    const char *clock = contest->best->axes[AXIS_CLOCK];
    return unit_on(metric_unit(c->data->suite, c->data->metrics.at[c->metric]),
                   strcmp(clock, contest->next->axes[AXIS_CLOCK]) == 0 ? clock : NULL);
}

static char *one_text(const struct court *c)
{
    const struct contest *contest = &c->contests[0];
    char best[QUANTITY_TEXT], next[QUANTITY_TEXT], ratio[INTERVAL_TEXT];
    struct unit unit = unit_in(c, contest);
    quantity_text(best, contest->best->intervals[c->metric].median, unit);
    quantity_text(next, contest->next->intervals[c->metric].median, unit);
    interval_text(ratio, contest->ratio, SCALE_NONE, is_exact(contest));
    const char *a = name_of(c, contest->best), *b = name_of(c, contest->next);
    if (isnan(contest->ratio.median))
        return format_text("%s has %s, %s %s", a, best, b, next);
    if (!contest->sure)
        return is_exact(contest)
                   ? format_text("no difference between %s and %s, which have %s", a, b, best)
                   : format_text("no difference between %s (%s) and %s (%s): ratio %s", a, best, b,
                                 next, ratio);
    return format_text(c->higher_is_better ? "%s leads with %s, %s times %s (%s)"
                                           : "%s is least with %s; %s times as much has %s (%s)",
                       a, best, ratio, b, next);
}

static void add_sentence(struct court *c, const char *kind, struct strings *sentences)
{
    judge(c, kind);
    if (c->count == 0)
        return;
    char *what = c->count == 1 ? one_text(c) : many_text(c);
    const char *metric = c->data->metrics.at[c->metric];
    bool named = c->contrast == AXIS_SUBJECT && *kind != '\0' && strcmp(kind, AXIS_NA) != 0;
    char *sentence = named ? format_text("%s, of each %s: %s.", metric, kind, what)
                           : format_text("%s: %s.", metric, what);
    strings_add(sentences, sentence);
    free(sentence);
    free(what);
}

struct strings finding_make(const struct table_spec *spec, const struct dataset *data,
                            uint32_t seed)
{
    struct strings sentences = {0}, kinds = {0};
    struct court c = {.spec = spec, .data = data, .contrast = spec->contrast, .seed = seed};
    c.metric = dataset_metric(data, spec->metrics.at[0]);
    if (c.metric == data->metrics.count)
        return sentences;
    c.higher_is_better = metric_higher_is_better(data->suite, spec->metrics.at[0]);
    for (size_t i = 0; i < data->count; i++) {
        const char *kind = data->points[i].axes[AXIS_KIND];
        if (strings_hold(&kinds, kind))
            continue;
        strings_add(&kinds, kind);
        add_sentence(&c, kind, &sentences);
    }
    free(c.contests);
    strings_free(&kinds);
    return sentences;
}
