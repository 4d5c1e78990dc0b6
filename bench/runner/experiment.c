/* SPDX-License-Identifier: MIT */
#include "bench/runner/experiment.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/runner/description.h"

#define SUFFIX ".exp"
#define LINE_SHOWN 60 /* letters of a line that cannot be understood */
#define RANGE_TEXT 256

const char *effort_name(enum effort effort)
{
    static const char *const names[] = {"standard", "quick", "full"};
    return names[effort];
}

/* ---- sweeps ---- */

static bool read_sweep_subjects(const config_setting_t *s, void *into, struct fault *fault)
{
    struct sweep *sweep = into;
    return read_texts(s, &sweep->subjects, fault) &&
           (subjects_check(sweep->suite, &sweep->subjects, fault) || fault_place(fault, s));
}

static bool read_sweep_axis(const config_setting_t *s, void *into, struct fault *fault)
{
    struct sweep *sweep = into;
    size_t axis = axis_find(sweep->suite, config_setting_name(s));
    struct strings texts = {0};
    bool good = read_texts(s, &texts, fault) &&
                (axis_values_parse(sweep->suite, axis, &texts, &sweep->axes[axis], fault) ||
                 fault_place(fault, s));
    strings_free(&texts);
    return good;
}

static void sweep_free(struct sweep *sweep)
{
    strings_free(&sweep->subjects);
    for (size_t a = 0; a < AXES_MAX; a++)
        free(sweep->axes[a].at);
}

static const struct key effort_keys[] = {{"subjects", read_sweep_subjects}, {NULL, NULL}};
static const struct key sweep_keys[] = {{"subjects", read_sweep_subjects},
                                        {"quick", NULL}, /* read by read_sweep */
                                        {"full", NULL},
                                        {NULL, NULL}};

/* The groups of both efforts are checked; the one of this effort counts. */
static bool read_sweep_efforts(const config_setting_t *s, struct sweep *sweep, enum effort effort,
                               struct fault *fault)
{
    const struct axis_keys axes = {sweep->suite, read_sweep_axis};
    for (enum effort e = EFFORT_QUICK; e <= EFFORT_FULL; e++) {
        const config_setting_t *group = config_setting_get_member(s, effort_name(e));
        struct sweep unused = {.suite = sweep->suite};
        bool good = group == NULL || read_group(group, effort_name(e), effort_keys, &axes,
                                                e == effort ? sweep : &unused, fault);
        sweep_free(&unused);
        if (!good)
            return false;
    }
    return true;
}

static bool read_sweep(const config_setting_t *s, struct sweep *sweep, enum effort effort,
                       struct fault *fault)
{
    const struct axis_keys axes = {sweep->suite, read_sweep_axis};
    size_t required = sweep->suite->required;
    if (!read_group(s, "a sweep", sweep_keys, &axes, sweep, fault) ||
        !read_sweep_efforts(s, sweep, effort, fault))
        return false;
    if (sweep->subjects.count == 0)
        return fault_at(fault, s, "a sweep needs subjects, as subjects = [\"%s\"]",
                        sweep->suite->groups[0].many);
    if (required != AXIS_NONE && sweep->axes[required].count == 0) {
        char range[RANGE_TEXT];
        return fault_at(fault, s, "a sweep needs a %s: %s", axis_name(sweep->suite, required),
                        axis_range(sweep->suite, required, range, sizeof(range)));
    }
    return true;
}

static bool read_sweep_quick(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_sweep(s, into, EFFORT_QUICK, fault);
}

static bool read_sweep_full(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_sweep(s, into, EFFORT_FULL, fault);
}

static bool read_sweep_standard(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_sweep(s, into, EFFORT_STANDARD, fault);
}

/* ---- the whole description ---- */

struct reading {
    struct experiment *experiment;
    enum effort effort;
};

static bool read_title(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_string(s, &((struct reading *)into)->experiment->title, fault);
}

static bool read_figure(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_string(s, &((struct reading *)into)->experiment->figure, fault);
}

static bool read_figure_where(const config_setting_t *s, void *into, struct fault *fault)
{
    struct selector *where = &((struct reading *)into)->experiment->figure_where;
    if (!selector_read(s, where, fault))
        return false;
    for (size_t a = 0; a < axes_of(where->suite); a++)
        if (where->allowed[a].count > 1)
            return fault_at(fault, s, "a figure is drawn where an axis has one value: %s has %zu",
                            axis_name(where->suite, a), where->allowed[a].count);
    return true;
}

static bool read_figure_each(const config_setting_t *s, void *into, struct fault *fault)
{
    struct experiment *e = ((struct reading *)into)->experiment;
    return read_axis(s, e->suite, &e->figure_each, fault) &&
           (axis_is_named(e->suite, e->figure_each) ||
            fault_at(fault, s, "%s = \"%s\": must be an axis whose values are names",
                     config_setting_name(s), axis_name(e->suite, e->figure_each)));
}

static bool read_repetitions(const config_setting_t *s, void *into, struct fault *fault)
{
    return read_whole(s, REPETITIONS_MAX, &((struct reading *)into)->experiment->repetitions,
                      fault);
}

static bool read_duration(const config_setting_t *s, void *into, struct fault *fault)
{
    struct experiment *e = ((struct reading *)into)->experiment;
    if (e->suite->duration_ms == 0)
        return fault_at(fault, s,
                        "an observation of suite %s takes as long as it takes: leave %s out",
                        e->suite->name, config_setting_name(s));
    return read_whole(s, e->suite->duration_ms, &e->duration_ms, fault);
}

static bool read_sweeps(const config_setting_t *s, void *into, struct fault *fault)
{
    static read_setting *const readers[] = {read_sweep_standard, read_sweep_quick, read_sweep_full};
    struct reading *r = into;
    const struct sweep initial = {.suite = r->experiment->suite};
    return read_list(s, (void **)&r->experiment->sweeps, &r->experiment->sweep_count,
                     sizeof(initial), &initial, readers[r->effort], fault);
}

static bool read_tables(const config_setting_t *s, void *into, struct fault *fault)
{
    struct experiment *e = ((struct reading *)into)->experiment;
    const struct table_spec initial = table_spec_of(e->suite);
    return read_list(s, (void **)&e->tables, &e->table_count, sizeof(initial), &initial, table_read,
                     fault);
}

static bool read_targets(const config_setting_t *s, void *into, struct fault *fault)
{
    struct experiment *e = ((struct reading *)into)->experiment;
    const struct target_spec initial = target_spec_of(e->suite);
    return read_list(s, (void **)&e->targets, &e->target_count, sizeof(initial), &initial,
                     target_read, fault);
}

static const struct key experiment_keys[] = {{"title", read_title},
                                             {"figure", read_figure},
                                             {"figure_where", read_figure_where},
                                             {"figure_each", read_figure_each},
                                             {"repetitions", read_repetitions},
                                             {"duration_ms", read_duration},
                                             {"suite", NULL}, /* read by read_suite, first */
                                             {"quick", NULL}, /* read by read_efforts */
                                             {"full", NULL},
                                             {"sweeps", read_sweeps},
                                             {"tables", read_tables},
                                             {"targets", read_targets},
                                             {NULL, NULL}};
static const struct key experiment_effort_keys[] = {
    {"repetitions", read_repetitions}, {"duration_ms", read_duration}, {NULL, NULL}};

static bool read_efforts(const config_setting_t *root, struct reading *r, struct fault *fault)
{
    for (enum effort e = EFFORT_QUICK; e <= EFFORT_FULL; e++) {
        const config_setting_t *group = config_setting_get_member(root, effort_name(e));
        struct experiment unused = {.suite = r->experiment->suite};
        struct reading elsewhere = {.experiment = &unused};
        if (group != NULL && !read_group(group, effort_name(e), experiment_effort_keys, NULL,
                                         e == r->effort ? r : &elsewhere, fault))
            return false;
    }
    return true;
}

static bool read_suite(const config_setting_t *root, struct experiment *e, struct fault *fault)
{
    const config_setting_t *s = config_setting_get_member(root, "suite");
    char *name = NULL;
    e->suite = SUITE_DEFAULT;
    if (s == NULL)
        return true;
    if (!read_string(s, &name, fault))
        return false;
    e->suite = suite_find(name);
    if (e->suite == NULL) {
        struct strings names = {0};
        for (size_t i = 0; suite_at(i) != NULL; i++)
            strings_add(&names, suite_at(i)->name);
        char *known = strings_join(&names, ", ");
        fault_at(fault, s, "no suite '%s'; there are: %s", name, known);
        free(known);
        strings_free(&names);
    }
    free(name);
    return e->suite != NULL;
}

static bool is_complete(const struct experiment *e, struct fault *fault)
{
    const struct {
        const char *key;
        bool there;
    } needed[] = {{"title", e->title != NULL},
                  {"repetitions", e->repetitions != 0},
                  {"duration_ms", e->duration_ms != 0 || e->suite->duration_ms == 0},
                  {"sweeps", e->sweep_count != 0},
                  {"tables", e->table_count != 0}};
    struct strings lacking = {0};
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        if (!needed[i].there)
            strings_add(&lacking, needed[i].key);
    char *names = strings_join(&lacking, ", ");
    bool complete = lacking.count == 0;
    if (!complete)
        fault_set(fault, "%s: an experiment of suite %s needs %s, which this one lacks", e->path,
                  e->suite->name, names);
    free(names);
    strings_free(&lacking);
    return complete;
}

static bool read_root(const config_setting_t *root, struct reading *r, struct fault *fault)
{
    struct experiment *e = r->experiment;
    if (!read_suite(root, e, fault))
        return false;
    e->figure_where.suite = e->suite;
    e->figure_each = AXIS_NONE;
    if (!read_group(root, "an experiment", experiment_keys, NULL, r, fault) ||
        !read_efforts(root, r, fault))
        return false;
    return is_complete(e, fault);
}

/* The name: what the file is called, in letters that a folder and a figure can bear. */
static bool name_from_path(struct experiment *e, struct fault *fault)
{
    const char *slash = strrchr(e->path, '/');
    e->name = copy_text(slash == NULL ? e->path : slash + 1);
    size_t length = strlen(e->name);
    if (length > strlen(SUFFIX) && strcmp(e->name + length - strlen(SUFFIX), SUFFIX) == 0)
        e->name[length - strlen(SUFFIX)] = '\0';
    for (const char *c = e->name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return fault_set(fault,
                             "%s: an experiment's file must be named by letters, digits, - and _, "
                             "and end in %s",
                             e->path, SUFFIX);
    return true;
}

/* A line of a file, what cannot be printed as `?`; "" if there is none. The caller frees. */
static char *line_of(const char *path, int number)
{
    char *line = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "re");
    ssize_t length = in == NULL ? -1 : 0;
    while (length >= 0 && number-- > 0)
        length = getline(&line, &size, in);
    char *text = format_text("%.*s", LINE_SHOWN, length < 0 || line == NULL ? "" : line);
    text[strcspn(text, "\r\n")] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (!isprint((unsigned char)*c) && *c != '\t')
            *c = '?';
    free(line);
    if (in != NULL)
        fclose(in);
    return text;
}

static bool load(const char *path, config_t *config, struct fault *fault)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return fault_set(fault, "%s: is a folder, expected a file that describes an experiment",
                         path);
    if (config_read_file(config, path) == CONFIG_TRUE)
        return true;
    if (config_error_type(config) == CONFIG_ERR_FILE_IO)
        return fault_set(fault, "%s: cannot be read: %s", path, strerror(errno));
    const char *file = config_error_file(config);
    char *line = line_of(file == NULL ? path : file, config_error_line(config));
    fault_set(fault, "%s:%d: %s, in or before: %s", file == NULL ? path : file,
              config_error_line(config), config_error_text(config), line);
    free(line);
    return false;
}

struct experiment *experiment_read(const char *path, enum effort effort, struct fault *fault)
{
    struct experiment *e = memory(1, sizeof(*e));
    struct reading reading = {.experiment = e, .effort = effort};
    e->path = copy_text(path);

    config_t config;
    config_init(&config);
    bool good = name_from_path(e, fault) && load(path, &config, fault) &&
                read_root(config_root_setting(&config), &reading, fault);
    config_destroy(&config);
    if (good)
        return e;
    experiment_free(e);
    return NULL;
}

void experiment_free(struct experiment *e)
{
    for (size_t i = 0; i < e->sweep_count; i++)
        sweep_free(&e->sweeps[i]);
    for (size_t i = 0; i < e->table_count; i++)
        table_spec_free(&e->tables[i]);
    for (size_t i = 0; i < e->target_count; i++)
        target_spec_free(&e->targets[i]);
    selector_free(&e->figure_where);
    free(e->sweeps);
    free(e->tables);
    free(e->targets);
    free(e->name);
    free(e->path);
    free(e->title);
    free(e->figure);
    free(e);
}
