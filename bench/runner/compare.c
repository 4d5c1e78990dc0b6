/* SPDX-License-Identifier: MIT */
/* ringside compare: two runs, point by point. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/manifest.h"
#include "bench/runner/metrics.h"
#include "bench/runner/quantity.h"
#include "bench/runner/run_view.h"
#include "bench/runner/table.h"

struct options {
    struct strings runs;
    struct strings metrics; /* none: those of the experiments' tables */
    double threshold;       /* a fraction; NaN: nothing is judged */
};

#define THRESHOLD_MAX_PERCENT 1000

/* Points of one run alone that are named for each experiment; more are counted. */
#define ALONE_NAMED 5

/* What was found, over all points and metrics. */
struct tally {
    size_t compared, few, alone; /* alone: points that one of the runs has not */
    struct strings worse;        /* by more than the threshold, a line each */
};

static bool some_suite_has(const char *metric)
{
    for (size_t i = 0; suite_at(i) != NULL; i++)
        if (metric_name_ok(suite_at(i), metric))
            return true;
    return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'm':
        if (!some_suite_has(arg))
            argp_error(state, "--metric %s: no such metric; `ringside list metrics` shows them",
                       arg);
        strings_add(&o->metrics, arg);
        return 0;
    case 't':
        o->threshold = number_parse(arg) / 100;
        if (!(o->threshold >= 0 && o->threshold <= THRESHOLD_MAX_PERCENT / 100.0))
            argp_error(state, "--threshold %s: must be a number of percent, 0 to %d", arg,
                       THRESHOLD_MAX_PERCENT);
        return 0;
    case ARGP_KEY_ARG:
        strings_add(&o->runs, arg);
        return 0;
    case ARGP_KEY_END:
        if (o->runs.count != 2)
            argp_error(state, "two runs are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option argp_options[] = {
    {"metric", 'm', "METRIC", 0,
     "Compare this one (may be repeated; default: those of the experiments' tables)", 0},
    {"threshold", 't', "PERCENT", 0, "Exit with status 3 if B is worse by more than this", 0},
    {0}};

/* Two measurements of one experiment. */
struct pair {
    const struct dataset *a, *b;
    struct strings metrics;
    bool varies[AXES_MAX]; /* over the points of both */
    uint32_t seed;
    double threshold;
    struct tally *tally;
};

static void add_metrics(struct pair *pair, const char *name)
{
    if (strcmp(name, METRICS_COUNTERS) != 0) {
        if (!strings_hold(&pair->metrics, name))
            strings_add(&pair->metrics, name);
        return;
    }
    for (size_t m = pair->a->suite->metric_count; m < pair->a->metrics.count; m++)
        if (!strings_hold(&pair->metrics, pair->a->metrics.at[m]))
            strings_add(&pair->metrics, pair->a->metrics.at[m]);
}

static void choose_metrics(struct pair *pair, const struct experiment *e,
                           const struct strings *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        add_metrics(pair, asked->at[i]);
    for (size_t t = 0; asked->count == 0 && t < e->table_count; t++)
        for (size_t i = 0; i < e->tables[t].metrics.count; i++)
            add_metrics(pair, e->tables[t].metrics.at[i]);
}

static void find_varying(struct pair *pair)
{
    for (size_t i = 0; i < pair->a->count; i++)
        for (size_t x = AXIS_SUBJECT; x < axes_of(pair->a->suite); x++)
            pair->varies[x] |= strcmp(pair->a->points[i].axes[x], pair->a->points[0].axes[x]) != 0;
    pair->varies[AXIS_SUBJECT] = true;
    pair->varies[AXIS_KIND] = false;
}

enum verdict { NO_RATIO, TOO_FEW, NO_DIFFERENCE, BETTER, WORSE };

/* Where A is 0, always. */
static enum verdict judge_by_zero(const struct suite *suite, const char *metric,
                                  struct interval of_a, struct interval of_b)
{
    if (of_a.lo != 0 || of_a.hi != 0)
        return NO_RATIO;
    if (of_b.lo == 0 && of_b.hi == 0)
        return NO_DIFFERENCE;
    if (of_b.lo <= 0)
        return NO_RATIO;
    return metric_higher_is_better(suite, metric) ? BETTER : WORSE;
}

static enum verdict judge(const struct suite *suite, const char *metric, bool exact,
                          struct interval ratio, struct interval of_a, struct interval of_b)
{
    if (!exact && !stats_enough(ratio))
        return TOO_FEW;
    if (isnan(ratio.median))
        return judge_by_zero(suite, metric, of_a, of_b);
    if (ratio.lo <= 1 && 1 <= ratio.hi)
        return NO_DIFFERENCE;
    return (ratio.median > 1) == metric_higher_is_better(suite, metric) ? BETTER : WORSE;
}

static const char *const verdicts[] = {[NO_RATIO] = "no ratio: A can be 0",
                                       [TOO_FEW] = "too few observations",
                                       [NO_DIFFERENCE] = "no difference",
                                       [BETTER] = "B is better",
                                       [WORSE] = "B is worse"};

/* How much worse B is, as a fraction of A: of what should be high, how much more A has of it. Of
 * nothing, anything is more than any fraction. */
static double loss(const struct suite *suite, const char *metric, double ratio)
{
    if (isnan(ratio))
        return INFINITY;
    return metric_higher_is_better(suite, metric) ? 1 / ratio - 1 : ratio - 1;
}

/* "xen, batch 4": where a point lies, by what differs among the points. */
static char *place_text(const struct pair *pair, const struct data_point *p)
{
    char *text = copy_text(p->axes[AXIS_SUBJECT]);
    for (size_t x = AXIS_FIRST_SWEPT; x < axes_of(pair->a->suite); x++) {
        if (!pair->varies[x] || strcmp(p->axes[x], AXIS_NA) == 0)
            continue;
        char *longer = format_text("%s, %s %s", text, axis_name(pair->a->suite, x), p->axes[x]);
        free(text);
        text = longer;
    }
    return text;
}

static void add_row(struct table *t, const struct pair *pair, const struct data_point *a,
                    const struct data_point *b, const char *metric, size_t in_a, size_t in_b)
{
    struct interval of_a = a->intervals[in_a], of_b = b->intervals[in_b];
    struct interval ratio =
        stats_ratio(b->values[in_b], b->count, a->values[in_a], a->count, pair->seed);
    struct unit unit = unit_on(metric_unit(pair->a->suite, metric), a->axes[AXIS_CLOCK]);
    char text_a[QUANTITY_TEXT], text_b[QUANTITY_TEXT], text_ratio[INTERVAL_TEXT];
    quantity_text(text_a, of_a.median, unit);
    quantity_text(text_b, of_b.median, unit);
    interval_text(text_ratio, ratio, SCALE_NONE, a->exact && b->exact);

    for (size_t x = AXIS_SUBJECT; x < axes_of(pair->a->suite); x++)
        if (pair->varies[x])
            table_add(t, "%s", a->axes[x]);
    table_add(t, "%s", metric);
    enum verdict v = judge(pair->a->suite, metric, a->exact && b->exact, ratio, of_a, of_b);
    pair->tally->compared++;
    pair->tally->few += v == TOO_FEW;
    if (v == WORSE && loss(pair->a->suite, metric, ratio.median) > pair->threshold) {
        char *where = place_text(pair, a);
        char *line = format_text("%s: %s: %s: %s in A, %s in B, B/A %s", pair->a->experiment, where,
                                 metric, text_a, text_b, text_ratio);
        strings_add(&pair->tally->worse, line);
        free(line);
        free(where);
    }
    table_add(t, "%s", verdicts[v]);
    table_add(t, "%s", text_a);
    table_add(t, "%s", text_b);
    table_add(t, "%s", text_ratio);
}

static void add_header(struct table *t, const struct pair *pair)
{
    static const char *const names[] = {"metric", "verdict", "A", "B", "B/A"};
    for (size_t x = AXIS_SUBJECT; x < axes_of(pair->a->suite); x++)
        if (pair->varies[x]) {
            table_add(t, "%s", axis_name(pair->a->suite, x));
            t->left++;
        }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        table_add(t, "%s", names[i]);
    t->columns = t->left + sizeof(names) / sizeof(*names);
    t->left += 2;
}

static void print_pair(const struct pair *pair)
{
    struct table t = {0};
    add_header(&t, pair);
    for (size_t i = 0; i < pair->a->count; i++) {
        const struct data_point *a = &pair->a->points[i];
        const struct data_point *b = dataset_find(pair->b, a->key);
        for (size_t m = 0; b != NULL && m < pair->metrics.count; m++) {
            const char *metric = pair->metrics.at[m];
            size_t in_a = dataset_metric(pair->a, metric), in_b = dataset_metric(pair->b, metric);
            if (in_a < pair->a->metrics.count && in_b < pair->b->metrics.count &&
                !isnan(a->intervals[in_a].median) && !isnan(b->intervals[in_b].median))
                add_row(&t, pair, a, b, metric, in_a, in_b);
        }
    }
    printf("\n%s\n", pair->a->experiment);
    if (t.cells.count > t.columns)
        table_print(&t, stdout);
    else
        printf("  nothing was measured in both\n");
    table_free(&t);
}

/* Points of one run that the other has not. */
static void print_alone(const struct dataset *here, const struct dataset *there, const char *run,
                        struct tally *tally)
{
    size_t alone = 0;
    for (size_t i = 0; i < here->count; i++) {
        const struct data_point *p = &here->points[i];
        if (dataset_find(there, p->key) != NULL || ++alone > ALONE_NAMED)
            continue;
        printf("  only in %s: %s", run, p->axes[AXIS_SUBJECT]);
        for (size_t x = AXIS_FIRST_SWEPT; x < axes_of(here->suite); x++)
            if (strcmp(p->axes[x], AXIS_NA) != 0)
                printf(", %s %s", axis_name(here->suite, x), p->axes[x]);
        printf("\n");
    }
    if (alone > ALONE_NAMED)
        printf("  only in %s: %zu more\n", run, alone - ALONE_NAMED);
    tally->alone += alone;
}

static const struct dataset *data_of(const struct run_view *view, const char *experiment)
{
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->data[i].experiment, experiment) == 0)
            return &view->data[i];
    return NULL;
}

static void print_header(const char *letter, const struct run_view *view)
{
    char *caption = manifest_caption(view->manifest);
    printf("%s: %s (%s, seed %u)\n   %s\n", letter, view->dir, manifest_state(view->manifest),
           manifest_seed(view->manifest), caption);
    free(caption);
}

static bool compare(const struct run_view *a, const struct run_view *b, const struct options *o,
                    struct tally *tally)
{
    print_header("A", a);
    print_header("B", b);
    size_t compared = 0;
    for (size_t i = 0; i < a->count; i++) {
        struct pair pair = {.a = &a->data[i],
                            .b = data_of(b, a->data[i].experiment),
                            .seed = manifest_seed(a->manifest),
                            .threshold = o->threshold,
                            .tally = tally};
        if (pair.b == NULL) {
            printf("\n%s: only in A\n", pair.a->experiment);
            tally->alone += pair.a->count;
            continue;
        }
        if (pair.b->suite != pair.a->suite) {
            printf("\n%s: of suite %s in A, %s in B\n", pair.a->experiment, pair.a->suite->name,
                   pair.b->suite->name);
            continue;
        }
        choose_metrics(&pair, a->experiments[i], &o->metrics);
        find_varying(&pair);
        print_pair(&pair);
        print_alone(pair.a, pair.b, "A", tally);
        print_alone(pair.b, pair.a, "B", tally);
        strings_free(&pair.metrics);
        compared++;
    }
    for (size_t i = 0; i < b->count; i++)
        if (data_of(a, b->data[i].experiment) == NULL) {
            printf("\n%s: only in B\n", b->data[i].experiment);
            tally->alone += b->data[i].count;
        }
    return compared > 0;
}

/* The exit status that a threshold asks for. What it is by comes last, where a log is read first.
 */
static int settle(const struct tally *tally, double threshold)
{
    if (isnan(threshold))
        return EXIT_DONE;
    printf("\n%zu of %zu worse in B by more than %g %%", tally->worse.count, tally->compared,
           100 * threshold);
    if (tally->few > 0)
        printf("; %zu had too few observations to tell", tally->few);
    if (tally->alone > 0)
        printf("; %zu point%s in one run alone", tally->alone, plural(tally->alone));
    printf("\n");
    for (size_t i = 0; i < tally->worse.count; i++)
        printf("  %s\n", tally->worse.at[i]);
    return tally->worse.count > 0 ? EXIT_WORSE : EXIT_DONE;
}

int command_compare(int argc, char **argv)
{
    const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "RUN_A RUN_B",
        .doc =
            "Prints the ratio B/A of medians with its bootstrap 95 % interval, for each point that "
            "both runs have. Where the interval holds 1 there is no difference.",
    };
    struct options o = {.threshold = NAN};
    struct tally tally = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &o);

    struct run_view a = {0}, b = {0};
    struct fault fault;
    int status = EXIT_FAILED;
    if (!run_view_open(&a, o.runs.at[0], &fault) || !run_view_open(&b, o.runs.at[1], &fault))
        say("%s", fault.text);
    else if (!compare(&a, &b, &o, &tally))
        say("%s and %s have no experiment in common", a.dir, b.dir);
    else if (tally.compared == 0)
        say("%s and %s have nothing in common that was measured", a.dir, b.dir);
    else
        status = settle(&tally, o.threshold);
    run_view_close(&a);
    run_view_close(&b);
    strings_free(&tally.worse);
    strings_free(&o.runs);
    strings_free(&o.metrics);
    return status;
}
