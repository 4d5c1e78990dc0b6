/* SPDX-License-Identifier: MIT */
/* Writes and reads calls; calls.h has the format. */
#include "bench/sim/calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const ops[] = {
    [SCHED_OP_ADD] = "add",     [SCHED_OP_REMOVE] = "remove", [SCHED_OP_WAKE] = "wake",
    [SCHED_OP_SLEEP] = "sleep", [SCHED_OP_YIELD] = "yield",   [SCHED_OP_CHARGE] = "charge",
    [SCHED_OP_PICK] = "pick",   [SCHED_OP_STEAL] = "steal",   [SCHED_OP_AFFINITY] = "affinity",
    [SCHED_OP_PARAM] = "param",
};

#define N_OPS (sizeof ops / sizeof ops[0])
#define NONE UINT32_MAX /* SCHED_NO_VCPU and SCHED_NO_CPU */

bool calls_create(struct calls_file *f, const char *path, const char *policy, uint32_t cpus,
                  char *error, size_t size)
{
    *f = (struct calls_file){.file = fopen(path, "w"), .path = path};
    if (f->file == NULL) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    fprintf(f->file, "ringside-calls 1 %s %u 0\n", policy, cpus);
    return true;
}

bool calls_close(struct calls_file *f, char *error, size_t size)
{
    bool failed = ferror(f->file) != 0;
    failed |= fclose(f->file) != 0;
    if (failed)
        snprintf(error, size, "%s: could not be written in full", f->path);
    return !failed;
}

static void write_index(FILE *file, uint32_t index)
{
    if (index == NONE)
        fputs(" -", file);
    else
        fprintf(file, " %" PRIu32, index);
}

void calls_print(FILE *file, const struct sched_call *call)
{
    fprintf(file, "%s %" PRIu64, ops[call->op], call->now);
    write_index(file, call->vcpu);
    write_index(file, call->cpu);
    write_index(file, call->other);
    write_index(file, call->chosen);
    write_index(file, call->param);
    fprintf(file, " %" PRIu64 " %" PRIx64 " %d\n", call->value, call->kick, call->done ? 1 : 0);
}

void calls_write(void *arg, const struct sched_call *call)
{
    calls_print(((struct calls_file *)arg)->file, call);
}

/* ---- Reading ---- */

/* The number that *text begins with after a space, and past it. false: there is none. */
static bool number(const char **text, int base, uint64_t *value)
{
    char *end;
    const char *digits = *text + 1;
    errno = 0;
    if (**text != ' ' ||
        !((*digits >= '0' && *digits <= '9') || (*digits >= 'a' && *digits <= 'f')))
        return false;
    *value = strtoull(digits, &end, base);
    *text = end;
    return end != digits && errno == 0;
}

static bool read_index(const char **text, uint32_t *index)
{
    uint64_t value;
    if ((*text)[0] == ' ' && (*text)[1] == '-') {
        *text += 2;
        *index = NONE;
        return true;
    }
    if (!number(text, 10, &value) || value >= NONE)
        return false;
    *index = (uint32_t)value;
    return true;
}

bool calls_parse(const char *line, struct sched_call *call)
{
    *call = (struct sched_call){0};
    size_t length = strcspn(line, " ");
    while (call->op < N_OPS &&
           (strlen(ops[call->op]) != length || strncmp(line, ops[call->op], length) != 0))
        call->op++;
    const char *rest = line + length;
    uint64_t done;
    bool ok = call->op < N_OPS && number(&rest, 10, &call->now) && read_index(&rest, &call->vcpu) &&
              read_index(&rest, &call->cpu) && read_index(&rest, &call->other) &&
              read_index(&rest, &call->chosen) && read_index(&rest, &call->param) &&
              number(&rest, 10, &call->value) && number(&rest, 16, &call->kick) &&
              number(&rest, 10, &done) && done <= 1;
    call->done = ok && done == 1;
    return ok && (*rest == '\n' || *rest == '\0');
}
