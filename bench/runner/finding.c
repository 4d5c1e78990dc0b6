/* SPDX-License-Identifier: MIT */
#include "bench/runner/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/likeness.h"
#include "bench/runner/quantity.h"

#define PLACES_NAMED 8 /* more are counted, not listed */

/* Contestants at one place: where every axis but the contrast is the same. */
struct contest {
    const struct data_point *best, *next;
    char *name;            /* of the best, with its own axes */
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
    bool own[AXES_MAX];    /* belongs to who competes, not to the place; see find_own() */
    bool named[AXES_MAX];  /* own, and of several values */
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
        if (x != c->contrast && !c->own[x] && strcmp(a->axes[x], b->axes[x]) != 0)
            return false;
    return true;
}

/* Does the axis mean something to each point of these, or to none? */
static bool means_alike(const struct court *c, const char *kind, size_t axis, const char *who)
{
    int means = -1;
    for (size_t i = 0; i < c->data->count; i++) {
        const struct data_point *p = &c->data->points[i];
        if (!takes_part(c, p, kind) || (who != NULL && strcmp(p->axes[c->contrast], who) != 0))
            continue;
        int own = strcmp(p->axes[axis], AXIS_NA) != 0;
        if (means >= 0 && means != own)
            return false;
        means = own;
    }
    return true;
}

/* Do those to which the axis means something differ in it? */
static bool differs(const struct court *c, const char *kind, size_t axis)
{
    const char *value = NULL;
    for (size_t i = 0; i < c->data->count; i++) {
        const struct data_point *p = &c->data->points[i];
        if (!takes_part(c, p, kind) || strcmp(p->axes[axis], AXIS_NA) == 0)
            continue;
        if (value != NULL && strcmp(value, p->axes[axis]) != 0)
            return true;
        value = p->axes[axis];
    }
    return false;
}

/* An axis that means something to some who compete alone, as warp to one scheduler or coalesce_n to
 * one notification policy, is a property of theirs. Were it a part of the place, nothing would
 * stand against them. */
static void find_own(struct court *c, const char *kind)
{
    for (size_t x = AXIS_FIRST_SWEPT; x < axes_of(c->data->suite); x++) {
        c->own[x] = x != c->contrast && !means_alike(c, kind, x, NULL);
        for (size_t i = 0; c->own[x] && i < c->data->count; i++)
            c->own[x] = means_alike(c, kind, x, c->data->points[i].axes[c->contrast]);
        c->named[x] = c->own[x] && differs(c, kind, x);
    }
}

/* "rr", "bvt (warp on)", "slice_ms 50"; the caller frees. */
static char *full_name(const struct court *c, const struct data_point *p)
{
    struct strings own = {0};
    for (size_t x = AXIS_FIRST_SWEPT; x < axes_of(c->data->suite); x++)
        if (c->named[x] && strcmp(p->axes[x], AXIS_NA) != 0) {
            char *part = format_text("%s %s", axis_name(c->data->suite, x), p->axes[x]);
            strings_add(&own, part);
            free(part);
        }
    char *list = strings_join(&own, ", ");
    bool says_itself = c->contrast == AXIS_SUBJECT || axis_is_named(c->data->suite, c->contrast);
    char *name =
        format_text("%s%s%s%s%s%s", says_itself ? "" : axis_name(c->data->suite, c->contrast),
                    says_itself ? "" : " ", p->axes[c->contrast], *list == '\0' ? "" : " (", list,
                    *list == '\0' ? "" : ")");
    free(list);
    strings_free(&own);
    return name;
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
    contest.name = full_name(c, contest.best);
    c->contests = memory_grow(c->contests, c->count + 1, sizeof(*c->contests));
    c->contests[c->count++] = contest;
}

static void clear(struct court *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->contests[i].name);
    c->count = 0;
}

static void judge(struct court *c, const char *kind)
{
    clear(c);
    memset(c->varies, 0, sizeof(c->varies));
    find_own(c, kind);
    for (size_t i = 0; i < c->data->count; i++)
        if (takes_part(c, &c->data->points[i], kind) && opens_place(c, i, kind))
            judge_place(c, &c->data->points[i], kind);
    for (size_t i = 1; i < c->count; i++)
        for (size_t x = AXIS_SUBJECT; x < axes_of(c->data->suite); x++)
            c->varies[x] |= x != c->contrast && !c->own[x] &&
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
        if (c->varies[x] && strcmp(p->axes[x], AXIS_NA) != 0) {
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

static bool is_led_by(const struct contest *contest, const void *name)
{
    return contest->sure && strcmp(contest->name, name) == 0;
}

/* ", with 1.12 to 1.60 times the next", ", the next has 3.10 times as much"; nothing without
 * ratios
 */
static char *lead_text(const struct court *c, const char *leader)
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
                                                 : ", the next has %s times as much",
                             times);
    free(times);
    return text;
}

/* Leaders and ties over several places. */
static char *many_text(const struct court *c)
{
    struct strings parts = {0}, named = {0};
    for (size_t i = 0; i < c->count; i++) {
        const char *leader = c->contests[i].name;
        if (!c->contests[i].sure || strings_hold(&named, leader))
            continue;
        strings_add(&named, leader);
        size_t found;
        char *places = places_text(c, is_led_by, leader, &found);
        char *lead = lead_text(c, leader);
        char *part = format_text("%s %s %s%s", leader, c->higher_is_better ? "leads" : "is least",
                                 places, lead);
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
    const char *a = contest->name;
    char *b = full_name(c, contest->next), *text;
    if (isnan(contest->ratio.median))
        text = format_text("%s has %s, %s %s", a, best, b, next);
    else if (contest->sure)
        text =
            format_text(c->higher_is_better ? "%s leads with %s, %s times %s (%s)"
                                            : "%s is least with %s; %s times as much has %s (%s)",
                        a, best, ratio, b, next);
    else if (is_exact(contest))
        text = format_text("no difference between %s and %s, which have %s", a, b, best);
    else
        text = format_text("no difference between %s (%s) and %s (%s): ratio %s", a, best, b, next,
                           ratio);
    free(b);
    return text;
}

/* ---- a platform and what stands for it ---- */

/* Of the two at a place, the platform that lists name first; `other` is the other one. */
static const struct data_point *first_of(const struct court *c, const struct contest *contest,
                                         const struct data_point **other)
{
    const struct data_point *a = contest->best, *b = contest->next;
    bool in_order = axis_compare(c->data->suite, c->contrast, name_of(c, a), name_of(c, b)) < 0;
    *other = in_order ? b : a;
    return in_order ? a : b;
}

/* Where the contrast is the same two platforms everywhere, of different clocks: one is a model of
 * the other, and none of them wins. */
static bool is_of_models(const struct court *c)
{
    if (c->contrast != c->data->suite->placing)
        return false;
    const struct data_point *other, *first = first_of(c, &c->contests[0], &other);
    for (size_t i = 1; i < c->count; i++) {
        const struct data_point *too, *here = first_of(c, &c->contests[i], &too);
        if (strcmp(name_of(c, first), name_of(c, here)) != 0 ||
            strcmp(name_of(c, other), name_of(c, too)) != 0)
            return false;
    }
    return strcmp(first->axes[AXIS_CLOCK], other->axes[AXIS_CLOCK]) != 0;
}

static char *models_text(const struct court *c)
{
    struct likeness *all = memory(c->count, sizeof(*all));
    const struct data_point *other = NULL, *first = NULL;
    for (size_t i = 0; i < c->count; i++) {
        first = first_of(c, &c->contests[i], &other);
        all[i].ratio = dataset_ratio(first, other, c->metric, c->seed).median;
        all[i].place = place_text(c, first);
    }
    char *text = likeness_text(name_of(c, first), name_of(c, other), all, c->count);
    for (size_t i = 0; i < c->count; i++)
        free(all[i].place);
    free(all);
    return text;
}

/* ---- sentences ---- */

/* The group of this kind, as "layouts"; NULL if there is none. */
static const char *many_of(const struct suite *suite, const char *kind)
{
    for (size_t i = 0; i < suite->group_count; i++)
        if (strcmp(suite->groups[i].one, kind) == 0)
            return suite->groups[i].many;
    return NULL;
}

static void add_sentence(struct court *c, const char *kind, struct strings *sentences)
{
    judge(c, kind);
    if (c->count == 0)
        return;
    char *what = is_of_models(c) ? models_text(c) : c->count == 1 ? one_text(c) : many_text(c);
    char *label = metric_label(c->data->metrics.at[c->metric]);
    const char *many = c->contrast == AXIS_SUBJECT ? many_of(c->data->suite, kind) : NULL;
    const char *stop = what[strlen(what) - 1] == '.' ? "" : ".";
    char *sentence = many != NULL ? format_text("%s, among %s: %s%s", label, many, what, stop)
                                  : format_text("%s: %s%s", label, what, stop);
    strings_add(sentences, sentence);
    free(sentence);
    free(label);
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
    clear(&c);
    free(c.contests);
    strings_free(&kinds);
    return sentences;
}
