/* SPDX-License-Identifier: MIT */
#include "bench/runner/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/runner/environment.h"
#include "bench/runner/folder.h"

#define FORMAT 1 /* of the run folder; one that a reader does not know is refused */
#define FILE_NAME "manifest.json"

static const char *const states[] = {"running", "complete", "interrupted"};

static json_t *time_now(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_string(text);
}

static json_t *strings_json(const struct strings *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->at[i]));
    return array;
}

static json_t *left_out_json(const struct left_out *list, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_pack("{s:s, s:I, s:o}", "reason", list[i].reason,
                                               "points", (json_int_t)list[i].points, "subjects",
                                               strings_json(&list[i].subjects)));
    return array;
}

static json_t *plan_json(const struct plan *plan)
{
    const struct experiment *e = plan->experiment;
    return json_pack("{s:s, s:s, s:s, s:s*, s:I, s:I, s:I, s:o, s:o}", "name", e->name, "suite",
                     e->suite->name, "title", e->title, "figure", e->figure, "repetitions",
                     (json_int_t)e->repetitions, "duration_ms", (json_int_t)e->duration_ms,
                     "points", (json_int_t)plan->point_count, "left_out",
                     left_out_json(plan->left_out, plan->left_out_count), "missing",
                     left_out_json(plan->missing, plan->missing_count));
}

static json_t *parameters_json(const struct parameters *p)
{
    return json_pack("{s:s, s:o, s:I, s:b, s:s?, s:{s:I, s:I}}", "effort", effort_name(p->effort),
                     "set", strings_json(&p->sets), "seed", (json_int_t)p->seed, "processes",
                     p->processes, "events", p->events, "shard", "index",
                     (json_int_t)p->shard.index, "of", (json_int_t)p->shard.of);
}

json_t *manifest_make(const struct parameters *parameters, const struct plan *plans,
                      size_t plan_count, char *const *argv, json_t *machine, json_t *counters)
{
    json_t *arguments = json_array(), *experiments = json_array();
    for (; *argv != NULL; argv++)
        json_array_append_new(arguments, json_string(*argv));
    for (size_t i = 0; i < plan_count; i++)
        json_array_append_new(experiments, plan_json(&plans[i]));
    return json_pack(
        "{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:[]}", "format", FORMAT, "state",
        states[RUN_RUNNING], "started", time_now(), "program", environment_program(), "machine",
        machine, "libraries", environment_libraries(), "arguments", arguments, "parameters",
        parameters_json(parameters), "counters", counters, "experiments", experiments, "errors");
}

void manifest_set_state(json_t *manifest, enum run_state state)
{
    json_object_set_new(manifest, "state", json_string(states[state]));
    if (state != RUN_RUNNING)
        json_object_set_new(manifest, "ended", time_now());
}

void manifest_set_observations(json_t *manifest, size_t planned, size_t made)
{
    json_object_set_new(
        manifest, "observations",
        json_pack("{s:I, s:I}", "planned", (json_int_t)planned, "made", (json_int_t)made));
}

void manifest_set_counters(json_t *manifest, json_t *counters)
{
    json_object_set_new(manifest, "counters", counters);
}

void manifest_set_disturbed(json_t *manifest, size_t count)
{
    json_object_set_new(manifest, "disturbed", json_integer((json_int_t)count));
}

void manifest_add_error(json_t *manifest, const struct turn *turn, const struct suite *suite,
                        char *const axes[AXES_MAX], const char *error)
{
    json_t *point = json_object();
    for (size_t a = 0; a < axes_of(suite); a++)
        json_object_set_new(point, axis_name(suite, a), json_string(axes[a]));
    char *what = suite_point_text(suite, axes);
    json_array_append_new(json_object_get(manifest, "errors"),
                          json_pack("{s:I, s:I, s:s, s:s, s:o}", "seq", (json_int_t)turn->seq,
                                    "rep", (json_int_t)turn->rep, "what", what, "error", error,
                                    "point", point));
    free(what);
}

/* The text goes to a file of its own, which then takes the old one's place. */
static bool replace(const char *path, const char *text)
{
    char *next = format_text("%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && write_whole(fd, text, strlen(text)) && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && rename(next, path) == 0;
    free(next);
    return good;
}

bool manifest_write(const json_t *manifest, const char *dir, struct fault *fault)
{
    char *path = format_text("%s/" FILE_NAME, dir);
    char *text = json_dumps(manifest, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    char *whole = format_text("%s\n", text);
    bool good = replace(path, whole);
    if (!good)
        fault_set(fault, "cannot write %s: %s", path, strerror(errno));
    free(whole);
    free(text);
    free(path);
    return good;
}

static bool is_manifest(const json_t *manifest, const char *path, struct fault *fault)
{
    if (!json_is_object(manifest) || !json_is_integer(json_object_get(manifest, "format")) ||
        !json_is_string(json_object_get(manifest, "state")) ||
        !json_is_object(json_object_get(manifest, "parameters")) ||
        !json_is_array(json_object_get(manifest, "experiments")))
        return fault_set(fault, "%s: is not the manifest of a run", path);
    json_int_t format = json_integer_value(json_object_get(manifest, "format"));
    return format == FORMAT || fault_set(fault, "%s: has format %lld; this program reads format %d",
                                         path, (long long)format, FORMAT);
}

json_t *manifest_read(const char *dir, struct fault *fault)
{
    char *path = format_text("%s/" FILE_NAME, dir);
    json_error_t error;
    json_t *manifest = json_load_file(path, 0, &error);
    if (manifest == NULL && access(path, R_OK) != 0)
        fault_set(fault, "%s is not the folder of a run: it has no readable " FILE_NAME, dir);
    else if (manifest == NULL)
        fault_set(fault, "%s:%d: %s", path, error.line, error.text);
    else if (!is_manifest(manifest, path, fault)) {
        json_decref(manifest);
        manifest = NULL;
    }
    free(path);
    return manifest;
}

const char *manifest_text(const json_t *manifest, const char *group, const char *name)
{
    const char *text = json_string_value(json_object_get(json_object_get(manifest, group), name));
    return text == NULL ? "" : text;
}

const char *manifest_state(const json_t *manifest)
{
    return json_string_value(json_object_get(manifest, "state"));
}

static json_int_t parameter(const json_t *manifest, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(manifest, "parameters"), name));
}

uint32_t manifest_seed(const json_t *manifest)
{
    return (uint32_t)parameter(manifest, "seed");
}

struct shard manifest_shard(const json_t *manifest)
{
    const json_t *shard = json_object_get(json_object_get(manifest, "parameters"), "shard");
    return (struct shard){
        .index = (uint64_t)json_integer_value(json_object_get(shard, "index")),
        .of = (uint64_t)json_integer_value(json_object_get(shard, "of")),
    };
}

struct strings manifest_experiments(const json_t *manifest)
{
    struct strings names = {0};
    size_t i;
    const json_t *experiment;
    json_array_foreach(json_object_get(manifest, "experiments"), i, experiment)
    {
        const char *name = json_string_value(json_object_get(experiment, "name"));
        if (name != NULL)
            strings_add(&names, name);
    }
    return names;
}

/* In single quotes, unless a shell leaves it as it is. */
static char *shell_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";
    if (*text != '\0' && text[strspn(text, plain)] == '\0')
        return copy_text(text);
    char *word = memory(4 * strlen(text) + 3, 1), *end = word;
    *end++ = '\'';
    for (; *text != '\0'; text++)
        end = *text == '\'' ? stpcpy(end, "'\\''") : stpncpy(end, text, 1);
    *end++ = '\'';
    return word;
}

/* How many arguments from here on say where the results go or which seed is taken: 0, 1 or 2. */
static size_t is_replaced(const char *text)
{
    static const char *const names[][2] = {{"-o", "--out"}, {"-s", "--seed"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t length = strlen(names[i][1]);
        if (strcmp(text, names[i][0]) == 0 || strcmp(text, names[i][1]) == 0)
            return 2;
        if (strncmp(text, names[i][0], 2) == 0 ||
            (strncmp(text, names[i][1], length) == 0 && text[length] == '='))
            return 1;
    }
    return 0;
}

/* The arguments as they were, but for where the results went, and with the seed that was drawn. */
char *manifest_command(const json_t *manifest)
{
    const json_t *arguments = json_object_get(manifest, "arguments");
    struct strings words = {0};
    for (size_t i = 0; i < json_array_size(arguments); i++) {
        const char *text = json_string_value(json_array_get(arguments, i));
        size_t replaced = text == NULL ? 1 : is_replaced(text);
        if (replaced > 0) {
            i += replaced - 1;
            continue;
        }
        char *word = i == 0 ? copy_text(text) : shell_word(text); /* "ringside run" */
        strings_add(&words, word);
        free(word);
    }
    char *seed = format_text("--seed=%" PRIu32, manifest_seed(manifest));
    strings_add(&words, seed);
    char *command = strings_join(&words, " ");
    free(seed);
    strings_free(&words);
    return command;
}

const char *manifest_collected(const json_t *manifest)
{
    const json_t *machine = json_object_get(manifest, "machine");
    return json_string_value(json_object_get(json_object_get(machine, "collected"), "machine"));
}

char *manifest_caption(const json_t *manifest)
{
    const json_t *machine = json_object_get(manifest, "machine");
    const char *hypervisor = manifest_text(manifest, "machine", "hypervisor");
    const char *collected = manifest_collected(manifest);
    char *where =
        hypervisor[0] == '\0' ? copy_text("bare metal") : format_text("guest of %s", hypervisor);
    char *pair =
        json_object_get(machine, "cpu_front") == NULL
            ? copy_text("")
            : format_text(", CPUs %lld and %lld (%s)",
                          (long long)json_integer_value(json_object_get(machine, "cpu_front")),
                          (long long)json_integer_value(json_object_get(machine, "cpu_back")),
                          manifest_text(manifest, "machine", "placement"));
    char *from = collected == NULL ? copy_text("")
                                   : format_text("measured on %s, collected by: ", collected);
    char *caption =
        format_text("%s%s%s, %s; %s; %s", from, manifest_text(manifest, "machine", "processor"),
                    pair, where, manifest_text(manifest, "machine", "kernel"),
                    manifest_text(manifest, "program", "compiler"));
    free(from);
    free(pair);
    free(where);
    return caption;
}
