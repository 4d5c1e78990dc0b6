/* SPDX-License-Identifier: MIT */
#include "bench/runner/merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/manifest.h"

/* ---- do they belong together? ---- */

/* Parameters less the shard: what all of a sweep's shards share. */
static json_t *shared_parameters(const json_t *shard)
{
    json_t *parameters = json_deep_copy(json_object_get(shard, "parameters"));
    json_object_del(parameters, "shard");
    return parameters;
}

/* The name of the first key whose value differs, or NULL. */
static const char *first_difference(json_t *a, json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value) if (!json_equal(value, json_object_get(b, key))) return key;
    json_object_foreach(b, key, value) if (json_object_get(a, key) == NULL) return key;
    return NULL;
}

static bool check_parameters(const json_t *a, const json_t *b, const char *dir_a, const char *dir_b,
                             struct fault *fault)
{
    json_t *of_a = shared_parameters(a), *of_b = shared_parameters(b);
    const char *key = first_difference(of_a, of_b);
    if (key != NULL) {
        char *value_a = json_dumps(json_object_get(of_a, key), JSON_ENCODE_ANY | JSON_COMPACT);
        char *value_b = json_dumps(json_object_get(of_b, key), JSON_ENCODE_ANY | JSON_COMPACT);
        fault_set(fault,
                  "%s and %s are not shards of one sweep: %s is %s in one and %s in the other; run "
                  "all shards with the same options but --shard",
                  dir_a, dir_b, key, value_a == NULL ? "missing" : value_a,
                  value_b == NULL ? "missing" : value_b);
        free(value_a);
        free(value_b);
    }
    json_decref(of_a);
    json_decref(of_b);
    return key == NULL;
}

static bool check_same_sweep(const json_t *a, const json_t *b, const char *dir_a, const char *dir_b,
                             struct fault *fault)
{
    if (strcmp(manifest_text(a, "program", "commit"), manifest_text(b, "program", "commit")) != 0)
        return fault_set(fault, "%s and %s were made by different programs: commits %s and %s",
                         dir_a, dir_b, manifest_text(a, "program", "commit"),
                         manifest_text(b, "program", "commit"));
    if (!check_parameters(a, b, dir_a, dir_b, fault))
        return false;
    if (!json_equal(json_object_get(a, "experiments"), json_object_get(b, "experiments")))
        return fault_set(
            fault,
            "%s and %s are not shards of one sweep: their experiments or points differ "
            "(`experiments` in manifest.json); a description changed, or a peer is "
            "missing on one machine",
            dir_a, dir_b);
    struct shard of_a = manifest_shard(a), of_b = manifest_shard(b);
    return of_a.of == of_b.of ||
           fault_set(fault, "%s is one of %" PRIu64 " shards, %s one of %" PRIu64, dir_a, of_a.of,
                     dir_b, of_b.of);
}

/* Every index of 1..of is there exactly once. */
static bool check_indices(json_t *const *shards, const struct strings *dirs, struct fault *fault)
{
    uint64_t of = manifest_shard(shards[0]).of;
    for (uint64_t index = 1; index <= of; index++) {
        const char *found = NULL;
        for (size_t i = 0; i < dirs->count; i++) {
            if (manifest_shard(shards[i]).index != index)
                continue;
            if (found != NULL)
                return fault_set(fault, "%s and %s are both shard %" PRIu64 " of %" PRIu64, found,
                                 dirs->at[i], index, of);
            found = dirs->at[i];
        }
        if (found == NULL)
            return fault_set(fault, "shard %" PRIu64 " of %" PRIu64 " is missing", index, of);
    }
    return true;
}

bool merge_check(json_t *const *shards, const struct strings *dirs, struct fault *fault)
{
    for (size_t i = 0; i < dirs->count; i++)
        if (manifest_shard(shards[i]).of < 2)
            return fault_set(fault, "%s is no shard, but a whole run", dirs->at[i]);
    for (size_t i = 1; i < dirs->count; i++)
        if (!check_same_sweep(shards[0], shards[i], dirs->at[0], dirs->at[i], fault))
            return false;
    return check_indices(shards, dirs, fault);
}

/* ---- one manifest of many ---- */

static json_int_t observations(const json_t *shard, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(shard, "observations"), name));
}

json_t *merge_manifests(json_t *const *shards, size_t count, char *const *argv)
{
    json_t *whole = json_deep_copy(shards[0]);
    json_t *arguments = json_array(), *errors = json_array(), *parts = json_array();
    json_int_t planned = 0, made = 0;
    bool complete = true;
    for (; *argv != NULL; argv++)
        json_array_append_new(arguments, json_string(*argv));
    for (size_t i = 0; i < count; i++) {
        json_array_extend(errors, json_object_get(shards[i], "errors"));
        json_array_append_new(
            parts, json_pack("{s:O, s:O, s:O, s:O*, s:O}", "shard",
                             json_object_get(json_object_get(shards[i], "parameters"), "shard"),
                             "machine", json_object_get(shards[i], "machine"), "started",
                             json_object_get(shards[i], "started"), "ended",
                             json_object_get(shards[i], "ended"), "arguments",
                             json_object_get(shards[i], "arguments")));
        planned += observations(shards[i], "planned");
        made += observations(shards[i], "made");
        complete = complete && strcmp(manifest_state(shards[i]), "complete") == 0;
    }
    json_object_set_new(json_object_get(whole, "parameters"), "shard",
                        json_pack("{s:i, s:i}", "index", 1, "of", 1));
    json_object_set_new(whole, "arguments", arguments);
    json_object_set_new(whole, "errors", errors);
    json_object_set_new(whole, "shards", parts);
    json_object_del(whole, "disturbed"); /* of the first; counted anew once the rows are joined */
    manifest_set_observations(whole, (size_t)planned, (size_t)made);
    manifest_set_state(whole, complete ? RUN_COMPLETE : RUN_INTERRUPTED);
    return whole;
}

/* ---- rows ---- */

struct line {
    uint64_t seq;
    char *text; /* with its newline */
};

struct lines {
    char *header;
    struct line *at;
    size_t count;
};

static bool seq_of(const char *text, size_t field, uint64_t *seq)
{
    for (; field > 0; field--) {
        text = strchr(text, ',');
        if (text == NULL)
            return false;
        text++;
    }
    char *end;
    *seq = strtoull(text, &end, 10);
    return end != text && *end == ',';
}

static bool add_line(struct lines *lines, const char *text, size_t field)
{
    struct line line = {.text = copy_text(text)};
    lines->at = memory_grow(lines->at, lines->count + 1, sizeof(line));
    bool good = seq_of(text, field, &line.seq);
    lines->at[lines->count++] = line;
    return good;
}

static bool read_lines(struct lines *lines, const char *path, size_t field, struct fault *fault)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return fault_set(fault, "cannot read %s: %s", path, strerror(errno));
    char *text = NULL;
    size_t size = 0, number = 0;
    bool good = true;
    for (ssize_t length; good && (length = getline(&text, &size, in)) > 0;) {
        if (text[length - 1] != '\n')
            break;
        if (++number > 1)
            good = add_line(lines, text, field) ||
                   fault_set(fault, "%s:%zu: has no number as seq", path, number);
        else if (lines->header == NULL)
            lines->header = copy_text(text);
        else
            good = strcmp(lines->header, text) == 0 ||
                   fault_set(fault, "%s:1: has other columns than the shards before it", path);
    }
    free(text);
    fclose(in);
    return good;
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool write_lines(struct lines *lines, const char *to, struct fault *fault)
{
    if (lines->count > 0)
        qsort(lines->at, lines->count, sizeof(*lines->at), compare_lines);
    for (size_t i = 1; i < lines->count; i++)
        if (lines->at[i].seq == lines->at[i - 1].seq)
            return fault_set(fault, "observation %" PRIu64 " is in two shards", lines->at[i].seq);
    FILE *out = fopen(to, "wxe");
    if (out == NULL)
        return fault_set(fault, "cannot write %s: %s", to, strerror(errno));
    if (lines->header != NULL)
        fputs(lines->header, out);
    for (size_t i = 0; i < lines->count; i++)
        fputs(lines->at[i].text, out);
    bool good = !ferror(out);
    good = fclose(out) == 0 && good;
    return good || fault_set(fault, "cannot write %s: %s", to, strerror(errno));
}

bool merge_lines(const struct strings *paths, size_t field, const char *to, struct fault *fault)
{
    struct lines lines = {0};
    bool good = true;
    for (size_t i = 0; good && i < paths->count; i++)
        good = read_lines(&lines, paths->at[i], field, fault);
    good = good && write_lines(&lines, to, fault);
    for (size_t i = 0; i < lines.count; i++)
        free(lines.at[i].text);
    free(lines.at);
    free(lines.header);
    return good;
}
