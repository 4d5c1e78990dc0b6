/* SPDX-License-Identifier: MIT */
/* Reads files of bursts; bursts.h has the format. */
#include "bench/sim/bursts.h"

#include "bench/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *path;
    size_t line;
    char *error;
    size_t size;
};

static bool refuse(const struct reader *r, const char *expected, const char *found)
{
    snprintf(r->error, r->size, "%s:%zu: expected %s, found \"%.40s\"", r->path, r->line, expected,
             found);
    return false;
}

/* Makes room for one more of `size` bytes each; the room doubles. NULL: no memory. */
static void *grown(void *array, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return array;
    return reallocarray(array, count == 0 ? 1 : 2 * count, size);
}

/* true: *ns is a whole number in min..SIM_WORK_MAX. */
static bool number(const char *word, uint64_t min, uint64_t *ns)
{
    char *end;
    errno = 0;
    *ns = strtoull(word, &end, 10);
    return *word >= '0' && *word <= '9' && *end == '\0' && errno == 0 && *ns >= min &&
           *ns <= SIM_WORK_MAX;
}

/* The pairs that follow a name. */
static bool read_pairs(const struct reader *r, char **rest, struct burst_line *line)
{
    const char *run;
    while ((run = strtok_r(NULL, " \t\r\n", rest)) != NULL) {
        struct burst burst;
        const char *block = strtok_r(NULL, " \t\r\n", rest);
        if (!number(run, 1, &burst.run))
            return refuse(r, "a run of 1..10000000000 ns", run);
        if (block == NULL)
            return refuse(r, "a block after each run", "the end of the line");
        if (!number(block, 0, &burst.block))
            return refuse(r, "a block of 0..10000000000 ns", block);
        struct burst *more = (struct burst *)grown(line->bursts, line->count, sizeof burst);
        if (more == NULL)
            return refuse(r, "memory for it", "none");
        line->bursts = more;
        line->bursts[line->count++] = burst;
    }
    return line->count != 0 || refuse(r, "a run and a block", "a name alone");
}

static bool read_line(const struct reader *r, char *text, struct bursts *b)
{
    char *rest;
    text[strcspn(text, "#")] = '\0';
    if (strtok_r(text, " \t\r\n", &rest) == NULL)
        return true;
    if (b->count == SIM_DOMAINS_MAX)
        return refuse(r, "at most 10000 domains", "more");
    struct burst_line *more = (struct burst_line *)grown(b->lines, b->count, sizeof *more);
    if (more == NULL)
        return refuse(r, "memory for it", "none");
    b->lines = more;
    b->lines[b->count] = (struct burst_line){NULL, 0};
    return read_pairs(r, &rest, &b->lines[b->count++]);
}

bool bursts_read(struct bursts *b, const char *path, char *error, size_t size)
{
    struct reader r = {.path = path, .error = error, .size = size};
    *b = (struct bursts){NULL, 0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    char *text = NULL;
    size_t room = 0;
    bool ok = true;
    while (ok && getline(&text, &room, file) >= 0) {
        r.line++;
        ok = read_line(&r, text, b);
    }
    if (ok && ferror(file) != 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        ok = false;
    } else if (ok && b->count == 0) {
        snprintf(error, size, "%s: expected a domain a line, found none", path);
        ok = false;
    }
    free(text);
    fclose(file);
    if (!ok)
        bursts_free(b);
    return ok;
}

void bursts_free(struct bursts *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->lines[i].bursts);
    free(b->lines);
    *b = (struct bursts){NULL, 0};
}
